"""Hints from the file system that it is time to look: the only door to watchdog.

An event is never the truth. It may name another file, none at all, or never come (a swapped ``..data``, a bind mount,
a recreated folder), so nothing is read here: the hint is passed on, with what it says of a writer who is done.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

from watchdog.events import (
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import BaseObserver, ObservedWatch

Hint = Callable[[str, bool], None]
"""Called with a path, and whether its writer is done: it was renamed into place, or closed after writing."""

_KINDS: Final[list[type[FileSystemEvent]]] = [
    DirAttribEvent,
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileAttribEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
]  # not opened and closed-without-writing: our own reads would be hints to read again


def _is_fault(record: logging.LogRecord) -> bool:
    """False for what watchdog logs as an error when a stop overtakes an event."""
    return "called when the thread is inactive" not in record.getMessage()


logging.getLogger("watchdog.observers.inotify").addFilter(_is_fault)


class _Handler(FileSystemEventHandler):
    def __init__(self, hint: Hint) -> None:
        self._hint = hint

    def on_any_event(self, event: FileSystemEvent) -> None:
        moved = isinstance(event, FileMovedEvent) and bool(event.dest_path)
        path = event.dest_path if moved else event.src_path
        self._hint(os.fsdecode(path), moved or isinstance(event, FileClosedEvent))


class Hints:
    """An observer of folders, each by itself; folders come and go."""

    def __init__(self, hint: Hint) -> None:
        """Start observing nothing; raises `OSError` or `RuntimeError` where the system has no more watches or
        threads to give.
        """
        self._handler = _Handler(hint)
        self._watches: dict[Path, tuple[tuple[int, int], ObservedWatch]] = {}
        # without it a rename from a folder that is not watched is not reported as one; only Linux has it
        options: dict[str, Any] = {"generate_full_events": True} if sys.platform == "linux" else {}
        self._observer: BaseObserver = Observer(**options)
        self._observer.start()

    def follow(self, folders: Iterable[Path]) -> tuple[bool, list[tuple[Path, OSError | RuntimeError]]]:
        """Watch exactly `folders`, anew where one was replaced.

        Returns whether one is watched that was not, and those that cannot be watched with the reason.
        """
        identities = {folder: identity for folder in folders if (identity := _identity(folder))}
        for folder, (identity, watch) in list(self._watches.items()):
            if identities.get(folder) != identity:
                del self._watches[folder]
                self._observer.unschedule(watch)
        failures: list[tuple[Path, OSError | RuntimeError]] = []
        count_before = len(self._watches)
        for folder in identities.keys() - self._watches.keys():
            try:
                watch = self._observer.schedule(self._handler, str(folder), event_filter=_KINDS)
            except (OSError, RuntimeError) as error:
                failures.append((folder, error))
            else:
                self._watches[folder] = (identities[folder], watch)
        return len(self._watches) > count_before, failures

    def stop(self) -> None:
        """Stop observing; waits for the observer's thread."""
        self._observer.stop()
        self._observer.join(timeout=5)


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of its name; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)

"""Hints from the file system that it is time to look: the only door to watchdog.

An event is never the truth. It may name another file, none at all, or never come (a swapped ``..data``, a bind mount,
a recreated folder), so nothing is read here: the hint is passed on, with what it says of a writer who is done.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Protocol

if TYPE_CHECKING:
    from watchdog.observers.inotify_c import InotifyEvent

Hint = Callable[[str, bool], None]
"""Called with a path, and whether its writer is done: it was renamed into place, or closed after writing."""


class _Observer(Protocol):
    """What tells of events in folders: whatever takes them calls the hint by itself."""

    def watch(self, folder: Path) -> Any:
        """Begin with `folder`; returns what ends it. Raises `OSError` or `RuntimeError` where it cannot be watched."""

    def unwatch(self, watch: Any) -> None:
        """End what `watch` returned."""

    def stop(self) -> None:
        """Stop observing; waits for the thread."""


class Hints:
    """An observer of folders, each by itself; folders come and go."""

    def __init__(self, hint: Hint) -> None:
        """Start observing nothing; raises `OSError` or `RuntimeError` where the system has no more watches or
        threads to give.
        """
        self._watches: dict[Path, tuple[tuple[int, int], Any]] = {}
        self._observer: _Observer = (_Inotify if sys.platform == "linux" else _AnySystem)(hint)

    def follow(self, folders: Iterable[Path]) -> tuple[bool, list[tuple[Path, OSError | RuntimeError]]]:
        """Watch exactly `folders`, anew where one was replaced.

        Returns whether one is watched that was not, and those that cannot be watched with the reason.
        """
        identities = {folder: identity for folder in folders if (identity := _identity(folder))}
        for folder, (identity, watch) in list(self._watches.items()):
            if identities.get(folder) != identity:
                del self._watches[folder]
                self._observer.unwatch(watch)
        failures: list[tuple[Path, OSError | RuntimeError]] = []
        count_before = len(self._watches)
        for folder in identities.keys() - self._watches.keys():
            try:
                watch = self._observer.watch(folder)
            except (OSError, RuntimeError) as error:
                failures.append((folder, error))
            else:
                self._watches[folder] = (identities[folder], watch)
        return len(self._watches) > count_before, failures

    def stop(self) -> None:
        """Stop observing; waits for the observer's thread."""
        self._observer.stop()


class _Inotify:
    """Linux: the one thread in which watchdog reads inotify calls the hint.

    watchdog's observer would hand each event on to a thread of the folder's and from there to one of its own, which
    takes a turn of the interpreter for each where the program is busy.
    """

    def __init__(self, hint: Hint) -> None:
        from watchdog.observers.inotify_c import InotifyConstants, InotifyFD, Mask

        self._hint = hint
        self._mask = Mask(
            InotifyConstants.IN_MOVE
            | InotifyConstants.IN_CREATE
            | InotifyConstants.IN_DELETE
            | InotifyConstants.IN_DELETE_SELF
            | InotifyConstants.IN_MODIFY
            | InotifyConstants.IN_CLOSE_WRITE
            | InotifyConstants.IN_ATTRIB
            | InotifyConstants.IN_DONT_FOLLOW
        )  # not opened and closed without writing: our own reads would be hints to read again
        self._inotify = InotifyFD()
        self._inotify.start()

    def watch(self, folder: Path) -> Any:
        from watchdog.observers.inotify_c import CallbackId

        watched = _Folder(folder, self._hint)
        name = CallbackId(id(watched))
        return self._inotify.add_callback(os.fsencode(folder), self._mask, watched, name), name

    def unwatch(self, watch: Any) -> None:
        self._inotify.remove_callbacks([watch])

    def stop(self) -> None:
        self._inotify.stop()
        self._inotify.join(timeout=5)


class _Folder:
    """What watchdog calls for each event in a folder."""

    def __init__(self, folder: Path, hint: Hint) -> None:
        self._folder = folder
        self._hint = hint

    def on_event(self, event: InotifyEvent) -> None:
        is_done = (event.is_moved_to or event.is_close_write) and not event.is_directory
        self._hint(str(self._folder / os.fsdecode(event.name)), is_done)

    def on_watch_deleted(self, descriptor: int) -> None:
        self._hint(str(self._folder), False)

    def on_queue_overflow(self) -> None:
        self._hint(str(self._folder), False)


class _AnySystem:
    """Any system that watchdog knows, by its observer."""

    def __init__(self, hint: Hint) -> None:
        from watchdog.events import FileClosedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in _NO_CHANGES:
                    return
                moved = isinstance(event, FileMovedEvent) and bool(event.dest_path)
                path = event.dest_path if moved else event.src_path
                hint(os.fsdecode(path), moved or isinstance(event, FileClosedEvent))

        self._handler = Handler()
        self._observer = Observer()
        self._observer.start()

    def watch(self, folder: Path) -> Any:
        return self._observer.schedule(self._handler, str(folder))

    def unwatch(self, watch: Any) -> None:
        self._observer.unschedule(watch)

    def stop(self) -> None:
        self._observer.stop()
        self._observer.join(timeout=5)


_NO_CHANGES: Final = ("opened", "closed_no_write")
"""What our own reads come to."""


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of its name; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)

"""Hints from the file system that it is time to look: the only door to watchdog.

An event is never the truth. It may name another file, none at all, or never come (a swapped ``..data``, a bind mount,
a recreated folder), so nothing is read here: the hint is passed on, with what it says of a writer who is done.

Who looks waits here, for a hint or for somebody who wakes it. On Linux that is one wait of one thread, which reads the
events itself: each hand-over to another thread takes a turn of the interpreter, and where the program is busy a turn
is long.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final

from synfinance_settings.log import logger

Hint = Callable[[str, bool], None]
"""Called with a path, and whether its writer is done: it was renamed into place, or closed after writing.

It rings no bell: whoever calls it is the thread that waits, or rings."""


class Bell:
    """What one thread waits for, and any other one rings; a signal's handler may, too."""

    def __init__(self) -> None:
        self._rings: SimpleQueue[None] = SimpleQueue()

    def ring(self) -> None:
        """End the wait, or the next one."""
        self._rings.put(None)

    def wait(self, seconds: float) -> None:
        """Wait until it rings, or until something else happens that is waited for; at most `seconds`."""
        with suppress(Empty):
            self._rings.get(timeout=seconds)

    def close(self) -> None:
        """End it: nobody waits any more."""


class Hints(Bell):
    """A bell that tells of events in folders too: it calls the hint before a wait ends."""

    def __init__(self) -> None:
        super().__init__()
        self._watches: dict[Path, tuple[tuple[int, int], Any]] = {}

    def follow(self, folders: Iterable[Path]) -> tuple[bool, list[tuple[Path, OSError | RuntimeError]]]:
        """Watch exactly `folders`, each by itself, anew where one was replaced.

        Returns whether one is watched that was not, and those that cannot be watched with the reason.
        """
        identities = {folder: identity for folder in folders if (identity := _identity(folder))}
        for folder, (identity, watch) in list(self._watches.items()):
            if identities.get(folder) != identity:
                del self._watches[folder]
                self._unwatch(watch)
        failures: list[tuple[Path, OSError | RuntimeError]] = []
        count_before = len(self._watches)
        for folder in identities.keys() - self._watches.keys():
            try:
                watch = self._watch(folder)
            except (OSError, RuntimeError) as error:
                failures.append((folder, error))
            else:
                self._watches[folder] = (identities[folder], watch)
        return len(self._watches) > count_before, failures

    def _watch(self, folder: Path) -> Any:
        """Begin with `folder`; returns what ends it. Raises `OSError` or `RuntimeError` where it cannot be watched."""
        raise NotImplementedError

    def _unwatch(self, watch: Any) -> None:
        """End what `_watch` returned."""
        raise NotImplementedError


def hints(hint: Hint) -> Hints:
    """Hints of no folder yet; raises `OSError` or `RuntimeError` where the system has no more watches or threads to
    give.
    """
    if sys.platform == "linux":
        with suppress(ImportError, AttributeError):  # another watchdog may have other functions of inotify
            return _Inotify(hint)
    return _AnySystem(hint)


class _Inotify(Hints):
    """Linux: who waits reads what inotify has to tell."""

    def __init__(self, hint: Hint) -> None:
        super().__init__()
        from watchdog.observers.inotify_c import (
            InotifyConstants,
            inotify_add_watch,
            inotify_init,
            inotify_rm_watch,
        )

        self._hint = hint
        self._kinds = InotifyConstants
        self._mask = (
            self._kinds.IN_MOVE
            | self._kinds.IN_CREATE
            | self._kinds.IN_DELETE
            | self._kinds.IN_DELETE_SELF
            | self._kinds.IN_MODIFY
            | self._kinds.IN_CLOSE_WRITE
            | self._kinds.IN_ATTRIB
            | self._kinds.IN_DONT_FOLLOW
        )  # not opened and closed without writing: our own reads would be hints to read again
        self._add: Callable[..., int] = inotify_add_watch
        self._remove: Callable[..., int] = inotify_rm_watch
        self._folders: dict[int, list[Path]] = {}  # one folder may be followed by several names
        self._lock = threading.RLock()  # held by whoever rings or closes: another file may get a closed descriptor
        self._events = _made(inotify_init())
        self._bell: int | None = None
        try:
            os.set_inheritable(self._events, False)
            os.set_blocking(self._events, False)
            self._bell = os.eventfd(0)
        except OSError:
            self.close()
            raise
        self._waiting = select.poll()
        self._waiting.register(self._events, select.POLLIN)
        self._waiting.register(self._bell, select.POLLIN)

    def ring(self) -> None:
        with self._lock:
            if self._bell is not None:
                os.eventfd_write(self._bell, 1)

    def wait(self, seconds: float) -> None:
        for descriptor, _ in self._waiting.poll(min(seconds, _LONGEST_WAIT) * 1000):
            if descriptor == self._events:
                self._tell(os.read(descriptor, _MOST_BYTES))
            else:
                os.eventfd_read(descriptor)

    def close(self) -> None:
        with self._lock:
            os.close(self._events)
            if self._bell is not None:
                os.close(self._bell)
                self._bell = None

    def _watch(self, folder: Path) -> tuple[int, Path]:
        watch = _made(self._add(self._events, os.fsencode(folder), self._mask))
        self._folders.setdefault(watch, []).append(folder)
        return watch, folder

    def _unwatch(self, watch: tuple[int, Path]) -> None:
        descriptor, folder = watch
        folders = self._folders.get(descriptor, [])
        if folder in folders:  # else the folder is gone, and its watch with it
            folders.remove(folder)
            if not folders:
                del self._folders[descriptor]
                self._remove(self._events, descriptor)

    def _tell(self, events: bytes) -> None:
        """Call the hint for each of `events`."""
        kinds = self._kinds
        for watch, mask, name in _parsed(events):
            if mask & kinds.IN_Q_OVERFLOW:
                logger.warning("the system's queue of file events has overflowed; what they told of is looked for")
                for folder in {folder for folders in self._folders.values() for folder in folders}:
                    self._hint(str(folder), False)
                continue
            is_done = bool(mask & (kinds.IN_MOVED_TO | kinds.IN_CLOSE_WRITE)) and not mask & kinds.IN_ISDIR
            folders = self._folders.pop(watch, []) if mask & kinds.IN_IGNORED else self._folders.get(watch, [])
            for folder in folders:
                self._hint(str(folder / os.fsdecode(name)), is_done)


_LONGEST_WAIT: Final = 86_400.0  # seconds, since the system counts milliseconds, and not for ever
_MOST_BYTES: Final = 65_536  # of events that are read at once
_EVENT: Final = struct.Struct("iIII")  # the watch, what happened, what belongs together, the length of the name


def _parsed(events: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The watch, the mask and the name of each of `events`, as the system writes them."""
    at = 0
    while at < len(events):
        watch, mask, _, length = _EVENT.unpack_from(events, at)
        at += _EVENT.size + length
        yield watch, mask, events[at - length : at].rstrip(b"\0")


def _made(number: int) -> int:
    """What a function of C returned; raises `OSError` where that says that it failed."""
    if number == -1:
        import ctypes

        fault = ctypes.get_errno()
        raise OSError(fault, os.strerror(fault))
    return number


class _AnySystem(Hints):
    """Any system that watchdog knows, by its observer, whose thread calls the hint."""

    def __init__(self, hint: Hint) -> None:
        super().__init__()
        from watchdog.events import FileClosedEvent, FileMovedEvent, FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        ring = self.ring

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in _NO_CHANGES:
                    return
                moved = isinstance(event, FileMovedEvent) and bool(event.dest_path)
                path = event.dest_path if moved else event.src_path
                hint(os.fsdecode(path), moved or isinstance(event, FileClosedEvent))
                ring()

        self._handler = Handler()
        self._observer = Observer()
        self._observer.start()

    def close(self) -> None:
        self._observer.stop()
        self._observer.join(timeout=5)

    def _watch(self, folder: Path) -> Any:
        return self._observer.schedule(self._handler, str(folder))

    def _unwatch(self, watch: Any) -> None:
        self._observer.unschedule(watch)


_NO_CHANGES: Final = ("opened", "closed_no_write")
"""What our own reads come to."""


def _identity(folder: Path) -> tuple[int, int] | None:
    """What tells a folder from another one of its name; None where there is none."""
    try:
        status = folder.stat()
    except OSError:
        return None
    return (status.st_dev, status.st_ino)

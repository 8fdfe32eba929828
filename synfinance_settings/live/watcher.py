"""The watcher: sees that a layer changed, whatever the file system says of it, and has it loaded when its writer is
done.

Events are hints to look now; the truth is the content of every file that may give a value, compared after each hint
and every `poll_interval`. One worker thread looks and loads. The observer's thread only leaves hints.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
import os
import signal
import threading
import weakref
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, NoReturn, Self

from synfinance_settings.errors import Problem, SettingsError, WatchError, door
from synfinance_settings.layers.files import file_digest
from synfinance_settings.layers.sources import Sources
from synfinance_settings.live.events import ConfigEvent, Listener
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.sections.app import AppConfig

if TYPE_CHECKING:
    from synfinance_settings.live.hints import Hints

logger: Final = logging.getLogger("synfinance_settings")

SETTLE_SECONDS: Final = 0.25
"""Without word from its writer, a file counts as done when two looks this far apart agree."""

_LONGEST_DEBOUNCE: Final = 10  # times the debounce: a storm of events may not put a look off for longer


class _Call(Enum):
    """What the worker is woken for."""

    LOOK = auto()
    RELOAD = auto()
    STOP = auto()


class ConfigWatcher:
    """Reloads the settings of `manager` when a layer, ``.env``, a ``..._FILE`` target or one of `watch_paths`
    changes.

    With ``auto_reload=False`` a change is only announced. `debounce` is how many seconds of quiet are waited for
    after a hint, `poll_interval` how many seconds lie between two looks that no hint asked for. With ``polling=True``
    there are no hints, only those looks. With ``sighup=True`` the signal SIGHUP asks for a reload while the watcher
    runs; it must then be started in the main thread.
    """

    def __init__(
        self,
        manager: ConfigManager | None = None,
        watch_paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None = None,
        auto_reload: bool = True,
        debounce: float = 0.05,
        polling: bool = False,
        poll_interval: float = 2.0,
        *,
        sighup: bool = False,
    ) -> None:
        if debounce < 0 or poll_interval <= 0:
            raise ValueError("debounce must be at least 0 seconds, poll_interval more than 0")
        self._manager = ConfigManager() if manager is None else manager
        paths = [watch_paths] if isinstance(watch_paths, str | os.PathLike) else watch_paths or ()
        self._paths = tuple(Path(path).absolute() for path in paths)
        self._auto_reload = auto_reload
        self._debounce = debounce
        self._polling = polling
        self._poll_interval = poll_interval
        self._sighup = sighup
        self._lock = threading.RLock()
        self._streams: tuple[_Stream, ...] = ()
        self._forget()
        _ALL.add(self)

    def _forget(self) -> None:
        """Be a watcher that was never started."""
        self._worker: threading.Thread | None = None
        self._hints: Hints | None = None
        self._inbox: SimpleQueue[_Call] = SimpleQueue()
        self._written: dict[str, tuple[bool, int]] = {}
        self._seen: dict[Path, str] = {}
        self._seen_extras: dict[Path, str] = {}
        self._looked: Sources | None = None
        self._unwatched: set[Path] = set()
        self._old_handler: Any = None

    @door
    def start(self) -> None:
        """Start watching; loads the settings where that has not been done. Nothing happens where it watches already.

        Raises `SettingsError` where the first load fails, `WatchError` for `sighup` outside the main thread.
        """
        with self._lock:
            if self._worker is not None:
                return
            self._manager.get_config()
            if self._sighup:
                self._install_signal()
            self._catch_up()
            self._seen_extras = self._extras()
            self._start_hints()
            # what belongs to this run is handed over: a stop may come before the worker's first step
            run = (self._inbox, self._hints, self._unwatched)
            self._worker = threading.Thread(
                target=self._work, args=run, name="synfinance_settings watcher", daemon=True
            )
            self._worker.start()

    def stop(self) -> None:
        """Stop watching; returns when the worker has ended. Nothing happens where it does not watch."""
        with self._lock:
            worker, hints, old_handler = self._worker, self._hints, self._old_handler
            self._inbox.put(_Call.STOP)
            self._forget()
        if old_handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, old_handler)
        if worker is not None and worker is not threading.current_thread():
            worker.join()
        if hints is not None:
            hints.stop()
        for stream in self._streams:
            stream.close()

    def is_watching(self) -> bool:
        """True between `start` and `stop`, in the process that started."""
        return self._worker is not None

    def get_watched_files(self) -> list[Path]:
        """The files there are whose content is compared, sorted."""
        sources = self._manager._look()
        return sorted({*sources.digests, *self._extras()})

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener(event, data)`` with each `ConfigEvent` of the manager, from its delivery thread."""
        self._manager._announcer.listen(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Call `listener` no more; an unknown one is no error."""
        self._manager._announcer.unlisten(listener)

    @door
    def trigger_reload(self) -> AppConfig:
        """Reload here and now, whether anything changed or not; announces ``manual_reload``.

        Returns the state in force; raises `SettingsError` after it was announced. In a listener the reload is queued.
        """
        return self._manager._asked(manual=True)

    def events(self) -> AsyncIterator[tuple[ConfigEvent, Any]]:
        """The events from now on, ``(event, data)`` as listeners get them, until the watcher stops."""
        stream = _Stream(self)
        self._streams = (*self._streams, stream)
        return stream

    def __enter__(self) -> Self:
        """Start watching."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        """Start watching, without blocking the event loop."""
        if self._sighup:
            self.start()
        else:
            await asyncio.to_thread(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._sighup:
            self.stop()
        else:
            await asyncio.to_thread(self.stop)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a watcher cannot be pickled or copied; make one where it is to watch")

    def _install_signal(self) -> None:
        if threading.current_thread() is not threading.main_thread():
            raise WatchError(Problem("no-watch", "sighup=True needs the watcher to start in the main thread"))
        inbox = self._inbox

        def handle(number: int, frame: Any) -> None:
            if self._inbox is inbox:
                inbox.put(_Call.RELOAD)  # a SimpleQueue may be put to while it is being put to
            else:  # stopped by another thread, which could not put the old handler back
                signal.signal(number, old)
                os.kill(os.getpid(), number)

        old = self._old_handler = signal.signal(signal.SIGHUP, handle)

    def _start_hints(self) -> None:
        if self._polling:
            return
        from synfinance_settings.live.hints import Hints

        inbox, written, numbers = self._inbox, self._written, itertools.count()

        def hint(path: str, is_done: bool) -> None:
            written[path] = (is_done, next(numbers))
            inbox.put(_Call.LOOK)

        try:
            self._hints = Hints(hint)
        except OSError as error:
            self._say_unwatched("the file system", error)
        else:
            self._follow(self._hints, self._unwatched)
        inbox.put(_Call.LOOK)  # for what changed between the load and now

    def _follow(self, hints: Hints, unwatched: set[Path]) -> bool:
        """Watch the folders whose entries decide what is read, as they are now; True where one is new."""
        is_new, failed = hints.follow(_folders((*self._manager._candidates(), *self._paths)))
        for folder, error in failed:
            if folder not in unwatched:
                unwatched.add(folder)
                self._say_unwatched(str(folder), error)
        return is_new

    def _say_unwatched(self, what: str, error: OSError) -> None:
        seconds = self._poll_interval
        logger.warning("cannot watch %s (%s); changes are seen by a look every %g s", what, error.strerror, seconds)

    def _work(self, inbox: SimpleQueue[_Call], hints: Hints | None, unwatched: set[Path]) -> None:
        """The worker: wait for a call or for the time to look, until told to stop."""
        while (call := self._next_call(inbox)) is not _Call.STOP:
            try:
                if call is _Call.RELOAD:
                    with suppress(SettingsError):  # announced, logged and counted by the manager
                        self.trigger_reload()
                elif not self._look(inbox):
                    return
                if hints is not None and self._follow(hints, unwatched):
                    inbox.put(_Call.LOOK)  # for what changed before it was watched
            except Exception:
                # a fault of ours must not end the watch: the next look may well succeed
                logger.exception("a look at the layers failed")

    def _next_call(self, inbox: SimpleQueue[_Call]) -> _Call:
        """The next call; hints that come close together are one."""
        try:
            call = inbox.get(timeout=self._poll_interval)
        except Empty:
            return _Call.LOOK
        until = monotonic() + self._debounce * _LONGEST_DEBOUNCE
        while call is _Call.LOOK and monotonic() < until:
            try:
                call = inbox.get(timeout=self._debounce)
            except Empty:
                break
        return call

    def _look(self, inbox: SimpleQueue[_Call]) -> bool:
        """Compare what is there with what was seen last, and load it when it has settled; False where told to
        stop.
        """
        since = self._catch_up()
        said = dict(self._written)
        sources, seen, extras = self._read()
        while (changed := self._changed(seen, extras)) and not self._are_done(changed, {**seen, **extras}, said):
            if self._is_stopped(inbox, SETTLE_SECONDS):
                return False
            since = self._manager._looked
            before, said = (seen, extras), dict(self._written)
            sources, seen, extras = self._read()
            if (seen, extras) == before:
                break
        for name, mark in said.items():
            if self._written.get(name) == mark:
                del self._written[name]
        if not changed:
            return True
        self._seen, self._seen_extras = seen, extras
        for path in sorted(changed):
            self._manager._announcer.announce(ConfigEvent.FILE_CHANGED, path)
        if self._auto_reload:
            self._looked = sources
            with suppress(SettingsError):  # announced, logged and counted by the manager
                self._manager._reload(sources, since)
        return True

    def _catch_up(self) -> Sources | None:
        """Count what somebody else had the manager load meanwhile as seen; returns what was looked at last."""
        looked = self._manager._looked
        if looked is not None and looked is not self._looked:
            self._looked = looked
            self._seen = looked.digests
        return looked

    def _read(self) -> tuple[Sources, dict[Path, str], dict[Path, str]]:
        """What the layers say now, and the hashes of their files and of `watch_paths`."""
        sources = self._manager._look()
        return sources, sources.digests, self._extras()

    def _extras(self) -> dict[Path, str]:
        """The hashes of `watch_paths`; of a folder, those of the files in it."""
        found: list[Path] = []
        for path in self._paths:
            found += _files_in(path) or [path]
        return {path: digest for path in found if (digest := file_digest(path))}

    def _changed(self, seen: dict[Path, str], extras: dict[Path, str]) -> set[Path]:
        """The paths that are not as they were at the last look."""
        return _changed(self._seen, seen) | _changed(self._seen_extras, extras)

    def _are_done(self, changed: Iterable[Path], seen: dict[Path, str], said: dict[str, tuple[bool, int]]) -> bool:
        """True when each changed file is there, and its writer was done before it was read and has not begun anew."""

        def is_done(name: str) -> bool:
            mark = said.get(name)
            return mark is not None and mark[0] and self._written.get(name) == mark

        return all(path in seen and (is_done(str(path)) or is_done(os.path.realpath(path))) for path in changed)

    def _is_stopped(self, inbox: SimpleQueue[_Call], seconds: float) -> bool:
        """Wait, but not when told to stop; a call for a reload is put back for later."""
        until = monotonic() + seconds
        later = False
        while (left := until - monotonic()) > 0:
            try:
                call = inbox.get(timeout=left)
            except Empty:
                break
            if call is _Call.STOP:
                return True
            later = later or call is _Call.RELOAD
        if later:
            inbox.put(_Call.RELOAD)
        return False


class _Stream:
    """The events of a watcher as an asynchronous iterator; it hears from the moment it is made."""

    def __init__(self, watcher: ConfigWatcher) -> None:
        self._watcher = watcher
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[ConfigEvent, Any] | None] = asyncio.Queue()
        self._hear_this = self._hear  # one object, so that it can be removed again
        watcher.add_listener(self._hear_this)

    def _hear(self, event: ConfigEvent, data: Any) -> None:
        self._put((event, data))

    def _put(self, item: tuple[ConfigEvent, Any] | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop is closed, and nobody waits any more
            self._watcher.remove_listener(self._hear_this)

    def close(self) -> None:
        """End the iteration after what was heard so far."""
        self._watcher.remove_listener(self._hear_this)
        self._watcher._streams = tuple(other for other in self._watcher._streams if other is not self)
        self._put(None)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[ConfigEvent, Any]:
        item = await self._queue.get()
        if item is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Hear no more."""
        self.close()


def _files_in(folder: Path) -> list[Path]:
    """The files in `folder`; none where it is no folder or cannot be listed."""
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_file())
    except (OSError, ValueError):
        return []


def _changed(old: dict[Path, str], new: dict[Path, str]) -> set[Path]:
    return {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}


def _folders(paths: Iterable[Path]) -> set[Path]:
    """The folders in which something may happen to `paths`; a path that can be none has none."""
    folders: set[Path] = set()
    for path in paths:
        with suppress(OSError, ValueError):
            folders |= _folders_of(path)
    return folders


def _folders_of(path: Path) -> set[Path]:
    """The folder of `path`, itself where it is one, and the folders of every link on the way."""
    folders = {path.parent, path} if path.is_dir() else {path.parent}
    for _ in range(_MOST_LINKS):
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
        folders.add(path.parent)
    folders.add(Path(os.path.realpath(path)).parent)
    return folders | {folder.parent for folder in folders if folder.is_symlink()}


_MOST_LINKS: Final = 40
_ALL: weakref.WeakSet[ConfigWatcher] = weakref.WeakSet()
_INHERITED: list[object] = []


def _after_fork() -> None:
    """In the child nobody watches; to end what the parent's threads hold would end the parent's watch."""
    for watcher in tuple(_ALL):
        watcher._lock = threading.RLock()
        if watcher.is_watching():
            _INHERITED.append((watcher._worker, watcher._hints, watcher._inbox))
            for stream in watcher._streams:
                watcher.remove_listener(stream._hear_this)
            watcher._streams = ()
            watcher._forget()
            logger.warning("a watcher does not outlive a fork; call its start() in process %d too", os.getpid())


os.register_at_fork(after_in_child=_after_fork)

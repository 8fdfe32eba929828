"""The watch over the layers, as a program starts and stops it: with signals, streams of events and forks.

What is looked at, and when, is the `Worker`'s; each start makes a new one.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import signal
import threading
import weakref
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Generic, NoReturn, Self

from synfinance_settings.choice import Config_co
from synfinance_settings.errors import Problem, WatchError, door
from synfinance_settings.live.announcer import ConfigEvent, Listener
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.live.stream import Stream
from synfinance_settings.live.worker import Worker, extra_digests
from synfinance_settings.log import logger

EXIT_SECONDS: Final = 1.0
"""How long the end of the interpreter waits for a look that is going on."""


class ConfigWatcher(Generic[Config_co]):
    """Reloads the settings of `manager` when a layer, ``.env``, a ``..._FILE`` target or one of `watch_paths`
    changes.

    With ``auto_reload=False`` a change is only announced. `debounce` is how many seconds of quiet are waited for
    after a hint, `poll_interval` how many seconds lie between two looks that no hint asked for. With ``polling=True``
    there are no hints, only those looks. With ``sighup=True`` the signal SIGHUP asks for a reload while the watcher
    runs; it must then be started in the main thread. With ``forks=True`` the process forks others, which all call
    `start` too: none of them is told that it must.
    """

    def __init__(
        self,
        manager: ConfigManager[Config_co] | None = None,
        watch_paths: Iterable[str | os.PathLike[str]] | str | os.PathLike[str] | None = None,
        auto_reload: bool = True,
        debounce: float = 0.05,
        polling: bool = False,
        poll_interval: float = 2.0,
        *,
        sighup: bool = False,
        forks: bool = False,
    ) -> None:
        if debounce < 0 or poll_interval <= 0:
            raise ValueError("debounce must be at least 0 seconds, poll_interval more than 0")
        self._current = (ConfigManager() if manager is None else manager).current
        paths = [watch_paths] if isinstance(watch_paths, str | os.PathLike) else watch_paths or ()
        self._paths = tuple(Path(path).absolute() for path in paths)
        self._auto_reload = auto_reload
        self._debounce = debounce
        self._polling = polling
        self._poll_interval = poll_interval
        self._sighup = sighup
        self._forks = forks
        self._lock = threading.RLock()
        self._streams: tuple[Stream, ...] = ()
        self._worker: Worker | None = None
        self._old_handler: Any = None
        _ALL.add(self)

    @door
    def start(self) -> None:
        """Start watching; loads the settings where that has not been done. Nothing happens where it watches already.

        Raises `SettingsError` where the first load fails, `WatchError` for `sighup` outside the main thread.
        """
        with self._lock:
            if self._worker is not None:
                return
            _ = self._current.snapshot
            worker = Worker(
                self._current,
                self._paths,
                auto_reload=self._auto_reload,
                debounce=self._debounce,
                polling=self._polling,
                poll_interval=self._poll_interval,
            )
            self._worker = worker
            try:
                if self._sighup:
                    self._install_signal(worker)
                worker.start()
            except BaseException:
                self._forget()
                raise

    def stop(self) -> None:
        """Stop watching; returns when the worker has ended, or after ten seconds where it hangs in a file that
        cannot be read. Nothing happens where it does not watch.
        """
        worker = self._forget()
        if worker is not None:
            worker.stop()
        for stream in self._streams:
            stream.close()

    def _forget(self) -> Worker | None:
        """Be a watcher that was never started; returns the worker that it had."""
        with self._lock:
            worker, self._worker = self._worker, None
            old_handler, self._old_handler = self._old_handler, None
        if old_handler is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGHUP, old_handler)
        return worker

    def is_watching(self) -> bool:
        """True between `start` and `stop`, in the process that started."""
        return self._worker is not None

    def get_watched_files(self) -> list[Path]:
        """The files there are whose content is compared, sorted."""
        return sorted({*self._current.look().files, *extra_digests(self._paths)})

    def add_listener(self, listener: Listener) -> None:
        """Call ``listener(event, data)`` with each `ConfigEvent` of the manager, from its delivery thread."""
        self._current.announcer.listen(listener)

    def remove_listener(self, listener: Listener) -> None:
        """Call `listener` no more; an unknown one is not an error."""
        self._current.announcer.unlisten(listener)

    @door
    def trigger_reload(self) -> Config_co:
        """Reload here and now, whether anything changed or not; announces ``manual_reload``.

        Returns the state in force; raises `SettingsError` after it was announced. In a listener the reload is queued.
        """
        self._current.reload(manual=True)
        config: Config_co = self._current.snapshot.config
        return config

    def events(self) -> AsyncIterator[tuple[ConfigEvent, Any]]:
        """The events from now on, ``(event, data)`` as listeners get them, until the watcher stops."""
        stream = Stream(self._current.announcer)
        self._streams = (*(other for other in self._streams if not other.is_over), stream)
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

    def _install_signal(self, worker: Worker) -> None:
        """Have SIGHUP ask for a reload, in place of what handled it before."""
        if threading.current_thread() is not threading.main_thread():
            raise WatchError(Problem("no-watch", "sighup=True needs the watcher to start in the main thread"))

        def handle(number: int, frame: Any) -> None:
            if self._worker is worker:
                worker.reload_soon()
            else:  # stopped by another thread, which could not put the old handler back
                signal.signal(number, old)
                os.kill(os.getpid(), number)

        old = self._old_handler = signal.signal(signal.SIGHUP, handle)


_ALL: weakref.WeakSet[ConfigWatcher[Any]] = weakref.WeakSet()
_INHERITED: list[object] = []


def _after_fork() -> None:
    """In the child nobody watches; to end what the parent's threads hold would end the parent's watch."""
    for watcher in tuple(_ALL):
        watcher._lock = threading.RLock()
        if watcher.is_watching():
            _INHERITED.append(watcher._worker)
            for stream in watcher._streams:
                stream.leave()
            watcher._streams, watcher._worker, watcher._old_handler = (), None, None
            if not watcher._forks:
                logger.warning("a watcher does not survive a fork; call its start() in process %d too", os.getpid())


def _at_exit() -> None:
    """End the workers before the interpreter goes, which would end them in the middle of whatever they do."""
    for watcher in tuple(_ALL):
        if watcher._worker is not None:
            watcher._worker.stop(EXIT_SECONDS)


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)

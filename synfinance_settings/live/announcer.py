"""What is told of a change, and the one thread that tells it.

Whoever announces never waits: announcements go into a queue, in order, and one delivery thread of the manager's own
calls the listeners, outside all locks, on a copy of the list. A listener that raises is logged, one that blocks
delays the listeners after it and nothing else.
"""

from __future__ import annotations

import inspect
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from synfinance_settings.log import logger

if TYPE_CHECKING:
    from queue import SimpleQueue


class ConfigEvent(StrEnum):
    """What happened; listeners get it with the data named here."""

    FILE_CHANGED = "file_changed"
    """A watched file has other content, appeared or vanished: its path, or the place of what is not a file."""
    CONFIG_RELOADED = "config_reloaded"
    """Other values are in force: the AppConfig."""
    VALIDATION_FAILED = "validation_failed"
    """What the layers say does not validate, and nothing changed: the SettingsError."""
    RELOAD_FAILED = "reload_failed"
    """A layer could not be read, or what follows the settings not be made, and nothing changed; or a subscriber refused
    what was loaded: the SettingsError.
    """
    ROLLED_BACK = "rolled_back"
    """Earlier values are in force again: the AppConfig."""
    MANUAL_RELOAD = "manual_reload"
    """A reload that somebody asked for is done: the AppConfig."""


Listener = Callable[[ConfigEvent, Any], object]
_Task = Callable[[], None]


def check_callback(callback: object) -> None:
    """Raise `TypeError` for what could never be called: that would show only when something happens."""
    if not callable(callback):
        raise TypeError(f"a callback must be a function, not {type(callback).__name__}")
    if inspect.iscoroutinefunction(callback):
        raise TypeError(
            "a callback is called from a thread, which cannot await: iterate over a watcher's events() instead"
        )


class Announcer:
    """The queue of announcements, its listeners, and the thread that calls them."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self.revive()

    def revive(self) -> None:
        """Start over with an empty queue and no thread, as in the child of a fork; the listeners stay."""
        self._lock = threading.Lock()
        self._tasks: SimpleQueue[_Task | None] | None = None
        self._thread: threading.Thread | None = None

    def listen(self, listener: Listener) -> None:
        """Call `listener` with every event from now on; raises `TypeError` for what cannot be called."""
        check_callback(listener)
        with self._lock:
            self._listeners.append(listener)

    def unlisten(self, listener: Listener) -> None:
        """Call `listener` no more; an unknown one is not an error."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

    def announce(self, event: ConfigEvent, data: Any) -> None:
        """Tell the listeners of `event`; returns at once."""
        with self._lock:
            listeners = tuple(self._listeners)
        for listener in listeners:
            self.deliver(listener, event, data)

    def deliver(self, function: Callable[..., object], *arguments: Any) -> None:
        """Have the delivery thread call `function`; what it raises is logged. Returns at once.

        Where no thread can be started now, it is called once there is one for a later delivery.
        """
        self._queue().put(lambda: _call(function, arguments))
        with suppress(RuntimeError):
            self.begin()

    def begin(self) -> None:
        """Have the delivery thread run; raises `RuntimeError` where the system has no more threads to give."""
        tasks = self._queue()
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(
                    target=_deliver, args=(tasks,), name="synfinance_settings delivery", daemon=True
                )
                thread.start()
                self._thread = thread
                weakref.finalize(self, tasks.put, None)

    def _queue(self) -> SimpleQueue[_Task | None]:
        """The announcements that wait; most programs have none, and import no `queue`."""
        with self._lock:
            if self._tasks is None:
                from queue import SimpleQueue

                self._tasks = SimpleQueue()
            return self._tasks

    def is_delivering(self) -> bool:
        """True in the delivery thread, where what is asked for must be queued."""
        return threading.current_thread() is self._thread


def _deliver(tasks: SimpleQueue[_Task | None]) -> None:
    while (task := tasks.get()) is not None:
        task()


def _call(function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    try:
        function(*arguments)
    except BaseException:
        with suppress(BaseException):  # not even what a handler of the log raises may end the delivery
            logger.exception("a listener of settings failed: %r", function)

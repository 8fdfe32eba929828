"""A resource that was made of settings: what of, who uses it, and how it is closed when another took its place.

One thread of a follow's own closes what was replaced, once its users are gone or its time is up: whoever reloads never
waits for a close that hangs. The thread is there only as long as something waits to be closed.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from synfinance_settings.errors import SettingsError
from synfinance_settings.log import logger

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

Made = TypeVar("Made")


class Held(Generic[Made]):
    """A resource with the `values` that it was made of, and the event `loop` that it belongs to, if it does to one.

    Its follow alone changes the rest, under one lock.
    """

    def __init__(self, resource: Made, values: Any, loop: AbstractEventLoop | None = None) -> None:
        self.resource = resource
        self.values = values
        self.loop = loop
        self.users = 0
        self.is_handed_out = False
        """True once it was given to somebody who does not say when he is done."""
        self.until = math.inf
        """The moment, of `monotonic`, at which it is closed at the latest."""

    def is_due(self) -> bool:
        """True where nothing is in the way of closing it."""
        return monotonic() >= self.until or not (self.users or self.is_handed_out)


def said(error: BaseException) -> str:
    """What may be told of `error`: what is ours in its own words, of another its kind, since its text may hold a
    secret.
    """
    return error.problems[0].message if isinstance(error, SettingsError) else type(error).__name__


class Closer(Generic[Made]):
    """What waits to be closed by `close`, and the thread that does it; `changed` is the lock of the follow `name`."""

    def __init__(self, name: str, close: Callable[[Held[Made]], object], changed: threading.Condition) -> None:
        self._name = name
        self._close = close
        self._changed = changed
        self._waiting: list[Held[Made]] = []
        self._thread: threading.Thread | None = None

    @property
    def waiting(self) -> tuple[Held[Made], ...]:
        """What is not closed yet."""
        return tuple(self._waiting)

    def retire(self, held: Held[Made], grace: float) -> None:
        """Close `held` once it has no users, in `grace` seconds at the latest; returns at once. What is closed already,
        or waits for it, is left alone.
        """
        with self._changed:
            if not math.isinf(held.until):
                return
            held.until = monotonic() + grace
            self._waiting.append(held)
            if self._thread is None:
                self._thread = self._started()
            self._changed.notify_all()

    def _started(self) -> threading.Thread | None:
        """The thread; None where the system has none to give, or the interpreter ends: the next one closes it too."""
        thread = threading.Thread(target=self._work, name="synfinance_settings closing", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            logger.warning("what followed %s before is not closed yet: %s", self._name, error)
            return None
        return thread

    def hurry(self) -> None:
        """Wait for no user any longer."""
        with self._changed:
            for held in self._waiting:
                held.until = monotonic()
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until all is closed, but no longer than `seconds`."""
        thread = self._thread
        if thread is None:
            self._work()
        elif thread is not threading.current_thread():
            thread.join(seconds)
            if thread.is_alive():
                logger.warning("closing what followed %s hangs, and is left behind", self._name)

    def _work(self) -> None:
        while (held := self._next()) is not None:
            try:
                self._close(held)
            except BaseException as error:  # noqa: BLE001 - it may not keep the next one open
                logger.error("closing what followed %s before failed: %s", self._name, said(error))
            else:
                logger.info("what followed %s before is closed", self._name)
            del held

    def _next(self) -> Held[Made] | None:
        """The next one that is due, as soon as it is; None, and the thread must end, where nothing waits."""
        with self._changed:
            while self._waiting:
                due = next((held for held in self._waiting if held.is_due()), None)
                if due is not None:
                    self._waiting.remove(due)
                    return due
                seconds = min(held.until for held in self._waiting) - monotonic()
                self._changed.wait(min(max(seconds, 0), threading.TIMEOUT_MAX))
            self._thread = None
            return None

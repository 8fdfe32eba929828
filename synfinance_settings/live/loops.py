"""Work that a thread has done in an event loop which runs in another one, for a time that is bounded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from synfinance_settings.errors import Problem, SettingsError

Result = TypeVar("Result")

_TASKS: Final[set[asyncio.Task[Any]]] = set()  # a loop alone does not keep them


def in_loop(loop: asyncio.AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, Result]], seconds: float) -> Result:
    """What `work` comes to in `loop`, or raises.

    Work that bounds itself to `seconds` has a little more, so that it is the one to end itself. Raises `TimeoutError`
    where the loop does not get to it, or to its end, and `SettingsError` for a loop that is closed and in the thread of
    the loop itself, where waiting would keep it from running.
    """
    if loop.is_closed():
        raise SettingsError(_CLOSED)
    if runs_here(loop):
        raise SettingsError(_ITSELF)
    done: Future[Result] = Future()
    task: list[asyncio.Task[Result]] = []

    def start() -> None:
        if done.set_running_or_notify_cancel():
            task.append(loop.create_task(work()))
            _TASKS.add(task[0])
            task[0].add_done_callback(lambda ended: _hand_over(ended, done))

    loop.call_soon_threadsafe(start)
    try:
        return done.result(seconds + _MARGIN)
    except TimeoutError:
        if not done.done() and not done.cancel():
            loop.call_soon_threadsafe(lambda: [begun.cancel() for begun in task])
        raise


_MARGIN: Final = 1.0  # seconds
_CLOSED: Final = Problem("refused-resource", "its event loop is closed")
_ITSELF: Final = Problem(
    "refused-resource",
    "its event loop cannot wait for itself; there, await asyncio.to_thread(...) what reloads",
)


def runs_here(loop: asyncio.AbstractEventLoop) -> bool:
    """True in the thread of `loop`, while it runs."""
    try:
        return asyncio.get_running_loop() is loop
    except RuntimeError:
        return False


def _hand_over(ended: asyncio.Task[Result], done: Future[Result]) -> None:
    _TASKS.discard(ended)
    if ended.cancelled():
        done.set_exception(TimeoutError())
    elif (error := ended.exception()) is not None:
        done.set_exception(error)
    else:
        done.set_result(ended.result())

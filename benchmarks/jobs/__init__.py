"""What workers run: a module a topic, each with functions that prepare jobs by their names."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Job:
    """A function to `run` and time; what is done `before` each run is not timed.

    `seen` makes of the last result what can be written as JSON and compared. One run counts as `parts` runs.
    """

    run: Callable[[], Any]
    before: Callable[[], object] = lambda: None
    seen: Callable[[Any], Any] = lambda result: None
    parts: int = 1
    clock: Callable[[], float] = time.process_time

    def took(self, times: int) -> list[tuple[float, float, Any]]:
        took: list[tuple[float, float, Any]] = []
        result = None
        for _ in range(times):
            self.before()
            wall, cpu = time.perf_counter(), self.clock()
            result = self.run()
            cpu, wall = self.clock() - cpu, time.perf_counter() - wall
            took.append((cpu / self.parts, wall / self.parts, None))
        if took:
            took[-1] = (*took[-1][:2], self.seen(result))
        return took


class Busy(Job):
    """A job that runs while four threads spin: what counts is the clock, for of the processor it is their time too."""

    def took(self, times: int) -> list[tuple[float, float, Any]]:
        with spinning(4):
            return super().took(times)


def values(config: Any) -> Any:
    """The values of a config, secrets too, as JSON has them."""
    return _plain(config.model_dump())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "get_secret_value"):
        return value.get_secret_value()
    return value if value is None or isinstance(value, bool | int | float) else str(value)


@contextmanager
def spinning(threads: int) -> Iterator[None]:
    """Let `threads` threads compute without a rest."""
    done = threading.Event()

    def spin() -> None:
        while not done.is_set():
            sum(range(100))

    spinners = [threading.Thread(target=spin, daemon=True) for _ in range(threads)]
    for spinner in spinners:
        spinner.start()
    try:
        yield
    finally:
        done.set()
        for spinner in spinners:
            spinner.join()

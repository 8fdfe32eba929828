"""The program: what it copies at its start stands in `STALE`, by the setting."""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property, lru_cache, partial
from time import monotonic_ns
from typing import Any

from kiln.configuration import app, settings

HEAT = settings.fire.heat
STALE = {
    "fire.heat": "a module constant",
    "fire.hours": "a default argument",
    "fire.fuel": "a cached property",
    "fire.draught": "a thread-local",
    "work.hands": "the size of a pool",
    "fire.steps": "lru_cache",
    "work.pause": "a closure",
    "work.greeting": "a class attribute",
    "shop.code": "a partial",
    "work.log_level": "the level of a logger",
    "pots.clay": "an attribute, beside a resource that follows",
}

glazing = app.manager.follow("pots", lambda pots: f"{pots.glaze} glaze", keys=("glaze", "clay"))
_local = threading.local()
_logger = logging.getLogger("kiln")


def hours(count: int = settings.fire.hours) -> int:
    return count


@lru_cache
def plan() -> str:
    return " and ".join(settings.fire.steps)


def make_pause() -> Callable[[], int]:
    pause = settings.work.pause
    return lambda: pause


def opens(code: str, tried: str) -> bool:
    return code == tried


class Door:
    greeting = settings.work.greeting


class Kiln:
    """The application."""

    def __init__(self) -> None:
        self.pool = ThreadPoolExecutor(settings.work.hands)
        self.pause = make_pause()
        self.opens = partial(opens, settings.shop.code.get_secret_value())
        self.door = settings.work.door
        self.mark = settings.work.mark
        self.clay = settings.pots.clay
        self.handle = settings.pots.handle
        _local.draught = settings.fire.draught
        _logger.setLevel(settings.work.log_level)

    @cached_property
    def fuel(self) -> str:
        return f"dry {settings.fire.fuel}"


def make_kiln() -> Kiln:
    return Kiln()


def observe(kiln: Kiln) -> dict[str, Any]:
    return {
        "heat": HEAT,
        "hours": hours(),
        "fuel": kiln.fuel,
        "plan": plan(),
        "draught": _local.draught,
        "cones": settings.fire.cones,
        "hands": kiln.pool._max_workers,
        "pause": kiln.pause(),
        "greeting": Door.greeting,
        "level": _logger.level,
        "door": kiln.door,
        "bell": settings.work.bell,
        "pots": [glazing(), kiln.clay, kiln.handle],
        "till": {"key": settings.shop.key, "code": kiln.opens.args},
        "shop": (settings.shop.is_open and settings.shop.keeper, settings.shop.size),
        "started": monotonic_ns(),
    }


def observe_marks(kiln: Kiln) -> dict[str, Any]:
    """The mark of pots that are made from now on, and of those that stand; the door on the plan, and the real one."""
    return {"mark": (settings.work.mark, kiln.mark), "door": [settings.work.door, kiln.door]}


async def make_slowly() -> Kiln:
    return Kiln()


async def observe_strictly(kiln: Kiln) -> int:
    """Breaks where there are more shelves than there were."""
    if settings.shop.size > 5:
        raise ValueError(f"no room for {settings.shop.size} shelves, {settings.shop.key.get_secret_value()}")
    return settings.fire.cones


class OddKiln(Kiln):
    """Follows late, never forgets a pause, and ends where it grows hot while it burns."""

    def __init__(self) -> None:
        super().__init__()
        self.said, self.pauses = settings.work.greeting, set[int]()
        app.manager.subscribe(lambda _, new: threading.Timer(0.2, self.say, [new.greeting]).start(), section="work")

    def say(self, greeting: str) -> None:
        self.said = greeting


def make_odd_kiln() -> OddKiln:
    return OddKiln()


def observe_odd_kiln(kiln: OddKiln) -> dict[str, Any]:
    if settings.fire.heat != HEAT:
        os.kill(os.getpid(), signal.SIGKILL)
    kiln.pauses.add(settings.work.pause)
    return {"said": kiln.said, "pauses": kiln.pauses, "heat": HEAT, "cones": settings.fire.cones}

"""How soon a change of the shared store is in force in many processes, and whether one ever ran an invalid one."""

from __future__ import annotations

import logging
import os
import select
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

from peers.synfinance import manager
from project import ENVIRONMENT, FIRST_PORT

from jobs import Job
from synfinance_settings import ConfigEvent, ConfigWatcher, Origin
from synfinance_settings.remote.address import read_address
from synfinance_settings.remote.keyspace import Keyspace
from synfinance_settings.remote.revisions import Note, commit
from synfinance_settings.remote.store import Store

PATIENCE: Final = 120.0  # seconds until a process counts as one that did not follow
INVALID_EVERY: Final = 10
REFUSED: Final = 0


@dataclass
class Followed:
    """For each change, the seconds until each process had it in force; and for each invalid one, until it refused."""

    taken: list[list[float]] = field(default_factory=list)
    refused: list[list[float]] = field(default_factory=list)
    behind: int = 0
    """Processes that did not follow."""
    invalid: int = 0
    """Processes that ran what is invalid."""


def propagation(root: str, url: str, processes: int, changes: int, forced: int) -> dict[str, Job]:
    """Changes of the store at `url`, followed by processes that were forked from one that has loaded, as servers do.

    `changes` one by one, as many without a rest between them, and `forced` ones past the commands, by a plain ``HSET``.
    """
    os.environ["SYNFINANCE_REMOTE_URL"] = url
    logging.getLogger("synfinance_settings").addHandler(logging.NullHandler())
    manager(Path(root)).load_config()
    fleet, editor, numbers = _Fleet(Path(root), processes), _Editor(url), count(1)

    def each(change: Callable[[int], None], times: int) -> Followed:
        followed = Followed()
        for _ in range(times):
            fleet.follow(change, next(numbers), followed)
        return followed

    def without_a_rest() -> Followed:
        for _ in range(changes):
            editor.commit(next(numbers))
        followed = Followed()
        fleet.follow(editor.commit, next(number for number in numbers if not _is_invalid(number)), followed)
        return followed

    return {
        "commits": Job(lambda: each(editor.commit, changes), seen=asdict),
        "storm": Job(without_a_rest, seen=asdict),
        "HSET": Job(lambda: each(editor.force, forced), seen=asdict),
    }


def _is_invalid(number: int) -> bool:
    return number % INVALID_EVERY == 0


class _Editor:
    """Who changes the store: each number is another port, and every tenth one comes with too many workers."""

    def __init__(self, url: str) -> None:
        self._store = Store(read_address(url, Origin("the benchmark")), Keyspace("synfinance", ENVIRONMENT))

    def commit(self, number: int) -> None:
        """Make it a revision, as ``remote set`` does after it has validated it."""
        commit(self._store, self._store.base(), _values(number), Note("the benchmark", "set"))

    def force(self, number: int) -> None:
        """Write it past the commands: nobody is told."""
        place = self._store.keyspace.values
        self._store.call(lambda client: client.hset(place, mapping=_values(number)))


def _values(number: int) -> dict[str, str]:
    return {"server.port": str(FIRST_PORT + number), "server.workers": "999" if _is_invalid(number) else "8"}


class _Fleet:
    """Processes that follow the store, and say so over one pipe: which of them, and the port that is in force."""

    def __init__(self, root: Path, processes: int) -> None:
        self._said, say = os.pipe()
        end, self._lasts = os.pipe()
        self._members = range(processes)
        self._text = b""
        for member in self._members:
            if not os.fork():
                os.close(self._lasts)
                _member(root, member, say, end)
        os.close(say)
        os.close(end)
        ready = {member for member, *_ in (self._next(time.monotonic() + PATIENCE) for _ in self._members)}
        assert ready == set(self._members), "all watch"

    def follow(self, change: Callable[[int], None], number: int, followed: Followed) -> None:
        """Make a change, and note of each process when it followed."""
        wanted = REFUSED if _is_invalid(number) else FIRST_PORT + number
        waiting = set(self._members)
        start = time.monotonic()
        change(number)
        took: list[float] = []
        while waiting and (heard := self._next(start + PATIENCE)):
            member, port, when = heard
            followed.invalid += port != REFUSED and _is_invalid(int(port) - FIRST_PORT)
            if port == wanted and member in waiting:
                waiting.remove(member)
                took.append(when - start)
        followed.behind += len(waiting)
        (followed.refused if wanted == REFUSED else followed.taken).append(took)

    def _next(self, until: float) -> tuple[float, ...] | None:
        """What a process says next; None where none does in time."""
        while b"\n" not in self._text:
            if not select.select([self._said], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            more = os.read(self._said, 1 << 16)
            if not more:
                raise RuntimeError("the processes have ended")
            self._text += more
        line, _, self._text = self._text.partition(b"\n")
        return tuple(map(float, line.split()))


def _member(root: Path, member: int, say: int, end: int) -> None:
    """Be one of the fleet until the benchmark ends; ends without the parent's ways of ending."""
    with suppress(BaseException):
        os.environ["SYNFINANCE_INSTANCE"] = f"web-{member}"
        loaded = manager(root)
        loaded.load_config()

        def tell(port: int) -> None:
            os.write(say, f"{member} {port} {time.monotonic()}\n".encode())  # in one piece: it is short

        def listen(event: ConfigEvent, data: Any) -> None:
            if event is ConfigEvent.CONFIG_RELOADED:
                tell(data.server.port)
            elif event is ConfigEvent.VALIDATION_FAILED:
                tell(REFUSED)

        watcher = ConfigWatcher(loaded)
        watcher.add_listener(listen)
        with watcher:
            tell(loaded.get_config().server.port)
            os.read(end, 1)
    os._exit(0)

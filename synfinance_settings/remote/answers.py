"""What the processes of a fleet answer: each what it runs, accepted or refused, well or not; and who fell silent.

A process answers anew every `beat`, at once after a change, and says goodbye when it stops. One that is not heard for
`BEATS` beats is silent: it may be dead, or cut off. What it said last is kept for an hour, by the clock of the store.
An answer is foreign text to whoever reads it, and is bounded on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.errors import Problem, printable
from synfinance_settings.record import Record
from synfinance_settings.remote.keyspace import point_of
from synfinance_settings.remote.scripts import ANSWER, PROCESSES
from synfinance_settings.remote.store import Store

if TYPE_CHECKING:
    from redis import Redis

BEATS: Final = 3
"""How many beats of a process may be missed until it counts as silent."""

KEPT: Final = 3600.0
"""Seconds for which the last answer of a process is kept."""

MOST_PROCESSES: Final = 20_000
"""How many processes of one environment are looked at."""

DIGITS: Final = 16
"""How much of a digest an answer holds."""

_MOST_BYTES: Final = 8192  # of one answer
_MOST_PROBLEMS: Final = 5
_LONGEST: Final = 300  # characters of one text in it
_LARGEST: Final = 10**13  # of a number; Lua spells larger ones otherwise
_AT_ONCE: Final = 500  # answers that are fetched in one step


@dataclass(frozen=True, slots=True)
class Answer:
    """What one process says of itself.

    `revision` and `digest` are of the settings of the store that it runs, None and empty where it runs none of them;
    `fingerprint` is of all its settings. `stage` is the one of an open change that it is in. `refuses` is true where it
    does not run what it found last, `refused` the revision of that, where it has one, and `problems` say why. A program
    that does not feel well says so, with a `reason`. `beat` is how many seconds lie between two answers.
    """

    process: str
    instance: str
    host: str
    pid: int
    revision: int | None = None
    digest: str = ""
    fingerprint: str = ""
    stage: int | None = None
    refuses: bool = False
    refused: int | None = None
    problems: tuple[str, ...] = ()
    is_well: bool = True
    reason: str = ""
    beat: float = 0.0

    @property
    def point(self) -> float:
        """Where its instance stands among all, from 0 to below 1."""
        return point_of(self.instance)

    def as_text(self) -> str:
        """The answer as it is kept; what is too long of it is cut."""
        data = {name: _cut(value) for name, value in asdict(self).items() if name != "process"}
        return json.dumps(data, separators=(",", ":"))


def problem_told(problem: Problem) -> str:
    """A problem in one line, as an answer tells it."""
    return f"{problem.origin}: {problem.message}" if problem.origin else problem.message


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, _LONGEST)
    return [_cut(text) for text in value[:_MOST_PROBLEMS]] if isinstance(value, tuple) else value


def read_answer(process: str, text: bytes) -> Answer | None:
    """What `process` said; None for a text that no process writes."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(data, dict) or not all(name in data and fits(data[name]) for name, fits in _FORM.items()):
        return None
    known = {name: _cut(data[name]) for name in _FORM if name != "problems"}
    return Answer(process=process, problems=tuple(map(_cut, data["problems"][:_MOST_PROBLEMS])), **known)


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _LARGEST


_FORM: Final[Mapping[str, Any]] = {
    **dict.fromkeys(("instance", "host", "digest", "fingerprint", "reason"), lambda value: isinstance(value, str)),
    **dict.fromkeys(("revision", "stage", "refused"), lambda value: value is None or _is_number(value)),
    **dict.fromkeys(("refuses", "is_well"), lambda value: isinstance(value, bool)),
    "pid": _is_number,
    "beat": lambda value: isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= KEPT,
    "problems": lambda value: isinstance(value, list) and all(isinstance(text, str) for text in value),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer, and how many seconds ago it was given."""

    answer: Answer
    ago: float

    @property
    def is_silent(self) -> bool:
        """True for a process that has not been heard for too long."""
        return self.ago > self.answer.beat * BEATS


@dataclass(frozen=True, slots=True)
class Fleet:
    """All processes that answered within the hour, by their instances, and the store's clock, in ms, when it was asked.

    `unread` counts the answers that cannot be understood; `left_out` those beyond `MOST_PROCESSES`.
    """

    heard: tuple[Heard, ...]
    now: int
    unread: int = 0
    left_out: int = 0

    @property
    def present(self) -> tuple[Answer, ...]:
        """The answers of those that are not silent."""
        return tuple(one.answer for one in self.heard if not one.is_silent)

    @property
    def highest(self) -> int:
        """The highest revision that a process says it runs or refused; 0 where none says one."""
        numbers = (number for one in self.heard for number in (one.answer.revision, one.answer.refused))
        return max(filter(None, numbers), default=0)


class ToLead(Record):
    """What waits in the store for somebody who carries it out: a staged change, a change to be confirmed."""

    rollout: bool = False
    confirm: bool = False


def answer(store: Store, said: Answer) -> ToLead:
    """Answer for a process; returns what there is to lead. Raises `RemoteError` where the store does not take it."""
    keyspace = store.keyspace
    keys = (keyspace.answers(said.process), keyspace.processes)
    arguments = (said.process, said.as_text(), int(KEPT * 1000), keyspace.rollout, keyspace.confirm)
    return ToLead(*map(bool, store.run(ANSWER, keys, *arguments)))


def say_goodbye(store: Store, process: str) -> None:
    """Let `process` be gone without being missed; raises `RemoteError`."""
    keyspace = store.keyspace

    def ask(client: Redis) -> None:
        with client.pipeline(transaction=False) as lines:
            lines.delete(keyspace.answers(process))
            lines.zrem(keyspace.processes, process)
            lines.execute()

    store.call(ask)


def fleet_of(store: Store) -> Fleet:
    """All who answer; raises `RemoteError` where the store cannot be asked."""
    keyspace, heard = store.keyspace, list[Heard]()
    unread = count = now = 0
    for start in range(0, MOST_PROCESSES, _AT_ONCE):
        bounds = (start, start + _AT_ONCE - 1, keyspace.answers(""), _MOST_BYTES)
        count, now, rows = store.run(PROCESSES, [keyspace.processes], *bounds)
        for process, when, text in rows:
            said = read_answer(process.decode("ascii", "replace"), text)
            heard += [Heard(said, max(0.0, (now - float(when)) / 1000))] if said else []
            unread += said is None
        if start + _AT_ONCE >= count:
            break
    unique = {one.answer.process: one for one in heard}  # one may have moved on between two steps
    ordered = sorted(unique.values(), key=lambda one: (one.answer.instance, one.answer.host, one.answer.pid))
    return Fleet(tuple(ordered), now, unread, max(0, count - MOST_PROCESSES))

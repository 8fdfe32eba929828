"""A change that comes in by stages: what opens the next one, what takes it back, and each step of that in the store.

`next_step` is pure: it decides by what the store holds and what the processes answered, and nothing else, so that it
does not matter who asks. Each step is one script, which does nothing where things are not as they were when the step
was decided: whoever dies between two steps is followed by another, and two at once do no harm.

A process is in a stage by the point of its instance (`keyspace.point_of`). A stage is over when

    all who answer in it have accepted the change, at least one of them,
    the time has passed that it is to soak, by the clock of the store,
    and the gate behind it held, where there is one,

and all goes back as soon as one of them refuses it or does not feel well under it, or more than one in ten of those
that ran it are not heard any more: a process that a change has killed says nothing, and in a large fleet there is
always one that dies of something else. Who fell silent before running it is not waited for. What is not over in time
goes back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import floor
from typing import Any, Final, Literal

from synfinance_settings.errors import counted, printable
from synfinance_settings.record import Record
from synfinance_settings.remote.answers import Answer, Fleet, Heard
from synfinance_settings.remote.keyspace import Keyspace
from synfinance_settings.remote.reading import Reading
from synfinance_settings.remote.revisions import Note, stage
from synfinance_settings.remote.scripts import FINISH, OPEN, PASS, ROLLOUT, TAKE_BACK, Script
from synfinance_settings.remote.store import Store

LIMIT: Final = 300.0
"""Seconds that a stage may take beyond the time that it soaks."""

MOST_STAGES: Final = 20

_LONGEST_WHY: Final = 400
_TOLERATED: Final = 10  # one in so many may fall silent
_NAMED: Final = 3  # processes that are told by their names
_LARGEST: Final = 10**15
_STEPS: Final = 10_000  # a share is told in hundredths of a percent


@dataclass(frozen=True, slots=True)
class Plan:
    """How a change is to come in: the `shares` of all instances, rising to 1, that its stages are open to.

    Each stage is to `soak` so many seconds, and has `limit` seconds more until the change goes back. Where it is
    `gated`, somebody has to say that a stage held, too (`let_pass`).
    """

    shares: tuple[float, ...]
    soak: float = 0.0
    gated: bool = False
    limit: float = LIMIT

    def with_somebody(self, points: Iterable[float]) -> Plan:
        """The same with every stage open to one, at least, of those who stand at `points`: nobody proves nothing."""
        first = min(points, default=0.0)
        widened = tuple(share if share > first else _just_above(first) for share in self.shares)
        return replace(self, shares=tuple(dict.fromkeys(widened)))


def _just_above(point: float) -> float:
    return min(1.0, (floor(point * _STEPS) + 1) / _STEPS)


@dataclass(frozen=True, slots=True)
class Rollout:
    """A staged change that is open: its `plan`, the `stage` that it is in, from 1, `opened` at a time in ms.

    `passed` is the last stage that somebody said held.
    """

    candidate: int
    plan: Plan
    stage: int
    opened: int
    passed: int = 0

    @property
    def share(self) -> float:
        """The part of all instances that the stage is open to."""
        return self.plan.shares[self.stage - 1]

    @property
    def progress(self) -> str:
        """Which stage it is in, for people."""
        return f"stage {self.stage} of {len(self.plan.shares)}, {100 * self.share:.4g} % of all instances"

    @property
    def is_last(self) -> bool:
        """True in the stage after which the change is in force."""
        return self.stage == len(self.plan.shares)

    def inside(self, fleet: Fleet) -> tuple[Heard, ...]:
        """Those that the stage is open to, whether they are heard or not."""
        return tuple(one for one in fleet.heard if one.answer.point < self.share)

    def waits_for(self, fleet: Fleet) -> tuple[Answer, ...]:
        """Those in the stage that have not accepted the change yet, and are heard."""
        present = (one.answer for one in self.inside(fleet) if not one.is_silent)
        return tuple(answer for answer in present if not self.is_accepted_by(answer))

    def is_accepted_by(self, answer: Answer) -> bool:
        """True for a process that runs the change."""
        return answer.revision == self.candidate and not answer.refuses


class Step(Record):
    """What is to be done next: let the gate be tried, open the next stage, bring it into force, or take it back."""

    kind: Literal["gate", "open", "finish", "back"]
    why: str = ""


def next_step(rollout: Rollout, fleet: Fleet, *, counts_silence: bool = True) -> Step | None:
    """What is to be done now, None where there is nothing to do but wait.

    Whoever has not listened for long does not know who fell silent: then `counts_silence` is false, and those are
    waited for.
    """
    inside = rollout.inside(fleet)
    why = next(_against(rollout.candidate, inside, counts_silence=counts_silence), None)
    if why is not None:
        return Step("back", why)
    if fleet.left_out:
        return Step("back", f"{fleet.left_out:,} processes are too many to be looked at")
    seconds = (fleet.now - rollout.opened) / 1000
    waits = rollout.waits_for(fleet)
    accepted = [one for one in inside if not one.is_silent and rollout.is_accepted_by(one.answer)]
    lost = not counts_silence and _lost(rollout.candidate, inside)
    if accepted and not waits and not lost and seconds >= rollout.plan.soak:
        if not rollout.plan.gated or rollout.passed >= rollout.stage:
            return Step("finish") if rollout.is_last else Step("open")
        if seconds <= rollout.plan.soak + rollout.plan.limit:
            return Step("gate")
    if seconds > rollout.plan.soak + rollout.plan.limit:
        return Step("back", f"stage {rollout.stage} was not over in time: {_open_question(waits, accepted)}")
    return None


def _against(candidate: int, inside: Sequence[Heard], *, counts_silence: bool) -> Iterator[str]:
    """What speaks against the change, the worst first."""
    answers = [one.answer for one in inside if not one.is_silent]
    for answer in answers:
        if answer.refuses and answer.refused == candidate:
            yield _cut(f"{_name(answer)} refused it: {'; '.join(answer.problems)}")
    for answer in answers:
        if answer.revision == candidate and not answer.is_well:
            yield _cut(f"{_name(answer)} is not well: {answer.reason or 'it does not say why'}")
    lost = _lost(candidate, inside) if counts_silence else ()
    if lost:
        yield _cut(f"{_named(lost)} ran it, and {'is' if len(lost) == 1 else 'are'} not heard any more")


def _lost(candidate: int, inside: Sequence[Heard]) -> tuple[Answer, ...]:
    """Those that ran it and fell silent, where they are too many."""
    ran = [one for one in inside if one.answer.revision == candidate]
    lost = tuple(one.answer for one in ran if one.is_silent)
    return lost if len(lost) * _TOLERATED > len(ran) else ()


def _open_question(waits: Sequence[Answer], accepted: Sequence[Heard]) -> str:
    if waits:
        return _cut(f"{_named(waits)} did not run it")
    return "nobody said that its gate held" if accepted else "nobody answered in it"


def _name(answer: Answer) -> str:
    return f"{printable(answer.instance, 60)} (process {answer.pid})"


def _named(answers: Sequence[Answer]) -> str:
    others = f" and {counted(len(answers) - _NAMED, 'other')}" if len(answers) > _NAMED else ""
    return f"{', '.join(map(_name, answers[:_NAMED]))}{others}"


def _cut(why: str) -> str:
    return printable(why, _LONGEST_WHY)


def propose(
    store: Store,
    base: Reading,
    values: Mapping[str, str],
    note: Note,
    plan: Plan,
    points: Iterable[float],
    above: int = 0,
) -> int:
    """Open `values` to the first stage of `plan` in the place of what `base`, of `Store.base`, says; returns the number
    of the revision that they will be, which is above `above`.

    `points` are those of the instances that answer. Raises `RemoteError`, and changes nothing, where anything else is
    in force by now, a staged change is open, or one waits to be confirmed.
    """
    wide = plan.with_somebody(points)
    terms = {
        "share": f"{wide.shares[0]:.17g}",
        "shares": ",".join(f"{share:.17g}" for share in wide.shares),
        "soak": str(round(wide.soak * 1000)),
        "limit": str(round(wide.limit * 1000)),
        "gated": str(int(wide.gated)),
    }
    return stage(store, base, values, note, terms, above=above)


def rollout_of(store: Store) -> Rollout | None:
    """The staged change that is open; raises `RemoteError` where it cannot be read."""
    keys = _keys(store.keyspace)
    _, said = store.run(ROLLOUT, keys)
    if said == b"large":
        raise store.error("bad-store", f"cannot be used: {store.keyspace.rollout} is too large", _MEND)
    if said[0] is None:
        return None
    try:
        return _rollout(*(text.decode("ascii") for text in said))
    except (ValueError, AttributeError):
        raise store.error("bad-store", f"cannot be used: {store.keyspace.rollout} is none of ours", _MEND) from None


_MEND: Final = "remove that key, or restore the store"


def _rollout(
    candidate: str, stage: str, shares: str, soak: str, limit: str, gated: str, passed: str, opened: str
) -> Rollout:
    """What the texts of the store say; raises `ValueError` for what no process writes."""
    plan = Plan(tuple(map(float, shares.split(","))), int(soak) / 1000, gated == "1", int(limit) / 1000)
    made = Rollout(int(candidate), plan, int(stage), int(opened), int(passed))
    if not (1 <= made.stage <= len(plan.shares) <= MOST_STAGES and 0 <= made.candidate < _LARGEST):
        raise ValueError("out of bounds")
    if not all(0 < share <= 1 for share in plan.shares):
        raise ValueError("a share is none")
    return made


def carry_out(store: Store, rollout: Rollout, step: Step) -> bool:
    """Do what was decided for `rollout`; False, and nothing done, where things have moved since. Raises `RemoteError`.

    That what it rests on was changed meanwhile, past the commands, is seen at the end: then it goes back.
    """
    match step.kind:
        case "gate":
            return False
        case "open":
            following = rollout.plan.shares[rollout.stage]
            return _do(store, OPEN, rollout, rollout.stage + 1, f"{following:.17g}") == b"done"
        case "finish":
            outcome = _do(store, FINISH, rollout)
            if outcome == b"changed":
                return take_back(store, rollout, "settings were changed past the commands meanwhile")
            return outcome == b"done"
        case "back":
            return take_back(store, rollout, step.why)


def take_back(store: Store, rollout: Rollout, why: str, *, whatever_stage: bool = False) -> bool:
    """Take a staged change back everywhere; False where it has moved on, `whatever_stage` or is over. Raises
    `RemoteError`.
    """
    return _do(store, TAKE_BACK, rollout, _cut(why), whatever_stage=whatever_stage) == b"done"


def let_pass(store: Store, rollout: Rollout) -> bool:
    """Say that the gate behind the stage held; False where the change has moved on meanwhile. Raises `RemoteError`."""
    return _do(store, PASS, rollout) == b"done"


def _do(store: Store, script: Script, rollout: Rollout, *more: Any, whatever_stage: bool = False) -> bytes:
    keys = _keys(store.keyspace)
    state = (rollout.candidate, "" if whatever_stage else rollout.stage, rollout.opened)
    outcome: bytes = store.run(script, keys, *state, *more)[0]
    return outcome


def _keys(names: Keyspace) -> tuple[str, ...]:
    return names.values, names.head, names.log, names.confirm, names.rollout, names.candidate, names.changes

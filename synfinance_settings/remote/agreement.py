"""Whether a fleet agrees: what each process runs beside what the store says that it is to run; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from synfinance_settings.record import Record
from synfinance_settings.remote.answers import DIGITS, Answer, Fleet, Heard
from synfinance_settings.remote.keyspace import digest_of
from synfinance_settings.remote.reading import Reading
from synfinance_settings.remote.rollout import Rollout


class Standing(StrEnum):
    """How a process stands to what it is to run; the first that holds counts."""

    SILENT = "silent"
    """It was there, and is not heard any more."""
    REFUSED = "refused"
    """It found what it cannot run, and runs what it ran before."""
    BEHIND = "behind"
    """It runs something else, and has not said why: it may be about to change."""
    UNWELL = "unwell"
    """It runs what it is to run, and its own checks say that something is wrong."""
    RUNS = "runs"
    """It runs what it is to run, and is well."""


class Member(Record):
    """A process of the fleet: what it said, how it stands, and the revision that it is to run."""

    heard: Heard
    standing: Standing
    wanted: int | None
    stage: int | None = None
    """The one that it is in of a change that is open."""

    @property
    def answer(self) -> Answer:
        """What it said last."""
        return self.heard.answer


@dataclass(frozen=True, slots=True)
class Agreement:
    """The `fleet` beside what is `in_force` for who is in no stage, and the staged change that is open."""

    fleet: Fleet
    in_force: Reading
    rollout: Rollout | None = None

    @property
    def members(self) -> tuple[Member, ...]:
        """All processes, by their instances."""
        return tuple(self._members())

    def counts(self) -> Counter[str]:
        """How many stand how."""
        return Counter(member.standing.value for member in self._members())

    def is_reached(self, *, without_silent: bool = False) -> bool:
        """True when all run what is in force, and are well, and no change is on its way; where nobody is, it is not.

        `without_silent` leaves out those that are not heard.
        """
        counts = self.counts()
        if without_silent:
            del counts[Standing.SILENT.value]
        is_said = not (self.fleet.unread or self.fleet.left_out)
        return is_said and self.in_force.stage is None and set(counts) == {Standing.RUNS.value}

    def _members(self) -> Iterator[Member]:
        digest = digest_of(self.in_force.values)[:DIGITS] if self.in_force.values is not None else ""
        for heard in self.fleet.heard:
            stage = self.in_force.stage
            if stage is not None and heard.answer.point < stage.share:
                yield Member(heard, _standing(heard, stage.candidate, None), stage.candidate, stage.number)
            else:
                yield Member(heard, _standing(heard, self.in_force.revision, digest), self.in_force.revision)


def _standing(heard: Heard, revision: int | None, digest: str | None) -> Standing:
    answer = heard.answer
    if heard.is_silent:
        return Standing.SILENT
    if answer.refuses:
        return Standing.REFUSED
    if answer.revision != revision or (digest is not None and answer.digest != digest):
        return Standing.BEHIND
    return Standing.RUNS if answer.is_well else Standing.UNWELL

"""A change that comes in by stages: what opens the next one, what takes it back, and that no death matters."""

from __future__ import annotations

import random
import secrets
from dataclasses import replace

import pytest

from synfinance_settings import RemoteError
from synfinance_settings.remote.answers import Answer, Fleet, Heard, ToLead, answer
from synfinance_settings.remote.keyspace import point_of
from synfinance_settings.remote.leader import Leader
from synfinance_settings.remote.revisions import Note, commit, revisions
from synfinance_settings.remote.rollout import (
    Plan,
    Rollout,
    Step,
    carry_out,
    let_pass,
    next_step,
    propose,
    rollout_of,
    take_back,
)
from synfinance_settings.remote.store import Store

NAMES = sorted(map("web-{}".format, range(12)), key=point_of)
OLD, NEW = {"server.workers": "6"}, {"server.workers": "13"}
NOTE = Note("ada@desk", "set server.workers", "more customers", ("server.workers",))
PLAN = Plan((0.05, 0.5, 1.0))


def heard(name=NAMES[0], ago=1.0, **said):
    return Heard(Answer(name, name, "host", 7, **{"revision": 18, "beat": 10.0, **said}), ago)


OPEN = Rollout(18, Plan((0.3, 1.0), soak=60.0, limit=300.0), stage=1, opened=0)
INSIDE = [name for name in NAMES if point_of(name) < 0.3]
OUTSIDE = heard(NAMES[-1], revision=17)


@pytest.mark.parametrize(
    ("members", "seconds", "rollout", "kind", "why"),
    [
        ([heard(), OUTSIDE], 61, OPEN, "open", ""),
        ([heard(), OUTSIDE], 59, OPEN, None, ""),
        ([heard(), heard(NAMES[-1])], 61, replace(OPEN, stage=2), "finish", ""),
        ([heard(revision=17), OUTSIDE], 61, OPEN, None, ""),
        ([heard(revision=17), OUTSIDE], 361, OPEN, "back", "did not run it"),
        ([OUTSIDE], 61, OPEN, None, ""),
        ([OUTSIDE], 361, OPEN, "back", "nobody answered in it"),
        (
            [heard(revision=17, refuses=True, refused=18, problems=("too many",))],
            1,
            OPEN,
            "back",
            "refused it: too many",
        ),
        ([heard(), heard(NAMES[-1], revision=17, is_well=False)], 61, OPEN, "open", ""),
        ([heard(is_well=False, reason="5 errors")], 1, OPEN, "back", "is not well: 5 errors"),
        ([heard(ago=31.0)], 1, OPEN, "back", "ran it, and is not heard any more"),
        ([heard(), heard(INSIDE[1], revision=17, ago=31.0)], 61, OPEN, "open", ""),
        ([heard(str(at)) for at in range(19)] + [heard("20", ago=31.0)], 61, replace(OPEN, stage=2), "finish", ""),
        ([heard()], 61, replace(OPEN, plan=replace(OPEN.plan, gated=True)), "gate", ""),
        ([heard()], 61, replace(OPEN, plan=replace(OPEN.plan, gated=True), passed=1), "open", ""),
        ([heard()], 361, replace(OPEN, plan=replace(OPEN.plan, gated=True)), "back", "nobody said that its gate held"),
    ],
)
def test_the_next_step_follows_from_the_answers(members, seconds, rollout, kind, why):
    step = next_step(rollout, Fleet(tuple(members), seconds * 1000))
    assert (step and step.kind) == kind
    assert why in (step.why if step else "")


def test_who_has_just_begun_to_listen_waits_for_the_silent_and_takes_nothing_back_for_it():
    fleet = Fleet((heard(ago=31.0), heard(INSIDE[1])), 61_000)
    assert next_step(OPEN, fleet, counts_silence=False) is None
    assert next_step(OPEN, fleet).kind == "back"


def test_every_stage_has_somebody_in_it():
    assert PLAN.with_somebody([0.04, 0.7]) == PLAN
    assert PLAN.with_somebody([0.1, 0.7]).shares == (0.1001, 0.5, 1.0)
    assert PLAN.with_somebody([0.7]).shares == (0.7001, 1.0)
    assert Plan((0.5, 1.0)).with_somebody([0.99999]).shares == (1.0,)
    assert Plan((0.5, 1.0)).with_somebody([0.2]).shares == (0.5, 1.0)


class Instance:
    """A process of the fleet: it runs what the store has for it, and says so; thirteen workers do not agree with it."""

    def __init__(self, shared, name):
        self.name, self.store, self.ran = name, shared.store(), []

    def live(self):
        reading = self.store.read(self.name)
        workers = reading.values["server.workers"]
        self.ran += [workers] if self.ran[-1:] != [workers] else []
        is_well = workers != "13"
        said = Answer(f"{self.name:<16}", self.name, "host", 7, reading.revision, is_well=is_well, beat=600.0)
        answer(self.store, said)


class Fleeting:
    """Twelve instances on revision 1 of a store, and whoever leads."""

    def __init__(self, shared, plan, values, wide=True):
        self.store = shared.store()
        commit(self.store, self.store.base(), OLD, NOTE)
        self.instances = [Instance(shared, name) for name in NAMES]
        self.live()
        points = map(point_of, NAMES) if wide else ()
        self.candidate = propose(self.store, self.store.base(), values, NOTE, plan, points)

    def live(self):
        for instance in self.instances:
            instance.live()

    def goes_on(self, leaders):
        """Let everybody live, and a leader take a step, until the change has come to its end."""
        leader, store = next(leaders)
        while rollout_of(self.store):
            self.live()
            try:
                leader.go_on(store, ToLead(rollout=True))
            except Killed:
                leader, store = next(leaders)
        self.live()

    @property
    def outcome(self):
        base = self.store.base()
        (entry,) = (one for one in revisions(self.store) if one.number == self.candidate)
        keys = (self.store.keyspace.rollout, self.store.keyspace.candidate)
        left = self.store.call(lambda client: client.exists(*keys))
        ran = {instance.name: instance.ran for instance in self.instances}
        return base.values, base.revision, base.is_forced, entry.note.command, left, ran


class Killed(BaseException):
    """The end of a process, wherever it was."""


class Mortal(Store):
    """A store as a process sees it that is killed at its last operation: just before it, or just after."""

    lives: float

    def call(self, ask):
        self.lives -= 0.5
        if self.lives <= 0:
            raise Killed
        result = super().call(ask)
        self.lives -= 0.5
        if self.lives <= 0:
            raise Killed
        return result


def immortals(shared):
    while True:
        yield Leader(secrets.token_hex(8), seconds=0.05), shared.store()


def mortals(shared, chance):
    """Leaders who are killed at one of their first operations, one after the other."""
    while True:
        store = Mortal(shared.store().address, shared.keyspace)
        store.lives = chance.randint(1, 14) / 2
        yield Leader(secrets.token_hex(8), seconds=0.01), store


def test_what_is_good_for_every_stage_comes_into_force(shared):
    fleet = Fleeting(shared, PLAN, {"server.workers": "8"})
    store = fleet.store
    assert (store.base().values, store.base().revision, store.base().stage.number) == (OLD, 1, 1)
    with pytest.raises(RemoteError) as caught:
        commit(store, store.base(), OLD, NOTE)
    assert [problem.code for problem in caught.value.problems] == ["changed-meanwhile"]
    fleet.goes_on(immortals(shared))
    values, revision, is_forced, command, left, ran = fleet.outcome
    assert (values, revision, is_forced, command, left) == ({"server.workers": "8"}, 2, False, NOTE.command, 0)
    assert set(map(tuple, ran.values())) == {("6", "8")}
    assert commit(store, store.base(), OLD, NOTE) == 3


def test_what_harms_the_first_stage_reaches_nobody_else_and_the_history_says_why(shared):
    fleet = Fleeting(shared, PLAN, NEW)
    fleet.goes_on(immortals(shared))
    values, revision, is_forced, command, left, ran = fleet.outcome
    assert (values, revision, is_forced, left) == (OLD, 1, False, 0)
    assert command.startswith(f"{NOTE.command}, taken back: web-5 (process 7) is not well")
    assert ran == {name: ["6", "13", "6"] if point_of(name) < 0.05 else ["6"] for name in NAMES}


@pytest.mark.long
@pytest.mark.parametrize("workers", ["8", "13"], ids=["good", "harmful"])
def test_leaders_who_are_killed_at_any_moment_change_nothing_about_the_outcome(shared, workers):
    expected = None
    for seed in range(20):
        shared.client.flushall()
        fleet = Fleeting(shared, PLAN, {"server.workers": workers})
        fleet.goes_on(mortals(shared, random.Random(seed)) if expected else immortals(shared))
        expected = expected or fleet.outcome
        assert fleet.outcome == expected, seed


def test_of_two_leaders_at_once_one_does_each_step(shared):
    fleet = Fleeting(shared, PLAN, {"server.workers": "8"})
    fleet.live()
    rollout = rollout_of(fleet.store)
    steps = [Step("open"), Step("open"), Step("finish"), Step("back", "late")]
    assert [carry_out(fleet.store, rollout, step) for step in steps] == [True, False, False, False]
    assert rollout_of(fleet.store).stage == 2


def test_a_gate_is_passed_for_the_stage_that_was_judged(shared):
    fleet = Fleeting(shared, replace(PLAN, gated=True), {"server.workers": "8"})
    first = rollout_of(fleet.store)
    assert let_pass(fleet.store, first)
    assert rollout_of(fleet.store).passed == 1
    carry_out(fleet.store, first, Step("open"))
    assert not let_pass(fleet.store, first)
    assert rollout_of(fleet.store).passed == 1


def test_what_was_changed_past_the_commands_meanwhile_is_not_overwritten(shared):
    fleet = Fleeting(shared, Plan((1.0,)), {"server.workers": "8"})
    fleet.live()
    shared.force(server__timeout="70")
    fleet.goes_on(immortals(shared))
    values, *_, command, left, _ = fleet.outcome
    assert (values, left) == ({**OLD, "server.timeout": "70"}, 0)
    assert command.endswith("taken back: settings were changed past the commands meanwhile")


def test_an_operator_may_take_it_back_in_any_stage(shared):
    fleet = Fleeting(shared, PLAN, {"server.workers": "8"})
    rollout = rollout_of(fleet.store)
    carry_out(fleet.store, rollout, Step("open"))
    assert not take_back(fleet.store, rollout, "ada says so")
    assert take_back(fleet.store, rollout, "ada says so", whatever_stage=True)
    assert not take_back(fleet.store, rollout, "ada says so", whatever_stage=True)
    fleet.live()
    assert fleet.outcome[:2] == (OLD, 1)


def test_a_stage_on_settings_without_a_revision_gives_them_one(shared):
    shared.force(server__workers="6")
    store = shared.store()
    assert propose(store, store.base(), NEW, NOTE, PLAN, ()) == 2
    assert (store.base().values, store.base().revision, store.base().is_forced) == (OLD, 1, False)


@pytest.mark.parametrize(
    "fields", [{"candidate": "x"}, {"candidate": 2, "stage": 9}, {"candidate": 2}, {"huge": "x" * 100_000}]
)
def test_a_rollout_that_no_process_wrote_is_an_error(shared, fields):
    shared.client.hset(shared.keyspace.rollout, mapping=fields)
    if "candidate" in fields or "huge" in fields:
        with pytest.raises(RemoteError) as caught:
            rollout_of(shared.store())
        assert [problem.code for problem in caught.value.problems] == ["bad-store"]

"""A fleet of any size on the costs of one store: what each process asks, when, and how long it waits for its turn.

Each node of the store is one queue, since Redis does one thing after the other. A process does what the package does:
it looks when it is told and at intervals, answers after a change and at a beat that is drawn by chance, gives up after
two seconds, and comes back after a time that doubles and is drawn by chance. What is not simulated: the network, the
rest of the machine, and the programs' own work; all hosts together are as fast as they need to be.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from random import Random
from typing import Final

from store_costs import Costs

from synfinance_settings.remote.backoff import ceiling
from synfinance_settings.remote.store import LONGEST_WAIT, SECONDS

DEBOUNCE: Final = 0.05
"""Seconds from a message to the look, as by default."""

BEAT: Final = 10.0
LOAD: Final = 0.005
"""Seconds that a process takes to validate what it fetched, and to put it in force."""

HORIZON: Final = 120.0
"""Seconds after which a process counts as one that did not follow."""

_FIRST_WAIT: Final = 0.05  # of a subscription that broke


@dataclass(frozen=True)
class Shape:
    """A fleet: how many processes, how often each looks, and how many replicas of the store they are spread over.

    `spread` is over how many seconds the looks after a message would be drawn. Processes that read at a replica do not
    answer, since a replica takes nothing; with `answering` ones of them do, at the store itself.
    """

    processes: int
    poll: float = 2.0
    replicas: int = 0
    spread: float = 0.0
    answering: int | None = None
    by_chance: bool = True
    """False for a fleet that comes back without chance, as none of ours does."""

    @property
    def answers(self) -> int:
        """How many processes answer."""
        return self.processes if self.answering is None else self.answering

    def at_rest(self, costs: Costs) -> float:
        """The part of a core that the busiest node of the store needs while nothing happens."""
        reads = costs.read * self.processes / self.poll
        answers = costs.answer * self.answers / BEAT
        return max(answers, reads / self.replicas) if self.replicas else reads + answers


@dataclass
class Outcome:
    """The seconds until each process was done, sorted; how often one gave up; and the busiest second of a node."""

    took: list[float] = field(default_factory=list)
    given_up: int = 0
    busiest: float = 0.0

    def at(self, percent: float, processes: int) -> float | None:
        """How long so many percent of all took; None where they did not come so far."""
        number = max(0, round(processes * percent / 100) - 1)
        return self.took[number] if number < len(self.took) else None


class _Node:
    """One Redis: what comes waits until what came before is done, whether anybody waits for that still or not."""

    def __init__(self) -> None:
        self._free = 0.0
        self._seconds: defaultdict[int, float] = defaultdict(float)

    def serve(self, now: float, cost: float) -> float:
        """The moment at which something that comes now is done."""
        self._free = max(self._free, now) + cost
        self._seconds[int(now)] += cost
        return self._free

    @property
    def busiest(self) -> float:
        """The most seconds of work that came in one second."""
        return max(self._seconds.values(), default=0.0)


class _Run:
    """One run of a fleet, from a moment at which all is at rest."""

    def __init__(self, shape: Shape, costs: Costs, seed: int) -> None:
        self.shape = shape
        self.costs = costs
        self.chance = Random(seed)
        self.outcome = Outcome()
        everyone = range(shape.processes)
        self._primary = _Node()
        self._nodes = [_Node() for _ in range(shape.replicas)] or [self._primary]
        self.looks = [self.chance.uniform(0, shape.poll) for _ in everyone]
        self._answers = [self.chance.uniform(0, BEAT) for _ in range(shape.answers)]
        self._failures = [0] * shape.processes
        self._barred = [0.0] * shape.processes
        self.cut = [0] * shape.processes  # connections that broke
        self._is_done = [False] * shape.processes

    def run(self) -> Outcome:
        """Go on until all have what changed, which is there to be fetched from the first moment on."""
        events = [(when, True, process) for process, when in enumerate(self.looks)]
        events += [(when, False, process) for process, when in enumerate(self._answers)]
        heapify(events)
        left = self.shape.processes
        while left and events:
            now, is_look, process = heappop(events)
            if now > HORIZON:
                break
            if now != (self.looks if is_look else self._answers)[process]:
                continue  # it was called earlier instead
            if is_look:
                left -= self._look(now, process, events)
                heappush(events, (self.looks[process], True, process))
            else:
                self._answers[process] = self._answer(now, process)
                heappush(events, (self._answers[process], False, process))
        self.outcome.took.sort()
        self.outcome.busiest = max(node.busiest for node in (self._primary, *self._nodes))
        return self.outcome

    def hear(self) -> None:
        """Let a message go out to all, and each look then."""
        size = len(self._nodes)
        passed_on = self._primary.serve(0.0, self.costs.deliver * self.shape.replicas)
        told = [node.serve(passed_on, self.costs.deliver * (self.shape.processes // size)) for node in self._nodes]
        for process in range(self.shape.processes):
            when = told[process % size] * (process + 1) / self.shape.processes
            self.looks[process] = when + DEBOUNCE + self.chance.uniform(0, self.shape.spread)

    def come_back(self, away: float) -> None:
        """Let the store be there again after so many seconds, in which nobody reached it."""
        for process in range(self.shape.processes):
            self.cut[process] = self.costs.lines
            back = self._subscribed(away) - away if self.shape.by_chance else 0.0
            self.looks[process] = min(self.looks[process], back) if self.shape.by_chance else 0.0

    def _subscribed(self, away: float) -> float:
        """When a subscription that broke is tried for the first time after the store is there again."""
        when, failures = 0.0, 0
        while when < away:
            failures += 1
            when += self.chance.uniform(_FIRST_WAIT, ceiling(failures, _FIRST_WAIT, LONGEST_WAIT))
        return when

    def _look(self, now: float, process: int, events: list[tuple[float, bool, int]]) -> bool:
        """Look, and say when to look next; True where it has now what changed."""
        if now < self._barred[process]:
            skipped = math.ceil((self._barred[process] - now) / self.shape.poll)  # looks that ask nobody
            self.looks[process] = now + skipped * self.shape.poll
            return False
        cost = self.costs.read if self._is_done[process] else self.costs.fetch
        done = self._asked(now, process, self._nodes[process % len(self._nodes)], cost)
        self.looks[process] = min(done, now + SECONDS) + self.shape.poll
        if done > now + SECONDS or self._is_done[process]:
            return False
        self._is_done[process] = True
        self.outcome.took.append(done + LOAD)
        if process < len(self._answers):
            self._answers[process] = done + LOAD
            heappush(events, (done + LOAD, False, process))
        return True

    def _answer(self, now: float, process: int) -> float:
        """Answer, and say when to do so next."""
        if now >= self._barred[process]:
            self._asked(now, process, self._primary, self.costs.answer)
        return now + self.chance.uniform(0.75, 1.25) * BEAT

    def _asked(self, now: float, process: int, node: _Node, cost: float) -> float:
        """When what is asked is done; who waits too long gives up, and the work is done all the same."""
        done = node.serve(now, cost + self.costs.connect * self.cut[process])
        self.cut[process] = int(done > now + SECONDS)
        if self.cut[process]:
            self.outcome.given_up += 1
            self._failures[process] += 1
            longest = ceiling(self._failures[process], SECONDS, LONGEST_WAIT)
            self._barred[process] = now + SECONDS + self.chance.uniform(longest / 2, longest)
        else:
            self._failures[process] = 0
        return done


def changed(shape: Shape, costs: Costs, seed: int = 7) -> Outcome:
    """One change that all are told of at once: how long it takes until each process has it in force."""
    run = _Run(shape, costs, seed)
    run.hear()
    return run.run()


def returned(shape: Shape, costs: Costs, away: float = 10.0, seed: int = 7) -> Outcome:
    """The store was away for so many seconds: how long it takes until each process has read it again."""
    run = _Run(shape, costs, seed)
    run.come_back(away)
    return run.run()

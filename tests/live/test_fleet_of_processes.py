"""A fleet of real processes: two hundred changes, and leaders that are killed while a harmful change is tried out."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from time import monotonic

import pytest
from patience import PATIENCE, until

from synfinance_settings.remote.agreement import Agreement
from synfinance_settings.remote.answers import fleet_of
from synfinance_settings.remote.keyspace import point_of
from synfinance_settings.remote.revisions import Note, commit, revisions
from synfinance_settings.remote.rollout import Plan, propose, rollout_of

NAMES = [f"web-{number}" for number in range(6)]
NOTE = Note("ada@desk", "set server.workers")
PLAN = Plan((0.2, 0.6, 1.0), soak=3600.0)  # long enough for whoever is not well to say so
FIRST = {name for name in NAMES if point_of(name) < PLAN.shares[0]}
assert 0 < len(FIRST) < len(NAMES)

PROGRAM = """if True:
    import os, sys, threading
    from members import beating
    from synfinance_settings import ConfigManager, ConfigWatcher

    manager = ConfigManager(beating(1.0))
    with open(os.environ["RAN"], "a", buffering=1) as ran:

        def check(old, new):
            ran.write(f"{new.workers}\\n")
            find_out = threading.Timer(1, manager.report_health, (new.workers != 13, "it is an unlucky number"))
            find_out.daemon = True
            find_out.start()

        manager.subscribe(check, section="server")
        with ConfigWatcher(manager):
            sys.stdin.read()
"""
"""A process of the fleet: it notes what it runs, and finds out in a second that thirteen workers do it no good."""


class Processes:
    """The processes of a fleet, by their instances."""

    def __init__(self, shared, root: Path) -> None:
        self.store, self.shared, self.root = shared.store(), shared, root
        self.running = {}
        (root / "settings").mkdir()
        for name in ("default", "development"):
            (root / "settings" / f"{name}.yaml").write_text("{}\n")

    def start(self, *names):
        for name in names:
            environ = {
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(__file__).parents[1]),
                "SYNFINANCE_REMOTE_URL": self.shared.url,
                "SYNFINANCE_INSTANCE": name,
                "RAN": str(self.root / name),
            }
            call = [sys.executable, "-c", PROGRAM]
            self.running[name] = subprocess.Popen(call, cwd=self.root, env=environ, stdin=subprocess.PIPE)

    def agree(self):
        """Wait until all that run agree; those that were killed are silent."""
        until(lambda: self.present() == self.pids and self.seen().is_reached(without_silent=True), "all agree")

    def seen(self):
        return Agreement(fleet_of(self.store), self.store.base())

    def present(self):
        return {answer.pid for answer in fleet_of(self.store).present}

    @property
    def pids(self):
        return {process.pid for process in self.running.values()}

    def ran(self, name):
        """What an instance has run."""
        return [int(line) for line in (self.root / name).read_text().split()]

    def leader(self):
        """The process that leads; None while nobody does."""
        token = self.shared.client.get(self.shared.keyspace.lease)
        answers = fleet_of(self.store).present
        return next((one for one in answers if token and one.process == token.decode() and one.pid in self.pids), None)

    def end(self):
        for process in self.running.values():
            process.stdin.close()
        for process in self.running.values():
            process.wait(PATIENCE)


@pytest.fixture
def processes(shared, tmp_path):
    made = Processes(shared, tmp_path)
    commit(made.store, made.store.base(), {"server.workers": "6"}, NOTE)
    made.start(*NAMES)
    yield made
    made.end()


@pytest.mark.long
@pytest.mark.timeout(5 * PATIENCE)
def test_a_fleet_of_processes_ends_on_the_last_of_many_changes_and_survives_its_leaders(processes, capsys):
    processes.agree()
    _two_hundred_changes(processes)
    for kills in (False, True, True, True):
        took, killed = _harmful_change(processes, kills=kills)
        with capsys.disabled():
            sys.stdout.write(
                f"\n{killed or 'nobody'} was killed as leader; the change was back everywhere after {took:.1f} s\n"
            )


def _two_hundred_changes(processes):
    """Every one ends on the last, and none runs one that is invalid; now and then all have the time to look."""
    store = processes.store
    for number in range(200):
        invalid = number % 20 == 7
        commit(store, store.base(), {"server.workers": "600" if invalid else str(14 + number % 10)}, NOTE)
        if number % 40 == 7:
            until(lambda: processes.seen().counts() == {"refused": len(NAMES)}, "all refuse it")
        if number % 40 == 39:
            processes.agree()
    assert store.base().revision == 201
    for name in NAMES:
        assert processes.ran(name)[-1] == 14 + 199 % 10
        assert max(processes.ran(name)) <= 32


def _harmful_change(processes, *, kills):
    """Whoever leads is killed while it does; no process beyond the first stage ever runs the change."""
    store, before = processes.store, processes.store.base()
    already = {name: len(processes.ran(name)) for name in NAMES}
    began = monotonic()
    candidate = propose(store, before, {"server.workers": "13"}, NOTE, PLAN, map(point_of, NAMES))
    until(lambda: processes.leader() or not rollout_of(store), "somebody leads")
    leader = processes.leader() if kills else None
    if leader is not None:
        os.kill(leader.pid, signal.SIGKILL)
        processes.running[leader.instance].wait(PATIENCE)
    until(lambda: not rollout_of(store), "it is taken back")
    took = monotonic() - began
    if leader is not None:
        processes.running[leader.instance].stdin.close()
        processes.start(leader.instance)
    processes.agree()
    assert (store.base().values, store.base().revision) == (before.values, before.revision)
    (entry,) = (one for one in revisions(store) if one.number == candidate)
    assert entry.taken_back
    for name in set(NAMES) - FIRST:
        assert 13 not in processes.ran(name)[already[name] :]
    return took, leader and leader.instance

"""The simulated fleet does what the queue of a store makes of it, and its figures rest on a real one."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from patience import PATIENCE
from servers import missing

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def simulation(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    return import_module("simulation")


@pytest.fixture
def costs(simulation):
    """A store that does everything in a millisecond, and tells a thousand in one."""
    return simulation.Costs(*[0.001] * 3, 1e-6, 0.001, *[0] * 3, 1, 0)


def test_who_changes_last_waits_for_all_before(simulation, costs):
    outcome = simulation.changed(simulation.Shape(1000, poll=60), costs)
    assert outcome.given_up == 0
    assert outcome.at(100, 1000) == pytest.approx(1 + simulation.DEBOUNCE + simulation.LOAD, abs=0.3)
    assert outcome.at(50, 1000) < outcome.at(99, 1000) <= outcome.at(100, 1000)


def test_replicas_share_what_is_read(simulation, costs):
    alone, shared = (simulation.Shape(1000, poll=60, replicas=count, answering=0) for count in (0, 4))
    assert shared.at_rest(costs) == pytest.approx(alone.at_rest(costs) / 4)
    last, sooner = (simulation.changed(shape, costs).at(100, 1000) for shape in (alone, shared))
    assert sooner < last / 2


def test_a_store_that_is_asked_for_more_than_it_can_is_left_by_those_who_wait(simulation, costs, monkeypatch):
    monkeypatch.setattr(simulation, "HORIZON", 5.0)
    outcome = simulation.changed(simulation.Shape(4000), costs)
    assert outcome.given_up > 1000
    assert outcome.at(100, 4000) is None


def test_a_fleet_that_comes_back_by_chance_does_not_come_in_one_moment(simulation, costs):
    chance, at_once = (simulation.Shape(500, poll=30, by_chance=by_chance) for by_chance in (True, False))
    assert simulation.returned(chance, costs).busiest < simulation.returned(at_once, costs).busiest / 2


def test_the_figures_rest_on_a_real_store():
    if shutil.which("redis-server") is None:
        missing("Redis: apt-get install redis-server")
    call = [sys.executable, BENCHMARKS / "fleet.py", "--simulate", "100", "--times", "20"]
    done = subprocess.run(call, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, done.stderr
    for title in (
        "What the store spends on each",
        "At rest",
        "From a change to in force",
        "From the return of a store",
    ):
        assert f"### {title}" in done.stdout
    assert re.search("A process keeps [23] connections", done.stdout)

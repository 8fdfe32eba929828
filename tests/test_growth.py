"""Whatever is read, edited or told: twice the input takes about twice the work, and never more.

The work is counted in two ways. Steps of the interpreter are the same in every run, so they are counted at small sizes
in each. What a step does inside C (copying a text, searching a list, matching an expression) they do not show; so the
time of the processor alone is taken too, at sizes where anything quadratic would stand out, the best of some runs, and
again, in a process of its own, where it was too much: that test is a long one, and the only one that looks at a clock.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from pathlib import Path

import pytest
from growth import GROWTHS

MOST = 2.5
TOO_SHORT = 0.05  # seconds: what is quadratic and takes no longer for a whole file need not worry anybody
SMALLER = 40


def steps(run):
    """How many lines of Python `run` executes, and how many functions written in C it calls."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += 1
        return trace

    def profile(frame, event, argument):
        nonlocal count
        count += event == "c_call"

    traced = sys.gettrace()
    sys.settrace(trace)
    sys.setprofile(profile)
    try:
        run()
    finally:
        sys.setprofile(None)
        sys.settrace(traced)
    return count


def seconds(run):
    """The processor time of this process that `run` takes, without the collector, which looks through all tests."""
    gc.disable()
    try:
        before = time.process_time()
        run()
        return time.process_time() - before
    finally:
        gc.enable()


@pytest.mark.parametrize("growth", GROWTHS, ids=[growth.name for growth in GROWTHS])
def test_twice_the_input_takes_about_twice_the_steps(growth, tmp_path):
    size = growth.size // SMALLER
    growth.run(size, tmp_path)()  # imports and caches
    once = steps(growth.run(size, tmp_path))
    assert steps(growth.run(2 * size, tmp_path)) <= MOST * once


def best(growth, folder):
    """The time that the input takes, and that twice as much takes: the best of some runs, where it is too much."""
    once = twice = float("inf")
    for _ in range(5):
        once = min(once, seconds(growth.run(growth.size, folder)))
        twice = min(twice, seconds(growth.run(2 * growth.size, folder)))
        if not is_too_much(once, twice):
            break
    return once, twice


def is_too_much(once, twice):
    return twice > max(MOST * once, TOO_SHORT)


def best_in_a_fresh_process(growth, folder):
    """The same where no other test has filled and torn the memory: what is quadratic is so there, too."""
    run = subprocess.run(
        [sys.executable, __file__, growth.name], cwd=folder, capture_output=True, text=True, timeout=300, check=True
    )
    once, twice = map(float, run.stdout.split())
    return once, twice


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("growth", GROWTHS, ids=[growth.name for growth in GROWTHS])
def test_twice_the_input_takes_about_twice_the_time(growth, tmp_path):
    once, twice = best(growth, tmp_path)
    if is_too_much(once, twice):
        once, twice = best_in_a_fresh_process(growth, tmp_path)
    assert not is_too_much(once, twice), f"{growth.size} take {once:.3f} s, twice as much {twice:.3f} s"


if __name__ == "__main__":
    wanted = next(growth for growth in GROWTHS if growth.name == sys.argv[1])
    sys.stdout.write("{} {}\n".format(*best(wanted, Path.cwd())))

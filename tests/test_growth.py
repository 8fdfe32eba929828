"""Whatever is read, edited or told: so many times the input takes about so many times the work, and never more.

The work is counted in two ways. Steps of the interpreter are the same in every run, so they are counted at small sizes
in each. What a step does inside C (copying a text, searching a list, matching an expression) they do not show; so the
time of the processor alone is taken too, at a size where anything quadratic would stand out, and beside an eighth of it
(which costs a third of what the double would, and shows the same). It is the best of some runs, and taken again, in a
process of its own, where it was too much: that test is a long one, and the only one that looks at a clock.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from pathlib import Path

import pytest
from growth import GROWTHS

MOST_STEPS = 2.5  # for twice the input
MOST_TIME = 10  # for eight times the input
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
    assert steps(growth.run(2 * size, tmp_path)) <= MOST_STEPS * once


def best(growth, folder):
    """The time that an eighth of the input takes, and all of it: the best of some runs, where it is too much."""
    seconds(growth.run(growth.size // 8, folder))  # imports and caches
    eighth = whole = float("inf")
    for _ in range(5):
        eighth = min(eighth, seconds(growth.run(growth.size // 8, folder)))
        whole = min(whole, seconds(growth.run(growth.size, folder)))
        if not is_too_much(eighth, whole):
            break
    return eighth, whole


def is_too_much(eighth, whole):
    return whole > max(MOST_TIME * eighth, TOO_SHORT)


def best_in_a_fresh_process(growth, folder):
    """The same where no other test has filled and torn the memory: what is quadratic is so there, too."""
    run = subprocess.run(
        [sys.executable, __file__, growth.name], cwd=folder, capture_output=True, text=True, timeout=300, check=True
    )
    eighth, whole = map(float, run.stdout.split())
    return eighth, whole


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("growth", GROWTHS, ids=[growth.name for growth in GROWTHS])
def test_eight_times_the_input_takes_about_eight_times_the_time(growth, tmp_path):
    eighth, whole = best(growth, tmp_path)
    if is_too_much(eighth, whole):
        eighth, whole = best_in_a_fresh_process(growth, tmp_path)
    assert not is_too_much(eighth, whole), f"{growth.size} take {whole:.3f} s, an eighth of it {eighth:.3f} s"


if __name__ == "__main__":
    wanted = next(growth for growth in GROWTHS if growth.name == sys.argv[1])
    sys.stdout.write("{} {}\n".format(*best(wanted, Path.cwd())))

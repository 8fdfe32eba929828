"""Whatever is read, edited or told: twice the input takes about twice the work, and never more.

The work is counted in two ways. Steps of the interpreter are the same in every run, so they are counted at small sizes
in each. What a step does inside C (copying a text, searching a list, matching an expression) they do not show; so the
time of the processor alone is taken too, at sizes where anything quadratic would stand out, the best of some runs, and
again where it was too much: that test is a long one, and the only one that looks at a clock.
"""

from __future__ import annotations

import gc
import sys
import time

import pytest
from growth import GROWTHS

MOST = 2.5
TOO_SHORT = 0.05  # seconds: what is quadratic and takes no longer for a whole file need not worry anybody
SMALLER = 80


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
    """The processor time of this process that `run` takes."""
    gc.collect()
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


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("growth", GROWTHS, ids=[growth.name for growth in GROWTHS])
def test_twice_the_input_takes_about_twice_the_time(growth, tmp_path):
    once = twice = float("inf")
    for _ in range(5):
        once = min(once, seconds(growth.run(growth.size, tmp_path)))
        twice = min(twice, seconds(growth.run(2 * growth.size, tmp_path)))
        if twice <= max(MOST * once, TOO_SHORT):
            return
    pytest.fail(f"{growth.size} take {once:.3f} s, twice as much {twice:.3f} s")

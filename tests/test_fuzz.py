"""The fuzzer finds what it is there for, keeps the input that did it, and finds nothing in the readers."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from patience import PATIENCE

FUZZ = Path(__file__).parents[1] / "fuzz"

PLANTED = """
import sys, time
sys.path.insert(0, {folder!r})
import fuzz, targets
from inputs import CANARY

def run(data, folder):
    if b"P" in data:
        {fault}
    return []

fuzz.MOST_SECONDS = 1
fuzz.TARGETS[:] = [targets.Target("planted", "yaml", run)]
sys.exit(fuzz.main())
"""


def fuzzed(script, keep, *options):
    command = [sys.executable, script, "--keep", keep, "--seed", "1", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)


@pytest.mark.parametrize(
    ("fault", "name", "said"),
    [
        ("raise KeyError('x')", "planted-KeyError-1", "KeyError: 'x'"),
        ("return [CANARY]", "planted-AssertionError-1", "a canary was told"),
        ("return ['a\\rb']", "planted-AssertionError-1", "a line may be forged"),
        ("bytes(10**11)", "planted-MemoryError-1", "MemoryError"),
        ("time.sleep(60)", "now-planted", "by a crash or a hang"),
        ("import os; os.abort()", "now-planted", "by a crash or a hang"),
    ],
    ids=["another exception", "a secret", "a forged line", "much memory", "a hang", "a crash"],
)
def test_what_a_reader_may_not_do_is_found_and_its_input_kept(tmp_path, fault, name, said):
    script = tmp_path / "planted.py"
    script.write_text(PLANTED.format(folder=str(FUZZ), fault=fault))
    run = fuzzed(script, tmp_path / "found", "--seconds", "600")
    assert run.returncode == 1
    assert said in run.stdout
    assert b"P" in (tmp_path / "found" / name).read_bytes()


@pytest.fixture
def fuzz(monkeypatch):
    """The modules of the fuzzer."""
    monkeypatch.syspath_prepend(FUZZ)
    return importlib.import_module("inputs"), importlib.import_module("targets")


def test_the_same_seed_gives_the_same_inputs(fuzz):
    forms = ("yaml", "json", "env", "text")
    once, again = ([fuzz[0].any_of(Random(f"{n} {form}"), form) for form in forms for n in range(50)] for _ in "12")
    assert once == again
    assert len({*once}) > 150


def test_every_reader_comes_to_a_value_or_an_error(fuzz, tmp_path, monkeypatch):
    """A few inputs; many, and others each time, are for ``make fuzz``."""
    for name in [name for name in os.environ if name.startswith("SYNFINANCE_")]:
        monkeypatch.delenv(name)
    inputs, targets = fuzz
    for target in targets.TARGETS:
        for number in range(20):
            target.judge(inputs.any_of(Random(f"{target.name} {number}"), target.form), tmp_path)

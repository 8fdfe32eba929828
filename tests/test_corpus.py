"""The corpus of hostile and odd inputs beside the checkout: every case has the outcome that it expects."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from synfinance_settings import ConfigManager, SettingsError
from synfinance_settings.layers.output import plain_values

CORPUS = Path(__file__).parents[2] / "shared" / "corpus"
CASES = json.loads((CORPUS / "cases.json").read_text())
QUICK = [case for case in CASES["cases"] if "limits" not in case and "forbid" not in case]


@pytest.fixture(scope="module")
def judge():
    spec = importlib.util.spec_from_file_location("judge", CORPUS / "judge.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.BLOCKS.update(CASES["blocks"])
    return module


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_case_in_a_process_of_its_own():
    run = subprocess.run(
        [sys.executable, CORPUS / "judge.py", "--jobs", str(os.cpu_count() or 2), "--python", sys.executable],
        capture_output=True,
        text=True,
        timeout=880,
    )
    assert run.returncode == 0, run.stdout
    assert re.search(rf"^{len(CASES['cases'])} passed, 0 failed$", run.stdout, re.MULTILINE), run.stdout


@pytest.mark.parametrize("case", QUICK, ids=[case["id"] for case in QUICK])
def test_case_in_this_process(case, judge, tmp_path):
    """What needs no process of its own: outcome, values, and that nothing secret is said."""
    for path, content in case["files"].items():
        target = tmp_path / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(judge.content(content, str(tmp_path)))
    variables = {name: value.replace("@dir@", str(tmp_path)) for name, value in judge.expand(case["env"]).items()}
    manager = ConfigManager(settings_dir=tmp_path / "settings", environ={"HOME": "/home/u", **variables})
    others = case.get("also_ok") or []
    due = [{"outcome": case["expect"], "value": case.get("value", {})}, *(others if type(others) is list else [others])]
    error = values = None
    try:
        values = plain_values(manager.load_config(), "reveal")
    except SettingsError as caught:
        error = caught
    assert any(fits(judge, each, values) for each in due), error or case["why"]
    assert not any(secret in f"{error} {error!r}" for secret in judge.expand(case.get("secret") or []))
    if error and case["expect"] == "rejected":
        assert all(name in str(error) for name in case.get("names", []))


def fits(judge, due, values):
    """Whether `values`, None where the load was rejected, are the outcome that is due."""
    outcome = due if type(due) is str else due.get("outcome", "accepted")
    if outcome == "rejected" or values is None:
        return outcome == "rejected" and values is None
    given = judge.expand({} if type(due) is str else due.get("value", {}))
    return all(judge.same(values[key], given[key]) for key in given)

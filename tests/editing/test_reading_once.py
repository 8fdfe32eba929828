"""An edit reads each file once, looks at the edited one again before it replaces it, and reads no text twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE

OPENED = Path(__file__).parents[2] / "benchmarks" / "opened.py"
LAYERS = ("default.yaml", "staging.yaml", "default.local.yaml", "staging.local.yaml")


@pytest.fixture
def counted(project):
    """How often a command opens and parses each file of the project."""
    for number, name in enumerate(LAYERS):
        project.write(f"settings/{name}", f"# layer {number}\nserver: {{workers: {number + 1}}}\n")
    project.write(".env", "SYNFINANCE_APP_NAME=counted\n")

    def counted(*words: str) -> dict[str, list[int]]:
        ours = {"SYNFINANCE_ENV": "staging", "SYNFINANCE_STATE_DIR": str(project.root / "state")}
        run = subprocess.run(
            [sys.executable, OPENED, *words],
            cwd=project.root,
            env={"PATH": os.environ["PATH"], "HOME": str(project.root), "LANG": "C.UTF-8", **ours},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert run.returncode == 0, run.stderr
        return json.loads(run.stdout)

    return counted


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("target", ["staging", "default"])
def test_set_opens_and_parses_no_file_more_than_twice(project, counted, target, mark):
    """And those that it leaves as they are once."""
    edited = project.settings / f"{target}.yaml"
    edited.write_text(mark + edited.read_text())
    found = counted("set", "server.workers", "9", "--env", target)
    assert "workers: 9" in edited.read_text()
    assert found.pop(edited.name) == [2, 2]
    assert found.pop(".env") == [1, 0]
    assert set(map(tuple, found.values())) == {(1, 1)}


def test_get_opens_and_parses_each_file_once(counted):
    assert set(map(tuple, counted("get", "server.workers").values())) == {(1, 1), (1, 0)}


@pytest.mark.parametrize("there", ["server: {workers: 8}\n", None])
def test_what_somebody_edits_by_hand_before_it_is_replaced_stays(project, monkeypatch, there):
    """As while a question waits for its answer."""
    layer = project.layer("development", "server: {workers: 7}\n")
    given = project.write("given.yaml", "server: {workers: 9}\n")

    def answer(question: str) -> bool:
        layer.write_text(there) if there else layer.unlink()
        return True

    monkeypatch.setattr("synfinance_settings.cli.destination.confirmed", answer)
    result = project.command("import", str(given))
    assert result.exit_code == 2
    assert "settings/development.yaml has changed since it was read, and stays as it is now" in result.stderr
    assert (layer.read_text() if layer.exists() else None) == there
    assert project.command("history", "--format", "json").stdout.count('"import') == 0

"""A layer file is whole at every moment: under kill -9, and under two editors at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from patience import PATIENCE

KILLER = """
import json, os, random, signal, sys, time
from pathlib import Path
from click.testing import CliRunner
from synfinance_settings.cli.group import group

path, kills, *calls = Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:]

def edit():
    for call in calls:
        CliRunner().invoke(group, call.split())

edit()
begin = time.monotonic()
edit()
lasts = time.monotonic() - begin
chance = random.Random(4)
seen, most = {}, 0
for _ in range(kills):
    child = os.fork()
    if not child:
        while True:
            edit()
    time.sleep(chance.uniform(0, 2 * lasts))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    text = path.read_text()
    seen[text] = seen.get(text, 0) + 1
    most = max(most, len(list(path.parent.glob(".*.tmp"))))
print(json.dumps({"seen": seen, "most": most}))
"""
"""Forks a process that makes the edits in turn and kills it at a random moment, as often as is asked for; tells which
contents were seen how often, and how many temporary files stood there at most.
"""


@pytest.fixture
def start(project):
    """Start a Python process with the commands at hand; it is gone at the end."""
    started = []

    def start(*arguments: str, **options) -> subprocess.Popen[str]:
        ours = {"SYNFINANCE_SETTINGS_DIR": str(project.settings), "SYNFINANCE_STATE_DIR": str(project.root / "state")}
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=project.root,
            env={"PATH": os.environ["PATH"], "HOME": str(project.root), "LANG": "C.UTF-8", **ours},
            text=True,
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with process:
            process.kill()


def said(process) -> str:
    """What a process said on stderr until it ended."""
    return process.communicate(timeout=PATIENCE)[1]


def leftovers(project) -> list[str]:
    """What stands in the settings folder and is no layer."""
    return [path.name for path in project.settings.iterdir() if path.name not in ("default.yaml", "development.yaml")]


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "calls",
    [
        ["set app_name a", "set app_name b"],
        ["import a.yaml --yes", "import b.yaml --yes"],
        ["rollback 1 --yes", "rollback 2 --yes"],
    ],
    ids=["set", "import", "rollback"],
)
def test_a_kill_at_any_moment_leaves_a_whole_layer(project, start, calls):
    items = "".join(f"    - https://{number}.example\n" for number in range(100))
    for name in "ab":
        project.write(f"{name}.yaml", f"app_name: {name}\nserver:\n  cors_origins:\n{items}")
    path = project.layer("development", (project.root / "a.yaml").read_bytes())
    start("-m", "synfinance_settings", "set", "app_name", "b").wait(PATIENCE)
    wanted = set()
    for call in calls:
        start("-m", "synfinance_settings", *call.split()).wait(PATIENCE)
        wanted.add(path.read_text())
    process = start("-c", KILLER, str(path), "50", *calls, stdout=subprocess.PIPE)
    told = json.loads(process.stdout.read())
    assert set(told["seen"]) == wanted
    assert len(wanted) == 2
    assert told["most"] <= 1
    start("-m", "synfinance_settings", "set", "app_name", "c").wait(PATIENCE)
    assert leftovers(project) == []
    history = start("-m", "synfinance_settings", "history", "--format", "json", stdout=subprocess.PIPE)
    assert json.loads(history.communicate(timeout=PATIENCE)[0])[0]["command"] == "set app_name"


@pytest.mark.long
def test_two_edits_at_once_are_both_there(project, start):
    for number in range(10):
        project.layer("development", "# ours\n{}\n")
        calls = [("server.workers", str(number + 1)), ("database.pool_size", str(number + 2))]
        both = [start("-m", "synfinance_settings", "set", *call, stderr=subprocess.PIPE) for call in calls]
        assert [said(process) for process in both] == ["wrote settings/development.yaml\n"] * 2
        assert (
            project.settings / "development.yaml"
        ).read_text() == f"# ours\nserver:\n  workers: {number + 1}\ndatabase:\n  pool_size: {number + 2}\n"
    assert leftovers(project) == []


def test_many_edits_at_once_are_all_there(project, start):
    keys = ["debug", "server.reload", "database.echo", "ml.enable_gpu", "generation.parallel", "cache.enabled"]
    all_of_them = [start("-m", "synfinance_settings", "set", key, "off", stderr=subprocess.PIPE) for key in keys]
    assert {said(process) for process in all_of_them} == {"wrote settings/development.yaml\n"}
    text = (project.settings / "development.yaml").read_text()
    assert all(f"{key.rpartition('.')[2]}: off\n" in text for key in keys)

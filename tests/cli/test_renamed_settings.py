"""The commands know the names that settings had before, and answer with those of today."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from stall import stall

from synfinance_settings.cli.group import group_for
from synfinance_settings.model.application import Application


class Counter:
    """Where an operator of the stall sits."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "settings"
        self.write("settings/default.yaml", "{}\n")
        self.write("settings/dev.yaml", "{}\n")

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return path

    def text(self, name: str) -> str:
        return (self.root / name).read_bytes().decode()

    def run(self, *arguments: str, application: Application | None = None, **variables: str) -> Result:
        ours = {"STALL_SETTINGS_DIR": str(self.settings), "STALL_STATE_DIR": str(self.root / "state"), "COLUMNS": "120"}
        others = {name: None for name in os.environ if name.startswith(("SYNFINANCE_", "STALL_"))}
        commands = group_for(application or stall(), "stall-settings")
        return CliRunner(env={**others, **ours, **variables}).invoke(commands, arguments)

    def done(self, *arguments: str, **more) -> Result:
        result = self.run(*arguments, **more)
        assert result.exit_code == 0, result.output
        return result


@pytest.fixture
def counter(tmp_path: Path) -> Counter:
    return Counter(tmp_path)


def test_explain_of_an_old_name_says_the_new_one(counter):
    counter.write("settings/dev.yaml", "basket: {most: 7}\n")
    told = counter.done("explain", "basket.most")
    assert told.stdout.startswith("cart.limit = 7")
    assert "settings/dev.yaml:1:16" in told.stdout
    assert "basket.most is now cart.limit; 2.0 takes the old name no more" in told.stderr
    assert json.loads(counter.done("explain", "cart.most", "--format", "json").stdout)["key"] == "cart.limit"


@pytest.mark.parametrize("command", [("get", "basket.most"), ("set", "basket.most", "7"), ("unset", "basket.most")])
def test_other_commands_answer_an_old_name_with_the_new_one(counter, command):
    refused = counter.run(*command)
    assert refused.exit_code == 2
    assert "basket.most is now cart.limit" in refused.stderr
    assert "did you mean cart.limit?" in refused.stderr


def test_strict_makes_an_error_of_an_old_name(counter):
    counter.write("settings/dev.yaml", "cart:\n  most: 7\n")
    assert counter.run("validate", "--env", "dev").exit_code == 0
    strict = counter.run("validate", "--env", "dev", "--strict")
    assert strict.exit_code == 1
    assert "  most: 7" in strict.stdout
    assert "write cart.limit instead" in strict.stdout

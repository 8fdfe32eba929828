"""The admin commands of the stall, with settings and a state folder of their own."""

from __future__ import annotations

import os
from pathlib import Path

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

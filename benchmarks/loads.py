"""A new load, a reload after one change, and a whole process, each beside the floor and dynaconf as usual."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import floor
import usual
from measure import Limit, Run, Table, compared, ratio, take_turns
from project import ENVIRONMENT, VARIABLES, Trial

from synfinance_settings import ConfigManager

FLOOR, OURS, USUAL = "floor", "synfinance_settings", "dynaconf as usual"


def environment() -> dict[str, str]:
    """The variables of this process with those of the trial in place of its own settings."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("SYNFINANCE_")}
    return {**others, **VARIABLES, "SYNFINANCE_ENV": ENVIRONMENT}


def load(trial: Trial, rounds: int) -> Table:
    environ = environment()

    def ours() -> object:
        return ConfigManager(settings_dir=trial.settings_dir, environ=environ).load_config()

    runs: dict[str, Run] = {
        FLOOR: lambda: floor.load(trial.root, ENVIRONMENT, environ),
        OURS: ours,
        USUAL: lambda: usual.load(trial.root, ENVIRONMENT),
    }
    with usual.process_environment(environ):
        _agree(runs)
        took = take_turns(runs, rounds)
    table = compared("A new load of all layers", took, "ms")
    table.limits.append(Limit("a new load, in floors", ratio(took, OURS), 3.5))
    return table


def reload(trial: Trial, rounds: int) -> Table:
    environ = environment()
    manager = ConfigManager(settings_dir=trial.settings_dir, environ=environ)
    manager.load_config()

    with usual.process_environment(environ):
        live = usual.settings(trial.root, ENVIRONMENT)
        usual.validated(live)

        def reload_usual() -> object:
            live.reload()
            return usual.validated(live)

        runs: dict[str, Run] = {
            FLOOR: lambda: floor.load(trial.root, ENVIRONMENT, environ),
            OURS: manager.reload_config,
            USUAL: reload_usual,
        }
        trial.edit()()
        _agree(runs)
        took = take_turns(runs, rounds, before=lambda: trial.edit()())
    return compared("A reload after one change of the environment's layer", took, "ms")


def _agree(runs: dict[str, Run]) -> None:
    """What is compared must come to the same; dynaconf as usual joins lists, so one value stands for all there."""
    least, ours, usually = (run() for run in runs.values())
    assert least == ours, "the floor and the package read different settings"
    assert least.server.workers == usually.server.workers  # type: ignore[attr-defined]


def process(trial: Trial, rounds: int) -> Table:
    read = "from synfinance_settings import settings; settings.server.port"
    least = f"import os, pathlib, floor; floor.load(pathlib.Path(), {ENVIRONMENT!r}, os.environ).server.port"
    usually = f"import pathlib, usual; usual.load(pathlib.Path(), {ENVIRONMENT!r}).server.port"
    commands = {
        FLOOR: ["-c", least],
        "python -c pass": ["-c", "pass"],
        OURS: ["-c", read],
        USUAL: ["-c", usually],
        "synfinance-settings --help": [str(Path(sys.executable).with_name("synfinance-settings")), "--help"],
    }
    environ = {**environment(), "PYTHONPATH": str(Path(__file__).parent)}
    took = take_turns({name: _process(given, trial.root, environ) for name, given in commands.items()}, rounds)
    return compared("A whole process", took, "ms")


def _process(arguments: list[str], folder: Path, environ: dict[str, str]) -> Run:
    return lambda: subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL
    )

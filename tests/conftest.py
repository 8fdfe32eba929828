"""What the tests share: a project with layers of its own, and the ways into it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import HealthCheck, settings
from patience import PATIENCE

from synfinance_settings import AppConfig, ConfigManager, Problem, SettingsError
from synfinance_settings.cli.group import group

pytest_plugins = ["pytester", "remote_store", "members", "servers"]

CHECKOUT = Path(__file__).parents[1]

# the same examples in every run, and none fails because the machine is busy
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

# the tests sync thousands of files: to memory where there is room, a fourth of the time of what edits layers
MEMORY = Path("/dev/shm")
if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > 4 << 30:
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One worker more than there are processors: at any time one of them waits, for a server or for a watch."""
    return len(os.sched_getaffinity(0)) + 1


# a program with a suite of its own, which is run by the tests of the plugin
collect_ignore = ["suite_sample"]
if not Path(CHECKOUT.parent, "shared/corpus/cases.json").exists():
    collect_ignore.append("test_corpus.py")  # its cases are no part of the checkout


class Project:
    """A project root with a settings folder; variables are given as keywords, and are all that is set."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.settings = root / "settings"
        self.settings.mkdir()

    def write(self, path: str, text: str | bytes) -> Path:
        """Put a file below the root."""
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
        return target

    def layer(self, name: str, text: str | bytes) -> Path:
        """Put a file into the settings folder, ``<name>.yaml`` unless the name has a suffix."""
        return self.write(f"settings/{name}" if name.endswith((".yml", ".json")) else f"settings/{name}.yaml", text)

    def secure_production(self, text: str = "") -> None:
        """Put a production layer that breaks no rule, with `text` below it."""
        self.layer("production", f"security: {{api_key_enabled: true, api_keys: [{'k' * 32}]}}\n{text}")

    def manager(self, **variables: str) -> ConfigManager:
        return ConfigManager(settings_dir=self.settings, environ=variables)

    def load(self, **variables: str) -> AppConfig:
        return self.manager(**variables).load_config()

    def error(self, **variables: str) -> SettingsError:
        """The error of a load that must fail."""
        with pytest.raises(SettingsError) as caught:
            self.load(**variables)
        return caught.value

    def problems(self, **variables: str) -> list[tuple[str, str | None, str]]:
        """Code, key and place of all that is wrong."""
        return [seen(problem) for problem in self.error(**variables).problems]

    def problem(self, **variables: str) -> Problem:
        """The only problem of a load that must fail."""
        (problem,) = self.error(**variables).problems
        return problem

    def command(self, *arguments: str, **variables: str) -> Result:
        """The command ``synfinance-settings`` with this project's settings."""
        ours = {"SYNFINANCE_SETTINGS_DIR": str(self.settings), **variables}
        others = {
            name: None for name in os.environ if name.startswith("SYNFINANCE_") or name.endswith(("_COLOR", "COLUMNS"))
        }
        return CliRunner(env={**others, **ours}).invoke(group, arguments)

    def python(self, code: str, before: Sequence[str] = (), **variables: str) -> subprocess.CompletedProcess[str]:
        """A new interpreter in the root, `before` before it; `code` may wait for ``PATIENCE`` seconds."""
        return subprocess.run(
            [*before, sys.executable, "-c", f"PATIENCE = {PATIENCE / 2}\n{code}"],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root), "LANG": "C.UTF-8", **variables},
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )


def seen(problem: Problem) -> tuple[str, str | None, str]:
    return problem.code, problem.key, str(problem.origin)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with empty default and development layers."""
    made = Project(tmp_path)
    made.layer("default", "{}\n")
    made.layer("development", "{}\n")
    return made


@pytest.fixture
def shipped(tmp_path: Path) -> Project:
    """A project with the layers that the checkout ships."""
    made = Project(tmp_path)
    for path in [*CHECKOUT.glob("settings/*.yaml"), CHECKOUT / "settings/schema.json"]:
        if ".local." not in path.name:
            shutil.copy(path, made.settings)
    return made


@pytest.fixture
def without_rights() -> tuple[str, ...]:
    """What stands before a command so that it may not write where the mode forbids it, root or not."""
    return ("setpriv", "--bounding-set=-dac_override", "--inh-caps=-dac_override") if os.geteuid() == 0 else ()

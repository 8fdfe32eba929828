"""What a shell offers behind synfinance-settings, and how fast it can."""

from __future__ import annotations

import pytest

from synfinance_settings import Environment
from synfinance_settings.sections.keys import SECTIONS, SETTINGS

COMMANDS = {
    "validate", "show", "get", "explain", "set", "unset", "diff", "export", "import", "history", "rollback",
    "env-template", "schema", "doctor", "watch",
}  # fmt: skip


@pytest.fixture
def offered(shipped):
    """What is offered for the last of some words; at the end, that nothing slow was imported."""

    def offered(*words: str, shell: str = "bash") -> set[str]:
        call = " ".join(["synfinance-settings", *words])
        place = str(len(words)) if shell != "fish" else words[-1]
        run = shipped.python(
            "import sys\n"
            "from synfinance_settings.cli.group import main\n"
            "try:\n    main()\n"
            "finally:\n    assert not {'pydantic', 'dynaconf', 'watchdog', 'yaml'} & set(sys.modules)\n",
            _SYNFINANCE_SETTINGS_COMPLETE=f"{shell}_complete",
            COMP_WORDS=call,
            COMP_CWORD=place,
        )
        assert "Error" not in run.stderr, run.stderr
        lines = run.stdout.splitlines()
        if shell == "zsh":
            return set(lines[1::3])
        return {line.partition(",")[2].partition("\t")[0] for line in lines if "," in line}

    return offered


def test_commands(offered):
    assert offered("") >= COMMANDS
    assert offered("un") == {"unset"}


@pytest.mark.parametrize("command", ["show", "get", "validate", "explain", "doctor", "watch", "export"])
def test_environments(offered, command):
    assert offered(command, "--env", "") == set(Environment)
    assert offered(command, "--env", "pr") == {"production"}


@pytest.mark.parametrize("command", ["set", "unset", "import", "history", "rollback"])
def test_layers_that_can_be_changed(offered, command):
    assert offered(command, "--env", "") == {*Environment, "default"}


def test_sides_of_a_comparison(offered):
    assert offered("diff", "") >= set(Environment)
    assert offered("diff", "test", "st") == {"staging"}


@pytest.mark.parametrize("command", ["get", "explain", "set", "unset"])
def test_keys(offered, command):
    assert offered(command, "") >= set(SETTINGS)
    assert offered(command, "database.pool_s") == {"database.pool_size"}


@pytest.mark.parametrize("command", ["set", "unset"])
def test_sections_where_they_can_be_changed(offered, command):
    assert offered(command, "") >= set(SECTIONS)


def test_sections(offered):
    assert offered("show", "--section", "") >= {key for key in SECTIONS if "." not in key}
    assert offered("show", "--section", "mo") == {"monitoring"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells(offered, shell):
    assert offered("get", "server.po", shell=shell) == {"server.port"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_that_sets_a_shell_up(shipped, shell):
    run = shipped.python(
        "from synfinance_settings.cli.group import main; main()", _SYNFINANCE_SETTINGS_COMPLETE=f"{shell}_source"
    )
    assert "synfinance-settings" in run.stdout


def test_help_imports_nothing_slow(shipped):
    run = shipped.python(
        "import sys\nsys.argv = ['synfinance-settings', '--help']\n"
        "from synfinance_settings.cli.group import main\n"
        "try:\n    main()\n"
        "finally:\n    assert not {'pydantic', 'dynaconf', 'watchdog', 'yaml'} & set(sys.modules)\n"
    )
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) >= COMMANDS

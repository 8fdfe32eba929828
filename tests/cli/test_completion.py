"""What a shell offers behind synfinance-settings, and how fast it can."""

from __future__ import annotations

import re
import shutil
import sys

import pytest

from synfinance_settings import Environment
from synfinance_settings.cli.group import COMMANDS
from synfinance_settings.cli.program import words_of
from synfinance_settings.cli.words import WORDS
from synfinance_settings.sections.application import SYNFINANCE

SECTIONS = SYNFINANCE.catalogue.sections
SETTINGS = SYNFINANCE.catalogue.settings

NAMES = {command.name for commands in COMMANDS.values() for command in commands}


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
    assert offered("") >= NAMES
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


@pytest.mark.parametrize("command", ["get", "explain"])
def test_keys(offered, command):
    assert offered(command, "") == set(SETTINGS)
    assert offered(command, "database.pool_s") == {"database.pool_size"}


@pytest.mark.parametrize("command", ["set", "unset"])
def test_keys_and_sections_where_both_can_be_changed(offered, command):
    assert offered(command, "") == {*SETTINGS, *SECTIONS}
    assert offered(command, "server") == {"server", *(key for key in SETTINGS if key.startswith("server."))}


def test_values(offered):
    assert offered("set", "cache.eviction_policy", "") == {"lru", "lfu", "fifo"}
    assert offered("set", "database.ssl_mode", "verify") == {"verify-ca", "verify-full"}
    assert offered("set", "--env", "test", "debug", "") == {"true", "false"}
    assert offered("set", "cache.password", "") == {"null"}
    assert offered("set", "server.port", "") == offered("set", "server.prot", "") == set()


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=lambda setting: setting.key)
def test_the_words_are_those_of_the_models(setting):
    """The models cannot be asked while a key is being typed; docs/reference.py writes the words anew."""
    words = setting.choices or (("true", "false") if setting.form == "boolean" else ())
    assert WORDS.values[setting.key].split() == [*words, *(["null"] if setting.nullable else [])]


def test_the_sections_are_those_of_the_models():
    assert sorted(WORDS.sections) == sorted(SECTIONS)


def test_the_words_are_those_that_would_be_drawn_from_the_application():
    assert words_of(SYNFINANCE) == WORDS


def test_a_shell_acts_on_no_word():
    words = [*WORDS.values, *(word for words in WORDS.values.values() for word in words.split()), *Environment]
    assert [word for word in words if not re.fullmatch(r"[A-Za-z0-9_.-]+", word)] == []
    assert [word for word in words if word.startswith("-")] == []


@pytest.mark.parametrize("schema", ['{"properties": {"x$(touch y)": {}}}', "{", "[]", "\0"])
def test_the_working_directory_has_no_say(offered, shipped, schema):
    shipped.write("settings/schema.json", schema)
    assert offered("get", "") == set(SETTINGS)
    assert offered("set", "debug", "") == {"true", "false"}


def test_a_project_without_settings_completes_all_the_same(offered, shipped):
    shutil.rmtree(shipped.settings)
    assert offered("get", "server.po") == {"server.port"}


def test_sections(offered):
    assert offered("show", "--section", "") == set(SECTIONS)
    assert offered("show", "--section", "mo") == {"monitoring"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells(offered, shell):
    assert offered("get", "server.po", shell=shell) == {"server.port"}


@pytest.fixture
def typed(shipped, in_a_bare_shell):
    """What a bare shell says when a key is typed in part, then TAB and Enter."""
    command = shipped.write(
        "bin/synfinance-settings", f'#!/bin/sh\nexec {sys.executable} -m synfinance_settings "$@"\n'
    )
    command.chmod(0o755)

    def typed(shell: str, *options: str) -> str:
        return in_a_bare_shell(command, "get server.max_r\t", shell, *options)

    return typed


@pytest.mark.parametrize(
    ("shell", "options"),
    [("bash", ["--norc", "-i"]), ("zsh", ["-f", "-i"]), ("fish", ["-i"])],
    ids=lambda part: part[0],
)
def test_a_bare_shell_completes_a_key(typed, shell, options):
    said = typed(shell, *options)
    assert "10485760" in said
    assert "not found" not in said


def test_help_imports_nothing_slow(shipped):
    run = shipped.python(
        "import sys\nsys.argv = ['synfinance-settings', '--help']\n"
        "from synfinance_settings.cli.group import main\n"
        "try:\n    main()\n"
        "finally:\n    assert not {'pydantic', 'dynaconf', 'watchdog', 'yaml'} & set(sys.modules)\n"
    )
    assert run.returncode == 0, run.stderr
    assert set(run.stdout.split()) >= NAMES

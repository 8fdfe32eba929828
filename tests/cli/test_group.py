"""What all commands share: exit codes, messages on stderr, colours, no traceback."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from patience import PATIENCE

from synfinance_settings import InvalidSettingsError
from synfinance_settings.cli.group import COMMANDS, group

CHECKOUT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (["validate"], 0),
        (["show"], 0),
        (["get", "server.port"], 0),
        (["explain", "server.port"], 0),
        (["schema"], 0),
        (["env-template"], 0),
        (["--version"], 0),
        (["get", "database.password"], 1),
        (["get", "server.prot"], 2),
        (["explain", "server.prot"], 2),
        (["get", "server"], 2),
        (["show", "--env", "prodution"], 2),
        (["validate", "--env", ""], 2),
        (["validate", "missing.yaml"], 2),
        (["validate", "--all", "--env", "test"], 2),
        (["show", "--format", "toml"], 2),
        (["show", "--section", "servr"], 2),
        (["shwo"], 2),
        (["get"], 2),
        (["schema", "--output", "/no/where/schema.json"], 2),
        (["schema", "--check", "--output", "/no/where/schema.json"], 2),
        (["env-template", "--output", "/no/where/x"], 2),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else None,
)
def test_a_good_project_ends_with(project, call, code):
    result = project.command(*call)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output
    assert bool(result.stderr) == (code != 0)
    assert bool(result.stdout) == (code == 0)


@pytest.mark.parametrize("call", [["validate"], ["show"], ["get", "server.port"]], ids=lambda call: call[0])
def test_settings_that_do_not_validate_end_with_1(project, call):
    project.layer("default", "server: {port: x, prot: 1}\n")
    result = project.command(*call)
    assert result.exit_code == 1
    if call != ["validate"]:
        assert result.stdout == ""
        assert result.stderr.endswith("\n2 errors\n")
        assert "settings/default.yaml:1:16" in result.stderr


def test_explain_answers_from_layers_that_do_not_validate_and_says_so(project):
    project.layer("default", "server: {port: x, prot: 1}\n")
    result = project.command("explain", "server.port")
    assert result.exit_code == 1
    assert result.stdout.startswith("server.port = x\n  from       settings/default.yaml:1:16\n")
    assert "which do not validate (2 errors); see: synfinance-settings validate" in result.stderr


@pytest.mark.parametrize("call", [["validate"], ["show"], ["get", "debug"]], ids=lambda call: call[0])
def test_an_unknown_environment_ends_with_2(project, call):
    result = project.command(*call, SYNFINANCE_ENV="prodution")
    assert result.exit_code == 2
    assert "did you mean production?" in result.stderr


def test_debug_shows_the_traceback(project):
    project.layer("default", "server: {port: x}\n")
    assert isinstance(project.command("--debug", "show").exception, InvalidSettingsError)


@pytest.mark.parametrize(
    ("arguments", "variables", "coloured"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "auto"], {"FORCE_COLOR": "1"}, True),
        ([], {"NO_COLOR": ""}, False),
    ],
)
@pytest.mark.parametrize("call", [["validate"], ["show"]], ids=lambda call: call[0])
def test_colours_are_for_those_who_want_them(project, call, arguments, variables, coloured):
    project.layer("default", "server: {port: x}\n")
    assert ("\x1b[" in project.command(*arguments, *call, **variables).output) is coloured


@pytest.mark.parametrize("command", group.commands)
def test_every_command_has_help(project, command):
    result = project.command(command, "-h")
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: synfinance-settings {command} ")
    assert command in project.command("--help").stdout


@pytest.mark.parametrize("command", ["fleet", "plan", "remote", "remote set", "set", "validate"])
def test_the_help_stays_within_a_terminal_and_begins_at_its_margin(project, command):
    lines = project.command(*command.split(), "--help", COLUMNS="80").stdout.partition("\nOptions:")[0].splitlines()
    assert [line for line in lines[1:] if len(line) > 80 or line.startswith("   ")] == []


def test_the_help_of_the_group_puts_commands_together_as_the_docs_do(project):
    told = {}
    for part in project.command("--help").stdout.rstrip().split("\n\n")[-len(COMMANDS) :]:
        title, *lines = part.splitlines()
        told[title.removesuffix(":").lower()] = [line.split()[0] for line in lines]
    page = (CHECKOUT / "docs" / "commands.md").read_text().partition("\n## ")[0]
    rows = re.findall(r"^\| ([a-z][a-z, ]+) \| (\[.*) \|$", page, re.MULTILINE)
    assert told == {title: re.findall(r"\[([a-z-]+)\]", links) for title, links in rows}
    assert sorted(name for names in told.values() for name in names) == sorted(group.commands)


def test_a_slip_in_a_command_is_answered(project):
    assert "validate" in project.command("validat").stderr


def test_the_package_runs_as_a_module(project):
    run = subprocess.run(
        [sys.executable, "-m", "synfinance_settings", "get", "server.port"],
        cwd=project.root,
        env={"LANG": "C.UTF-8"},
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr, run.returncode) == ("8000\n", "", 0)


def test_a_reader_that_goes_away_is_no_error(project):
    code = """if True:
        import os
        reader, writer = os.pipe()
        os.close(reader)
        os.dup2(writer, 1)
        from synfinance_settings.cli.group import main
        main()
    """
    run = subprocess.run(
        [sys.executable, "-c", code, "schema"], cwd=project.root, env={}, capture_output=True, text=True
    )
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    "call", [["show"], ["set", "server.port", "80"], ["diff", "development", "test"]], ids=lambda call: call[0]
)
class TestCommonOptions:
    @pytest.fixture(autouse=True)
    def broken(self, project):
        project.layer("development", "server: {port: x}\n")

    def test_colours_may_be_asked_for_before_a_command_or_after_it(self, desk, call):
        assert "\x1b[" in desk.run("--color", "always", *call).stderr
        assert "\x1b[" in desk.run(*call, "--color", "always").stderr
        assert "\x1b[" in desk.run("--color", "never", *call, "--color", "always").stderr
        assert "\x1b[" not in desk.run("--color", "always", *call, "--color", "never").stderr
        assert "\x1b[" not in desk.run(*call, "--color", "never", FORCE_COLOR="1").stderr

    def test_a_traceback_may_be_asked_for_before_a_command_or_after_it(self, desk, call):
        assert isinstance(desk.run("--debug", *call).exception, InvalidSettingsError)
        assert isinstance(desk.run(*call, "--debug").exception, InvalidSettingsError)
        assert isinstance(desk.run(*call).exception, SystemExit)


@pytest.mark.parametrize("call", [["--version"], ["get", "server.port"], ["validate"], ["set", "debug", "true"]])
def test_no_module_is_imported_from_the_working_directory(desk, project, call):
    """Every module of the standard library and of what is installed lies there, in a version of somebody else."""
    installed = {name for name in packages_distributions() if name.isidentifier()} - {"synfinance_settings"}
    for name in {*sys.stdlib_module_names, *installed}:
        project.write(f"{name}.py", "raise SystemExit(f'{__name__} was imported')\n")
    process = desk.start(*call)
    said, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, said + errors
    assert "imported" not in said + errors

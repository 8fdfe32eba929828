"""diff."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios

import pytest
import yaml
from patience import PATIENCE

from synfinance_settings import Environment
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

CANARY = "canary2e8d5b1f7a4c9036"


@pytest.fixture
def two(desk, project):
    """A desk where development and test differ in a few settings, one of them a secret."""
    project.layer("default", "server: {workers: 3}\ncache: {password: same}\n")
    project.layer("development", f"server: {{port: 8001}}\ndatabase: {{password: {CANARY}1}}\n")
    project.layer("test", f"server: {{port: 8002, cors_origins: [a, b]}}\ndatabase: {{password: {CANARY}2}}\n")
    return desk


DIFFERENT = ["environment", "server.port", "server.cors_origins", "database.password"]


def test_two_environments_side_by_side(two):
    result = two.run("diff", "development", "test", COLUMNS="120")
    assert result.exit_code == 0
    head, *rows = result.stdout.splitlines()
    assert [cell.strip() for cell in head.split("│")[1:]] == ["development", "test"]
    assert [row.split()[0] for row in rows] == DIFFERENT
    assert [cell.strip() for cell in rows[1].split("│")] == ["server.port", "8001", "8002"]
    assert result.stderr == f"4 of {len(SETTINGS)} settings differ\n"


def test_secrets_are_masked_and_seen_to_differ(two):
    for arguments in ([], ["--all-keys"], ["--origin"], ["--format", "json"], ["--format", "yaml"]):
        result = two.done("diff", "development", "test", *arguments)
        assert "database.password" in result.stdout
        assert CANARY not in result.output
    told = json.loads(two.done("diff", "development", "test", "--all-keys", "--format", "json").stdout)
    assert told["database.password"]["differs"]
    assert told["database.password"]["development"] != told["database.password"]["test"]
    assert told["cache.password"] == {"differs": False, "development": "**********", "test": "**********"}


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_as_data(two, form, read):
    told = read(two.done("diff", "development", "test", "--format", form).stdout)
    assert list(told) == DIFFERENT
    assert told["server.port"]["differs"] is True
    assert str(told["server.port"]["development"]) == "8001"
    told = read(two.done("diff", "development", "test", "--format", form, "--origin").stdout)
    assert told["server.port"]["test"]["origin"] == "settings/test.yaml:1:16"
    assert list(read(two.done("diff", "development", "test", "--format", form, "--all-keys").stdout)) == list(SETTINGS)


def test_origins(two):
    shown = two.done("diff", "development", "test", "--origin", COLUMNS="160").stdout
    assert "settings/development.yaml:1:16" in shown
    assert "settings/test.yaml:1:16" in shown
    assert "default" in shown


@pytest.mark.parametrize(
    ("sides", "code"),
    [(["development", "test"], 1), (["test", "test"], 0), (["dev", "development"], 0), (["--matrix"], 1)],
    ids=lambda part: " ".join(part) if isinstance(part, list) else None,
)
def test_the_exit_code_is_asked_for(shipped_desk, sides, code):
    assert shipped_desk.run("diff", *sides, "--exit-code").exit_code == code
    assert shipped_desk.run("diff", *sides).exit_code == 0


def test_what_does_not_differ_prints_nothing(two):
    result = two.done("diff", "test", "test")
    assert (result.stdout, result.stderr) == ("", f"0 of {len(SETTINGS)} settings differ\n")


def test_a_file_and_a_version_are_sides_too(two, project):
    path = project.write("other/development.yaml", "server: {port: 8003}\n")
    two.done("set", "server.port", "8004")
    told = json.loads(two.done("diff", str(path), "development", "--format", "json").stdout)
    assert [str(cell) for cell in told["server.port"].values()] == ["True", "8003", "8004"]
    newest, found = json.loads(two.done("history", "--format", "json").stdout)
    for name in (f"v{found['version']}", str(found["version"])):
        told = json.loads(two.done("diff", name, f"v{newest['version']}", "--format", "json").stdout)
        assert list(told) == ["server.port"]
        assert [str(cell) for cell in told["server.port"].values()] == ["True", "8001", "8004"]
    assert two.run("diff", f"v{newest['version']}", "development", "--exit-code").exit_code == 0


def test_the_matrix_shows_what_differs_anywhere(shipped_desk):
    told = json.loads(shipped_desk.done("diff", "--matrix", "--format", "json").stdout)
    assert all(list(cells) == ["differs", *Environment] for cells in told.values())
    assert all(len({str(cells[name]) for name in Environment}) > 1 for cells in told.values())
    head, *rows = shipped_desk.done("diff", "--matrix", COLUMNS="200").stdout.splitlines()
    assert [name.strip() for name in head.split("│")[1:]] == list(Environment)
    assert [row.split()[0] for row in rows if row.split("│")[0].strip()] == list(told)


def test_inherited_cells_of_the_matrix_are_dim(shipped_desk):
    shown = shipped_desk.done("--color", "always", "diff", "--matrix", COLUMNS="200").stdout
    assert "\x1b[2m" in shown
    assert "\x1b[33m" in shown
    assert "\x1b" not in shipped_desk.done("diff", "--matrix", COLUMNS="200").stdout


@pytest.mark.parametrize("columns", ["79", "40", "20"])
def test_a_narrow_terminal_gets_the_sides_under_one_another(two, columns):
    lines = two.done("diff", "development", "test", COLUMNS=columns).stdout.splitlines()
    at = lines.index("server.port")
    assert [line.split() for line in lines[at + 1 : at + 3]] == [["development", "8001"], ["test", "8002"]]


@pytest.mark.parametrize("columns", ["80", "100", "200"])
def test_no_line_is_wider_than_the_terminal(shipped_desk, columns):
    shown = shipped_desk.done("diff", "development", "production", "--origin", COLUMNS=columns).stdout
    assert max(map(len, shown.splitlines())) <= int(columns)


def test_a_terminal_of_ascii_gets_ascii(two):
    process = two.start("diff", "development", "test", PYTHONIOENCODING="ascii", COLUMNS="120")
    stdout, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, stderr
    assert stdout.isascii()
    assert "| 8001 " in stdout


@pytest.mark.parametrize(
    "sides", ["", "test", "test development staging", "--matrix test", "test prodution", "test no.yaml"]
)
def test_a_call_that_is_none(two, nothing_written, sides):
    nothing_written()
    result = two.run("diff", *sides.split())
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_an_unknown_version_is_answered(two):
    result = two.run("diff", "test", "v99")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "version 99" in result.stderr


def test_a_side_that_does_not_validate_is_told_with_its_place(two, project, nothing_written):
    project.layer("test", "server:\n  port: 80\n  prot: 1\n")
    nothing_written()
    result = two.run("diff", "development", "test")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--> settings/test.yaml:3:3" in result.stderr


def test_a_matrix_of_the_environments_that_have_a_layer_file(project):
    project.secure_production()
    result = project.command("diff", "--matrix", "--format", "json")
    assert result.exit_code == 0
    assert {tuple(row)[1:] for row in json.loads(result.stdout).values()} == {("development", "production")}
    assert "note: passed over: staging and test, which have no layer file here\n" in result.stderr


def terminal(desk, columns, *arguments, **variables):
    """What a command writes to a terminal of so many columns."""
    person, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "synfinance_settings", *arguments],
        cwd=desk.root,
        env={"PATH": os.environ["PATH"], "HOME": str(desk.root), "LANG": "C.UTF-8", **variables},
        stdin=subprocess.DEVNULL,
        stdout=screen,
        stderr=subprocess.DEVNULL,
    )
    os.close(screen)
    written = bytearray()
    while True:
        try:
            piece = os.read(person, 65536)
        except OSError:  # the last who could write has gone
            break
        if not piece:
            break
        written += piece
    os.close(person)
    assert process.wait(PATIENCE) == 0
    return written.decode().replace("\r\n", "\n")


COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("columns", [60, 80, 120, 200])
@pytest.mark.parametrize("call", [["--matrix"], ["staging", "production"]], ids=["matrix", "two"])
def test_a_terminal_breaks_no_word(shipped_desk, columns, call):
    """Whatever stands on the screen in pieces is put together again from whole words and items."""
    shown = terminal(shipped_desk, columns, "diff", *call)
    assert "\x1b[" in shown
    lines = COLOUR.sub("", shown).splitlines()
    assert max(map(len, lines)) <= columns
    assert lines[-1] == "colours: written for the side, inherited from default"
    assert "" not in [line.strip() for line in lines]
    words = {word for line in lines for word in line.split()}
    assert "[https://staging.synfinance.com," in words
    assert "https://staging-api.synfinance.com]" in words
    assert "…" not in "".join(lines)


@pytest.mark.parametrize(
    ("arguments", "variables"), [([], {"NO_COLOR": "1"}), (["--color", "never"], {})], ids=["NO_COLOR", "never"]
)
def test_without_colours_there_is_no_legend(shipped_desk, arguments, variables):
    shown = terminal(shipped_desk, 100, *arguments, "diff", "--matrix", **variables)
    assert "\x1b" not in shown
    assert "colours:" not in shown
    assert "colours:" in shipped_desk.done("--color", "always", "diff", "--matrix").stdout


def test_the_names_of_the_sides_stand_over_their_columns_at_80(shipped_desk):
    head, *rows = shipped_desk.done("diff", "--matrix", COLUMNS="80").stdout.splitlines()
    assert [name.strip() for name in head.split("│")[1:]] == list(Environment)
    bars = [place for place, character in enumerate(head) if character == "│"]
    assert all([place for place, character in enumerate(row) if character == "│"] == bars for row in rows if "│" in row)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "…"), ("ascii", "\\")])
def test_a_word_that_has_to_be_broken_is_marked(two, project, encoding, mark):
    project.layer("test", f"app_name: {'x' * 70}\n")
    process = two.start("diff", "development", "test", PYTHONIOENCODING=encoding, COLUMNS="40")
    lines = process.communicate(timeout=PATIENCE)[0].splitlines()
    at = next(number for number, line in enumerate(lines) if "xxx" in line)
    pieces = [line.split()[-1] for line in lines[at : at + 3]]
    assert [piece[-1:] for piece in pieces] == [mark, mark, "x"]
    assert "".join(piece.removesuffix(mark) for piece in pieces) == "x" * 70


def test_a_pipe_gets_every_value_whole(two, project):
    name = "word " * 200 + "x" * 300
    project.layer("test", f"app_name: '{name}'\n")
    assert f"│ {name}\n" in two.done("diff", "development", "test").stdout


class TestPlaceholders:
    """A placeholder is nobody's secret: it is told as such, and two of them are not compared."""

    @pytest.fixture
    def lent(self, desk, project):
        project.layer("development", "database: {password: '${ONE}'}\nsecurity: {jwt_secret: '${TWO}'}\n")
        project.layer("test", f"database: {{password: '${{ONE}}'}}\nsecurity: {{jwt_secret: {CANARY}}}\n")
        return desk

    @pytest.mark.parametrize("form", ["text", "json", "yaml"])
    def test_two_of_them_are_not_compared(self, lent, form):
        result = lent.run("diff", "development", "test", "--format", form, "--exit-code")
        assert "database.password" not in result.stdout
        assert "not compared, since every side has a placeholder: database.password\n" in result.stderr
        assert CANARY not in result.output

    def test_one_is_told_beside_a_secret(self, lent):
        told = json.loads(lent.done("diff", "development", "test", "--all-keys", "--format", "json").stdout)
        assert told["security.jwt_secret"] == {"differs": True, "development": "placeholder", "test": "**********"}
        assert told["database.password"] == {"differs": None, "development": "placeholder", "test": "placeholder"}

    def test_the_matrix_names_them(self, shipped_desk):
        told = json.loads(shipped_desk.done("diff", "--matrix", "--format", "json").stdout)["database.password"]
        assert told == {
            "differs": True,
            "development": "",
            "staging": "placeholder",
            "production": "placeholder",
            "test": "",
        }
        shown = shipped_desk.done("diff", "--matrix").stdout
        row = next(line for line in shown.splitlines() if line.startswith("database.password"))
        assert [cell.strip() for cell in row.split("│")[1:]] == ["not set", "placeholder", "placeholder", "not set"]

    def test_only_what_differs_has_a_letter(self, desk, project):
        project.layer("development", f"database: {{password: {CANARY}}}\ncache: {{password: {CANARY}}}\n")
        project.layer("test", f"database: {{password: {CANARY}x}}\n")
        told = json.loads(desk.done("diff", "development", "test", "--format", "json").stdout)
        assert told["database.password"]["development"] == "********** (A)"
        assert told["database.password"]["test"] == "********** (B)"
        assert told["cache.password"] == {"differs": True, "development": "**********", "test": None}


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_data_has_types(two, project, form, read):
    project.layer("test", "server: {port: 8002, reload: on}\ngeneration: {fraud_rate: 0.1, start_date: 2024-02-01}\n")
    project.layer(
        "test", "debug: on\ngeneration: {fraud_rate: 0.1, seed: 7}\nserver: {port: 8002, cors_origins: [a, b]}\n"
    )
    told = read(two.done("diff", "development", "test", "--format", form).stdout)
    keys = ("debug", "generation.fraud_rate", "generation.seed", "server.port", "server.cors_origins")
    assert [told[key]["test"] for key in keys] == [True, 0.1, 7, 8002, ["a", "b"]]
    assert told["generation.seed"]["development"] is None

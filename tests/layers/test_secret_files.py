"""Values in files of their own: `..._FILE`."""

from __future__ import annotations

import os

import pytest


def password(project, **variables):
    return project.load(**variables).database.password.get_secret_value()


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("s3cret", "s3cret"),
        ("s3cret\n", "s3cret"),
        ("s3cret\r\n", "s3cret"),
        ("s3cret\n\n", "s3cret\n"),
        (" s3cret ", " s3cret "),
        ("$HOME ${X} $$", "$HOME ${X} $$"),
        ("", ""),
        ("é", "é"),
    ],
)
def test_the_content_less_one_line_end_is_the_value(project, content, value):
    project.write("run/pw", content)
    assert password(project, SYNFINANCE_DB_PASSWORD_FILE="run/pw", HOME="/h") == value


def test_a_relative_path_counts_from_the_project_root_and_an_absolute_one_does_not(project):
    path = project.write("run/pw", "x")
    assert password(project, SYNFINANCE_DB_PASSWORD_FILE="run/pw") == "x"
    assert password(project, SYNFINANCE_DB_PASSWORD_FILE=str(path)) == "x"


def test_dotenv_may_name_the_file(project):
    project.write("run/pw", "x")
    project.write(".env", "SYNFINANCE_DB_PASSWORD_FILE=run/${NAME}\nNAME=no\n")
    assert password(project, NAME="pw") == "x"


def test_any_setting_may_stand_in_a_file(project):
    project.write("port", "9001\n")
    manager = project.manager(SYNFINANCE_SERVER__PORT_FILE="port")
    assert manager.get_config().server.port == 9001
    assert str(manager.snapshot.origins["server.port"]) == "env SYNFINANCE_SERVER__PORT_FILE"


def test_a_name_that_spells_a_field_is_that_field(project):
    assert project.load(SYNFINANCE_MONITORING__METRICS_FILE="x.log").monitoring.metrics_file == "x.log"


def test_a_variable_and_its_file_may_agree(project):
    project.write("pw", "x\n")
    assert password(project, SYNFINANCE_DB_PASSWORD="x", SYNFINANCE_DB_PASSWORD_FILE="pw") == "x"


def test_a_variable_and_its_file_may_not_differ(project):
    project.write("pw", "y\n")
    problem = project.problem(SYNFINANCE_DB_PASSWORD="x", SYNFINANCE_DB_PASSWORD_FILE="pw")
    assert problem.code == "conflicting-variables"
    assert "SYNFINANCE_DB_PASSWORD_FILE" in problem.message


def test_a_symbolic_link_is_followed(project):
    project.write("real", "x")
    (project.root / "pw").symlink_to("real")
    assert password(project, SYNFINANCE_DB_PASSWORD_FILE="pw") == "x"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda path: path.mkdir(), "is not a regular file"),
        (os.mkfifo, "is not a regular file"),
        (lambda path: path.write_bytes(b"x" * (1024 * 1024 + 1)), "is larger than 1 MiB"),
        (lambda path: path.write_bytes(b"\xff"), "is not UTF-8"),
        (lambda path: path.symlink_to("nowhere"), "is a broken link"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_with_its_variable(project, make, said):
    make(project.root / "pw")
    problem = project.problem(SYNFINANCE_DB_PASSWORD_FILE="pw")
    assert (problem.code, str(problem.origin)) == ("secret-file", "env SYNFINANCE_DB_PASSWORD_FILE")
    assert problem.message == f"SYNFINANCE_DB_PASSWORD_FILE: the file pw {said}"


@pytest.mark.parametrize("named", ["pw", "run/pw", "x" * 300, "a\0b", "/nowhere/pw"])
def test_what_is_no_file_may_be_the_secret_itself_and_is_not_shown(project, named):
    problem = project.problem(SYNFINANCE_DB_PASSWORD_FILE=named)
    assert problem.message.startswith("SYNFINANCE_DB_PASSWORD_FILE: the file that it names ")
    assert named not in str(problem).replace("SYNFINANCE_DB_PASSWORD_FILE", "")
    assert problem.hint == "it takes the path of a file that holds the value, not the value itself"


def test_a_reload_takes_the_new_content(project):
    path = project.write("pw", "old")
    manager = project.manager(SYNFINANCE_DB_PASSWORD_FILE="pw")
    manager.load_config()
    path.write_text("new")
    assert manager.reload_config().database.password.get_secret_value() == "new"


def test_a_file_with_a_nul_holds_no_value(project):
    path = project.write("password", b"a\0b")
    problem = project.problem(SYNFINANCE_DB_PASSWORD_FILE=str(path))
    assert problem.message == "database.password must be text without a NUL character"
    assert str(problem.origin) == "env SYNFINANCE_DB_PASSWORD_FILE"

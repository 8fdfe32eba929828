"""A folder of secret files as a layer, as docker, Kubernetes and systemd hand secrets over."""

from __future__ import annotations

import pickle

import pytest

from synfinance_settings import SettingsError
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import find_project
from synfinance_settings.layers.trial import validate
from synfinance_settings.sections.application import SYNFINANCE

FOLDER = "SYNFINANCE_SECRETS_DIR"
CANARY = "canary-4711"


@pytest.fixture
def secrets(project):
    """Write files of the folder, and say what a load with it comes to."""
    (project.root / "run").mkdir()

    def load(files, **variables):
        for name, text in files.items():
            project.write(f"run/{name}", text)
        manager = project.manager(**{FOLDER: str(project.root / "run"), **variables})
        manager.load_config()
        return manager.snapshot

    return load


@pytest.mark.parametrize(
    "name",
    [
        "database.password",
        "Database.Password",
        "SYNFINANCE_DATABASE__PASSWORD",
        "SYNFINANCE_DB_PASSWORD",
        "synfinance_db_password",
        "Synfinance_Database_Password",
    ],
)
def test_a_file_is_named_as_its_key_or_as_a_variable_in_any_case(secrets, name):
    snapshot = secrets({name: "s3cret\n"})
    assert snapshot.config.database.password.get_secret_value() == "s3cret"
    assert str(snapshot.origins["database.password"]) == f"run/{name}"
    assert not snapshot.warnings


@pytest.mark.parametrize(
    ("content", "value"),
    [("s3cret\n", "s3cret"), ("s3cret\r\n", "s3cret"), ("$HOME ${X} $$", "$HOME ${X} $$"), ("\n", ""), ("é", "é")],
)
def test_a_file_is_read_as_the_target_of_a_variable_is(secrets, content, value):
    assert secrets({"database.password": content}, X="x").config.database.password.get_secret_value() == value


def test_any_setting_may_stand_there_and_nothing_is_null_where_the_setting_has_it(project, secrets):
    project.layer("default", "cache: {password: x}")
    config = secrets({"server.port": "9001", "security.api_keys": "a,b", "cache.password": "\n"}).config
    assert (config.server.port, len(config.security.api_keys), config.cache.password) == (9001, 2, None)


def test_it_lies_above_dotenv_and_below_the_process_environment(project, secrets):
    project.write(".env", "SYNFINANCE_SERVER__PORT=9001\nSYNFINANCE_SERVER__WORKERS=1\n")
    files = {"server.port": "9002", "server.workers": "2"}
    config = secrets(files, SYNFINANCE_SERVER__WORKERS="3").config
    assert (config.server.port, config.server.workers) == (9002, 3)


def test_a_relative_folder_counts_from_the_project_root(project, secrets):
    assert secrets({"server.port": "9001"}, **{FOLDER: "run"}).config.server.port == 9001


def test_names_that_lead_nowhere_are_warnings_and_those_with_a_dot_are_nobodys(secrets):
    snapshot = secrets({"db_pasword": "x", "SYNFINANCE_ENV": "test", ".hidden": "x", "..data": "x", "password": "x"})
    assert [(problem.code, problem.message, problem.hint) for problem in snapshot.warnings] == [
        ("ignored", "SYNFINANCE_ENV is read from the process environment only", None),
        ("unknown-variable", "run/db_pasword is not named after a setting", "did you mean SYNFINANCE_DB_PASSWORD?"),
        ("unknown-variable", "run/password is not named after a setting", "did you mean SYNFINANCE_DB_PASSWORD?"),
    ]
    assert {str(problem.origin) for problem in snapshot.warnings} == {
        "run/SYNFINANCE_ENV",
        "run/db_pasword",
        "run/password",
    }


def test_two_files_for_one_setting_are_a_warning_where_they_differ(secrets):
    files = {"database.password": "a\n", "SYNFINANCE_DB_PASSWORD": "b\n", "DATABASE.PASSWORD": "a"}
    snapshot = secrets({**files, "server.port": "9001", "SYNFINANCE_SERVER_PORT": "9001\n"})
    assert snapshot.config.database.password.get_secret_value() == "a"
    assert [problem.message for problem in snapshot.warnings] == [
        "run/database.password and run/SYNFINANCE_DB_PASSWORD both set database.password, but differ;"
        " run/database.password wins"
    ]


@pytest.mark.parametrize(
    ("named", "said"), [("gone", "does not exist"), ("settings/default.yaml", "is not a folder"), ("", "")]
)
def test_a_folder_that_was_named_and_is_none_is_an_error(project, named, said):
    problem = project.problem(**{FOLDER: named})
    assert (problem.code, str(problem.origin)) == ("no-such-file", f"env {FOLDER}")
    assert said in problem.message


def test_it_is_named_by_the_process_alone(project):
    (project.root / "run").mkdir()
    project.write("run/server.port", "9001")
    project.write(".env", f"{FOLDER}=run\n")
    manager = project.manager()
    assert manager.load_config().server.port == 8000
    assert "is read from the process environment only" in manager.snapshot.warnings[0].message


def test_a_file_that_cannot_be_used_matters_where_it_wins(project, secrets):
    (project.root / "run/database.password").mkdir()
    assert secrets({}, SYNFINANCE_DB_PASSWORD="x").config.database.password.get_secret_value() == "x"
    with pytest.raises(SettingsError) as caught:
        secrets({"server.port": b"\xff"})
    found = [(problem.code, problem.key, str(problem.origin)) for problem in caught.value.problems]
    assert sorted(found) == [
        ("secret-file", "database.password", "run/database.password"),
        ("secret-file", "server.port", "run/server.port"),
    ]


@pytest.mark.parametrize("name", ["server.port", "database.password", "environment", "unknown"])
def test_no_value_is_told(project, secrets, name):
    try:
        told = secrets({name: CANARY, "database.port": CANARY})
    except SettingsError as error:
        told = error
    for text in (str(told), repr(told), repr(told.args) if isinstance(told, SettingsError) else ""):
        assert CANARY not in text
    if isinstance(told, SettingsError):
        assert CANARY.encode() not in pickle.dumps(told)


def test_what_others_could_have_written_is_not_read_below_a_root_that_was_found(project, monkeypatch):
    monkeypatch.chdir(project.root)
    path = project.write("run/database.password", "x")
    path.chmod(0o666)
    relative = validate(find_project(SYNFINANCE, environ={FOLDER: "run"}))
    assert "can be written by others" in relative.problems[0].message
    assert validate(find_project(SYNFINANCE, environ={FOLDER: str(path.parent)}))


def test_a_look_sees_files_come_change_and_go_and_what_a_link_leads_to_swapped(project):
    """As Kubernetes does it: `..data` is a link to a folder of one moment, and each file a link through it."""
    for number in ("1", "2"):
        project.write(f"run/..at{number}/database.password", f"secret {number}")
    folder = project.root / "run"
    (folder / "..data").symlink_to("..at1")
    (folder / "database.password").symlink_to("..data/database.password")
    there = find_project(SYNFINANCE, environ={FOLDER: "run"}, settings_dir=project.settings)
    before = look_at(there)
    (folder / "..new").symlink_to("..at2")
    (folder / "..new").rename(folder / "..data")
    swapped = look_at(there, before)
    assert swapped.changed(before) == {folder / "database.password"}
    more = project.write("run/server.port", "1")
    assert look_at(there, swapped).changed(swapped) == {more, folder}
    (folder / "database.password").unlink()
    more.unlink()
    assert look_at(there).changed(swapped) == {folder / "database.password", folder}

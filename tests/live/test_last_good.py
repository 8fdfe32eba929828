"""The last accepted layers, kept on disk: a start on them where those in the folder are broken."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat

import pytest

from synfinance_settings import ConfigManager, HistoryError, InvalidSettingsError, LayerError, SettingsError

CANARY = "canary7d1e5f3a9b"


@pytest.fixture
def start(project, tmp_path_factory):
    """Start a manager that keeps its state; with variables it may fall back."""
    state = tmp_path_factory.mktemp("state") / "kept"

    def begin(*, state_dir=state, **variables):
        return ConfigManager(settings_dir=project.settings, state_dir=state_dir, environ=variables)

    begin.state = state
    return begin


def falling_back(start, **variables):
    return start(SYNFINANCE_FALLBACK="last-good", **variables)


def accept(project, start, *names):
    """Have layers accepted one after the other, and break them."""
    manager = start()
    for name in names:
        project.layer("default", f"app_name: {name}\n")
        manager.reload_config()
    project.layer("default", "server: [broken\n")


def store(start):
    (path,) = start.state.glob("*.sqlite3")
    return path


def test_a_start_on_broken_layers_runs_on_the_last_accepted_ones(project, start, caplog):
    accept(project, start, "one", "two")
    manager = falling_back(start)
    assert manager.get_config().app_name == "two"
    assert manager.degraded
    assert isinstance(manager.last_failure, SettingsError)
    critical = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert [record.name for record in critical] == ["synfinance_settings"]
    assert "the layers are broken" in critical[0].getMessage()
    assert "default.yaml:1:9" in caplog.text


@pytest.mark.parametrize(
    "broken",
    [
        "server: {port: x}\n",
        "server: {prot: 1}\n",
        "app_name: ${NOWHERE}\n",
        b"\xff\xfe",
        "generation: {num_customers: 1}",
    ],
)
def test_whatever_is_broken_in_a_layer_is_fallen_back_from(project, start, broken):
    accept(project, start, "one")
    project.layer("default", broken)
    assert falling_back(start).get_config().app_name == "one"


def test_without_the_fallback_a_broken_start_raises(project, start):
    accept(project, start, "one")
    with pytest.raises(SettingsError):
        start().load_config()


def test_where_nothing_was_accepted_a_broken_start_raises(project, start):
    project.layer("default", "server: [broken\n")
    with pytest.raises(SettingsError):
        falling_back(start).load_config()


def test_another_environments_versions_are_none_of_its_business(project, start):
    accept(project, start, "one")
    project.layer("test", "{}\n")
    with pytest.raises(SettingsError):
        falling_back(start, SYNFINANCE_ENV="test").load_config()


def test_the_first_valid_edit_leaves_the_last_good(project, start, watching, caplog):
    accept(project, start, "one")
    watch = watching(falling_back(start))
    assert watch.manager.degraded
    project.layer("default", "server: [still broken\n")
    watch.ear.wait("reload_failed")
    assert (watch.manager.degraded, watch.config.app_name) == (True, "one")
    project.layer("default", "app_name: two\n")
    watch.shows("two")
    assert not watch.manager.degraded
    assert watch.manager.last_failure is None


def test_a_load_asked_for_again_returns_the_last_good_while_the_files_are_unchanged(project, start):
    accept(project, start, "one")
    manager = falling_back(start)
    running = manager.load_config()
    assert manager.load_config() is running
    assert (manager.degraded, manager.version, type(manager.last_failure)) == (True, 1, LayerError)
    with pytest.raises(SettingsError):
        manager.load_config(environment="test")
    with pytest.raises(SettingsError):
        manager.reload_config()
    assert manager.load_config() is running
    project.layer("default", "server: [broken otherwise\n")
    with pytest.raises(LayerError):
        manager.load_config()
    project.layer("default", "app_name: two\n")
    assert (manager.load_config().app_name, manager.degraded, manager.last_failure) == ("two", False, None)
    project.layer("default", "server: [broken\n")
    with pytest.raises(LayerError):
        manager.load_config()


def test_the_fallback_may_be_asked_for_after_the_manager_was_made(project, start):
    accept(project, start, "one")
    code = """if True:
        import os
        from synfinance_settings import ConfigManager
        manager = ConfigManager()
        os.environ["SYNFINANCE_FALLBACK"] = "last-good"
        print(manager.load_config().app_name, manager.load_config().app_name, manager.degraded)
    """
    run = project.python(code, SYNFINANCE_STATE_DIR=str(start.state))
    assert run.stdout == "one one True\n", run.stderr


def test_who_is_told_of_the_first_valid_edit_sees_a_sound_manager(project, start, watching):
    accept(project, start, "one")
    watch = watching(falling_back(start), polling=True)
    seen = []
    watch.watcher.add_listener(lambda event, data: seen.append((event, watch.manager.degraded)))
    project.layer("default", "app_name: two\n")
    watch.watcher.trigger_reload()
    watch.ear.wait("config_reloaded")
    project.layer("default", "app_name: three\n")
    watch.manager.reload_config()
    watch.ear.wait("config_reloaded", 2)
    assert seen[:2] == [("manual_reload", False), ("config_reloaded", False)]


def test_a_broken_layer_that_is_mended_to_what_it_was_leaves_the_last_good(project, start):
    accept(project, start, "one")
    manager = falling_back(start)
    assert manager.degraded or manager.get_config()
    project.layer("default", "app_name: one\n")
    manager.reload_config()
    assert (manager.degraded, manager.version) == (False, 1)


def test_the_fallback_does_not_bring_a_missing_secret_back(project, start):
    project.layer("default", "database: {password: '${DB_PASSWORD}'}\n")
    start(DB_PASSWORD="hush").load_config()
    project.layer("default", "server: [broken\n")
    assert falling_back(start, DB_PASSWORD="new").get_config().database.password.get_secret_value() == "new"
    with pytest.raises(SettingsError):
        falling_back(start).load_config()


def test_a_broken_dotenv_is_not_fallen_back_from(project, start):
    start().load_config()
    project.write(".env", "SYNFINANCE_SERVER__PORT=x\n")
    with pytest.raises(SettingsError):
        falling_back(start).load_config()


@pytest.mark.parametrize(
    ("given", "place"),
    [
        ({}, "platform"),
        ({"SYNFINANCE_STATE_DIR": ""}, "platform"),
        ({"STATE_DIRECTORY": ""}, "platform"),
        ({"RUNTIME_DIRECTORY": "{root}/run:{root}/other"}, "run"),
        ({"RUNTIME_DIRECTORY": "{root}/run", "STATE_DIRECTORY": "{root}/lib"}, "lib"),
    ],
    ids=["not set", "empty", "given as empty", "given by systemd", "given to last"],
)
def test_a_fallback_without_a_state_folder_has_one(project, tmp_path_factory, monkeypatch, given, place):
    root = tmp_path_factory.mktemp("machine")
    monkeypatch.setenv("XDG_STATE_HOME", str(root / "platform"))
    variables = {name: value.format(root=root) for name, value in given.items()}
    project.layer("default", "app_name: one\n")
    project.load(SYNFINANCE_FALLBACK="last-good", **variables)
    project.layer("default", "server: [broken\n")
    assert project.load(SYNFINANCE_FALLBACK="last-good", **variables).app_name == "one"
    folder = root / place / "synfinance-settings"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.suffix for path in folder.glob("*.sqlite3")] == [".sqlite3"]
    assert [path.name for path in root.iterdir()] == [place]


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_fallback_of_a_user_without_a_home_needs_a_state_folder(project, monkeypatch, is_broken):
    monkeypatch.delenv("XDG_STATE_HOME", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", {}.__getitem__)  # a user of a container has no entry
    project.layer("default", "server: [broken\n" if is_broken else "{}\n")
    with pytest.raises(InvalidSettingsError, match=r"needs a state folder, .* set SYNFINANCE_STATE_DIR"):
        project.load(SYNFINANCE_FALLBACK="last-good")
    assert project.command("history").exit_code == 1


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_fallback_that_is_not_known_is_an_error(project, start, is_broken):
    project.layer("default", "server: [broken\n" if is_broken else "{}\n")
    with pytest.raises(InvalidSettingsError, match="SYNFINANCE_FALLBACK must be last-good"):
        start(SYNFINANCE_FALLBACK="last-bad").load_config()


def test_the_state_folder_may_be_named_by_the_variable(project, start):
    start(state_dir=None, SYNFINANCE_STATE_DIR=str(start.state)).load_config()
    assert store(start).is_file()


@pytest.mark.parametrize("variables", [{}, {"SYNFINANCE_STATE_DIR": ""}], ids=["not set", "empty"])
def test_nothing_is_kept_without_a_state_folder(project, monkeypatch, variables):
    monkeypatch.chdir(project.root)
    before = sorted(project.root.rglob("*"))
    project.load(**variables)
    assert sorted(project.root.rglob("*")) == before


def test_only_versions_that_were_accepted_are_kept(project, start):
    manager = start()
    for name in ("one", "two"):
        project.layer("default", f"app_name: {name}\n")
        manager.reload_config()
        project.layer("default", f"app_name: {name}\nserver: {{port: x}}\n")
        with pytest.raises(SettingsError):
            manager.reload_config()
    with sqlite3.connect(store(start)) as connection:
        kept = connection.execute("select content from files where name = 'default.yaml' order by version").fetchall()
    connection.close()
    assert [content for (content,) in kept] == [b"app_name: one\n", b"app_name: two\n"]


def test_what_a_subscriber_refused_is_not_kept(project, start):
    manager = start()

    def refuse(old, new):
        raise ValueError("no")

    project.layer("default", "app_name: one\n")
    manager.load_config()
    manager.subscribe(refuse, on_error="rollback")
    project.layer("default", "app_name: two\n")
    manager.reload_config()
    project.layer("default", "server: [broken\n")
    assert falling_back(start).get_config().app_name == "one"


def test_a_process_on_the_last_good_stays_degraded_where_a_subscriber_refuses_the_mended_layers(project, start):
    project.layer("default", "app_name: one\n")
    start().load_config()
    project.layer("default", "server: [broken\n")
    manager = falling_back(start)
    manager.load_config()

    def refuse(old, new):
        raise ValueError("no")

    unsubscribe = manager.subscribe(refuse, on_error="rollback")
    project.layer("default", "app_name: two\n")
    assert manager.reload_config().app_name == "one"
    assert (manager.degraded, manager.last_failure.problems[0].code) == (True, "refused-values")
    unsubscribe()
    project.layer("default", "app_name: three\n")
    assert manager.reload_config().app_name == "three"
    assert not manager.degraded


def test_files_are_kept_byte_for_byte(project, start):
    text = b"\xef\xbb\xbf# caf\xc3\xa9\r\napp_name: one\r\n"
    project.layer("default", text)
    start().load_config()
    with sqlite3.connect(store(start)) as connection:
        (kept,) = connection.execute("select content from files where name = 'default.yaml'").fetchone()
    connection.close()
    assert kept == text


def test_no_secret_from_outside_the_layers_is_kept(project, start):
    project.write("run/secret", f"{CANARY}-file")
    project.write(".env", f"SYNFINANCE_DB_PASSWORD={CANARY}-dotenv\nPLAIN={CANARY}-reference\n")
    project.layer("default", "cache: {password: '${PLAIN}'}\ndatabase: {user: '${OUTSIDE}'}\n")
    variables = {
        "SYNFINANCE_API_KEYS": f"{CANARY}-variable",
        "SYNFINANCE_JWT_SECRET_FILE": "run/secret",
        "OUTSIDE": f"{CANARY}-outside",
    }
    manager = start(**variables)
    manager.load_config()
    project.layer("development", "app_name: two\n")
    manager.reload_config()
    assert manager.get_config().security.api_keys[0].get_secret_value() == f"{CANARY}-variable"
    kept = b"".join(path.read_bytes() for path in start.state.rglob("*") if path.is_file())
    assert b"app_name: two" in kept
    assert CANARY.encode() not in kept


def test_folder_and_file_are_for_their_owner_alone(project, start):
    """Whatever the umask of the process is."""
    code = """if True:
        import os, sys
        os.umask(0)
        from pathlib import Path
        from synfinance_settings import ConfigManager
        manager = ConfigManager()
        manager.load_config()
        Path("settings/default.yaml").write_text("app_name: two")
        manager.reload_config()
    """
    run = project.python(code, SYNFINANCE_STATE_DIR=str(start.state))
    assert (run.stderr, run.returncode) == ("", 0)
    assert stat.S_IMODE(start.state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in start.state.rglob("*")} == {0o600}


@pytest.mark.parametrize(
    "damage", ["a file in the folder's place", "no database", "another database", "a folder in its place"]
)
def test_a_store_that_cannot_be_used_is_a_warning(project, start, caplog, damage):
    start().load_config()
    path = store(start)
    if damage == "no folder":
        path.unlink()
        start.state.rmdir()
        start.state.write_text("")
    elif damage == "no database":
        path.write_bytes(b"not a database" * 100)
    elif damage == "another database":
        path.unlink()
        with sqlite3.connect(path) as connection:
            connection.execute("create table versions (number)")
        connection.close()
    else:
        path.unlink()
        path.mkdir()
    manager = falling_back(start)
    project.layer("default", "app_name: two\n")
    assert manager.get_config().app_name == "two"
    project.layer("default", "app_name: three\n")
    assert manager.reload_config().app_name == "three"
    said = [record for record in caplog.records if "the history" in record.getMessage()]
    assert {record.levelno for record in said} == {logging.WARNING}


def test_a_store_that_cannot_be_read_leaves_the_failure_of_the_layers(project, start):
    accept(project, start, "one")
    store(start).write_bytes(b"not a database" * 100)
    with pytest.raises(SettingsError, match=r"default\.yaml:1:9"):
        falling_back(start).load_config()


def test_the_store_is_bounded(project, start):
    manager = start()
    for number in range(130):
        project.layer("default", f"app_name: name-{number}\n")
        manager.reload_config()
    with sqlite3.connect(store(start)) as connection:
        numbers = [number for (number,) in connection.execute("select version from versions order by version")]
        files = connection.execute("select count(distinct version) from files").fetchone()[0]
    connection.close()
    assert len(numbers) == files == 100
    assert numbers[-1] - numbers[0] == 99


def test_a_reload_that_changes_no_file_is_no_new_version(project, start):
    manager = start()
    manager.load_config()
    for _ in range(3):
        manager.reload_config()
        start().load_config()
    with sqlite3.connect(store(start)) as connection:
        assert connection.execute("select count(*) from versions").fetchone() == (1,)
    connection.close()


def test_two_folders_have_a_store_each_and_a_link_to_one_has_the_same(project, start):
    start().load_config()
    (project.root / "link").symlink_to("settings")
    ConfigManager(settings_dir=project.root / "link", state_dir=start.state, environ={}).load_config()
    assert len(list(start.state.iterdir())) == 1
    other = project.write("other/settings/default.yaml", "{}\n").parent
    (other / "development.yaml").write_text("{}\n")
    ConfigManager(settings_dir=other, state_dir=start.state, environ={}).load_config()
    assert len(list(start.state.iterdir())) == 2


def test_a_version_taken_back_into_force_survives_a_restart(project, start):
    """Layers removed since are not mixed into the version that is restored."""
    project.layer("default.local", "server: {workers: 7}\n")
    accept(project, start, "one")
    os.unlink(project.settings / "development.yaml")
    os.unlink(project.settings / "default.local.yaml")
    config = falling_back(start).get_config()
    assert (config.app_name, config.server.workers) == ("one", 7)


@pytest.mark.parametrize(
    ("newer", "variables"),
    [("app_name: ${NEW_NAME}\n", {"NEW_NAME": "two"}), ("server: {port: '${PORT}'}\n", {"PORT": "8002"})],
)
def test_a_version_that_no_longer_builds_is_passed_over(project, start, newer, variables):
    project.layer("default", "app_name: one\n")
    start().load_config()
    project.layer("default", newer)
    start(**variables).load_config()
    project.layer("default", "server: [broken\n")
    manager = falling_back(start)
    assert (manager.get_config().app_name, manager.degraded) == ("one", True)
    assert falling_back(start, **variables).get_config().app_name == variables.get("NEW_NAME", "SynFinance")


def test_versions_that_were_never_valid_are_not_fallen_back_to(project, start):
    """A command that replaces a broken layer keeps it, for whoever wants it back."""
    project.layer("default", "{}\n")
    project.layer("development", "server: {port: 80}\n")
    good = project.write("good.yaml", "server: {port: 8001}\n")
    arguments = ("import", str(good), "--yes")
    assert project.command(*arguments, SYNFINANCE_STATE_DIR=str(start.state)).exit_code == 0
    with sqlite3.connect(store(start)) as connection:
        assert connection.execute("select valid from versions order by version").fetchall() == [(0,), (1,)]
        connection.execute("delete from versions where valid")
    connection.close()
    project.layer("development", "server: [broken\n")
    with pytest.raises(SettingsError):
        falling_back(start).load_config()


@pytest.mark.parametrize("unsafe", ["the folder", "one above"])
def test_a_start_beside_a_folder_that_others_can_write_works_on_without_it(project, start, caplog, unsafe):
    accept(project, start, "one")
    project.layer("default", "app_name: two\n")
    kept = store(start).read_bytes()
    path = start.state if unsafe == "the folder" else start.state.parent
    path.chmod(0o777)
    assert start().get_config().app_name == "two"
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert f"chmod go-w {path}" in caplog.text
    assert store(start).read_bytes() == kept


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_start_that_would_fall_back_to_what_others_can_write_is_an_error(project, start, is_broken):
    accept(project, start, "one")
    if not is_broken:
        project.layer("default", "app_name: two\n")
    start.state.chmod(0o777)
    with pytest.raises(HistoryError, match=f"chmod go-w {start.state}"):
        falling_back(start).load_config()
    start.state.chmod(0o700)
    assert falling_back(start).load_config().app_name == ("one" if is_broken else "two")


def test_a_folder_that_others_can_write_later_fails_no_reload(project, start, caplog):
    manager = falling_back(start)
    manager.load_config()
    start.state.chmod(0o777)
    project.layer("default", "app_name: two\n")
    assert manager.reload_config().app_name == "two"
    assert f"chmod go-w {start.state}" in caplog.text

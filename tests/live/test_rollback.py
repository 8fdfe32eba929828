"""Snapshots are kept, numbered and compared; `rollback` puts an earlier one in force until files change."""

from __future__ import annotations

import pytest

from synfinance_settings import ConfigManager, RollbackError, SettingsError


def load(project, manager, *names):
    """Load one snapshot for each name."""
    for name in names:
        project.layer("default", f"app_name: {name}\n")
        manager.reload_config()
    return manager


def state(manager):
    snapshot = manager.snapshot
    return snapshot.number, snapshot.config.app_name, snapshot.pending_files


def test_a_rollback_is_a_new_snapshot_with_the_values_before(project):
    manager = load(project, project.manager(), "one", "two")
    earlier = manager.history()[0]
    assert manager.rollback() is manager.get_config()
    assert state(manager) == (3, "one", True)
    assert manager.get_config() == earlier.config
    assert manager.snapshot.fingerprint == earlier.fingerprint
    assert manager.snapshot.origins["app_name"] == earlier.origins["app_name"]
    assert [snapshot.number for snapshot in manager.history()] == [1, 2, 3]


def test_what_was_rolled_back_from_is_not_loaded_until_files_change(project):
    manager = load(project, project.manager(), "one", "two")
    manager.rollback()
    assert manager.reload_config().app_name == "one"
    assert state(manager) == (3, "one", True)
    load(project, manager, "three")
    assert state(manager) == (4, "three", False)
    load(project, manager, "two")
    assert state(manager) == (5, "two", False)


def test_files_that_are_put_back_by_hand_end_what_was_pending(project):
    manager = load(project, project.manager(), "one", "two")
    manager.rollback()
    load(project, manager, "one")
    assert (manager.get_config().app_name, manager.snapshot.pending_files) == ("one", False)


def test_a_rollback_holds_against_the_watcher(project, watching):
    project.layer("default", "app_name: one\n")
    watch = watching()
    project.layer("default", "app_name: two\n")
    watch.shows("two")
    watch.manager.rollback()
    assert watch.ear.wait("rolled_back") is watch.config
    (project.settings / "default.yaml").touch()
    assert watch.watcher.trigger_reload().app_name == "one"
    project.layer("default", "app_name: three\n")
    watch.shows("three")
    assert watch.ear.events == [
        *("file_changed", "config_reloaded", "rolled_back"),
        *("manual_reload", "file_changed", "config_reloaded"),
    ]


def test_a_broken_edit_after_a_rollback_keeps_it(project):
    manager = load(project, project.manager(), "one", "two")
    manager.rollback()
    project.layer("default", "server: {port: x}\n")
    with pytest.raises(SettingsError):
        manager.reload_config()
    assert state(manager) == (3, "one", True)
    load(project, manager, "two")
    assert manager.last_failure is None


def test_rollbacks_go_further_and_further_back(project):
    manager = load(project, project.manager(), "one", "two", "three")
    assert [manager.rollback().app_name for _ in range(2)] == ["two", "one"]
    with pytest.raises(RollbackError, match="no earlier snapshot to go back to; kept: 1, 2, 3, 4, 5"):
        manager.rollback()
    assert state(manager) == (5, "one", True)
    load(project, manager, "four")
    assert manager.rollback().app_name == "one"


def test_a_rollback_to_a_version(project):
    manager = load(project, project.manager(), "one", "two", "three")
    assert manager.rollback(1).app_name == "one"
    assert manager.rollback(version=3).app_name == "three"
    for version in (0, 9):
        with pytest.raises(RollbackError, match=f"no snapshot {version} "):
            manager.rollback(version)
    assert manager.version == 5


def test_nothing_to_go_back_to_is_an_error(project):
    manager = project.manager()
    with pytest.raises(RollbackError, match="kept: none"):
        manager.rollback()
    manager.load_config()
    with pytest.raises(RollbackError) as caught:
        manager.rollback()
    assert [problem.code for problem in caught.value.problems] == ["no-such-version"]
    assert manager.version == 1


@pytest.mark.parametrize("limit", [1, 3])
def test_no_more_snapshots_are_kept_than_asked_for(project, limit):
    manager = ConfigManager(settings_dir=project.settings, environ={}, history_limit=limit)
    load(project, manager, "one", "two", "three", "four", "five")
    assert [snapshot.number for snapshot in manager.history()] == [1, 2, 3, 4, 5][-limit:]
    assert manager.history()[-1] is manager.snapshot
    with pytest.raises(RollbackError):
        manager.rollback(5 - limit)


def test_what_needs_a_restart_is_pending_until_it_is_as_at_the_start(project):
    manager = project.manager()
    manager.load_config()
    pending = []
    for text in ("server: {workers: 2, timeout: 9}", "server: {workers: 3}\ndatabase: {pool_size: 5}", "{}"):
        project.layer("default", text)
        manager.reload_config()
        pending.append(manager.snapshot.pending_restart)
    assert pending == [("server.workers",), ("server.workers", "database.pool_size"), ()]
    manager.rollback(3)
    assert manager.snapshot.pending_restart == ("server.workers", "database.pool_size")


def test_the_fingerprint_leaves_secrets_out_and_nothing_else(project):
    manager = project.manager()
    found = []
    for text in ("{}", "database: {password: one}", "database: {password: two}", "database: {echo: true}"):
        project.layer("default", text)
        manager.reload_config()
        found.append((manager.version, manager.snapshot.fingerprint))
    assert [number for number, _ in found] == [1, 2, 3, 4]
    assert len({fingerprint for _, fingerprint in found[:3]}) == 1
    assert found[3][1] != found[0][1]
    assert project.manager().snapshot.fingerprint == found[3][1]


def test_a_snapshot_says_when_it_was_loaded(project):
    manager = load(project, project.manager(), "one", "two")
    first, second = manager.history()
    assert first.loaded_at.tzinfo is not None
    assert first.loaded_at <= second.loaded_at


def test_files_are_pending_under_an_override_too(project):
    project.layer("default", "app_name: one\n")
    code = """if True:
        from pathlib import Path
        from synfinance_settings import ConfigManager, override
        manager = ConfigManager()
        manager.load_config()
        Path("settings/default.yaml").write_text("app_name: two")
        manager.reload_config()
        manager.rollback()
        with override(server__port=9001) as config:
            print(config.app_name, config.server.port, manager.snapshot.pending_files)
        print(manager.snapshot.pending_files)
        with override(server__port=9001):
            Path("settings/default.yaml").write_text("app_name: three")
            manager.reload_config()
            print(manager.get_config().app_name, manager.snapshot.pending_files)
    """
    run = project.python(code)
    assert (run.stdout, run.stderr) == ("one 9001 True\nTrue\nthree False\n", "")

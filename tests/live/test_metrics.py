"""What Prometheus is told of reloads."""

from __future__ import annotations

import pytest

from synfinance_settings import ConfigManager, SettingsError
from synfinance_settings.metrics import install

prometheus = pytest.importorskip("prometheus_client")


@pytest.fixture
def registry():
    return prometheus.CollectorRegistry()


def reloads(registry):
    return {
        result: registry.get_sample_value("synfinance_settings_reloads_total", {"result": result})
        for result in ("success", "unchanged", "failure")
    }


def value(registry, name, **labels):
    return registry.get_sample_value(f"synfinance_settings_{name}", labels)


def test_an_install_loads_and_shows_what_is_in_force(project, registry):
    manager = project.manager()
    install(manager, registry)
    fingerprint = manager.snapshot.fingerprint
    assert value(registry, "info", environment="development", fingerprint=fingerprint) == 1
    assert value(registry, "last_reload_successful") == 1
    assert value(registry, "last_reload_success_timestamp_seconds") >= manager.snapshot.loaded_at.timestamp()
    assert value(registry, "reload_duration_seconds_count") == 0
    assert reloads(registry) == {"success": 0, "unchanged": 0, "failure": 0}


def test_of_a_shared_store_the_revision_is_shown_that_is_in_force(project, shared, registry):
    shared.commit(17, server__workers="6")
    manager = shared.manager(project.settings)
    install(manager, registry)
    assert value(registry, "remote_revision") == 17
    shared.commit(18, server__workers="600")
    with pytest.raises(SettingsError):
        manager.reload_config()
    assert value(registry, "remote_revision") == 17
    shared.commit(19, server__workers="6")
    manager.reload_config()
    assert value(registry, "remote_revision") == 19


def test_every_reload_is_counted_by_its_result(project, registry):
    manager = project.manager()
    install(manager, registry)
    manager.reload_config()
    project.layer("default", "app_name: new\n")
    manager.reload_config()
    assert reloads(registry) == {"success": 1, "unchanged": 1, "failure": 0}
    succeeded = value(registry, "last_reload_success_timestamp_seconds")
    project.layer("default", "server: {port: x}\n")
    for _ in range(2):
        with pytest.raises(SettingsError):
            manager.reload_config()
    assert reloads(registry) == {"success": 1, "unchanged": 1, "failure": 2}
    assert value(registry, "last_reload_successful") == 0
    assert value(registry, "last_reload_success_timestamp_seconds") == succeeded
    assert value(registry, "reload_duration_seconds_count") == 4
    assert value(registry, "reload_duration_seconds_sum") > 0
    project.layer("default", "app_name: newer\n")
    manager.reload_config()
    assert value(registry, "last_reload_successful") == 1
    assert value(registry, "last_reload_success_timestamp_seconds") > succeeded


def test_a_reload_that_a_subscriber_refused_is_a_failure(project, registry):
    manager = project.manager()
    install(manager, registry)

    def refuse(old, new):
        raise ValueError("no")

    unsubscribe = manager.subscribe(refuse, on_error="rollback")
    succeeded = value(registry, "last_reload_success_timestamp_seconds")
    project.layer("default", "app_name: new\n")
    for _ in range(2):
        manager.reload_config()
    assert reloads(registry) == {"success": 0, "unchanged": 0, "failure": 2}
    assert value(registry, "last_reload_successful") == 0
    assert value(registry, "last_reload_success_timestamp_seconds") == succeeded
    unsubscribe()
    project.layer("default", "app_name: newer\n")
    manager.reload_config()
    assert value(registry, "last_reload_successful") == 1


def test_a_rollback_by_hand_leaves_the_last_reload_as_it_was(project, registry):
    manager = project.manager()
    install(manager, registry)
    project.layer("default", "app_name: new\n")
    manager.reload_config()
    manager.rollback()
    manager.reload_config()
    assert reloads(registry) == {"success": 1, "unchanged": 1, "failure": 0}
    assert value(registry, "last_reload_successful") == 1


def test_the_info_is_of_the_snapshot_in_force_alone(project, registry):
    manager = project.manager()
    install(manager, registry)
    project.layer("default", "app_name: new\n")
    manager.reload_config()
    manager.rollback()
    (info,) = [metric for metric in registry.collect() if metric.name == "synfinance_settings_info"]
    assert [sample.labels["fingerprint"] for sample in info.samples] == [manager.snapshot.fingerprint]


def test_a_watched_edit_is_counted(project, registry, watching):
    watch = watching()
    install(watch.manager, registry)
    project.layer("default", "app_name: new\n")
    watch.shows("new")
    watch.watcher.stop()
    assert reloads(registry) == {"success": 1, "unchanged": 0, "failure": 0}


@pytest.mark.parametrize("failed", ["reload", "start"])
def test_an_install_after_a_failure_shows_it(project, registry, tmp_path_factory, failed):
    variables = {"SYNFINANCE_FALLBACK": "last-good", "SYNFINANCE_STATE_DIR": str(tmp_path_factory.mktemp("state"))}
    manager = project.manager(**variables)
    manager.load_config()
    project.layer("default", "server: {port: x}\n")
    if failed == "start":
        manager = project.manager(**variables)
    else:
        with pytest.raises(SettingsError):
            manager.reload_config()
    install(manager, registry)
    assert value(registry, "last_reload_successful") == 0


def test_an_install_on_settings_that_do_not_load_raises_and_may_be_tried_again(project, registry):
    project.layer("default", "server: {port: x}\n")
    with pytest.raises(SettingsError):
        install(project.manager(), registry)
    project.layer("default", "app_name: good\n")
    install(project.manager(), registry)
    assert value(registry, "last_reload_successful") == 1


def test_a_second_install_in_one_registry_is_refused(project, registry):
    install(project.manager(), registry)
    with pytest.raises(ValueError, match="synfinance_settings"):
        install(project.manager(), registry)


def test_no_secret_is_told(project, registry):
    manager = ConfigManager(settings_dir=project.settings, environ={"SYNFINANCE_DB_PASSWORD": "canary7d1e5f3a9b"})
    install(manager, registry)
    assert b"canary" not in prometheus.generate_latest(registry)


def test_the_default_registry_is_used_unless_another_is_given(project):
    code = """if True:
        from prometheus_client import REGISTRY
        from synfinance_settings import ConfigManager
        from synfinance_settings.metrics import install
        install(ConfigManager())
        print(REGISTRY.get_sample_value("synfinance_settings_last_reload_successful"))
    """
    run = project.python(code)
    assert (run.stdout, run.stderr) == ("1.0\n", "")

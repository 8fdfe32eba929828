"""What listeners and subscribers are told, in what order, and what they may do meanwhile."""

from __future__ import annotations

import asyncio
import logging
import threading

import pytest
from patience import PATIENCE

from synfinance_settings import (
    AppConfig,
    ConfigEvent,
    DatabaseConfig,
    InvalidSettingsError,
    LayerError,
    Snapshot,
    UnknownKeyError,
)


def rename(project, name):
    project.layer("default", f"app_name: {name}\n")


@pytest.fixture
def watch(project, watching):
    """A watch that finds nothing by itself before the test is over."""
    rename(project, "old")
    return watching(polling=True)


def test_the_names_of_the_events():
    names = {"file_changed", "config_reloaded", "validation_failed", "reload_failed", "rolled_back", "manual_reload"}
    assert set(ConfigEvent) == names
    assert all(isinstance(event, str) for event in ConfigEvent)


def test_an_edit_is_told_as_the_file_then_the_values(project, watching):
    watch = watching()
    rename(project, "new")
    watch.ear.wait("config_reloaded")
    assert watch.ear.heard == [
        ("file_changed", project.settings / "default.yaml"),
        ("config_reloaded", watch.config),
    ]
    assert isinstance(watch.config, AppConfig)


@pytest.mark.parametrize(
    ("text", "event", "kind"),
    [("server: {port: x}\n", "validation_failed", InvalidSettingsError), ("server: [\n", "reload_failed", LayerError)],
)
def test_a_bad_edit_is_told_with_its_error(project, watching, text, event, kind):
    watch = watching()
    project.layer("default", text)
    error = watch.ear.wait(event)
    assert isinstance(error, kind)
    assert watch.manager.last_failure is error
    assert watch.ear.events == ["file_changed", event]


def test_a_manual_reload_is_told_before_what_it_changed(project, watch):
    assert watch.watcher.trigger_reload() is watch.config
    rename(project, "new")
    assert watch.watcher.trigger_reload().app_name == "new"
    watch.ear.wait("config_reloaded")
    assert watch.ear.events == ["manual_reload", "manual_reload", "config_reloaded"]
    assert [config.app_name for config in watch.ear.all("manual_reload")] == ["old", "new"]


def test_a_manual_reload_that_fails_is_told_and_raises(project, watch):
    project.layer("default", "server: {port: x}\n")
    with pytest.raises(InvalidSettingsError) as caught:
        watch.watcher.trigger_reload()
    assert watch.ear.wait("validation_failed") is caught.value
    assert watch.ear.events == ["validation_failed"]


def test_who_is_told_of_new_values_sees_no_failure_any_more(project, watch):
    seen = []

    def hear(event, data):
        if event == "config_reloaded":
            seen.append((data.app_name, watch.config.app_name, watch.manager.last_failure))
            watch.ear(event, data)

    watch.watcher.remove_listener(watch.ear)
    watch.watcher.add_listener(hear)
    names = [f"name-{number}" for number in range(30)]
    for number, name in enumerate(names, 1):
        project.layer("default", "server: [broken\n")
        with pytest.raises(LayerError):
            watch.manager.reload_config()
        rename(project, name)
        watch.manager.reload_config()
        watch.ear.wait("config_reloaded", number)
    assert seen == [(name, name, None) for name in names]


def test_a_reload_that_changes_no_value_is_not_told(project, watch):
    project.layer("default", "# moved down\napp_name: old\n")
    before = watch.manager.snapshot
    calls = []
    watch.manager.subscribe(lambda old, new: calls.append(new))
    watch.manager.reload_config()
    assert (watch.manager.version, str(watch.manager.snapshot.origins["app_name"])) == (1, "settings/default.yaml:2:11")
    assert watch.manager.snapshot.fingerprint == before.fingerprint
    rename(project, "new")
    watch.manager.reload_config()
    watch.watcher.trigger_reload()
    watch.ear.wait("manual_reload")
    assert watch.ear.events == ["config_reloaded", "manual_reload"]
    assert [snapshot.number for snapshot in calls] == [2]


def test_the_order_of_many_reloads_is_kept(project, watch):
    pairs = []
    watch.manager.subscribe(lambda old, new: pairs.append((old.number, new.number)))
    for number in range(50):
        rename(project, f"name-{number}")
        watch.manager.reload_config()
    watch.ear.wait("config_reloaded", 50)
    rename(project, "end")
    watch.manager.reload_config()
    watch.ear.wait("config_reloaded", 51)
    assert [config.app_name for config in watch.ear.all("config_reloaded")][:50] == [f"name-{n}" for n in range(50)]
    assert pairs[:50] == [(number, number + 1) for number in range(1, 51)]


class Interruption(BaseException):
    """Not an Exception."""


RAISED = [ValueError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError, MemoryError, Interruption]


@pytest.mark.parametrize("raised", RAISED)
def test_a_listener_that_raises_stops_nobody(project, watch, ear, caplog, raised):
    def fail(*arguments):
        raise raised("no")

    watch.watcher.add_listener(fail)
    watch.watcher.add_listener(ear)
    watch.manager.subscribe(fail)
    heard = []
    watch.manager.subscribe(lambda old, new: heard.append(new.config.app_name))
    for name in ("first", "second", "third"):
        rename(project, name)
        watch.manager.reload_config()
    ear.wait("config_reloaded", 3)
    assert [config.app_name for config in ear.all("config_reloaded")] == ["first", "second", "third"]
    assert heard[:2] == ["first", "second"]
    assert any("a listener of settings failed" in record.getMessage() for record in caplog.records)


def test_a_listener_that_blocks_delays_no_reload(project, watching):
    watch = watching()
    blocked, release = threading.Event(), threading.Event()

    def block(event, data):
        blocked.set()
        release.wait()

    watch.watcher.remove_listener(watch.ear)
    watch.watcher.add_listener(block)
    watch.watcher.add_listener(watch.ear)
    try:
        rename(project, "first")
        assert blocked.wait(PATIENCE)
        rename(project, "second")
        assert watch.manager.reload_config().app_name == "second"
        watch.watcher.stop()
        assert watch.ear.heard == []
    finally:
        release.set()
    watch.ear.until(lambda: [config.app_name for config in watch.ear.all("config_reloaded")][-1:] == ["second"])


CALLS = {
    "reload_config": lambda watch: watch.manager.reload_config(),
    "trigger_reload": lambda watch: watch.watcher.trigger_reload(),
    "read": lambda watch: watch.manager.get_config().app_name,
    "load_config": lambda watch: watch.manager.load_config(),
    "subscribe": lambda watch: watch.manager.subscribe(lambda old, new: None),
    "listen": lambda watch: watch.watcher.add_listener(lambda event, data: None),
    "stop and start": lambda watch: (watch.watcher.stop(), watch.watcher.start()),
    "history": lambda watch: (watch.manager.history(), watch.watcher.get_watched_files()),
}


@pytest.mark.parametrize("on_error", ["log", "rollback", "listener"])
@pytest.mark.parametrize("call", CALLS)
def test_a_listener_may_call_back(project, watching, call, on_error):
    watch = watching(poll_interval=0.2)
    results = []

    def call_once(*arguments):
        if not results:
            results.append("called")
            CALLS[call](watch)

    if on_error == "listener":
        watch.watcher.add_listener(call_once)
    else:
        watch.manager.subscribe(call_once, on_error=on_error)
    for name in ("first", "second"):
        rename(project, name)
        watch.shows(name)
    assert results == ["called"]
    assert watch.manager.last_failure is None


@pytest.mark.parametrize("on_error", ["log", "rollback"])
def test_a_subscriber_may_roll_back(project, watching, on_error):
    rename(project, "good")
    watch = watching()

    def go_back(old, new):
        if new.config.app_name == "bad":
            watch.manager.rollback()

    watch.manager.subscribe(go_back, on_error=on_error)
    rename(project, "bad")
    watch.ear.wait("rolled_back")
    assert watch.config.app_name == "good"
    rename(project, "better")
    watch.shows("better")


def test_a_listener_may_take_itself_out(project, watch):
    calls = []

    def once(event, data):
        calls.append(event)
        watch.watcher.remove_listener(once)

    watch.watcher.add_listener(once)
    for count, name in enumerate(("first", "second", "third"), 1):
        rename(project, name)
        watch.manager.reload_config()
        watch.ear.wait("config_reloaded", count)
        watch.watcher.trigger_reload()
        watch.ear.wait("manual_reload", count)
    assert calls == ["config_reloaded"]
    watch.watcher.remove_listener(once)


def test_a_listener_may_stop_the_watch(project, watching):
    watch = watching()
    stopped = threading.Event()

    def stop(event, data):
        watch.watcher.stop()
        stopped.set()

    watch.watcher.add_listener(stop)
    rename(project, "new")
    assert stopped.wait(PATIENCE)
    assert not watch.watcher.is_watching()


def test_a_reload_asked_for_by_a_listener_comes_later(project, watch):
    """It gets what is in force now; what it asked for is told after what it was called for."""
    returned = []

    def reload(event, data):
        if event == "config_reloaded" and data.app_name == "first":
            rename(project, "second")
            returned.append(watch.watcher.trigger_reload().app_name)

    watch.watcher.add_listener(reload)
    rename(project, "first")
    watch.manager.reload_config()
    watch.ear.wait("config_reloaded", 2)
    assert returned == ["first"]
    assert watch.ear.events == ["config_reloaded", "manual_reload", "config_reloaded"]


def test_a_subscriber_gets_both_snapshots(project, watch):
    calls = []
    watch.manager.subscribe(lambda old, new: calls.append((old, new)))
    before = watch.manager.snapshot
    rename(project, "new")
    watch.manager.reload_config()
    after = watch.manager.snapshot
    watch.watcher.trigger_reload()
    watch.ear.wait("manual_reload")
    ((old, new),) = calls
    assert (old is before, new is after) == (True, True)
    assert isinstance(new, Snapshot)


def test_a_subscriber_of_a_section_is_called_when_that_section_changed(project, watch):
    database, features = [], []
    watch.manager.subscribe(lambda old, new: database.append((old, new)), section="database")
    watch.manager.subscribe(lambda old, new: features.append(new.total_features), section="ml.feature_engineering")
    for text in (
        "database: {echo: true}\n",
        "database: {echo: true}\nml: {feature_engineering: {total_features: 5}}\n",
    ):
        project.layer("default", text)
        watch.manager.reload_config()
    watch.watcher.trigger_reload()
    watch.ear.wait("manual_reload")
    ((old, new),) = database
    assert isinstance(old, DatabaseConfig)
    assert (old.echo, new.echo, features) == (False, True, [5])


def test_a_changed_secret_is_told_to_its_section(project, watch):
    calls = []
    watch.manager.subscribe(lambda old, new: calls.append(new.password.get_secret_value()), section="database")
    for password in ("one", "two"):
        project.layer("default", f"database: {{password: {password}}}\n")
        watch.manager.reload_config()
    watch.watcher.trigger_reload()
    watch.ear.wait("manual_reload")
    assert calls == ["one", "two"]


def test_who_has_unsubscribed_is_called_no_more(project, watch):
    calls = []
    unsubscribe = watch.manager.subscribe(lambda old, new: calls.append(new))
    unsubscribe()
    unsubscribe()
    rename(project, "new")
    watch.manager.reload_config()
    watch.watcher.trigger_reload()
    watch.ear.wait("manual_reload")
    assert calls == []


def test_a_section_that_does_not_exist_cannot_be_subscribed(watch):
    for section, said, hint in (
        ("databse", "databse is not a section", "did you mean database?"),
        ("databse.pool_size", "databse.pool_size is not a section", "did you mean database?"),
        ("server.port", "server.port is a setting, not a section", "its section is server"),
        ("debug", "debug is a setting, not a section", None),
        ("nonsense", "nonsense is not a section", None),
    ):
        with pytest.raises(UnknownKeyError) as caught:
            watch.manager.subscribe(print, section=section)
        (problem,) = caught.value.problems
        assert (problem.message, problem.hint) == (said, hint)
    with pytest.raises(ValueError, match="on_error"):
        watch.manager.subscribe(print, on_error="ignore")


async def nobody_awaits(*_):
    raise AssertionError


@pytest.mark.parametrize("callback", [None, "print", nobody_awaits], ids=["nothing", "text", "coroutine function"])
def test_what_can_never_be_called_is_refused_when_it_is_given(watch, callback):
    for give in (watch.manager.subscribe, watch.watcher.add_listener):
        with pytest.raises(TypeError, match=r"a callback (is|must be)"):
            give(callback)


def test_a_subscriber_that_refuses_brings_the_values_back_before_the_reload_returns(project, watch, caplog):
    def refuse(old, new):
        if new.config.app_name == "bad":
            raise ValueError("no")

    others = []
    watch.manager.subscribe(refuse, on_error="rollback")
    watch.manager.subscribe(lambda old, new: others.append((old.config.app_name, new.config.app_name)))
    rename(project, "bad")
    assert watch.manager.reload_config().app_name == "old"
    assert watch.manager.snapshot.pending_files
    assert watch.manager.reload_config().app_name == "old"
    rename(project, "good")
    assert watch.manager.reload_config().app_name == "good"
    assert not watch.manager.snapshot.pending_files
    watch.watcher.trigger_reload()
    watch.ear.wait("manual_reload")
    assert watch.ear.events == ["config_reloaded", "reload_failed", "rolled_back", "config_reloaded", "manual_reload"]
    assert others == [("old", "bad"), ("bad", "old"), ("old", "good")]
    assert any(record.levelno >= logging.ERROR for record in caplog.records)


def test_a_reload_that_a_subscriber_refused_is_a_failure_until_a_reload_succeeds(project, watch):
    """Whoever asks again while the files are the same hears of it again; no secret of the refusal is in it."""

    def refuse(old, new):
        if new.config.app_name == "bad":
            raise ConnectionError("hunter2")

    watch.manager.subscribe(refuse, on_error="rollback")
    rename(project, "bad")
    for _ in range(2):
        assert watch.manager.reload_config().app_name == "old"
        failure = watch.manager.last_failure
        assert (failure.problems[0].code, "ConnectionError" in str(failure)) == ("refused-values", True)
        assert "refuse" in str(failure)
        assert "hunter2" not in f"{failure!r}{failure.__context__!r}{failure.__cause__!r}"
    assert watch.ear.wait("reload_failed") is failure
    rename(project, "old")
    watch.manager.reload_config()
    assert watch.manager.last_failure is None


def test_a_rollback_by_hand_is_no_failure(project, watch):
    rename(project, "new")
    watch.manager.reload_config()
    watch.manager.rollback()
    assert watch.manager.reload_config().app_name == "old"
    assert watch.manager.last_failure is None


def test_a_refusal_of_what_is_no_longer_in_force_changes_nothing(project, watch):
    """The subscriber lost the race: what it refused was replaced while it ran."""

    def refuse(old, new):
        if new.config.app_name == "bad":
            rename(project, "newer")
            thread = threading.Thread(target=watch.manager.reload_config)
            thread.start()
            thread.join()
            raise ValueError("no")

    watch.manager.subscribe(refuse, on_error="rollback")
    rename(project, "bad")
    assert watch.manager.reload_config().app_name == "newer"
    assert watch.manager.last_failure is None
    assert not watch.manager.snapshot.pending_files


@pytest.mark.parametrize("raised", RAISED)
def test_a_subscriber_that_refuses_a_watched_edit_does_not_end_the_watch(project, watching, raised):
    rename(project, "old")
    watch = watching()

    def refuse(old, new):
        if new.config.app_name == "bad":
            raise raised("no")

    watch.manager.subscribe(refuse, on_error="rollback")
    rename(project, "bad")
    watch.ear.wait("config_reloaded")
    rename(project, "good")
    watch.shows("good")

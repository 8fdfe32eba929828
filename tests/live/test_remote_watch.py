"""The shared store under a watch: what it pushes is seen at once, and whatever becomes of it, the last good stays."""

from __future__ import annotations

import logging
import threading

import pytest
from patience import PATIENCE, RARELY

from synfinance_settings import ConfigWatcher, SettingsError
from synfinance_settings.remote.keyspace import digest_of

OFTEN = 0.05
"""Seconds between two looks that no hint asked for, where these must find something."""

FLEET = 4


@pytest.fixture
def fleet(project, watching):
    """Watch as several processes do that share nothing but the store."""

    def start(shared, *, poll_interval=OFTEN, count=FLEET, **options):
        managers = [shared.manager(project.settings, **options) for _ in range(count)]
        return Fleet([watching(manager, poll_interval=poll_interval, polling=False) for manager in managers])

    return start


class Fleet:
    def __init__(self, watches):
        self.watches = watches

    def runs(self, workers, revision=None):
        """Wait until all run with that many workers; the origin names the revision."""
        for watch in self.watches:
            watch.ear.until(lambda watch=watch: watch.config.server.workers == workers)
            if revision is not None:
                assert f"revision {revision}" in str(watch.manager.snapshot.origins["server.workers"])

    def fails(self, code, workers):
        """Wait until all have told of a failure, and still run with that many workers."""
        for watch in self.watches:
            watch.ear.until(lambda watch=watch: code in failures(watch))
            assert watch.config.server.workers == workers
            assert watch.manager.last_failure.problems[0].code == code

    def is_well(self):
        for watch in self.watches:
            watch.ear.until(lambda watch=watch: watch.manager.last_failure is None)


def failures(watch):
    """The codes of what failed, in order."""
    told = watch.ear.all("reload_failed") + watch.ear.all("validation_failed")
    return [error.problems[0].code for error in told]


def test_a_change_is_pushed_to_every_watch(shared, fleet):
    shared.commit(1, server__workers="5")
    running = fleet(shared, poll_interval=RARELY)
    for revision in (2, 3):
        shared.commit(revision, server__workers=str(revision + 4))
        running.runs(revision + 4, revision)
    assert running.watches[0].ear.all("file_changed")[-1] == shared.keyspace.place


def test_a_change_that_nobody_told_of_is_found_by_a_look(shared, fleet):
    shared.commit(1, server__workers="5")
    running = fleet(shared)
    shared.force(server__workers="6")
    running.runs(6)
    assert "changed after revision 1" in str(running.watches[0].manager.snapshot.origins["server.workers"])


def test_an_invalid_value_forced_past_the_client_is_refused_by_all(shared, fleet):
    shared.commit(1, server__workers="5")
    running = fleet(shared)
    shared.force(server__workers="500")
    running.fails("out-of-range", workers=5)
    shared.force(server__workers="7")
    running.runs(7)
    running.is_well()


def test_a_store_that_is_killed_during_edits_is_told_once_and_read_anew(doomed, fleet, caplog):
    caplog.set_level(logging.ERROR)
    doomed.commit(1, server__workers="5")
    running = fleet(doomed)
    for revision in range(2, 6):
        doomed.commit(revision, server__workers=str(revision + 4))
    doomed.server.save()
    running.runs(9)
    doomed.server.kill()
    running.fails("unreachable", workers=9)
    doomed.server.start()
    running.is_well()
    doomed.commit(6, server__workers="10")
    running.runs(10, 6)
    assert [failures(watch) for watch in running.watches] == [["unreachable"]] * FLEET
    assert [record.getMessage() for record in caplog.records].count("reload failed; snapshot 2 stays in force") <= FLEET


def test_a_store_that_comes_back_empty_takes_nothing_away(doomed, fleet):
    doomed.commit(3, server__workers="5")
    running = fleet(doomed)
    doomed.server.kill()
    running.fails("unreachable", workers=5)
    doomed.server.start()
    running.fails("became-empty", workers=5)
    doomed.commit(4, server__workers="6")
    running.runs(6, 4)
    running.is_well()


def test_old_data_is_refused_until_an_operator_lets_it_count(doomed, fleet):
    doomed.commit(3, server__workers="5")
    doomed.server.save()
    running = fleet(doomed)
    doomed.commit(4, server__workers="6")
    running.runs(6, 4)
    doomed.server.kill()
    doomed.server.start()
    running.fails("old-revision", workers=6)
    doomed.client.hset(doomed.keyspace.head, "counter", 4)
    running.runs(5, 3)
    running.is_well()


def test_a_store_that_hangs_keeps_nobody_waiting(doomed, fleet):
    doomed.commit(1, server__workers="5")
    running = fleet(doomed, seconds=1.0, count=2)
    doomed.server.pause()
    running.fails("unreachable", workers=5)
    doomed.server.resume()
    running.is_well()
    doomed.commit(2, server__workers="6")
    running.runs(6, 2)


def test_a_network_that_is_cut_is_as_a_store_that_is_away(shared, proxy, fleet):
    shared.commit(1, server__workers="5")
    running = fleet(shared, SYNFINANCE_REMOTE_URL=f"redis://127.0.0.1:{proxy.port}")
    proxy.cut()
    running.fails("unreachable", workers=5)
    shared.commit(2, server__workers="6")
    proxy.mend()
    running.runs(6, 2)
    running.is_well()


def test_a_subscription_that_breaks_is_made_anew_and_says_so(shared, proxy, fleet):
    """No look at an interval helps: what changed while nobody heard is found since the subscription is new."""
    shared.commit(1, server__workers="5")
    running = fleet(shared, poll_interval=RARELY, count=1, SYNFINANCE_REMOTE_URL=f"redis://127.0.0.1:{proxy.port}")
    shared.commit(2, server__workers="6")
    running.runs(6, 2)
    proxy.cut()
    shared.commit(3, server__workers="7")
    proxy.mend()
    running.runs(7, 3)
    shared.commit(4, server__workers="8")
    running.runs(8, 4)


def test_in_an_open_stage_some_run_the_candidate_and_all_go_back_with_it(shared, fleet, project, watching):
    shared.commit(1, server__workers="5")
    watches = [
        watching(shared.manager(project.settings, SYNFINANCE_INSTANCE=name), poll_interval=RARELY)
        for name in ("host-8", "host-4")  # at 0.03 and 0.87
    ]
    wanted = {"server.workers": "9"}
    with shared.client.pipeline() as pipe:
        pipe.hset(shared.keyspace.candidate, mapping=wanted)
        rollout = {"candidate": 2, "share": 0.05, "stage": 1, "fields": 1, "digest": digest_of(wanted)}
        pipe.hset(shared.keyspace.rollout, mapping=rollout)
        pipe.hset(shared.keyspace.head, "counter", 2)
        pipe.publish(shared.keyspace.changes, "")
        pipe.execute()
    Fleet(watches[:1]).runs(9, 2)
    Fleet(watches[1:]).runs(5, 1)
    with shared.client.pipeline() as pipe:
        pipe.delete(shared.keyspace.rollout, shared.keyspace.candidate)
        pipe.publish(shared.keyspace.changes, "")
        pipe.execute()
    Fleet(watches).runs(5, 1)
    assert not any(failures(watch) for watch in watches)


def test_a_watch_that_stops_hears_nothing_more(shared, project, ear):
    shared.commit(1, server__workers="5")
    before = set(threading.enumerate())
    watcher = ConfigWatcher(shared.manager(project.settings), poll_interval=RARELY)
    watcher.add_listener(ear)
    with watcher:
        shared.commit(2, server__workers="6")
        ear.wait("config_reloaded")
        threads = [thread for thread in threading.enumerate() if thread not in before and "subscr" in thread.name]
        assert len(threads) == 1
    threads[0].join(PATIENCE)
    assert not threads[0].is_alive()


def test_another_environment_is_listened_to_once_it_is_in_force(shared, project, watching):
    project.layer("test", "{}\n")
    shared.commit(1, server__workers="5")
    watch = watching(shared.manager(project.settings))
    watch.manager.load_config(environment="test")
    project.layer("test", "app_name: looked\n")
    watch.shows("looked")
    shared.environment = "test"
    shared.commit(1, server__workers="6")
    watch.ear.until(lambda: watch.config.server.workers == 6)


@pytest.fixture
def start(project, doomed, tmp_path):
    """Start a process that keeps what it accepts, and may fall back on it."""

    def begin(**variables):
        named = {"SYNFINANCE_FALLBACK": "last-good", **variables}
        return doomed.manager(project.settings, state_dir=tmp_path / "state", **named)

    return begin


def test_a_start_falls_back_on_what_the_store_said_last(project, doomed, start, watching, caplog):
    doomed.commit(3, server__workers="5", app_name="kept")
    assert start().load_config().server.workers == 5
    doomed.server.kill()
    project.layer("default", "server: {timeout: 9}\n")
    manager = start()
    config = manager.load_config()
    assert (config.server.workers, config.app_name, config.server.timeout) == (5, "kept", 9)
    assert manager.degraded
    assert f"running on revision 3 of {doomed.keyspace.place}, accepted" in caplog.text
    watch = watching(manager, poll_interval=OFTEN)
    doomed.server.start()
    doomed.commit(2, server__workers="7")
    watch.ear.until(lambda: "old-revision" in failures(watch))
    doomed.commit(4, server__workers="8")
    watch.ear.until(lambda: watch.config.server.workers == 8)
    assert not manager.degraded


def test_a_start_falls_back_where_both_the_store_and_the_files_are_broken(project, doomed, start):
    doomed.commit(3, server__workers="5")
    project.layer("default", "app_name: kept\n")
    start().load_config()
    project.layer("default", "app_name: [broken\n")
    doomed.force(server__workers="500")
    config = start().load_config()
    assert (config.server.workers, config.app_name) == (5, "kept")


def test_no_secret_of_the_store_is_kept(project, doomed, start, tmp_path):
    canary = "canary5b8e2f"
    doomed.commit(3, server__workers="5", database__password=canary, app_name="kept")
    assert start().load_config().database.password.get_secret_value() == canary
    (kept,) = (tmp_path / "state").glob("*.sqlite3")
    assert b"kept" in kept.read_bytes()
    assert canary.encode() not in kept.read_bytes()
    doomed.server.kill()
    config = start().load_config()
    assert (config.app_name, config.database.password.get_secret_value()) == ("kept", "")


def test_without_anything_kept_a_start_without_the_store_fails(doomed, start):
    doomed.server.kill()
    with pytest.raises(SettingsError, match="cannot be reached"):
        start().load_config()


def test_a_start_that_may_fall_back_does_not_take_an_emptied_store_for_a_new_one(doomed, start):
    doomed.commit(3, server__workers="5")
    start().load_config()
    doomed.client.flushall()
    manager = start()
    assert manager.load_config().server.workers == 5
    assert manager.degraded
    assert [problem.code for problem in manager.last_failure.problems] == ["became-empty"]
    doomed.commit(4)
    assert manager.reload_config().server.workers == 4
    doomed.client.flushall()
    assert start(SYNFINANCE_FALLBACK="").load_config().server.workers == 4


def test_a_read_asks_nobody_and_is_what_it_was_with_the_store_gone(doomed, project):
    doomed.commit(3, server__workers="6")
    manager = doomed.manager(project.settings)
    manager.load_config()
    client = doomed.client
    client.config_resetstat()
    assert {manager.get_config().server.workers for _ in range(1000)} == {6}
    assert set(client.info("commandstats")) == {"cmdstat_config|resetstat"}
    doomed.server.kill()
    assert manager.get_config().server.workers == 6

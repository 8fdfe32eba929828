"""The shared store as a layer: its variables, its origins, and what a start and a reload make of it."""

from __future__ import annotations

import logging
from socket import create_server, gethostname
from threading import Thread
from traceback import TracebackException

import pytest

from synfinance_settings import RemoteError, SettingsError
from synfinance_settings.remote.keyspace import point_of

CANARY = "canary3d9e5b"
PLACE = "redis synfinance:settings:development"


def problems_of(manager):
    with pytest.raises(SettingsError) as caught:
        manager.load_config()
    assert CANARY not in str(caught.value)
    return [(problem.code, str(problem.origin), problem.message) for problem in caught.value.problems]


def test_it_lies_above_the_files_and_below_the_variables(project, shared):
    project.layer("default", "server: {workers: 1, timeout: 10, port: 2000}\n")
    project.layer("development.local", "server: {workers: 2}\n")
    shared.force(server__workers="6", server__timeout="2m", cache__password="", server__cors_origins='["*"]')
    manager = shared.manager(project.settings, SYNFINANCE_SERVER__TIMEOUT="7")
    config, origins = manager.load_config(), manager.snapshot.origins
    assert (config.server.workers, config.server.timeout, config.server.port) == (6, 7, 2000)
    assert (config.cache.password, config.server.cors_origins) == (None, ("*",))
    assert str(origins["server.workers"]) == f"{PLACE} server.workers"
    assert [str(one.origin) for one in manager.explain("server.timeout").overridden] == [
        f"{PLACE} server.timeout",
        "settings/default.yaml:1:31",
        "default",
    ]


def test_an_origin_names_the_revision_and_whether_it_was_written_past_the_commands(project, shared):
    shared.commit(17, server__workers="6")
    manager = shared.manager(project.settings)
    assert str(manager.snapshot.origins["server.workers"]) == f"{PLACE} server.workers, revision 17"
    shared.force(server__workers="7")
    manager.reload_config()
    assert str(manager.snapshot.origins["server.workers"]) == f"{PLACE} server.workers, changed after revision 17"


@pytest.mark.parametrize(
    ("key", "value", "code", "said"),
    [
        ("server.workers", "many", "wrong-type", "server.workers must be a whole number"),
        ("server.wrokers", CANARY, "unknown-key", "did you mean server.workers?"),
        ("server", CANARY, "not-a-mapping", "server must be a mapping; it is a section"),
        ("app_name", b"\xff", "not-utf8", "is not UTF-8"),
        (CANARY.encode() + b"\xff", "1", "unknown-key", "is not a setting"),
        ("waive.rule", "x", "bad-waiver", "a waiver stands in a file"),
        ("server.port", "${server.workers}", "wrong-type", "server.port must be a whole number"),
    ],
)
def test_what_is_wrong_in_it_is_refused_at_its_place_and_nothing_changes(project, shared, key, value, code, said):
    shared.commit(17, server__workers="6")
    manager = shared.manager(project.settings)
    before = manager.snapshot
    shared.client.hset(shared.keyspace.values, key, value)
    with pytest.raises(SettingsError) as caught:
        manager.reload_config()
    (problem,) = caught.value.problems
    assert problem.code == code
    assert said in str(problem)
    assert str(problem.origin).startswith(PLACE)
    assert CANARY not in str(problem)
    assert manager.snapshot is before
    assert manager.last_failure is caught.value


@pytest.mark.parametrize(("file", "said"), [("", "is gone"), ("url", "became empty")])
def test_a_store_that_lost_the_settings_is_a_failed_reload(project, shared, file, said):
    shared.commit(17, server__workers="6")
    project.write("url", shared.url)
    manager = shared.manager(project.settings, SYNFINANCE_REMOTE_URL_FILE=file)
    before = manager.snapshot
    shared.client.flushall()
    with pytest.raises(SettingsError, match=f"the remote layer {said}") as caught:
        manager.reload_config()
    assert [(problem.code, str(problem.origin)) for problem in caught.value.problems] == [("became-empty", PLACE)]
    assert manager.snapshot is before
    shared.commit(18)
    assert manager.reload_config().server.workers == 4


def test_a_store_that_holds_nothing_yet_is_a_warning(project, shared):
    manager = shared.manager(project.settings)
    (warning,) = manager.snapshot.warnings
    assert (warning.code, warning.message) == (
        "missing-layer",
        f"{PLACE} holds nothing yet; the settings are those of the other layers",
    )


@pytest.mark.parametrize(
    ("environment", "variables", "is_error"),
    [
        ("development", {}, False),
        ("staging", {}, True),
        ("staging", {"SYNFINANCE_REMOTE_UNAVAILABLE": "ignore"}, False),
        ("development", {"SYNFINANCE_REMOTE_UNAVAILABLE": "fail"}, True),
        ("development", {"SYNFINANCE_FALLBACK": "last-good"}, True),
    ],
)
def test_a_start_without_the_store_fails_where_that_is_safer(
    project, doomed, environment, variables, is_error, tmp_path
):
    project.layer("staging", "{}\n")
    doomed.environment = environment
    doomed.server.stop()
    named = {"SYNFINANCE_ENV": environment, "SYNFINANCE_STATE_DIR": str(project.root / "state")}
    manager = doomed.manager(project.settings, **{"SYNFINANCE_REMOTE_UNAVAILABLE": "", **named, **variables})
    place = f"redis synfinance:settings:{environment}"
    said = f"{place} cannot be reached: Connection refused"
    if is_error:
        assert problems_of(manager) == [("unreachable", place, said)]
    else:
        (warning,) = [one for one in manager.snapshot.warnings if one.code == "unreachable"]
        assert warning.message == f"{said}; the settings are those of the other layers"
        assert "SYNFINANCE_REMOTE_UNAVAILABLE=fail" in (warning.hint or "")


def test_a_store_that_was_ignored_at_the_start_is_no_longer_once_it_was_read(project, doomed):
    doomed.server.stop()
    manager = doomed.manager(project.settings, SYNFINANCE_REMOTE_UNAVAILABLE="ignore")
    assert manager.load_config().server.workers == 4
    assert manager.reload_config().server.workers == 4
    doomed.server.start()
    doomed.commit(3, server__workers="6")
    assert manager.reload_config().server.workers == 6
    doomed.server.stop()
    for _ in range(2):
        with pytest.raises(RemoteError, match="cannot be reached"):
            manager.reload_config()
    assert manager.get_config().server.workers == 6


def test_only_absence_is_ignored_and_never_a_refusal(project, shared):
    variables = {"SYNFINANCE_REMOTE_URL": shared.url.replace("//", f"//:{CANARY}@")}
    manager = shared.manager(project.settings, SYNFINANCE_REMOTE_UNAVAILABLE="ignore", **variables)
    assert [code for code, *_ in problems_of(manager)] == ["refused-login"]


@pytest.mark.parametrize(
    ("variables", "code", "origin"),
    [
        ({"URL": f"http://:{CANARY}@host"}, "bad-address", "env SYNFINANCE_REMOTE_URL"),
        ({"URL": None, "URL_FILE": "nowhere"}, "secret-file", "env SYNFINANCE_REMOTE_URL_FILE"),
        ({"URL": None, "URL_FILE": "bad"}, "bad-address", "env SYNFINANCE_REMOTE_URL_FILE"),
        ({"URL_FILE": "bad"}, "conflicting-variables", "env SYNFINANCE_REMOTE_URL_FILE"),
        ({"UNAVAILABLE": "wait"}, "inconsistent", "env SYNFINANCE_REMOTE_UNAVAILABLE"),
    ],
)
def test_variables_that_make_no_sense_are_errors_at_their_place(project, shared, variables, code, origin):
    project.write("bad", f"redis://:{CANARY}@\n")
    shared.commit(1, server__workers="6")
    named = {f"SYNFINANCE_REMOTE_{name}": text or "" for name, text in variables.items()}
    assert [found[:2] for found in problems_of(shared.manager(project.settings, **named))] == [(code, origin)]


def test_the_address_may_stand_in_a_file_beside_the_same_one_in_a_variable(project, shared):
    shared.commit(1, server__workers="6")
    project.write("url", f"{shared.url}\n")
    for url in ("", shared.url):
        variables = {"SYNFINANCE_REMOTE_URL": url, "SYNFINANCE_REMOTE_URL_FILE": "url"}
        assert shared.manager(project.settings, **variables).load_config().server.workers == 6


def test_an_instance_is_called_as_the_variable_says_and_else_as_its_host(project, shared):
    shared.commit(1, server__workers="6")
    shared.client.hset(shared.keyspace.candidate, "server.workers", "9")
    shared.client.hset(shared.keyspace.rollout, mapping={"candidate": 2, "share": 0.5, "stage": 1, "fields": 1})
    workers = {
        name: shared.manager(project.settings, SYNFINANCE_INSTANCE=name).load_config().server.workers
        for name in ("host-7", "host-4", "")
    }
    is_in = point_of(gethostname()) < 0.5
    assert workers == {"host-7": 9, "host-4": 6, "": 9 if is_in else 6}


def test_without_an_address_nothing_of_it_is_imported(project):
    code = """
import sys
from synfinance_settings import ConfigManager
ConfigManager(settings_dir="settings", environ={}).load_config()
print([name for name in sys.modules if name == "redis" or name.startswith("synfinance_settings.remote")])
"""
    assert project.python(code).stdout == "[]\n"


def test_without_redis_py_it_is_said_what_to_install_and_what_was_kept_serves(project, shared, tmp_path):
    shared.commit(3, server__workers="6")
    shared.manager(project.settings, state_dir=tmp_path / "state").load_config()
    code = f"""
import sys
sys.modules["redis"] = None
from synfinance_settings import ConfigManager, ConfigWatcher, SettingsError
environ = {{"SYNFINANCE_REMOTE_URL": {shared.url!r}, "SYNFINANCE_STATE_DIR": {str(tmp_path / "state")!r}}}
try:
    ConfigManager(settings_dir="settings", environ=environ).load_config()
except SettingsError as error:
    print(error)
manager = ConfigManager(settings_dir="settings", environ=environ | {{"SYNFINANCE_FALLBACK": "last-good"}})
with ConfigWatcher(manager):
    print(manager.get_config().server.workers)
"""
    run = project.python(code)
    assert "no-driver" in run.stdout
    assert "pip install 'synfinance-settings[redis]'" in run.stdout
    assert run.stdout.endswith("\n6\n")
    assert "Traceback" not in run.stderr


def test_a_file_is_judged_and_edited_without_it(project, doomed):
    doomed.server.stop()
    path = project.layer("development", "server: {workers: 3}\n")
    url = {"SYNFINANCE_REMOTE_URL": doomed.url, "SYNFINANCE_REMOTE_UNAVAILABLE": "fail"}
    assert project.command("validate", str(path), **url).exit_code == 0
    assert project.command("set", "server.workers", "5", **url).exit_code == 0


def test_no_value_and_no_password_is_in_a_repr_or_in_the_log(project, shared, caplog):
    caplog.set_level(logging.DEBUG)
    shared.commit(1, app_name=CANARY)
    shared.client.execute_command("ACL", "SETUSER", "shop", "on", f">{CANARY}", "~*", "&*", "+@all")
    url = shared.url.replace("//", f"//shop:{CANARY}@")
    manager = shared.manager(project.settings, SYNFINANCE_REMOTE_URL=url)
    assert manager.get_config().app_name == CANARY
    seen = [manager.current, manager.current.looked, manager.current.looked.found]
    assert CANARY not in repr(seen) + caplog.text


def test_that_the_store_is_away_is_told_once_whatever_the_reason(project, doomed):
    doomed.commit(1, server__workers="6")
    manager = doomed.manager(project.settings)
    assert manager.load_config().server.workers == 6
    assert manager.current.look().contents[PLACE].is_settled
    doomed.server.stop()
    with pytest.raises(RemoteError, match="Connection refused"):
        manager.reload_config()
    with create_server(("127.0.0.1", doomed.server.port)) as listener:
        thread = Thread(target=lambda: listener.accept()[0].close())
        thread.start()
        assert not manager.current.look().changed(manager.current.looked)
        thread.join()


def test_reading_asks_nothing_of_the_store_and_needs_none(project, doomed):
    doomed.commit(1, server__workers="6")
    manager = doomed.manager(project.settings)
    config = manager.load_config()
    before = doomed.client.info("stats")["total_commands_processed"]
    assert {manager.get_config().server.workers for _ in range(1000)} == {6}
    assert doomed.client.info("stats")["total_commands_processed"] - before < 10  # what asks is a command, too
    doomed.server.stop()
    assert manager.get_config() is config


@pytest.mark.parametrize("url", ["redis://:{canary}@127.0.0.1:{port}", "redis://:{canary}/x@127.0.0.1:{port}"])
def test_no_command_and_no_traceback_with_locals_shows_the_address_of_a_store(project, shared, url):
    url = url.format(canary=CANARY, port=shared.server.port)
    for command in ("validate", "show", "explain server.port", "plan server.workers=3", "set server.workers 3"):
        result = project.command(*command.split(), SYNFINANCE_REMOTE_URL=url)
        assert CANARY not in result.output + repr(result.exception)
    with pytest.raises(SettingsError) as caught:
        shared.manager(project.settings, SYNFINANCE_REMOTE_URL=url).load_config()
    told = TracebackException.from_exception(caught.value, capture_locals=True)
    frames = [str(frame.locals) for frame in told.stack if "synfinance_settings/" in frame.filename]
    assert frames
    assert CANARY not in "".join(frames)

"""The `settings` object: loaded at the first read, typed, read only, the same for all threads."""

from __future__ import annotations

import copy
import json
import pickle

import pytest
from pydantic import ValidationError

from synfinance_settings import AppConfig, ConfigManager, get_config, override, settings


def test_settings_read_like_an_app_config():
    config = get_config()
    assert settings.server is config.server
    assert settings.ml.feature_engineering.total_features == config.ml.feature_engineering.total_features
    assert dict(settings) == dict(config)
    assert settings == config
    assert settings.model_dump() == config.model_dump()
    assert settings.model_dump_json() == config.model_dump_json()
    assert set(AppConfig.model_fields) <= set(dir(settings))
    assert settings.model_copy(update={"debug": True}).debug
    assert settings.model_fields_set == config.model_fields_set
    assert settings.model_json_schema() == AppConfig.model_json_schema()
    assert not [name for name in dir(AppConfig) if name.startswith("model_") and not hasattr(settings, name)]


def test_settings_read_by_key():
    config = get_config()
    assert settings["server.port"] == settings["server"]["port"] == config.server.port
    assert settings["server"] is config.server
    assert settings["ml.feature_engineering.enabled"] is config.ml.feature_engineering.enabled
    assert settings.get("server.port") == config.server.port
    assert (settings.get("server.prot"), settings.get("server.prot", 1), settings.get("generation.seed", 1)) == (
        None,
        1,
        config.generation.seed,
    )
    known = ["server", "server.port", "ml.feature_engineering", "debug"]
    assert [key in settings for key in known] == [True] * 4
    assert [key in settings for key in ("server.prot", "Server", 0, [])] == [False] * 4


def test_a_key_that_is_no_setting_is_a_key_error_with_a_suggestion():
    with pytest.raises(KeyError, match=r"server\.prt.*did you mean 'server\.port'"):
        settings["server.prt"]
    with pytest.raises(KeyError, match="is not a setting"):
        settings[0]


def test_settings_as_a_dictionary_are_plain_data_with_the_secrets_masked():
    with override(database__password="canary5d1e", security__api_keys=["canary5d1e"]):
        found = settings.as_dict()
        assert found["generation"]["start_date"] == settings.generation.start_date.isoformat()
        assert found["server"]["cors_origins"] == list(settings.server.cors_origins)
        assert found["database"]["password"] == "**********"
        assert "canary5d1e" not in json.dumps(found)


def test_the_settings_of_another_environment_are_loaded_apart(project):
    project.layer("default", "app_name: ours\n")
    project.layer("test", "server: {timeout: 7}\n")
    project.layer("staging", "server: {timeout: x}\n")
    code = """if True:
        import sqlite3
        from pathlib import Path
        from synfinance_settings import ConfigManager, InvalidSettingsError, override, settings
        before = settings.snapshot()
        with override(server__timeout=9):
            other = settings.from_env("test")
            assert (other.app_name, other.server.timeout, str(other.environment)) == ("ours", 7, "test")
        try:
            settings.from_env("staging")
        except InvalidSettingsError as error:
            print(error.problems[0].origin)
        assert settings.snapshot().config == before.config
        assert (ConfigManager().last_failure, str(settings.environment)) == (None, "development")
        versions = sqlite3.connect(next(Path("state").rglob("*.sqlite*"))).execute("select environment from versions")
        assert set(versions) == {("development",)}
    """
    assert check(project, code, SYNFINANCE_STATE_DIR="state") == "settings/staging.yaml:1:19\n"


def test_settings_hand_out_the_whole_state():
    snapshot = settings.snapshot()
    assert snapshot is ConfigManager().snapshot
    assert snapshot.config is get_config()


def test_settings_are_read_only():
    with pytest.raises(AttributeError, match="read-only"):
        settings.debug = True
    with pytest.raises(AttributeError, match="read-only"):
        del settings.debug


def test_a_name_that_is_no_setting_is_an_attribute_error():
    with pytest.raises(AttributeError, match="prot"):
        _ = settings.prot
    with pytest.raises(AttributeError):
        _ = settings.server.prot


@pytest.mark.parametrize("take", [pickle.dumps, copy.copy, copy.deepcopy])
def test_settings_can_be_neither_pickled_nor_copied(take):
    with pytest.raises(TypeError, match=r"settings\.snapshot\(\)"):
        take(settings)


def test_a_snapshot_can_be_pickled_and_copied():
    snapshot = settings.snapshot()
    assert pickle.loads(pickle.dumps(snapshot)).config == snapshot.config
    assert copy.deepcopy(snapshot).config == snapshot.config


def test_a_snapshot_that_was_handed_out_never_changes():
    before = settings.snapshot()
    port = before.config.server.port
    with override(server__port=9001):
        assert (before.config.server.port, settings.server.port) == (port, 9001)


@pytest.mark.parametrize(
    "spelled",
    [
        "settings.database.password = SECRET",
        "settings['database.password'] = SECRET",
        "settings.debug = SECRET",
        "settings.password = SECRET",
    ],
)
def test_an_assignment_says_what_to_do_and_never_the_value(spelled):
    with pytest.raises(
        (AttributeError, TypeError, ValidationError), match=r"set .* in a layer file or.* override"
    ) as caught:
        exec(spelled, {"settings": settings, "SECRET": "canary5d1e"})
    ours = [entry.frame.f_locals for entry in caught.traceback[2:]]
    assert "canary5d1e" not in f"{caught.value!s}{caught.value!r}{ours}"


BROKEN = "server: {port: 99999}\ndatabase: {pool_sise: 1}\n"


@pytest.mark.parametrize("variables", [{}, {"SYNFINANCE_NONSENSE": "1"}, {"SYNFINANCE_ENV": "staging"}])
def test_load_or_exit_prints_what_validate_prints(project, variables):
    project.layer("default", BROKEN)
    code = "from synfinance_settings import settings; settings.load_or_exit(); print('loaded')"
    run = project.python(code, **variables)
    assert (run.stderr, run.stdout, run.returncode) == (project.command("validate", **variables).output, "", 1)


@pytest.mark.parametrize("variables", [{"SYNFINANCE_ENV": "prodution"}, {"SYNFINANCE_FALLBACK": "x"}])
def test_load_or_exit_prints_the_failure_where_validate_finds_none(project, variables):
    code = "from synfinance_settings import settings; settings.load_or_exit(); print('loaded')"
    run = project.python(code, **variables)
    assert (run.stdout, run.returncode) == ("", 1)
    assert run.stderr.startswith("error[")
    assert run.stderr.endswith("\n\n1 error\n")


def test_load_or_exit_loads(project):
    project.layer("default", "server: {port: 9001}\n")
    code = "from synfinance_settings import settings; settings.load_or_exit(); print(vars(settings)['server'].port)"
    assert check(project, code) == "9001\n"


DOORS = [
    "settings.server",
    "settings.snapshot()",
    "settings['server']",
    "settings.get('server')",
    "settings.as_dict()",
    "settings.from_env('test')",
    "settings.model_dump()",
    "list(settings)",
    "settings == get_config()",
    "get_config()",
    "ConfigManager().load_config()",
    "ConfigManager().get_config()",
    "ConfigManager().snapshot",
    "ConfigManager().reload_config()",
    "ConfigWatcher().start()",
    "ConfigWatcher().trigger_reload()",
    "override(server__port=9001).__enter__()",
]


def test_a_broken_start_shows_one_frame_of_the_package_above_the_report(project):
    project.layer("default", BROKEN)
    code = f"""if True:
        import traceback
        from synfinance_settings import *
        for spelled in {DOORS}:
            try:
                eval(spelled)
            except SettingsError as error:
                assert error.__cause__ is error.__context__ is None, spelled
                frames = [frame.filename for frame in traceback.extract_tb(error.__traceback__)]
                print(sum("synfinance_settings" in name for name in frames), spelled)
    """
    assert check(project, code).splitlines() == [f"1 {spelled}" for spelled in DOORS]


def check(project, code, **variables):
    run = project.python(code, **variables)
    assert (run.stderr, run.returncode) == ("", 0)
    return run.stdout


def test_settings_are_loaded_at_the_first_read_once(project):
    code = """if True:
        import sys
        from synfinance_settings import settings, get_config
        opened = []
        sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
        assert repr(settings) == "<settings, not loaded yet>"
        assert "server" in dir(settings)
        assert not any(path.endswith(".yaml") for path in opened)
        get_config()
        assert repr(settings) == "<settings development, snapshot 1>"
        settings.server.port, settings.debug, get_config().server
        assert sum(path.endswith("default.yaml") for path in opened) == 1
    """
    check(project, code)


def test_dunder_names_never_load(project):
    project.layer("default", "not: [yaml")
    code = """if True:
        import copy, inspect
        from synfinance_settings import settings
        for name in ("__wrapped__", "__len__", "__array__", "__fspath__"):
            assert not hasattr(settings, name)
        assert inspect.unwrap(settings) is settings
        assert repr(settings) == "<settings, not loaded yet>"
    """
    check(project, code)


def test_a_first_load_that_fails_is_tried_again_at_the_next_read(project):
    project.layer("default", "server: {port: x}\n")
    code = """if True:
        from pathlib import Path
        from synfinance_settings import InvalidSettingsError, settings
        for _ in range(2):
            try:
                settings.server
            except InvalidSettingsError as error:
                assert "default.yaml:1:16" in str(error)
            else:
                raise AssertionError
        Path("settings/default.yaml").write_text("server: {port: 9001}")
        print(settings.server.port)
    """
    assert check(project, code) == "9001\n"


def test_a_hundred_threads_see_one_first_load(project):
    code = """if True:
        import sys, threading
        from synfinance_settings import ConfigManager, get_config, settings
        opened, seen, start = [], [], threading.Barrier(100)
        sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
        def read(number):
            start.wait()
            seen.append(id(settings.server) if number % 2 else id(get_config().server))
        threads = [threading.Thread(target=read, args=(number,)) for number in range(100)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        assert len(set(seen)) == 1 and len(seen) == 100
        assert sum(path.endswith("default.yaml") for path in opened) == 1
        assert ConfigManager().version == 1
    """
    check(project, code)


def test_a_forked_child_has_the_snapshot_and_locks_of_its_own(project):
    """The lock is held by another thread of the parent while it forks; the child can load all the same."""
    code = """if True:
        import os, threading
        from synfinance_settings import ConfigManager, settings
        number = settings.snapshot().number
        manager, held, done = ConfigManager(), threading.Event(), threading.Event()
        def occupy():
            for value in vars(manager).values():
                if hasattr(value, "acquire"):
                    value.acquire()
            held.set()
            done.wait()
        thread = threading.Thread(target=occupy, daemon=True)
        thread.start()
        held.wait()
        child = os.fork()
        if child == 0:
            try:
                assert settings.snapshot().number == number
                manager.reload_config()
                os._exit(0)
            finally:
                os._exit(1)
        import select, signal
        watch = os.pidfd_open(child)
        ended = select.select([watch], [], [], PATIENCE)[0]
        if not ended:
            os.kill(child, signal.SIGKILL)
        print(os.waitpid(child, 0)[1])
        done.set()
    """
    run = project.python(code)
    assert (run.stdout, run.returncode) == ("0\n", 0), run.stderr

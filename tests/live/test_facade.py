"""The `settings` object: loaded at the first read, typed, read only, the same for all threads."""

from __future__ import annotations

import copy
import pickle

import pytest

from synfinance_settings import AppConfig, ConfigManager, get_config, override, settings


def test_settings_read_like_an_app_config():
    config = get_config()
    assert settings.server is config.server
    assert settings.ml.feature_engineering.total_features == config.ml.feature_engineering.total_features
    assert dict(settings) == dict(config)
    assert settings == config
    assert settings.model_dump() == config.model_dump()
    assert settings.model_dump_json() == config.model_dump_json()
    assert repr(settings) == repr(config)
    assert set(AppConfig.model_fields) <= set(dir(settings))


def test_settings_hand_out_the_whole_state():
    snapshot = settings.snapshot()
    assert snapshot is ConfigManager().snapshot
    assert snapshot.config is get_config()


def test_settings_are_read_only():
    with pytest.raises(AttributeError, match="read only"):
        settings.debug = True
    with pytest.raises(AttributeError, match="read only"):
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

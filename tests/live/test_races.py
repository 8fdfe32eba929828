"""What happens between two steps of the watcher: it is held up there, at the file that it opens last."""

from __future__ import annotations

import os
import threading

import pytest

HELD_UP = """if True:
    import os, sys, threading
    from pathlib import Path
    from synfinance_settings import ConfigManager, ConfigWatcher

    gate, held, released = Path("gate").absolute(), threading.Event(), threading.Event()
    armed = threading.Event()

    def hold(event, arguments):
        if event == "open" and str(arguments[0]) == str(gate) and armed.is_set():
            if threading.current_thread() is not threading.main_thread():
                armed.clear()
                held.set()
                released.wait(PATIENCE)

    sys.addaudithook(hold)

    def put(name, text):
        Path("new").write_text(text)
        os.replace("new", Path("settings", name))

    heard, news = [], threading.Condition()

    def hear(event, data):
        with news:
            heard.append((str(event), getattr(data, "app_name", None)))
            news.notify_all()

    def until(holds):
        with news:
            assert news.wait_for(holds, PATIENCE), heard

    gate.write_text("")
    manager = ConfigManager()
    watcher = ConfigWatcher(manager, watch_paths=[gate], poll_interval=0.2)
    watcher.add_listener(hear)
    watcher.start()
    armed.set()
"""


def check(project, code):
    run = project.python(HELD_UP + code)
    assert run.returncode == 0, run.stderr


def test_what_was_read_for_one_environment_is_never_loaded_for_another(project):
    project.layer("test", "app_name: tested\n")
    project.layer("development", "app_name: developed\n")
    check(
        project,
        """
    put("default.yaml", "debug: true")
    assert held.wait(PATIENCE)
    assert manager.load_config(environment="test").app_name == "tested"
    released.set()
    put("default.yaml", "{}")
    until(lambda: not manager.get_config().debug)
    watcher.stop()
    assert {name for event, name in heard if event == "config_reloaded"} <= {"tested"}, heard
""",
    )


def test_a_look_from_before_a_reload_does_not_undo_it(project):
    check(
        project,
        """
    put("default.yaml", "app_name: first")
    assert held.wait(PATIENCE)
    put("default.yaml", "app_name: second")
    assert manager.reload_config().app_name == "second"
    released.set()
    put("development.yaml", "debug: true")
    until(lambda: manager.get_config().debug)
    watcher.stop()
    assert [name for event, name in heard if event == "config_reloaded"] == ["second", "second"], heard
""",
    )


def test_a_stop_during_a_look_ends_it(project):
    check(
        project,
        """
    put("default.yaml", "app_name: first")
    assert held.wait(PATIENCE)
    stopper = threading.Thread(target=watcher.stop)
    stopper.start()
    released.set()
    stopper.join(PATIENCE)
    assert not stopper.is_alive() and not watcher.is_watching()
""",
    )


def test_reloads_that_are_asked_for_and_watched_never_go_back_in_time(project, watching):
    path = project.layer("default", "server: {timeout: 1}\n")
    watch = watching(debounce=0)
    faults, done = [], threading.Event()

    def read():
        latest = 0
        while not done.is_set():
            now = watch.config.server.timeout
            if now < latest:
                faults.append((latest, now))
            latest = now

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(2, 202):
        os.replace(project.write("new", f"server: {{timeout: {number}}}\n"), path)
        if number % 3:
            assert watch.manager.reload_config().server.timeout == number
    watch.ear.until(lambda: watch.config.server.timeout == 201)
    done.set()
    reader.join()
    assert faults == []
    assert [config.server.timeout for config in watch.ear.all("config_reloaded")][-1] == 201


@pytest.mark.parametrize("asked_by", ["reload_config", "rollback", "stop"])
def test_many_threads_may_call_at_once(project, watching, asked_by):
    watch = watching(poll_interval=0.2)
    project.layer("default", "app_name: one\n")
    watch.shows("one")
    calls = {
        "reload_config": lambda: watch.manager.reload_config(),
        "rollback": lambda: watch.manager.rollback(1),
        "stop": lambda: (watch.watcher.stop(), watch.watcher.start()),
    }
    faults, together = [], threading.Barrier(8)

    def call():
        together.wait()
        try:
            for _ in range(3):
                calls[asked_by]()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a fault
            faults.append(error)

    threads = [threading.Thread(target=call) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == [] or asked_by == "rollback"
    project.layer("default", "app_name: two\n")
    watch.shows("two")

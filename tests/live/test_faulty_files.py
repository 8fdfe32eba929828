"""A reload under a watcher whose files fail or hang: the current snapshot stays, it is told once, and it recovers."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from contextlib import contextmanager

import pytest
from patience import PATIENCE

from synfinance_settings.text.files import file_digest, read_file


@contextmanager
def injected(process, call, error, path):
    """While it lasts, the system calls `call` of a process on `path` fail with `error`."""
    if not shutil.which("strace"):
        pytest.skip("needs strace: apt-get install strace")
    command = [
        "strace",
        "-f",
        "-p",
        str(process.pid),
        "-P",
        path,
        "-e",
        f"inject={call}:error={error}",
        "-o",
        os.devnull,
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as tracer:
        said = tracer.stderr.readline()
        try:
            assert "attached" in said, said
            yield
        finally:
            tracer.send_signal(signal.SIGINT)
            tracer.communicate(timeout=PATIENCE)


def look_three_times(project, service):
    """Wait until three looks were taken, whatever they found in the layers."""
    for number in range(3):
        project.write("probe", f"{number}")
        service.line("file_changed probe")


@pytest.mark.parametrize("error", ["EIO", "EACCES", "EMFILE", "ENFILE", "ESTALE"])
@pytest.mark.parametrize("call", ["openat", "read", "fstat,newfstatat"])
def test_a_layer_that_fails_is_told_once_and_is_back_when_the_fault_goes(project, service, call, error):
    path = project.layer("default", "app_name: old\n")
    watched = service()
    descriptors = watched.ask("len(os.listdir('/proc/self/fd'))")
    with injected(watched.process, call, error, str(path)):
        assert watched.line("reload_failed") == "reload_failed unreadable"
        look_three_times(project, watched)
        assert watched.ask("manager.get_config().app_name") == "old"
        assert watched.ask("len(os.listdir('/proc/self/fd'))") == descriptors
    watched.line("file_changed default.yaml")
    project.layer("default", "app_name: new\n")
    watched.line("config_reloaded new")
    assert watched.heard.count("reload_failed unreadable") == 1
    said = watched.end()
    assert sum(f"default.yaml cannot be read: {os.strerror(NUMBERS[error])}" in line for line in said) == 1
    assert not any("Traceback" in line for line in said)


NUMBERS = {"EIO": 5, "EACCES": 13, "EMFILE": 24, "ENFILE": 23, "ESTALE": 116}


@pytest.mark.parametrize("error", ["EIO", "EACCES", "EMFILE"])
def test_a_folder_that_cannot_be_listed_keeps_the_last_good(project, service, error):
    """Each name is tried instead, since a folder may be one that may be entered and not listed."""
    project.layer("default", "app_name: old\n")
    watched = service()
    with injected(watched.process, "getdents64", error, str(project.settings)):
        look_three_times(project, watched)
        project.layer("default", "app_name: new\n")
        watched.line("config_reloaded new")
    project.layer("default", "app_name: newer\n")
    watched.line("config_reloaded newer")
    assert not any("Traceback" in line for line in watched.end())


def test_a_process_without_descriptors_recovers_when_there_are_some(project, service):
    project.layer("default", "app_name: old\n")
    watched = service()
    watched.do("limits = resource.getrlimit(resource.RLIMIT_NOFILE)")
    watched.do("resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))")
    watched.line("reload_failed")
    assert watched.ask("manager.get_config().app_name") == "old"
    watched.do("resource.setrlimit(resource.RLIMIT_NOFILE, limits)")
    project.layer("default", "app_name: new\n")
    watched.line("config_reloaded new")
    assert watched.heard.count("reload_failed unreadable") == 1
    assert {line for line in watched.heard if line.startswith("file_changed")} == {
        "file_changed default.yaml",
        "file_changed development.yaml",
    }
    assert not any("Traceback" in line for line in watched.end())


def test_an_interrupted_call_is_made_again(project, service):
    path = project.layer("default", "app_name: old\n")
    watched = service()
    with injected(watched.process, "openat", "EINTR:when=1", str(path)):
        look_three_times(project, watched)
        project.layer("default", "app_name: new\n")
        watched.line("config_reloaded new")
    assert "reload_failed unreadable" not in watched.heard
    watched.end()


def test_a_pipe_in_the_place_of_a_layer_is_never_waited_for(project, watching):
    path = project.layer("default", "app_name: old\n")
    watch = watching(poll_interval=0.1)
    path.unlink()
    os.mkfifo(path)
    watch.ear.wait("reload_failed")
    assert watch.config.app_name == "old"
    path.unlink()
    project.layer("default", "app_name: new\n")
    watch.shows("new")


@pytest.mark.parametrize("look", [read_file, file_digest])
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_what_is_no_file_is_told_at_once(tmp_path, look, make):
    path = tmp_path / "odd"
    make(path)
    assert "not a regular file" in str(look(path))


def test_a_watched_pipe_stops_nobody(project, watching):
    os.mkfifo(project.root / "pipe")
    watch = watching(watch_paths=[project.root / "pipe"])
    project.layer("default", "app_name: new\n")
    watch.shows("new")


HANGING = """if True:
    import sys, threading
    from synfinance_settings import ConfigManager, ConfigWatcher
    held, released = threading.Event(), threading.Event()
    armed = False

    def hang(event, arguments):
        if armed and event == "open" and str(arguments[0]).endswith("default.yaml"):
            if threading.current_thread() is not threading.main_thread():
                held.set()
                released.wait()

    sys.addaudithook(hang)
    manager = ConfigManager()
    watcher = ConfigWatcher(manager, poll_interval=0.05)
    watcher.start()
    armed = True
    assert held.wait(PATIENCE)
"""
"""A program in which each look hangs at a layer, as where the server of a network mount is gone."""


@pytest.mark.long
def test_a_look_that_hangs_holds_up_neither_readers_nor_a_stop_nor_a_new_start(project):
    code = """
    print(manager.get_config().app_name, manager.snapshot.number)
    watcher.stop()
    armed = False
    assert not watcher.is_watching()
    told = threading.Event()
    watcher.add_listener(lambda event, data: told.set())
    watcher.start()
    released.set()
    with open("settings/default.yaml", "w") as file:
        file.write("app_name: new")
    assert told.wait(PATIENCE)
    watcher.stop()
    assert not [thread.name for thread in threading.enumerate() if thread.name.endswith("watcher")]
    """
    run = project.python(HANGING + code)
    assert (run.stdout, run.returncode) == ("SynFinance 1\n", 0), run.stderr
    assert run.stderr == "a look at the layers hangs; the watch is stopped, its thread ends when the look does\n"


def test_a_look_that_hangs_does_not_keep_the_interpreter_from_ending(project):
    run = project.python(HANGING)
    assert run.returncode == 0, run.stderr
    assert "Traceback" not in run.stderr

"""A watch on a system that misbehaves: its clock, its memory, its mounts, its queue of events, and its end."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

FAKETIME = [str(path) for path in Path("/usr").glob("lib/*/faketime/libfaketimeMT.so.1")]


def show(project, watched, name):
    """Edit a layer, and wait until it is in force."""
    project.layer("default", f"app_name: {name}\n")
    watched.line(f"config_reloaded {name}")


@pytest.mark.skipif(not FAKETIME, reason="needs libfaketime: apt-get install faketime")
def test_a_clock_that_jumps_changes_nothing(project, service):
    """By a day and by ten years, there and back: every edit is seen, and snapshots are numbered as ever."""
    clock = project.write("clock", "+0\n")
    faked = {"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
    watched = service("env", *(f"{name}={value}" for name, value in faked.items()), "DONT_FAKE_MONOTONIC=1")
    years = []
    for number, jump in enumerate(["+1d", "-1d", "+0", "+3650d", "-3650d", "+0"]):
        clock.write_text(f"{jump}\n")
        show(project, watched, f"name-{number}")
        years.append(int(watched.ask("manager.snapshot.loaded_at.year")))
        assert watched.ask("manager.version") == f"{number + 2}"
    assert 18 <= max(years) - min(years) <= 21, "the clock did jump"
    watched.do("watcher.trigger_reload()")
    watched.line("manual_reload name-5")
    assert not any("Traceback" in line for line in watched.end())


def state_of(process):
    with open(f"/proc/{process.pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


@pytest.fixture
def stopped():
    """Stop a process as Ctrl-Z does; the function that is returned continues it."""

    def stop(process):
        process.send_signal(signal.SIGSTOP)
        while state_of(process) != "T":
            pass
        return lambda: process.send_signal(signal.SIGCONT)

    return stop


@pytest.mark.long
def test_a_process_that_is_stopped_for_20_seconds_goes_on_with_the_last_edit(project, service, stopped):
    watched = service()
    show(project, watched, "before")
    proceed = stopped(watched.process)
    for number in range(20):
        project.layer("default", "server: [broken\n" if number % 2 else f"app_name: name-{number}\n")
        with pytest.raises(subprocess.TimeoutExpired):
            watched.process.wait(1)
    project.layer("default", "app_name: after\n")
    proceed()
    watched.line("config_reloaded after")
    show(project, watched, "later")
    assert [line for line in watched.heard if line.startswith("config_reloaded")] == [
        f"config_reloaded {name}" for name in ("before", "after", "later")
    ]
    watched.end()


@pytest.mark.long
def test_a_queue_of_events_that_overflows_loses_no_edit(project, service, stopped):
    """More events than the system keeps, while nobody takes them; the edit comes last, and its own is lost."""
    with open("/proc/sys/fs/inotify/max_queued_events") as file:
        most = int(file.read())
    if most > 100_000:
        pytest.skip("fs.inotify.max_queued_events is too large to fill")
    watched = service()
    watched.do("watcher.stop(); watcher = ConfigWatcher(manager, poll_interval=3600); watcher.add_listener(hear)")
    watched.do("watcher.start()")
    show(project, watched, "before")
    proceed = stopped(watched.process)
    for number in range(most):
        project.write(f"settings/noise-{number % 2}", "x")
    project.layer("default", "app_name: after\n")
    proceed()
    watched.line("config_reloaded after")
    show(project, watched, "later")
    assert any("overflow" in line for line in watched.end())


def test_a_folder_that_is_mounted_over_and_back_is_followed(project, service, namespace):
    """As when a volume goes away and comes back, by another folder and by an empty file system."""
    project.layer("default", "app_name: below\n")
    project.write("other/default.yaml", "app_name: above\n")
    project.write("other/development.yaml", "{}\n")
    watched = service(*namespace)
    mount = "import subprocess; subprocess.run({!r}, check=True)"
    watched.do(mount.format(["mount", "--bind", "other", "settings"]))
    watched.line("config_reloaded above")
    project.write("other/default.yaml", "app_name: edited\n")
    watched.line("config_reloaded edited")
    watched.do(mount.format(["umount", "settings"]))
    watched.line("config_reloaded below")
    show(project, watched, "edited-below")
    watched.do(mount.format(["mount", "-t", "tmpfs", "none", "settings"]))
    watched.line("reload_failed became-empty")
    assert watched.ask("manager.get_config().app_name") == "edited-below"
    watched.do(mount.format(["umount", "settings"]))
    show(project, watched, "back")
    assert not any("Traceback" in line for line in watched.end())


STARVE = """
looks = threading.Semaphore(0)
sys.addaudithook(lambda event, seen: event == "open" and "default.yaml" in str(seen[0]) and looks.release())

def starve(spare):
    with open("/proc/self/statm") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    while looks.acquire(blocking=False):
        pass
    resource.setrlimit(resource.RLIMIT_AS, (held + spare, -1))
    os.replace("new", "settings/default.yaml")
    for _ in range(4):
        looks.acquire()
    resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
"""
"""Edits a layer while there is no memory but `spare` bytes, until it was looked at a few times."""


@pytest.mark.parametrize("spare", [1 << 20, 4 << 20, 9 << 20, 12 << 20])
def test_a_reload_without_memory_is_tried_again_when_there_is_some(project, service, spare):
    """However far it gets: with too little for a thread, for the text or for its nodes."""
    watched = service()
    origins = "".join(f"    - https://{number}.example\n" for number in range(36_000))
    project.write("new", f"app_name: new\nserver:\n  cors_origins:\n{origins}")
    watched.do(f"exec({STARVE!r}, globals())")
    watched.do(f"starve({spare})")
    watched.line("config_reloaded new")
    assert watched.heard.count("reload_failed no-memory") <= 1
    show(project, watched, "newer")
    said = watched.end()
    assert sum("cannot be loaded" in line for line in said) <= 1
    assert sum("a look at the layers failed" in line for line in said) <= 1


def test_a_start_without_a_thread_leaves_nothing_behind(project):
    code = """if True:
        import resource, signal, threading
        from synfinance_settings import ConfigManager, ConfigWatcher
        ConfigManager().load_config()
        watcher, handler = ConfigWatcher(polling=True, sighup=True), signal.getsignal(signal.SIGHUP)
        held = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + (1 << 20), -1))
        try:
            watcher.start()
        except RuntimeError as error:
            print(error)
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        print(watcher.is_watching(), signal.getsignal(signal.SIGHUP) is handler)
        with watcher:
            print(watcher.is_watching(), threading.active_count())
    """
    run = project.python(code)
    assert (run.stdout, run.returncode) == ("can't start new thread\nFalse True\nTrue 3\n", 0), run.stderr


@pytest.mark.parametrize("rounds", [6, pytest.param(30, marks=pytest.mark.long)])
def test_an_interpreter_that_ends_in_the_middle_of_a_reload_ends_well(project, rounds):
    """Each is a fork of one that has imported all, and comes to its end as any other does."""
    code = """if True:
        import logging, os, sys, threading
        from pathlib import Path
        from synfinance_settings import ConfigManager, ConfigWatcher
        logging.basicConfig(level=logging.INFO)
        ConfigManager().load_config()
        for number in range({rounds}):
            Path("settings/default.yaml").write_text("{{}}\\n")
            child = os.fork()
            if not child:
                break
            if os.waitpid(child, 0)[1]:
                sys.exit(f"the end of round {{number}} went wrong")
        else:
            sys.exit()

        watcher = ConfigWatcher(debounce=0, poll_interval=0.001)
        heard = threading.Semaphore(0)
        watcher.add_listener(lambda event, data: heard.release())
        watcher.start()

        def edit():
            texts = "server: {{port: x}}", *(f"app_name: n{{number}}\\ndebug: yes" for number in range(5))
            while True:
                for text in texts:
                    Path("new").write_text(text)
                    os.replace("new", "settings/default.yaml")

        threading.Thread(target=edit, daemon=True).start()
        for _ in range(number % 6):
            assert heard.acquire(timeout=PATIENCE)
    """
    run = project.python(code.format(rounds=rounds))
    assert run.returncode == 0, run.stderr
    assert "is in force" in run.stderr
    assert "Traceback" not in run.stderr
    assert "Fatal" not in run.stderr

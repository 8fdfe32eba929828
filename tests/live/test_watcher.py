"""`ConfigWatcher`: how it starts and ends, what it watches, and what it does where it cannot watch."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from patience import PATIENCE, RARELY

from synfinance_settings import ConfigManager, ConfigWatcher, SettingsError, WatchError
from synfinance_settings.text.files import Content


def rename(project, name):
    project.layer("default", f"app_name: {name}\n")


def check(project, code, **variables):
    """Run `code` in a new interpreter, which must end well and say nothing."""
    run = project.python(f"if True:\n{code}", **variables)
    assert (run.stderr, run.returncode) == ("", 0)
    return run.stdout


def test_it_loads_the_settings_and_watches_until_it_is_stopped(project):
    manager = project.manager()
    watcher = ConfigWatcher(manager)
    assert not watcher.is_watching()
    with watcher as entered:
        assert entered is watcher
        assert watcher.is_watching()
        assert manager.version == 1
    assert not watcher.is_watching()


def test_it_may_be_started_and_stopped_twice_and_again(project, watching):
    watch = watching()
    watch.watcher.start()
    rename(project, "first")
    watch.shows("first")
    watch.watcher.stop()
    watch.watcher.stop()
    assert not watch.watcher.is_watching()
    watch.watcher.start()
    rename(project, "second")
    watch.shows("second")
    assert watch.ear.events.count("config_reloaded") == 2


def test_what_changed_before_the_start_is_found(project, watching):
    manager = project.manager()
    manager.load_config()
    rename(project, "new")
    watch = watching(manager, poll_interval=0.1)
    watch.shows("new")


def test_nothing_is_loaded_after_the_stop(project, watching):
    watch = watching(polling=True, poll_interval=0.02)
    watch.watcher.stop()
    rename(project, "new")
    assert watch.watcher.trigger_reload().app_name == "new"
    watch.ear.wait("config_reloaded")
    assert "file_changed" not in watch.ear.events


def test_stopping_while_a_file_settles_leaves_it_unread(project, watching):
    watch = watching(auto_reload=True, poll_interval=RARELY)
    with open(project.settings / "default.yaml", "w") as file:
        file.write("app_name: new\n")
        file.flush()
        watch.watcher.stop()
    assert watch.ear.heard == []
    assert watch.config.app_name == "SynFinance"


def test_it_cannot_start_on_settings_that_do_not_load(project):
    project.layer("default", "server: {port: x}\n")
    watcher = ConfigWatcher(project.manager())
    with pytest.raises(SettingsError):
        watcher.start()
    assert not watcher.is_watching()
    project.layer("default", "app_name: mended\n")
    with watcher:
        assert watcher.is_watching()


@pytest.mark.parametrize("options", [{"debounce": -1}, {"poll_interval": 0}])
def test_times_that_cannot_be_are_refused(project, options):
    with pytest.raises(ValueError, match="debounce must be at least 0"):
        ConfigWatcher(project.manager(), **options)


def test_two_watchers_of_one_manager_load_an_edit_once(project, watching):
    manager = project.manager()
    first, second = watching(manager), watching(manager)
    rename(project, "new")
    second.shows("new")
    first.watcher.stop()
    rename(project, "newer")
    second.shows("newer")
    assert manager.version == 3


def test_without_auto_reload_an_edit_is_only_told(project, watching):
    watch = watching(auto_reload=False)
    rename(project, "new")
    assert watch.ear.wait("file_changed") == project.settings / "default.yaml"
    assert watch.config.app_name == "SynFinance"
    assert watch.watcher.trigger_reload().app_name == "new"
    watch.ear.wait("config_reloaded")
    rename(project, "newer")
    watch.ear.wait("file_changed", 2)
    assert watch.ear.events == ["file_changed", "manual_reload", "config_reloaded", "file_changed"]


@pytest.mark.parametrize("size", [10, 3 << 20], ids=["small", "over-1-MiB"])
def test_other_paths_are_watched_too(project, watching, size):
    model = project.write("models/model.bin", b"a" * size)
    watch = watching(watch_paths=[model.parent, project.root / "not-there-yet"])
    assert model in watch.watcher.get_watched_files()
    project.write("models/model.bin", b"b" * size)
    assert watch.ear.wait("file_changed") == model
    extra = project.write("not-there-yet", "now it is")
    assert watch.ear.wait("file_changed", 2) == extra
    extra.unlink()
    assert watch.ear.wait("file_changed", 3) == extra
    assert set(watch.ear.events) == {"file_changed"}
    assert watch.manager.version == 1


@pytest.mark.parametrize("polling", [False, True], ids=["hints", "polling"])
@pytest.mark.parametrize(
    "path",
    ["x" * 5000, "a\0b", "x" * 300 + "/y", "a\0b/y"],
    ids=["too long", "NUL", "folder too long", "NUL in folder"],
)
def test_a_watched_path_that_can_be_none_stops_nobody(project, watching, path, polling):
    watch = watching(watch_paths=[path, project.root / path], polling=polling, poll_interval=0.1 if polling else RARELY)
    rename(project, "new")
    watch.shows("new")


def test_a_watched_path_is_told_although_somebody_reloads_meanwhile(project, watching):
    model = project.write("model.bin", "a")
    watch = watching(watch_paths=[model], debounce=0.3)
    model.write_text("b")
    watch.manager.reload_config()
    assert watch.ear.wait("file_changed") == model


def test_it_names_the_files_that_it_compares(project, watching):
    secret = project.write("run/password", "hush")
    dotenv = project.write(".env", "SYNFINANCE_DB_PASSWORD_FILE=run/password\n")
    local = project.layer("default.local", "{}\n")
    project.layer("test", "{}\n")
    watch = watching()
    layers = [project.settings / "default.yaml", project.settings / "development.yaml"]
    assert watch.watcher.get_watched_files() == sorted([secret, dotenv, local, *layers])


@pytest.mark.parametrize("watches", [50, pytest.param(1000, marks=pytest.mark.long)])
def test_nothing_is_left_of_many_watches(project, watches):
    """Neither threads nor open files, once the managers are gone too, and memory does not grow."""
    code = """
        import resource
        import gc, os, threading
        from pathlib import Path
        from synfinance_settings import ConfigManager, ConfigWatcher

        def watch(number):
            Path("settings/default.yaml").write_text(f"app_name: name-{number}")
            heard = threading.Event()
            watcher = ConfigWatcher(ConfigManager(environ={}))
            watcher.add_listener(lambda event, data: heard.set())
            with watcher:
                watcher.trigger_reload()
                assert heard.wait(PATIENCE)

        def held():
            gc.collect()
            for thread in threading.enumerate():
                if thread is not threading.main_thread():
                    thread.join(PATIENCE)
            return threading.active_count(), len(os.listdir("/proc/self/fd"))

        def resident():
            return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

        for number in range(WATCHES // 5):
            watch(number)
        before, memory = held(), resident()
        for number in range(WATCHES):
            watch(number)
        assert (held(), before[0]) == (before, 1)
        assert resident() - memory < 4 << 20, resident() - memory
    """
    check(project, code.replace("WATCHES", str(watches)))


def test_a_watch_has_one_thread_and_the_manager_another(project, watching):
    """Each wakes by itself; hints, looks and reloads are of one thread, so that none hands a change on to another."""
    before = set(threading.enumerate())
    watch = watching()
    os.replace(project.write("new", "app_name: new\n"), project.settings / "default.yaml")
    watch.ear.until(lambda: watch.config.app_name == "new")
    names = sorted(thread.name for thread in set(threading.enumerate()) - before)
    assert names == ["synfinance_settings delivery", "synfinance_settings watcher"]


def test_with_another_watchdog_that_has_other_functions_its_observer_tells(project, watching, monkeypatch):
    def refuse(hint):
        raise ImportError("cannot import name 'inotify_add_watch'")

    monkeypatch.setattr("synfinance_settings.live.hints._Inotify", refuse)
    watch = watching()
    for name in ("first", "second"):
        rename(project, name)
        watch.shows(name)
    project.layer("default.local", "app_name: third")
    watch.shows("third")


def test_looks_at_intervals_read_nothing_where_the_system_says_that_nothing_changed(project, watching, unwatched):
    watching(poll_interval=0.01)
    unwatched.seen_again(1)
    reads = unwatched.reads
    unwatched.seen_again(10)
    assert unwatched.reads == reads


def test_with_polling_every_look_reads(watching, unwatched):
    """Whatever the system says."""
    watching(polling=True, poll_interval=0.01)
    unwatched.read_on(100)


def test_where_other_machines_may_write_every_look_reads(project, watching, unwatched, monkeypatch):
    monkeypatch.setattr("synfinance_settings.live.worker.says_changes", lambda folder: folder != project.settings)
    watching(poll_interval=0.01)
    unwatched.read_on(100)


def test_what_the_system_does_not_tell_is_read_after_a_while(project, watching, unwatched, monkeypatch):
    watch = watching(poll_interval=0.01)
    unwatched.seen_again(1)
    monkeypatch.setattr("synfinance_settings.layers.glimpse.Glimpse.is_seen_again", lambda glimpse: True)
    monkeypatch.setattr("synfinance_settings.live.worker.READ_SECONDS", 0.1)
    rename(project, "new")
    watch.shows("new")


def test_what_the_system_does_not_tell_is_read_after_a_while_beside_many_hints(project, watching, monkeypatch):
    """Hints of another file come without a rest, and the system says of none that it is another one."""
    asked = threading.Event()
    monkeypatch.setattr(Content, "status", property(lambda content: 0, lambda content, status: None))
    monkeypatch.setattr("synfinance_settings.layers.layer.status_of", lambda path: asked.set() or 0)
    watch = watching(debounce=0.01)
    until = time.monotonic() + PATIENCE

    def hint_until(holds):
        while not holds():
            project.write("settings/other", "")
            assert time.monotonic() < until

    hint_until(asked.is_set)
    monkeypatch.setattr("synfinance_settings.live.worker.READ_SECONDS", 0.1)
    rename(project, "new")
    hint_until(lambda: watch.config.app_name == "new")


def test_starting_and_stopping_while_files_change_neither_hangs_nor_complains(project, caplog):
    manager = project.manager()
    manager.load_config()
    watcher = ConfigWatcher(manager, debounce=0)
    done = threading.Event()

    def edit():
        number = 0
        while not done.is_set():
            new = project.write("new", f"app_name: name-{number}\n")
            os.replace(new, project.settings / "default.yaml")
            number += 1

    editor = threading.Thread(target=edit)
    editor.start()
    for _ in range(10):
        with watcher:
            manager.get_config()
    done.set()
    editor.join()
    assert not watcher.is_watching()
    assert [record.getMessage() for record in caplog.records] == []


@pytest.mark.parametrize("polling", [True, False])
def test_watchdog_is_imported_by_a_start_without_polling_only(project, polling):
    code = f"""
        import sys
        from synfinance_settings import ConfigManager, ConfigWatcher
        watcher = ConfigWatcher(ConfigManager(), polling={polling})
        assert "watchdog" not in sys.modules
        with watcher:
            assert ("watchdog" in sys.modules) is not {polling}
    """
    check(project, code)


@pytest.mark.parametrize("limit", ["max_inotify_instances", "max_inotify_watches"])
def test_where_the_system_has_no_more_watches_it_says_so_and_looks(project, namespace, limit):
    code = f"""if True:
        import os, threading
        from pathlib import Path
        from synfinance_settings import ConfigManager, ConfigWatcher
        Path("/proc/sys/user/{limit}").write_text("0")
        manager, seen = ConfigManager(), threading.Event()
        watcher = ConfigWatcher(manager, poll_interval=0.1)
        watcher.add_listener(lambda event, data: event == "config_reloaded" and seen.set())
        with watcher:
            for name in ("first", "second"):
                seen.clear()
                Path(os.environ["SYNFINANCE_SETTINGS_DIR"], "default.yaml").write_text(f"app_name: {{name}}")
                assert seen.wait(PATIENCE)
        print(manager.get_config().app_name)
    """
    folder = project.settings.rename(project.root / "odd\nforged\u2028forged")
    run = project.python(code, namespace, SYNFINANCE_SETTINGS_DIR=str(folder))
    assert (run.stdout, run.returncode) == ("second\n", 0), run.stderr
    said = run.stderr.splitlines()
    assert said
    assert all("cannot watch" in line and "changes are seen by a look every 0.1 s" in line for line in said)
    assert len(said) == len(set(said))


def test_an_interpreter_with_a_running_watcher_ends_cleanly(project):
    code = """
        from pathlib import Path
        from synfinance_settings import ConfigManager, ConfigWatcher
        watcher = ConfigWatcher()
        watcher.add_listener(lambda event, data: None)
        watcher.start()
        Path("settings/default.yaml").write_text("app_name: new")
        watcher.trigger_reload()
        print(ConfigManager().get_config().app_name)
    """
    assert check(project, code) == "new\n"


def test_the_signal_reloads_while_it_watches_and_never_after(project):
    code = """
        import os, signal, threading
        from pathlib import Path
        from synfinance_settings import ConfigManager, ConfigWatcher
        hung_up = []
        signal.signal(signal.SIGHUP, lambda *arguments: hung_up.append("mine"))
        told = threading.Semaphore(0)
        watcher = ConfigWatcher(polling=True, poll_interval=3600, sighup=True)
        watcher.add_listener(lambda event, data: event == "manual_reload" and told.release())
        with watcher:
            for name in ("first", "second"):
                Path("settings/default.yaml").write_text(f"app_name: {name}")
                os.kill(os.getpid(), signal.SIGHUP)
                assert told.acquire(timeout=PATIENCE)
                print(ConfigManager().get_config().app_name)
        os.kill(os.getpid(), signal.SIGHUP)
        print(hung_up)
    """
    assert check(project, code) == "first\nsecond\n['mine']\n"


def test_a_bad_edit_does_not_end_what_the_signal_reloads(project):
    code = """
        import logging, os, signal, threading
        from pathlib import Path
        from synfinance_settings import ConfigManager, ConfigWatcher
        logging.getLogger("synfinance_settings").addHandler(logging.NullHandler())
        told = threading.Semaphore(0)
        watcher = ConfigWatcher(polling=True, poll_interval=3600, sighup=True)
        watcher.add_listener(lambda event, data: told.release())
        with watcher:
            for name in ("[", "good"):
                Path("settings/default.yaml").write_text(f"app_name: {name}")
                os.kill(os.getpid(), signal.SIGHUP)
                assert told.acquire(timeout=PATIENCE)
        print(ConfigManager().get_config().app_name)
    """
    assert check(project, code) == "good\n"


def test_the_signal_needs_the_main_thread(project):
    watcher = ConfigWatcher(project.manager(), sighup=True)
    caught, handler = [], signal.getsignal(signal.SIGHUP)

    def start():
        try:
            watcher.start()
        except WatchError as error:
            caught.append(error)

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "main thread" in str(caught[0])
    assert not watcher.is_watching()
    assert signal.getsignal(signal.SIGHUP) is handler


def test_events_can_be_awaited_until_the_watcher_stops(project):
    async def follow():
        heard = []
        watcher = ConfigWatcher(project.manager(), poll_interval=RARELY)
        async with watcher as entered:
            assert entered is watcher
            events = watcher.events()
            rename(project, "new")
            async for event, data in events:
                heard.append((event, data))
                if event == "config_reloaded":
                    watcher.trigger_reload()
                if event == "manual_reload":
                    break
            rest = watcher.events()
        assert not watcher.is_watching()
        heard += [event async for event in rest]
        heard += [event async for event in events]
        return heard

    heard = asyncio.run(asyncio.wait_for(follow(), PATIENCE))
    assert [event for event, _ in heard] == ["file_changed", "config_reloaded", "manual_reload"]
    assert isinstance(heard[0][1], Path)
    assert heard[1][1] == heard[2][1]


def test_a_stop_ends_who_waits_for_events(project):
    async def follow():
        watcher = ConfigWatcher(project.manager(), poll_interval=RARELY)
        async with watcher:
            waiting = [asyncio.ensure_future(collect(watcher.events())) for _ in range(3)]
            await asyncio.sleep(0)
            await asyncio.to_thread(watcher.stop)
            return await asyncio.gather(*waiting)

    async def collect(events):
        return [event async for event in events]

    assert asyncio.run(asyncio.wait_for(follow(), PATIENCE)) == [[], [], []]


def test_a_loop_that_is_gone_is_told_no_more(project, watching):
    watch = watching()

    async def listen():
        watch.watcher.events()

    asyncio.run(listen())
    rename(project, "new")
    watch.shows("new")
    watch.watcher.stop()


def test_a_manager_that_loads_another_environment_is_followed(project, watching):
    project.layer("test", "app_name: tested\n")
    watch = watching(poll_interval=0.1)
    watch.manager.load_config(environment="test")
    watch.shows("tested")
    project.layer("test", "app_name: edited\n")
    watch.shows("edited")


def test_the_process_wide_manager_is_watched_unless_another_is_given(project):
    code = """
        import threading
        from pathlib import Path
        from synfinance_settings import ConfigWatcher, settings
        seen = threading.Event()
        watcher = ConfigWatcher()
        watcher.add_listener(lambda event, data: event == "config_reloaded" and seen.set())
        with watcher:
            section = settings.server
            Path("settings/default.yaml").write_text("server: {workers: 7}")
            assert seen.wait(PATIENCE)
        print(section.workers, settings.server.workers)
    """
    assert check(project, code) == "4 7\n"


@pytest.mark.parametrize("given", [str, Path], ids=["text", "path"])
def test_one_path_alone_may_be_watched(project, given):
    """A text is a path, not a list of characters."""
    model = project.write("models/fraud.bin", "1")
    assert model in ConfigWatcher(project.manager(), watch_paths=given(model)).get_watched_files()


def test_an_isolated_manager_is_left_to_the_collector(project):
    import weakref

    manager = project.manager()
    with ConfigWatcher(manager) as watcher:
        watcher.trigger_reload()
    gone = weakref.ref(manager)
    assert isinstance(gone(), ConfigManager)
    del manager, watcher
    gc.collect()
    assert gone() is None


def test_a_stop_right_after_a_start_always_ends_the_worker(project):
    """However early the stop comes, the worker hears of it."""
    watcher = ConfigWatcher(project.manager(), polling=True, poll_interval=RARELY)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(200):
            watcher.start()
            watcher.stop()
    finally:
        sys.setswitchinterval(interval)
    assert not watcher.is_watching()


def test_the_watched_files_are_known_before_a_load_also_where_assertions_are_left_out(project):
    """As under ``python -O``."""
    project.layer("default", "app_name: x\n")
    code = "from synfinance_settings import ConfigWatcher; print(ConfigWatcher().get_watched_files())"
    done = project.python(code, PYTHONOPTIMIZE="1")
    assert done.returncode == 0, done.stderr
    assert "settings/default.yaml" in done.stdout


def test_on_a_system_without_inotify_watchdog_s_observer_gives_the_hints(project, watching, monkeypatch):
    monkeypatch.setattr("synfinance_settings.live.hints.sys", SimpleNamespace(platform="any"))
    watch = watching()
    for number in range(3):
        os.replace(project.write("new", f"app_name: name-{number}\n"), project.settings / "default.yaml")
        watch.ear.until(lambda number=number: watch.config.app_name == f"name-{number}")


def test_processes_that_begin_together_do_not_look_together(project):
    """Each is a fork of one process; the times of their first looks are apart by more than chance could bring."""
    code = """if True:
        import json, os, time
        from synfinance_settings import ConfigManager, ConfigWatcher
        manager = ConfigManager()
        manager.load_config()
        begun, looks = time.monotonic(), []

        def look(event, seen):
            if event == "open" and "default.yaml" in str(seen[0]):
                looks.append(time.monotonic() - begun)

        children = []
        for _ in range(12):
            read, write = os.pipe()
            if not os.fork():
                sys.addaudithook(look)
                with ConfigWatcher(manager, polling=True, poll_interval=2):
                    while not looks:
                        time.sleep(0.01)
                os.write(write, json.dumps(looks[0]).encode())
                os._exit(0)
            children.append(read)
        print(json.dumps([json.loads(os.read(read, 100)) for read in children]))
    """
    run = project.python(f"import sys\n{code}")
    looks = json.loads(run.stdout)
    assert max(looks) - min(looks) > 0.2, looks

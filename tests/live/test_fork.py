"""A child of a fork reads what its parent read, watches when it starts to, and never ends its parent's watch."""

from __future__ import annotations

BESIDE_THREADS = "ignore:This process:DeprecationWarning"
"""What Python 3.12 and later warn of at each of these forks."""

CHILD = """if True:
    import logging, os, select, signal, sys, threading
    from pathlib import Path
    from synfinance_settings import ConfigManager, ConfigWatcher

    layer = Path("settings/default.yaml")

    def edit(name):
        new = Path("new")
        new.write_text(f"app_name: {{name}}")
        os.replace(new, layer)

    class Ear:
        def __init__(self, manager):
            self.manager, self.news = manager, threading.Condition()
        def __call__(self, event, data):
            with self.news:
                self.news.notify_all()
        def until(self, name):
            with self.news:
                assert self.news.wait_for(lambda: self.manager.get_config().app_name == name, PATIENCE), name

    manager = ConfigManager()
    ear = Ear(manager)
    watcher = ConfigWatcher(manager, poll_interval=3600)
    watcher.add_listener(ear)
    watcher.start()
    edit("before")
    ear.until("before")

    def child():
        {child}

    process = os.fork()
    if process == 0:
        try:
            child()
        except BaseException:
            import traceback
            traceback.print_exc()
            os._exit(1)
        {end}
    watch = os.pidfd_open(process)
    if not select.select([watch], [], [], PATIENCE)[0]:
        os.kill(process, signal.SIGKILL)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    edit("after")
    ear.until("after")
    watcher.stop()
    print(status, watcher.is_watching())
"""
"""The parent watches, forks, lets the child end, and still sees an edit by the hint for it."""


def run(project, child, end="sys.exit(0)"):
    child = "\n        ".join(child.strip().splitlines())
    done = project.python(CHILD.format(child=child, end=end), PYTHONWARNINGS=BESIDE_THREADS)
    assert (done.stdout, done.returncode) == ("0 False\n", 0), done.stderr
    return done.stderr


def test_a_child_reads_and_says_that_its_watcher_must_be_started(project):
    said = run(
        project,
        """
assert manager.get_config().app_name == "before"
assert not watcher.is_watching()
layer.write_text("app_name: child")
assert manager.reload_config().app_name == "child"
""",
    )
    assert said.count("a watcher does not survive a fork; call its start() in process") == 1


def test_a_child_may_watch_by_itself(project):
    run(
        project,
        """
ear.news = threading.Condition()
watcher.start()
assert watcher.is_watching()
edit("child")
ear.until("child")
watcher.stop()
assert not watcher.is_watching()
""",
    )


def test_a_child_that_never_started_its_watcher_may_stop_it(project):
    run(project, "watcher.stop()")


def test_a_child_may_end_with_a_running_watcher(project):
    run(project, "watcher.start()")


def test_a_child_may_end_at_once(project):
    run(project, "pass", end="os._exit(0)")


def test_a_child_may_collect_what_it_inherited(project):
    run(project, "import gc\nglobals().pop('watcher')\ngc.collect()")


def test_a_child_may_roll_back_and_be_told(project):
    run(
        project,
        """
told = threading.Event()
manager.subscribe(lambda old, new: told.set())
manager.rollback()
assert told.wait(PATIENCE)
""",
    )


RECORDING = """if True:
    import os, threading
    from pathlib import Path
    from synfinance_settings.editing.history import Entry, History

    history = History(Path("state").absolute(), Path("settings"), ("development", "test"))
    recording, forking, ready = threading.Event(), threading.Event(), threading.Event()

    class Slow(dict):
        def items(self):
            recording.set()
            assert ready.wait(PATIENCE)
            return super().items()

    def record():
        history.record(Entry("development", Slow(a=b"1"), "a thread of the parent"))

    def fork():
        process = os.fork()
        if process == 0:
            ours = History(Path("state").absolute(), Path("settings"), ("development", "test"), wait=0)
            os._exit(0 if ours.record(Entry("test", {}, "child")) else 1)
        status.append(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))

    status = []
    os.register_at_fork(before=forking.set)
    threads = [threading.Thread(target=record), threading.Thread(target=fork)]
    threads[0].start()
    assert recording.wait(PATIENCE)
    threads[1].start()
    assert forking.wait(PATIENCE)
    ready.set()
    for thread in threads:
        thread.join()
    print(status, [version.command for version in history.versions()])
"""


def test_a_child_that_is_forked_while_a_version_is_recorded_records_too(project):
    run = project.python(RECORDING, PYTHONWARNINGS=BESIDE_THREADS)
    assert (run.stdout, run.stderr) == ("[0] ['child', 'a thread of the parent']\n", "")


WATCHING = """if True:
    import logging, os, sys, threading
    from pathlib import Path
    from synfinance_settings import ConfigManager, ConfigWatcher

    logging.getLogger("synfinance_settings").setLevel("ERROR")
    layer = Path("settings/default.yaml")
    manager = ConfigManager()
    looking, forking, forked = threading.Event(), threading.Event(), threading.Event()
    seen = []

    def accept(old, new):
        looking.set()
        assert {until}.wait(PATIENCE)
        seen.append(new.config.app_name)

    manager.subscribe(accept, on_error="rollback")
    with ConfigWatcher(manager, poll_interval=3600, forks={forks}):
        layer.write_text("app_name: edited")
        assert looking.wait(PATIENCE)
        os.register_at_fork(before=forking.set, after_in_parent=forked.set)
        process = os.fork()
        if process == 0:
            os._exit(len(seen))
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
    print(seen)
"""


def test_a_fork_waits_for_a_look_that_is_going_on(project):
    run = project.python(WATCHING.format(until="forking", forks=True), PYTHONWARNINGS=BESIDE_THREADS)
    assert (run.stdout, run.stderr) == ("1\n['edited']\n", "")


def test_a_fork_does_not_wait_for_ever_for_a_look_that_hangs(project):
    run = project.python(WATCHING.format(until="forked", forks=True), PYTHONWARNINGS=BESIDE_THREADS)
    assert (run.stdout, run.stderr) == ("0\n['edited']\n", "")


def test_a_child_of_a_process_that_forks_many_is_not_told_to_start_its_watcher(project):
    code = """if True:
        import os
        from synfinance_settings import ConfigManager, ConfigWatcher
        watcher = ConfigWatcher(ConfigManager(), forks=True)
        watcher.start()
        process = os.fork()
        if process == 0:
            watcher.start()
            os._exit(0 if watcher.is_watching() else 1)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), watcher.is_watching())
    """
    run = project.python(code, PYTHONWARNINGS=BESIDE_THREADS)
    assert (run.stdout, run.stderr) == ("0 True\n", "")

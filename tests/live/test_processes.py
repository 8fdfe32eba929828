"""Several processes that watch one folder and share one state folder, whatever kills them."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest

from synfinance_settings import ConfigManager

PROCESS = """if True:
    import logging, threading
    from synfinance_settings import ConfigManager, ConfigWatcher
    logging.getLogger("synfinance_settings").addHandler(logging.NullHandler())
    manager = ConfigManager()
    manager.load_config()
    with ConfigWatcher(manager, debounce=0.005, poll_interval=0.1):
        print("watching", flush=True)
        threading.Event().wait()
"""


class Processes:
    """Four processes; each that is killed has a successor."""

    def __init__(self, project, state):
        ours = {"SYNFINANCE_STATE_DIR": str(state), "SYNFINANCE_FALLBACK": "last-good"}
        self._root = project.root
        self._environ = {"PATH": os.environ["PATH"], "HOME": str(project.root), **ours}
        self._running = [self._start() for _ in range(4)]
        for process in self._running:
            assert process.stdout.readline() == "watching\n"

    def _start(self):
        command = [sys.executable, "-c", PROCESS]
        return subprocess.Popen(command, cwd=self._root, env=self._environ, stdout=subprocess.PIPE, text=True)

    def replace(self, number):
        end(self._running[number])
        self._running[number] = self._start()

    def end(self):
        for process in self._running:
            end(process)


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def kept_in(state):
    """The contents of the default layer that the store keeps, oldest first."""
    stores = list(state.glob("*.sqlite3"))
    if not stores:
        return []
    with closing(sqlite3.connect(stores[0])) as connection:
        rows = connection.execute("select content from files where name = 'default.yaml' order by version").fetchall()
    return [content for (content,) in rows]


@pytest.mark.parametrize("edits", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_a_store_that_killed_processes_share_stays_whole(project, tmp_path_factory, edits):
    state = tmp_path_factory.mktemp("state")
    valid, chance, pause = {b"{}\n"}, random.Random(3), threading.Event()
    processes = Processes(project, state)
    number = 0
    try:
        while number < edits or len(kept_in(state)) < 4:
            number += 1
            text = f"app_name: name-{number}\n"
            if number % 3 == 0:
                text += "server: {port: x}\n"
            else:
                valid.add(text.encode())
            os.replace(project.write("new", text), project.settings / "default.yaml")
            pause.wait(chance.random() / 20)  # the chance is in when they are killed
            if chance.random() < 0.2:
                processes.replace(chance.randrange(4))
    finally:
        processes.end()
    (store,) = state.glob("*.sqlite3")
    connection = sqlite3.connect(store)
    assert connection.execute("pragma integrity_check").fetchall() == [("ok",)]
    whole = connection.execute("select version from files group by version having count(*) != 2").fetchall()
    connection.close()
    assert whole == []
    kept = kept_in(state)
    assert set(kept) <= valid
    project.layer("default", "server: [broken\n")
    variables = {"SYNFINANCE_FALLBACK": "last-good", "SYNFINANCE_STATE_DIR": str(state)}
    manager = ConfigManager(settings_dir=project.settings, environ=variables)
    assert f"app_name: {manager.get_config().app_name}\n".encode() == kept[-1]
    assert manager.degraded

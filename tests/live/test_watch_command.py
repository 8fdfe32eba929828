"""`synfinance-settings watch`: a line an event, on a terminal or for a script, until it is told to end."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager
from queue import Queue

import pytest
from patience import PATIENCE

from synfinance_settings.foreign import is_printable

CANARY = "canary7d1e5f3a9b"


class Command:
    """A running `watch`; its lines can be waited for."""

    def __init__(self, project, *arguments, **variables):
        environ = {"PATH": os.environ["PATH"], "HOME": str(project.root), "LANG": "C.UTF-8", **variables}
        command = [sys.executable, "-m", "synfinance_settings", "watch", *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.process = subprocess.Popen(command, cwd=project.root, env=environ, text=True, **pipes)
        self.lines = Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(line.rstrip("\n"))

    def line(self, event):
        """The next line that tells of `event`."""
        while True:
            line = self.lines.get(timeout=PATIENCE)
            if re.search(rf"\b{event}\b", line):
                return line

    def end(self, number):
        """Send a signal; returns the exit code and stderr."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        self._reader.join()
        errors = self.process.stderr.read()
        return code, errors

    def close(self):
        self.process.kill()
        self.process.wait()
        self._reader.join()
        self.process.stdout.close()
        self.process.stderr.close()


@contextmanager
def watch(project, *arguments, **variables):
    command = Command(project, *arguments, **variables)
    try:
        yield command
    finally:
        command.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("polling", [[], ["--polling", "--interval", "0.05"]], ids=["hints", "polling"])
def test_it_tells_of_every_event_and_ends_well(project, number, polling):
    with watch(project, *polling) as command:
        first = command.line("watching")
        assert re.search(r"settings/default\.yaml, settings/development\.yaml; times are [+-]\d{4}$", first)
        project.layer("default", "app_name: new\nserver: {workers: 2}\n")
        assert command.line("file_changed").endswith("settings/default.yaml")
        line = command.line("config_reloaded")
        assert line.endswith("version 2  app_name: SynFinance -> new, server.workers: 4 -> 2")
        assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  config_reloaded    version 2", line)
        assert line.index("version") == first.index("settings")
        project.layer("default", "server: {port: x}\n")
        assert "settings/default.yaml:1:16: server.port must be a whole number" in command.line("validation_failed")
        project.layer("default", "server: [\n")
        assert "settings/default.yaml" in command.line("reload_failed")
        assert command.end(number) == (0, "")
        assert command.line("stopped")


def test_for_scripts_each_line_is_json(project):
    with watch(project, "--format", "json") as command:
        assert json.loads(command.line("watching"))["files"] == ["settings/default.yaml", "settings/development.yaml"]
        project.layer("default", "app_name: नया\n")
        assert json.loads(command.line("file_changed"))["path"] == "settings/default.yaml"
        told = json.loads(command.line("config_reloaded"))
        assert (told["version"], told["changed"]) == (2, {"app_name": ["SynFinance", "नया"]})
        assert set(told) == {"time", "event", "version", "changed"}
        project.layer("default", "server: {prot: 1}\n")
        (problem,) = json.loads(command.line("validation_failed"))["problems"]
        assert (problem["code"], problem["origin"]) == ("unknown-key", "settings/default.yaml:1:10")
        assert command.end(signal.SIGTERM) == (0, "")
        assert json.loads(command.line("stopped"))["event"] == "stopped"


@pytest.mark.parametrize("output", ["text", "json"])
def test_no_line_is_forged(project, output):
    forged = "2026-01-01 00:00:00  config_reloaded   version 9"
    odd = f"odd\n{forged}\r{forged}\x1b[2K\x9b31m\u2028{forged}\u202e\u200b"
    folder = project.settings.rename(project.root / odd)
    told = []
    with watch(project, "--format", output, SYNFINANCE_SETTINGS_DIR=str(folder)) as command:
        told.append(command.line("watching"))
        for text, event in (
            (f"app_name: {json.dumps(odd)}\n", "config_reloaded"),
            (f"{json.dumps(odd)}: 1\n", "validation_failed"),
            (f"app_name: {json.dumps('${X:?' + odd + '}')}\n", "validation_failed"),
            (f"server: {{{json.dumps(odd)}: 1, {json.dumps(odd)}: 2}}\n", "reload_failed"),
        ):
            (folder / "development.yaml").write_text(text)
            told.append(command.line(event))
        code, errors = command.end(signal.SIGTERM)
        while "stopped" not in told[-1]:
            told.append(command.lines.get(timeout=PATIENCE))
    assert (code, errors) == (0, "")
    assert not [line for line in told if line.startswith(forged)]
    assert all(map(is_printable, told))


@pytest.mark.parametrize("output", ["text", "json"])
def test_secrets_are_named_and_never_shown(project, output):
    told = []
    with watch(project, "--format", output, SYNFINANCE_JWT_SECRET=f"{CANARY}0") as command:
        told.append(command.line("watching"))
        for text in (
            f"database: {{password: {CANARY}1}}\n",
            f"database: {{password: {CANARY}2}}\nmonitoring: {{alert_webhook: 'https://{CANARY}3'}}\n",
        ):
            project.layer("default", text)
            told.append(command.line("config_reloaded"))
            assert "database.password" in told[-1]
        for text, event in (
            (f"monitoring: {{alert_webhook: {CANARY}4}}\n", "validation_failed"),
            (f"database: {{password: {CANARY}5, password: {CANARY}6}}\n", "reload_failed"),
        ):
            project.layer("default", text)
            told.append(command.line(event))
        code, errors = command.end(signal.SIGINT)
        told.append(command.line("stopped"))
    assert code == 0
    assert CANARY not in "".join([*told, errors])


def test_it_follows_the_environment_that_is_asked_for(project):
    project.layer("test", "{}\n")
    with watch(project, "--env", "test") as command:
        assert "settings/test.yaml" in command.line("watching")
        project.layer("test", "app_name: tested\n")
        assert "app_name: SynFinance -> tested" in command.line("config_reloaded")
        assert command.end(signal.SIGTERM) == (0, "")


def test_a_broken_start_is_an_error_like_any_other(project):
    project.layer("default", "server: {port: x}\n")
    with watch(project) as command:
        assert command.process.wait(PATIENCE) == 1
        errors = command.process.stderr.read()
    assert "settings/default.yaml:1:16" in errors
    assert "Traceback" not in errors


def test_it_ends_when_nobody_reads_it_any_more(project):
    """As in ``synfinance-settings watch | head -1``."""
    code = "import sys; sys.stdin.readline()"
    environ = {"PATH": os.environ["PATH"], "HOME": str(project.root), "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "synfinance_settings", "watch", "--polling", "--interval", "0.05"]
    with (
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE) as head,
        subprocess.Popen(command, cwd=project.root, env=environ, stdout=head.stdin, stderr=subprocess.PIPE) as process,
    ):
        head.stdin.close()
        head.wait(PATIENCE)
        try:
            project.layer("default", "app_name: new\n")
            process.wait(PATIENCE)
        finally:
            process.kill()
        assert b"Traceback" not in process.stderr.read()


def test_a_signal_that_another_thread_gets_ends_the_watch(project):
    """The system may hand it to any thread, and then nothing wakes the main one."""
    main, over = threading.main_thread().ident, threading.Event()
    olds = {number: signal.signal(number, lambda number, frame: None) for number in (signal.SIGTERM, signal.SIGINT)}

    def end():
        while sys._current_frames()[main].f_code.co_name not in ("watch", "_await") and not over.wait(0.01):
            pass
        if not over.is_set():
            signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    ender = threading.Thread(target=end)
    ender.start()
    try:
        assert project.command("watch", "--polling").stdout.rstrip().endswith("stopped")
    finally:
        over.set()
        ender.join()
        for number, old in olds.items():
            signal.signal(number, old)


LAYER = """
from pathlib import Path
from synfinance_settings import AppConfig, Application
from synfinance_settings.layers.layer import Finding
from synfinance_settings.layers.precedence import with_layer
from synfinance_settings.layers.values import ValuesLayer

class Told(ValuesLayer):
    name = "told"
    def look(self, glance):
        return [Finding("what is told", {"app_name": (glance.project.root / "told").read_text()})]

app = Application(AppConfig, prefix="SYNFINANCE_", layers=with_layer(Told(), below=".env"))
"""


def test_it_tells_of_a_layer_that_is_no_file_by_its_place(project, tmp_path_factory):
    modules = tmp_path_factory.mktemp("modules")
    (modules / "told_app.py").write_text(LAYER)
    project.write("told", "first")
    variables = {"SYNFINANCE_SETTINGS_APP": "told_app:app", "PYTHONPATH": str(modules)}
    with watch(project, "--format", "json", "--interval", "0.05", **variables) as command:
        command.line("watching")
        project.write("told", "second")
        assert json.loads(command.line("file_changed"))["path"] == "what is told"
        assert json.loads(command.line("config_reloaded"))["changed"] == {"app_name": ["first", "second"]}
        assert command.end(signal.SIGTERM) == (0, "")

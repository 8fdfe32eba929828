"""What the tests of the live half share: watchers that are stopped at the end, and an ear for what they say."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from queue import Queue
from typing import Any

import pytest
from patience import PATIENCE, RARELY

from synfinance_settings import AppConfig, ConfigEvent, ConfigManager, ConfigWatcher
from synfinance_settings.layers.glimpse import Glimpse
from synfinance_settings.text.files import read_file


class Ear:
    """A listener that keeps what it hears, and waits for what must come."""

    def __init__(self) -> None:
        self._heard: list[tuple[ConfigEvent, Any]] = []
        self._news = threading.Condition()

    def __call__(self, event: ConfigEvent, data: Any) -> None:
        with self._news:
            self._heard.append((event, data))
            self._news.notify_all()

    @property
    def heard(self) -> list[tuple[ConfigEvent, Any]]:
        with self._news:
            return list(self._heard)

    @property
    def events(self) -> list[str]:
        return [str(event) for event, _ in self.heard]

    def all(self, event: str) -> list[Any]:
        """The data of every `event` heard so far."""
        return [data for heard, data in self.heard if heard == event]

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something is true after an event."""
        with self._news:
            assert self._news.wait_for(holds, PATIENCE), f"heard only {self.events}"

    def wait(self, event: str, count: int = 1) -> Any:
        """Wait until `event` was heard `count` times; returns the data of the last."""
        self.until(lambda: len(self.all(event)) >= count)
        return self.all(event)[count - 1]


class Watch:
    """A running watcher, its manager and an ear at it."""

    def __init__(self, manager: ConfigManager, **options: Any) -> None:
        self.manager = manager
        self.ear = Ear()
        self.watcher = ConfigWatcher(manager, **options)
        self.watcher.add_listener(self.ear)
        self.watcher.start()

    @property
    def config(self) -> AppConfig:
        return self.manager.get_config()

    def shows(self, app_name: str) -> None:
        """Wait until `app_name` is in force."""
        self.ear.until(lambda: self.config.app_name == app_name)


SERVICE = """if True:
    import logging, os, resource, sys, threading
    from synfinance_settings import ConfigManager, ConfigWatcher

    def say(*words):
        sys.stdout.write(" ".join(map(str, words)) + "\\n")
        sys.stdout.flush()

    def hear(event, data):
        say(event, getattr(data, "app_name", None) or getattr(data, "name", None) or data.problems[0].code)

    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    manager = ConfigManager()
    watcher = ConfigWatcher(manager, watch_paths=["probe"], poll_interval=0.1)
    watcher.add_listener(hear)
    watcher.start()
    say("watching")
    for line in sys.stdin:
        exec(line, globals())
    watcher.stop()
    say("stopped")
"""
"""A process that watches, says each event in a line, and does what it is told on stdin until that ends."""


class Service:
    """A running `SERVICE`, after the words in `before`."""

    def __init__(self, project: Any, before: Sequence[str]) -> None:
        self.process = subprocess.Popen(
            [*before, sys.executable, "-c", SERVICE],
            cwd=project.root,
            env={"PATH": os.environ["PATH"], "HOME": str(project.root), "LANG": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._lines: Queue[str] = Queue()
        self._said: list[str] = []
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._keep)]
        for thread in self._threads:
            thread.start()
        self.heard: list[str] = []
        self.line("watching")

    def _listen(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))
        self._lines.put("over")

    def _keep(self) -> None:
        self._said += (line.rstrip("\n") for line in self.process.stderr or ())

    def line(self, wanted: str) -> str:
        """Wait for a line that begins with `wanted`; what comes before is kept in `heard`."""
        while not (line := self._lines.get(timeout=PATIENCE)).startswith(wanted):
            assert line != "over", (self.heard, self._said)
            self.heard.append(line)
        self.heard.append(line)
        return line

    def do(self, code: str) -> None:
        """Have the process run a line of code."""
        assert self.process.stdin
        self.process.stdin.write(f"{code}\n")
        self.process.stdin.flush()

    def ask(self, code: str) -> str:
        """What an expression comes to in the process."""
        self.do(f"say('answer', {code})")
        return self.line("answer ").removeprefix("answer ")

    def end(self) -> list[str]:
        """Let it stop and end well; returns what it logged."""
        assert self.process.stdin
        self.process.stdin.close()
        self.line("stopped")
        assert self.process.wait(PATIENCE) == 0
        self.close()
        return self._said

    def close(self) -> None:
        """Be sure that it is gone."""
        self.process.kill()
        self.process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            assert pipe
            with suppress(BrokenPipeError):
                pipe.close()


class Unwatched:
    """A system that tells of no change, and on which all files changed long ago; it counts how often they are read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.reads = 0
        self._glimpses = threading.Semaphore(0)
        self._read = threading.Semaphore(0)
        is_seen_again, read = Glimpse.is_seen_again, read_file

        def counted(glimpse: Glimpse) -> bool:
            is_same = is_seen_again(glimpse)
            self._glimpses.release()
            return is_same

        def counting(*arguments: Any) -> Any:
            self.reads += 1
            self._read.release()
            return read(*arguments)

        def refuse(hint: Any) -> Any:
            raise OSError(errno.EMFILE, "no instance is left")

        monkeypatch.setattr(Glimpse, "is_seen_again", counted)
        monkeypatch.setattr("synfinance_settings.text.files.time", lambda: time.time() + 60)
        monkeypatch.setattr("synfinance_settings.live.worker.says_changes", lambda folder: True)
        monkeypatch.setattr("synfinance_settings.layers.project.read_file", counting)
        monkeypatch.setattr("synfinance_settings.live.worker.hints", refuse)

    def read_on(self, times: int) -> None:
        """Wait until so many files have been read, the same ones again and again."""
        for _ in range(times):
            assert self._read.acquire(timeout=PATIENCE)

    def seen_again(self, times: int) -> None:
        """Wait for so many looks that only ask what the system says."""
        for _ in range(times):
            assert self._glimpses.acquire(timeout=PATIENCE)


@pytest.fixture
def unwatched(monkeypatch) -> Unwatched:
    return Unwatched(monkeypatch)


@pytest.fixture
def service(project) -> Iterator[Callable[..., Service]]:
    """Start a process that watches the project; it is gone at the end."""
    with ExitStack() as stack:

        def start(*before: str) -> Service:
            made = Service(project, before)
            stack.callback(made.close)
            return made

        yield start


@pytest.fixture
def namespace() -> list[str]:
    """What stands before a command to give it a user and mounts of its own, where it may do what harms nobody else."""
    command = ["unshare", "--user", "--map-root-user", "--mount"]
    if not shutil.which("unshare") or subprocess.run([*command, "true"], capture_output=True).returncode:
        pytest.skip("no user namespaces here")
    return command


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def watching(project) -> Iterator[Callable[..., Watch]]:
    """Watch the project, or a manager; looks that no hint asked for are rare, so that the hints must do it."""
    with ExitStack() as stack:

        def watch(manager: ConfigManager | None = None, **options: Any) -> Watch:
            made = Watch(manager or project.manager(), **{"poll_interval": RARELY, **options})
            stack.callback(made.watcher.stop)
            return made

        yield watch

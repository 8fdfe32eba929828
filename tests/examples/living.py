"""A program that is started for real, asked all the time while its layers are edited, and told to end.

The command is the one that its docstring tells people to type, the files are a copy of its own.
"""

from __future__ import annotations

import ast
import http.client
import json
import os
import re
import shlex
import shutil
import signal
import string
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, Self

from patience import PATIENCE
from servers import free_port

EXAMPLES: Final = Path(__file__).parents[2] / "examples"
LOOK: Final = 0.02
"""Seconds between two looks at something that must come."""


def about(name: str) -> str:
    """What an example says of itself: the docstring of its program, or the first cell of its notebook."""
    program = EXAMPLES / name / "app.py"
    if program.exists():
        return ast.get_docstring(ast.parse(program.read_text())) or ""
    return "".join(json.loads((EXAMPLES / name / "notebook.ipynb").read_text())["cells"][0]["source"])


def commands(name: str) -> list[str]:
    """The lines that an example tells people to type."""
    return re.findall(r"^\$ (.*)$", about(name), re.MULTILINE)


class Answer(NamedTuple):
    """What a program said to one request: a value, of which version of its settings, by which of its processes."""

    value: Any
    version: int
    worker: int


class Program:
    """An example in a folder of its own."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.root = folder / name
        shutil.copytree(EXAMPLES / name, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        self.log = folder / "log"
        self.port = free_port()
        self.process: subprocess.Popen[bytes] | None = None
        self._again: Callable[[], None] | None = None

    @property
    def environ(self) -> dict[str, str]:
        """The variables of its process, but for those that are given."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        own = {"PATH": path, "HOME": str(self.root), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        return {**own, "PORT": str(self.port)}

    def start(self, command: int | str = 0, cwd: Path | None = None, **variables: str) -> None:
        """Run a command of the docstring, by its place, or one that is given; all that it says is kept."""
        self._again = partial(self.start, command, cwd, **variables)
        environ = {**self.environ, **variables}
        line = command if isinstance(command, str) else commands(self.name)[command]
        words = [string.Template(word).substitute(environ) for word in shlex.split(line)]
        while "=" in words[0]:  # a variable before the command, as shells take it
            name, _, environ[name] = words.pop(0).partition("=")
        with self.log.open("a") as log:
            self.process = subprocess.Popen(
                words,
                cwd=cwd or self.root,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def restart(self, clients: Clients) -> None:
        """End it and run the same command again, while nobody asks."""
        assert self._again
        with clients.silent():
            self.ends()
            self._again()
            self.serves()

    def edit(self, key: str, value: object, path: str = "settings/default.yaml") -> None:
        """Give a key another value in a layer, as editors do: a new file takes the place of the old one."""
        layer = self.root / path
        text, found = re.subn(rf"(?<=\b{key.rpartition('.')[2]}: )[^\s,}}]+", str(value), layer.read_text())
        assert found == 1, f"{key} stands once in {path}"
        fresh = layer.with_name(f".{layer.name}.new")
        fresh.write_text(text)
        fresh.replace(layer)

    def until(self, holds: Callable[[], object], what: str) -> None:
        """Wait until something is true while the program runs."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert self.process is None or self.process.poll() is None, f"it has ended:\n{self.log.read_text()}"
            assert time.monotonic() < end, f"not seen: {what}\n{self.log.read_text()}"
            time.sleep(LOOK)

    def says(self, text: str, count: int = 1) -> None:
        """Wait until the log holds `text` so many times."""
        self.until(lambda: self.log.read_text().count(text) >= count, text)

    def get(self, path: str = "/") -> Answer:
        """What a web server answers to a client of its own; raises where it does not answer, or not well."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        assert response.status == 200, body
        return Answer(**json.loads(body))

    def serves(self, ask: Callable[[], Answer] | None = None) -> None:
        """Wait for the first answer, of a web server unless it is asked in another way."""

        def answers() -> bool:
            with suppress(ConnectionError):
                return bool((ask or self.get)())
            return False

        self.until(answers, "an answer")

    def ends(self, number: int = signal.SIGTERM) -> None:
        """Tell it to end: it must, by itself, with all that it has started."""
        assert self.process
        assert self.process.poll() is None, self.log.read_text()
        self.process.send_signal(number)
        assert self.process.wait(PATIENCE) in (0, -number), self.log.read_text()
        group, self.process = self.process.pid, None
        self.until(lambda: not is_there(group), "the end of all of its processes")

    def close(self) -> None:
        """Be sure that it is gone."""
        if self.process is not None:
            if is_there(self.process.pid):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def kill_one(program: Program) -> Callable[[Clients], None]:
    """What ends one of the processes of a program while nobody asks, and waits for the one in its place."""

    def kill(clients: Clients) -> None:
        before = set(clients.latest())
        with clients.silent():
            os.kill(min(before), signal.SIGKILL)
            program.until(lambda: set(clients.latest()) != before, "its end")
        program.until(lambda: set(clients.latest()) - before, "another process")

    return kill


def is_there(group: int) -> bool:
    """Whether a process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


class Clients:
    """Who asks a program all the time; a question without an answer ends the test."""

    def __init__(self, ask: Callable[[], Answer], count: int = 4) -> None:
        self._ask = ask
        self._over = threading.Event()
        self._turns = [threading.Lock() for _ in range(count)]
        self._pool = ThreadPoolExecutor(count)
        self._clients: list[Future[None]] = []
        self.answers: list[Answer] = []

    def _client(self, turn: threading.Lock) -> None:
        while not self._over.wait(LOOK):
            with turn:
                self.answers.append(self._ask())

    def __enter__(self) -> Self:
        self._clients = [self._pool.submit(self._client, turn) for turn in self._turns]
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._pool.shutdown()
        if not any(error):
            self.all_answered()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """While nobody asks: what is killed then takes no question with it."""
        with ExitStack() as stack:
            for turn in self._turns:
                stack.enter_context(turn)
            yield

    def all_answered(self) -> None:
        """Raise what a client met, where one has met anything."""
        for client in self._clients:
            if client.done():
                client.result()

    def latest(self) -> dict[int, Any]:
        """The value that each process gave last, of those that are still there."""
        values = {answer.worker: answer.value for answer in self.answers.copy()}
        return {worker: value for worker, value in values.items() if Path(f"/proc/{worker}").exists()}


def live(
    program: Program,
    ask: Callable[[], Answer],
    key: str,
    values: tuple[object, object, object],
    *,
    refused: tuple[object, str],
    workers: int = 1,
    edit: Callable[[str, object], None] | None = None,
    meanwhile: Callable[[Clients], object] | None = None,
) -> str:
    """Edit a running program: it follows what validates, in each of its processes, and refuses what does not.

    `values` are those of the start and of two edits, `refused` is one between them and what is logged of it;
    `meanwhile` is done while that one stands in the layers. Every request gets an answer, and only of values that were
    accepted; one version has one value. Returns what was seen.
    """
    edit = edit or program.edit

    with Clients(ask) as clients:

        def shows(value: object) -> None:
            def holds() -> bool:
                clients.all_answered()
                latest = clients.latest()
                return len(latest) >= workers and set(latest.values()) == {value}

            program.until(holds, f"{value} from {workers}")

        first, second, third = values
        shows(first)
        edit(key, second)
        shows(second)
        edit(key, refused[0])
        program.says(refused[1], workers)
        if meanwhile:
            meanwhile(clients)
            shows(second)
        edit(key, third)
        shows(third)
    assert {answer.value for answer in clients.answers} == set(values)
    pairs = {(answer.worker, answer.version, answer.value) for answer in clients.answers}
    assert len(pairs) == len({pair[:2] for pair in pairs}), "a version has one value"
    found = len({answer.worker for answer in clients.answers})
    return f"{len(clients.answers)} requests, all answered; 3 edits, 1 refused; {found} process{'es' * (found > 1)}"

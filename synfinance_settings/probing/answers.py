"""Asks all questions at the same time, each in a process of its own (`probe`) that ends in time whatever answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Hashable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Answer, Question

_Name = TypeVar("_Name", bound=Hashable)
_Result = TypeVar("_Result")

_PROBE: Final = Path(__file__).with_name("probe.py")
_BACKSTOP: Final = 30  # seconds for a process to come up, import its driver and end by its own alarm

_FAILURES: Final = {
    "no-host": "the host name is not known",
    "no-port": "the url names no port",
    "timeout": "no answer in time",
    "odd": "what answers there is not a {server}, or it broke off",
    "password": "password authentication failed",
    "not-let-in": "the server does not let this user in from here",
    "no-database": "the database does not exist",
    "no-role": "the role does not exist",
    "full": "the server has no connections left",
    "starting": "the server is starting or stopping",
    "no-tls": "the server does not speak SSL",
    "certificate": "the certificate of the server was not accepted",
    "no-socket": "no server listens on that socket",
    "refused-command": "the server refused a command",
}
"""What the failures of a probe mean; ``system`` brings the words of this machine along."""


@contextmanager
def asked(questions: Mapping[_Name, Question], seconds: float) -> Iterator[Mapping[_Name, Answer]]:
    """Ask each question for `seconds`; its answer is waited for when it is looked up."""
    with ExitStack() as processes:
        running = {}
        for name, question in questions.items():
            process = processes.enter_context(_asking({**question, "seconds": seconds}))
            processes.callback(process.kill)
            running[name] = process
        yield _Answers(running, time.monotonic() + seconds + _BACKSTOP)


class _Answers(dict[Any, Any]):
    """The answers by the names of the questions, as they come."""

    def __init__(self, running: Mapping[Any, subprocess.Popen[str]], until: float) -> None:
        super().__init__()
        self._running, self._until = running, until

    def __missing__(self, name: Any) -> Answer:
        answer = self[name] = _answer(self._running[name], max(self._until - time.monotonic(), 0))
        return answer


def _asking(question: Question) -> subprocess.Popen[str]:
    """The process that answers `question`, which stands in no list of processes."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-P", _PROBE], text=True, **pipes)
    assert process.stdin, "it is a pipe"
    with suppress(BrokenPipeError), process.stdin as pipe:
        json.dump(question, pipe)
    process.stdin = None  # communicate would write to it
    return process


def _answer(process: subprocess.Popen[str], seconds: float) -> Answer:
    try:
        said, _ = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"failure": "timeout"}
    if process.returncode:
        return {"failure": "timeout" if process.returncode == -signal.SIGALRM else "odd"}
    answer: Answer = json.loads(said)
    return answer


def in_time(look: Callable[[], _Result], seconds: float) -> _Result:
    """What `look` comes to, or raises; `TimeoutError` after `seconds`, since a file system may keep one for ever."""
    found: Future[_Result] = Future()

    def work() -> None:
        try:
            found.set_result(look())
        except BaseException as error:  # noqa: BLE001 - it is raised where it is waited for
            found.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return found.result(seconds)


def in_words(answer: Answer, server: str) -> str:
    """What a failure means, in words of ours and of this machine."""
    name = answer["failure"]
    return str(answer["said"]) if name == "system" else _FAILURES[name].format(server=server)

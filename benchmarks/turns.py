"""How things are timed: whatever is compared runs in turns (A B C A B C ...), each in a process of its own.

So a slow moment of the machine strikes all alike, and none has what another one imported or left behind.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, Final, NamedTuple, Protocol

WORKER: Final = Path(__file__).with_name("worker.py")


class Took(NamedTuple):
    """Seconds of the processor and of the clock that one run took, and what was seen of it, where that was asked."""

    cpu: float
    wall: float
    seen: Any = None


class Subject(Protocol):
    """What can be run and timed."""

    def run(self, times: int) -> Sequence[Took]: ...


def take_turns(subjects: Mapping[str, Subject], rounds: int, batch: int = 1) -> dict[str, list[Took]]:
    """Time each subject in `rounds` turns of `batch` runs, after one turn that does not count.

    Where there is a single one it is only to see that everything runs: it counts, and is of one run.
    """
    took: dict[str, list[Took]] = {name: [] for name in subjects}
    is_trial = rounds == 1
    for number in range(is_trial, rounds + 1):
        for name, subject in subjects.items():
            runs = subject.run(batch if number and not is_trial else 1)
            if number:
                took[name] += runs
    return took


def agree(took: Mapping[str, Sequence[Took]]) -> None:
    """Raise where the last runs did not come to the same."""
    results = {name: runs[-1].seen for name, runs in took.items()}
    first, *others = results
    for other in others:
        if results[other] != results[first]:
            raise AssertionError(f"{first} and {other} come to different values")


class Program:
    """A command that is started anew for each run; what is seen is its output."""

    def __init__(self, command: Sequence[str | Path], folder: Path, environ: Mapping[str, str]) -> None:
        self.command = list(map(str, command))
        self.folder = folder
        self.environ = dict(environ)

    def run(self, times: int) -> list[Took]:
        return [self._once() for _ in range(times)]

    def _once(self) -> Took:
        """Run it to its end; raises `RuntimeError` where that is a failure."""
        with tempfile.TemporaryFile() as errors:
            start = time.perf_counter()
            process = subprocess.Popen(
                self.command, cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, stderr=errors
            )
            assert process.stdout is not None
            with process.stdout:
                output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            wall = time.perf_counter() - start
            process.returncode = os.waitstatus_to_exitcode(status)
            _refuse_failure(process.returncode, self.command, errors)
        return Took(usage.ru_utime + usage.ru_stime, wall, output.decode())


class Worker:
    """A process that has prepared jobs and runs them when asked."""

    def __init__(self, python: Path, jobs: str, arguments: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - close() closes it
        self._command = [str(python), str(WORKER), jobs, json.dumps(arguments)]
        self._process = subprocess.Popen(
            self._command,
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )

    def job(self, name: str) -> Subject:
        return _Asked(self, name)

    def ask(self, name: str, times: int) -> list[Took]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(f"{name} {times}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            pass  # it ended; the reason is read below
        answer = self._process.stdout.readline()
        if not answer:
            _refuse_failure(self._process.wait() or 1, self._command, self._errors)
        return [Took(*run) for run in json.loads(answer)]

    def close(self) -> None:
        """Let the process end; one that does not is killed."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()


class _Asked:
    def __init__(self, worker: Worker, name: str) -> None:
        self._worker = worker
        self._name = name

    def run(self, times: int) -> list[Took]:
        return self._worker.ask(self._name, times)


def _refuse_failure(status: int, command: Sequence[str], errors: IO[bytes]) -> None:
    """Raise where a process ended badly, with what it said."""
    if status:
        errors.seek(0)
        sys.stderr.write(errors.read().decode(errors="replace"))
        raise RuntimeError(f"ended with {status}: {' '.join(command)}")

"""What a row is measured on: the contenders, each with an installation, and copies of the trial project for them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Self

from installation import Installation
from peers import FLOOR, OURS
from project import environment
from turns import Program, Worker


@dataclass(frozen=True)
class Contender:
    """Somebody who does the job: a peer in an installation, and what the tables call it."""

    name: str
    peer: str
    installation: Installation


class Course:
    """Where contenders run, in `rounds` turns; a context that ends what it started.

    `is_quick` is for sizes and times that are not rounds: they are to be tiny then. Where one version of the package is
    measured `against` another there are two contenders, and no baselines between them.
    """

    def __init__(self, folder: Path, contenders: list[Contender], rounds: int, *, is_quick: bool = False) -> None:
        self.folder = folder
        self.contenders = contenders
        self.rounds = rounds
        self.is_quick = is_quick
        self._numbers = count(1)
        self._stack = ExitStack()
        self._written: Path | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def among(self, peers: Collection[str]) -> list[Contender]:
        """The contenders that are among `peers`."""
        return [contender for contender in self.contenders if contender.peer in peers]

    @property
    def ours(self) -> list[Contender]:
        return self.among([OURS])

    @property
    def floor(self) -> list[Contender]:
        """The floor, if it is among the contenders."""
        return self.among([FLOOR])

    def project(self) -> Path:
        """A copy of the trial project, for one contender alone."""
        if self._written is None:
            self._written = self.folder / "trial"
            writer = Path(__file__).with_name("project.py")
            python = self.contenders[0].installation.python
            subprocess.run([python, writer, self._written], check=True, env=environment())
        return Path(shutil.copytree(self._written, self.folder / f"trial-{next(self._numbers)}"))

    def worker(self, installation: Installation, jobs: str, **arguments: Any) -> Worker:
        """A process of `installation` with the jobs that ``module:function`` prepares."""
        worker = Worker(installation.python, f"jobs.{jobs}", arguments, environment())
        self._stack.callback(worker.close)
        return worker

    def program(
        self, command: list[str | Path], folder: Path | None = None, variables: Mapping[str, str] | None = None
    ) -> Program:
        return Program(command, folder or self.project(), {**environment(), **(variables or {})})

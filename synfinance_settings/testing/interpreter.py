"""The interpreter in which a program is started again and again, each time as if for the first time.

    python -m synfinance_settings.testing.interpreter

It is told on its standard input what the program is and, line by line, what to do with it. It has imported this package
and nothing of the program; each start is a fork of it, so that all modules of the program are imported anew, with all
that they copy from settings. What a start came to stands in a file, line by line, and remains where it ends early.
"""

from __future__ import annotations

import asyncio
import importlib.util
import inspect
import json
import os
import sys
import threading
import traceback
from collections.abc import Callable
from functools import partial, reduce
from importlib import import_module
from pathlib import Path
from time import monotonic, sleep
from typing import Any, Final, TextIO

from synfinance_settings.errors import printable
from synfinance_settings.layers.output import plain_values
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.record import Record
from synfinance_settings.testing.observation import leaves_of

_STEP: Final = 0.02
"""Seconds between two looks at a program that may still be following."""


class Name(Record):
    """Where something of the program is found: in the module of that name, else in that file."""

    module: str
    path: str
    file: str | None = None

    def find(self) -> Any:
        """What is there; raises what the import does, and `AttributeError`."""
        module = sys.modules.get(self.module) or self._imported()
        return reduce(getattr, self.path.split("."), module)

    def _imported(self) -> Any:
        spec = importlib.util.find_spec(self.module)
        if self.file is None or (spec is not None and spec.origin == self.file):
            return import_module(self.module)
        spec = importlib.util.spec_from_file_location(self.module, self.file)
        assert spec is not None
        assert spec.loader is not None
        module = sys.modules[self.module] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


class Step(Record):
    """What the layer says for a while: `text`, with which `key` is `value`; the digests of what a start shows on it."""

    key: str
    value: Any
    text: str
    wanted: dict[str, str] | None = None


class _Start:
    """One start of the program, in a process of its own."""

    def __init__(self, program: dict[str, Any], answers: TextIO) -> None:
        self._program = program
        self._answers = answers
        self._runner = asyncio.Runner()
        self._layer = Path(program["layer"])
        self._app: Any = None
        self._observe: Callable[[Any], Any]
        self._manager: ConfigManager[Any]

    def run(self, first: Step, steps: list[Step]) -> None:
        """Start the program on `first` and observe it; then after a reload on each of `steps`, and back.

        It ends where the program does not come back to what it showed at first: what it shows from there on would be
        no answer.
        """
        before = self._answer(partial(self._begin, first))
        for step in steps:
            self._answer(partial(self._follow, step))
            back = self._answer(partial(self._follow, first._replace(wanted=self._digests(before))))
            if self._digests(back) != self._digests(before):
                return

    def _answer(self, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        failure = ""
        try:
            answer = act()
        except BaseException as error:  # noqa: BLE001 - what a program may raise, SystemExit too, is the answer
            failure = self._told(error)
        if failure:
            answer = {"failure": failure}
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()
        return answer

    def _begin(self, first: Step) -> dict[str, Any]:
        self._layer.write_text(first.text)
        make_app, self._observe, application = (Name(*self._program[name]).find() for name in _NAMES)
        self._app = self._result(make_app())
        self._manager = ConfigManager.shared(application)
        return self._seen(first)

    def _follow(self, step: Step) -> dict[str, Any]:
        """Reload and observe; what is wanted is waited for as long as the program may take to settle."""
        self._layer.write_text(step.text)
        self._manager.reload_config()
        told = threading.Event()
        self._manager.current.announcer.deliver(told.set)
        told.wait(self._program["patience"])  # a listener that blocks is one that does not follow
        end = monotonic() + self._program["settle"]
        while True:
            seen = self._seen(step)
            if self._digests(seen) == step.wanted or monotonic() >= end:
                return seen
            sleep(_STEP)

    def _seen(self, step: Step) -> dict[str, Any]:
        """What the program shows, and whether what the layer says is in force, or why not."""
        observed = self._result(self._observe(self._app))
        leaves = leaves_of(observed, bytes.fromhex(self._program["key"]), self._program["secrets"])
        values = plain_values(self._manager.get_config(), "reveal")
        refusal = self._manager.last_failure
        is_held = not step.key or values[step.key] == step.value
        waits = bool(step.key) and self._manager.explain(step.key).needs_restart
        return {"leaves": leaves, "is_held": is_held, "waits": waits, "refusal": refusal and self._told(refusal)}

    def _digests(self, seen: dict[str, Any]) -> dict[str, str]:
        unsteady = self._program["unsteady"]
        return {path: leaf[0] for path, leaf in seen.get("leaves", {}).items() if path not in unsteady}

    def _result(self, made: Any) -> Any:
        return self._runner.run(_awaited(made)) if inspect.isawaitable(made) else made

    def _told(self, error: BaseException) -> str:
        """The kind of an error, what it says unless the text of a secret is in it, and where it was raised."""
        frames = traceback.extract_tb(error.__traceback__)
        where = f", raised at {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        said = str(error).strip().partition("\n")[0]
        if any(secret in str(error) for secret in self._program["secrets"]):
            said = "what it says holds a secret"
        return printable(f"{type(error).__name__}: {said}{where}", 300)


_NAMES: Final = ("make_app", "observe", "application")


async def _awaited(made: Any) -> Any:
    return await made


def _fork(program: dict[str, Any], answers: str, first: Step, steps: list[Step]) -> None:
    """Start the program in a fork, and end with it all that it started once it is done or its time is up."""
    process = os.fork()
    if process == 0:
        os.setsid()
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)
        try:
            with open(answers, "w", encoding="utf-8") as file:
                _Start(program, file).run(first, steps)
        finally:
            _kill(os.getpid())  # nothing of the interpreter's own end is the program's
    end = monotonic() + program["patience"] * (1 + 2 * len(steps))
    while os.waitpid(process, os.WNOHANG) == (0, 0):
        if monotonic() > end:
            _kill(process)
            os.waitpid(process, 0)
            break
        sleep(_STEP / 10)
    _kill(process)


def _kill(process: int) -> None:
    """End the group of a start: it, and whatever it has started and left behind."""
    try:
        os.killpg(process, 9)
    except ProcessLookupError:
        return


def main() -> None:
    """Read what the program is, then start it for each further line, and say when it is done."""
    program = json.loads(sys.stdin.readline())
    sys.path[:] = program["path"]
    for module in program["ahead"]:
        import_module(module)
    for line in sys.stdin:
        order = json.loads(line)
        program["unsteady"] = order["unsteady"]
        _fork(program, order["answers"], Step(*order["first"]), [Step(*step) for step in order["steps"]])
        os.write(1, b"done\n")


if __name__ == "__main__":
    main()

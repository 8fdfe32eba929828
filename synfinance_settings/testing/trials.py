"""A program on trial: started on layers of its own, and reloaded on them, in an interpreter apart.

The layers lie in a folder that only the user may read and that is gone at the end. The program is found by name, since
another interpreter cannot be handed a function.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import IO, Any, Final, Self

from synfinance_settings.layers.alternatives import Values
from synfinance_settings.layers.output import layer_text
from synfinance_settings.model.application import Application
from synfinance_settings.record import Record
from synfinance_settings.testing.interpreter import Name, Step
from synfinance_settings.testing.observation import Leaf, Leaves

_AHEAD: Final = ("pytest",)
"""What a module of tests imports and no setting has a part in; a start need not pay for it."""


class Shown(Record):
    """What a program showed; or the `failure` to show anything.

    `is_held` is false where the value that was to be tried was not in force, for the reason in `refusal` where it is
    known; `waits` is true where the program says that the setting needs a restart.
    """

    leaves: Leaves
    is_held: bool
    waits: bool
    refusal: str | None
    failure: str | None


def name_of(wanted: Callable[..., Any] | str) -> Name:
    """Where a function is found by another interpreter; raises `TypeError` for one that only this one can have."""
    if isinstance(wanted, str):
        module, _, path = wanted.partition(":")
        if not all(part.isidentifier() for part in (*module.split("."), *path.split("."))):
            raise TypeError(f"{wanted!r} does not name a function: spell it as module:function")
        return Name(module, path)
    module_name, path = getattr(wanted, "__module__", None), getattr(wanted, "__qualname__", "<none>")
    found: Any = sys.modules.get(module_name or "")
    for part in path.split("."):
        found = getattr(found, part, None)
    if found is not wanted or module_name is None or module_name == "__main__":
        raise TypeError(
            f"{wanted!r} cannot be found by another interpreter: hand over a function that stands at the top of a "
            "module under its own name, or its name as module:function"
        )
    return Name(module_name, path, getattr(sys.modules[module_name], "__file__", None))


def name_of_application(application: Application[Any]) -> Name:
    """Where `application` is found; raises `TypeError` where no module has it."""
    for module_name, module in tuple(sys.modules.items()):
        for path, value in tuple(getattr(module, "__dict__", {}).items()):
            if value is application and module_name != "__main__":
                return Name(module_name, path, getattr(module, "__file__", None))
    raise TypeError(f"{application!r} stands in no module: give it a name at the top of one")


class Trials:
    """The program of `names` (``make_app``, ``observe``, ``application``), started and reloaded in `environment`.

    `values` are those of all settings, `hidden` the texts that nothing may show. A start, and each reload, may take
    `patience` seconds; what is still to come then is not waited for. `settle` seconds are given to what a program does
    of itself after a reload.
    """

    def __init__(
        self,
        application: Application[Any],
        environment: str,
        values: Values,
        hidden: Iterable[str],
        names: dict[str, Name],
        *,
        patience: float,
        settle: float,
    ) -> None:
        self._application = application
        self._environment = environment
        self._values = values
        about = {"key": secrets.token_hex(16), "patience": patience, "settle": settle, "secrets": sorted(hidden)}
        ahead = [module for module in _AHEAD if module in sys.modules]
        self._program = {**names, **about, "path": sys.path, "ahead": ahead}
        self.unsteady: frozenset[str] = frozenset()
        """The paths at which the program shows something else at each start."""

    def __enter__(self) -> Self:
        self._folder = TemporaryDirectory(prefix="settings-trial-", ignore_cleanup_errors=True)
        settings = Path(self._folder.name, self._application.settings_dir_name)
        settings.mkdir()
        (settings / "default.yaml").write_text(layer_text(self._values, "yaml"))
        layer = settings / f"{self._environment}.yaml"
        layer.write_text("{}\n")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "synfinance_settings.testing.interpreter"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=self._variables(settings),
            text=True,
        )
        self._say({**self._program, "layer": str(layer)})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            if error is not None:
                self._process.kill()
        self._folder.cleanup()

    def _variables(self, settings: Path) -> dict[str, str]:
        """Those of this process, with the application's own replaced."""
        names = self._application.variables
        others = {name: value for name, value in os.environ.items() if not name.startswith(names.prefix)}
        return {**others, names.settings_dir: str(settings), names.environment: self._environment}

    def start(self, changes: Values, key: str = "") -> Shown:
        """What the program shows that is started on `changes`, which set `key`."""
        answers = self._order(self._step(changes, key), [])
        return answers[0] if answers else _SILENT

    def reload(self, before: Values, changes: dict[str, tuple[Values, Shown]]) -> dict[str, Shown]:
        """What the program shows that is started on `before`, after a reload on the `changes` of each key.

        With the changes stands what a start on them shows. A program that does not come back to what it was is started
        again.
        """
        shown: dict[str, Shown] = {}
        left = dict(changes)
        while left:
            steps = [self._step(changed, key, wanted) for key, (changed, wanted) in left.items()]
            answers = self._order(self._step(before), steps)
            done = answers[1::2] or [_SILENT]
            for key, answer in zip(tuple(left), done, strict=False):
                shown[key] = answer
                del left[key]
        return shown

    def _step(self, changes: Values, key: str = "", wanted: Shown | None = None) -> Step:
        digests = wanted and {path: leaf.digest for path, leaf in wanted.leaves.items() if path not in self.unsteady}
        text = layer_text(changes, "yaml") if changes else "{}\n"
        return Step(key, changes.get(key), text, digests)

    def _order(self, first: Step, steps: list[Step]) -> list[Shown]:
        """Have the program started; what it showed."""
        answers = Path(self._folder.name, "answers")
        answers.unlink(missing_ok=True)
        self._say({"answers": str(answers), "first": first, "steps": steps, "unsteady": sorted(self.unsteady)})
        assert self._process.stdout
        if self._process.stdout.readline() != "done\n":
            raise RuntimeError(_ENDED)
        lines = answers.read_text().splitlines(keepends=True) if answers.exists() else []
        return [_shown(json.loads(line)) for line in lines if line.endswith("\n")]

    def _say(self, order: dict[str, Any]) -> None:
        stdin: IO[str] | None = self._process.stdin
        assert stdin
        try:
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
        except BrokenPipeError:
            raise RuntimeError(_ENDED) from None


_ENDED: Final = "the interpreter of the trial ended early; what it said stands on standard error"
_SILENT: Final = Shown({}, False, True, None, "it ended, or did not answer in time")


def _shown(answer: dict[str, Any]) -> Shown:
    leaves = {path: Leaf(*leaf) for path, leaf in answer.get("leaves", {}).items()}
    return Shown(
        leaves, answer.get("is_held", False), answer.get("waits", True), answer.get("refusal"), answer.get("failure")
    )

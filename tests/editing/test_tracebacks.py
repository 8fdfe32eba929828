"""Whatever stops an edit, an export or a load, wherever it strikes: no frame of the traceback has a layer to show."""

from __future__ import annotations

import inspect
import sys
import traceback
from itertools import count
from pathlib import Path

import click.testing
import pytest

import synfinance_settings
from synfinance_settings.cli.group import group
from synfinance_settings.errors import SettingsError

CANARY = "qzxjvkwqj9qzxjvkwqj9"
NUMBERS = count()
PARTS = [CANARY[at : at + 4] for at in range(10)]
PACKAGE = str(Path(synfinance_settings.__file__).parent)
OUTSIDE = (__file__, click.testing.__file__)  # what a caller holds is its own
LAYER = f"""\
# {CANARY}
database: {{password: {CANARY}, user: a}}
security: {{api_keys: [{CANARY}], jwt_secret: '{CANARY}'}}
"""


class Struck(BaseException):
    """What may come at any moment, and nobody expects: as KeyboardInterrupt, MemoryError, a mistake."""


class Strike:
    """Raises `Struck` when a function of the package is first left, with all that it holds then.

    A generator is struck when it is first entered: it would be left where it yields, with what it holds open, as
    nothing real leaves it.
    """

    def __init__(self, wanted=None) -> None:
        self.wanted = wanted
        self.seen = set()

    def __call__(self, frame, event, argument):
        code = frame.f_code
        if event != ("call" if code.co_flags & inspect.CO_GENERATOR else "return"):
            return
        if not code.co_filename.startswith(PACKAGE) or code.co_filename.endswith("errors.py"):
            return
        self.seen.add(code)
        if code is self.wanted:
            self.wanted = None
            raise Struck


def told_by(error):
    """All that a traceback with locals shows of `error` and of what lies behind it, but for the callers' own."""
    seen, todo = {}, [error]
    while todo:
        found = todo.pop()
        if found is None or id(found) in seen:
            continue
        seen[id(found)] = found
        todo += [found.__cause__, found.__context__]
        for frame in traceback.StackSummary.extract(traceback.walk_tb(found.__traceback__), capture_locals=True):
            if frame.filename not in OUTSIDE:
                where = f"{frame.filename}:{frame.lineno}"
                yield from ((f"{where} {name}", text) for name, text in (frame.locals or {}).items())
        yield type(found).__name__, f"{found} {found!r} {vars(found)}"


def run(project, *arguments, input=None):
    """A command, with what it raises."""
    variables = {"SYNFINANCE_SETTINGS_DIR": str(project.settings), "SYNFINANCE_STATE_DIR": str(project.root / "state")}
    return click.testing.CliRunner(env=variables).invoke(group, arguments, input=input, catch_exceptions=False)


def export_config(project):
    manager = project.manager()
    manager.export_config(project.root / "out.yaml", reveal_secrets=True)


def import_config(project):
    project.manager(SYNFINANCE_STATE_DIR=str(project.root / "state")).import_config(project.root / "given.yaml")


WAYS = {
    "set": lambda project: run(project, "set", "debug", "on"),
    "set a secret": lambda project: run(project, "set", "cache.password", "-", "--allow-secret", input=f"{CANARY}2"),
    "set a section": lambda project: run(project, "set", "database", "{user: b}"),
    "unset": lambda project: run(project, "unset", "security"),
    "import": lambda project: run(project, "import", str(project.root / "given.yaml"), "--yes", "--allow-secret"),
    "rollback": lambda project: [run(project, "set", "debug", "on"), run(project, "rollback", "--yes")],
    "export": lambda project: run(project, "export", str(project.root / "out.yaml"), "--reveal", "--yes"),
    "show as env": lambda project: run(project, "show", "--format", "env", "--reveal"),
    "diff": lambda project: run(project, "diff", "development", str(project.root / "given.yaml")),
    "export_config": export_config,
    "import_config": import_config,
    "load_config": lambda project: project.load(),
}


def struck(project, act, strike):
    """What comes of `act` in a project of its own when it is struck; None where it went by."""
    root = project.root / f"{next(NUMBERS)}"  # a strike may leave a lock that goes with the process only
    root.mkdir()
    project = type(project)(root)
    project.layer("default", "{}\n")
    project.layer("development", LAYER)
    project.write("given.yaml", LAYER.replace("user: a", "user: b"))
    before = sys.getprofile()
    sys.setprofile(strike)
    try:
        act(project)
    except (Struck, SettingsError) as error:
        return error
    finally:
        sys.setprofile(before)
    return None


QUICK = ("export_config", "load_config")
CASES = [pytest.param(act, id=name, marks=() if name in QUICK else pytest.mark.long) for name, act in WAYS.items()]


@pytest.mark.parametrize("act", CASES)
def test_no_frame_of_what_was_struck_shows_a_layer(project, act):
    steps = Strike()
    assert struck(project, act, steps) is None
    assert len(steps.seen) > 50
    for code in steps.seen:
        error = struck(project, act, Strike(code))
        shown = [where for where, text in told_by(error) for part in PARTS if part in text] if error else []
        assert not shown, (code, shown)


@pytest.mark.parametrize("call", [["set", "debug", "on"], ["set", "server", "{port: 8001}"], ["unset", "debug"]])
def test_a_layer_that_is_not_utf8_is_told_by_its_line(project, call):
    project.layer("development", f"# {CANARY}\ndebug: off\ndatabase: {{password: {CANARY}}}".encode() + b"\xff\n")
    result = run(project, *call)
    assert result.exit_code == 1
    assert (
        "error[not-utf8]: settings/development.yaml is not UTF-8\n  --> settings/development.yaml:3\n" in result.output
    )
    assert not [part for part in PARTS if part in result.output]

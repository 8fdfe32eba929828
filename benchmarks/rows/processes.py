"""Whole processes: from the start of the interpreter, or of a command, to its end."""

from __future__ import annotations

from pathlib import Path

from course import Contender, Course
from peers import OURS, WHOLE
from table import Table, compared, limit
from turns import Program, Subject, Took, agree, take_turns

READ = "from synfinance_settings import settings; print(settings.server.port)"
CLICK = "`python -c 'import click'`"
COMPLETION = {
    "_SYNFINANCE_SETTINGS_COMPLETE": "bash_complete",
    "COMP_WORDS": "synfinance-settings get server.p",
    "COMP_CWORD": "2",
}


def process(course: Course) -> Table:
    took = take_turns({one.name: _program(course, one) for one in course.among(WHOLE)}, course.rounds)
    agree(took)
    table = compared("A whole process: import, load, read one value", took)
    for base, at_most in (("floor", 1.2), ("pydantic-settings", 0.95)):
        table.limits += limit(took, course.ours[0].name, base, at_most, "a whole process")
    return table


def bare_import(course: Course) -> Table:
    subjects: dict[str, Subject] = {**_bare(course, "pass")}
    for one in course.ours:
        name = f"`import {one.name}`" if course.floor else one.name
        subjects[name] = course.program([one.installation.python, "-c", "import synfinance_settings"])
    subjects |= {f"{one.name}, a process": _program(course, one) for one in course.floor}
    took = take_turns(subjects, course.rounds)
    table = compared("The import alone", took)
    table.limits += limit(took, "`import synfinance_settings`", "floor, a process", 0.2)
    return table


def start(course: Course) -> Table:
    """What a person waits for at each key: help, and the completion of a key."""
    subjects: dict[str, Subject] = {**_bare(course, "import click")}
    for one in course.ours:
        command = one.installation.program("synfinance-settings")
        subjects[_named(course, one, "--help")] = course.program([command, "--help"])
        subjects[_named(course, one, "completion of a key")] = course.program([command], variables=COMPLETION)
    took = take_turns(subjects, course.rounds)
    table = compared("Help and completion", took)
    for what in ("--help", "completion of a key"):
        table.limits += limit(took, what, CLICK, 1.5)
    return table


def output(course: Course) -> Table:
    subjects = {f"{one.name}, a process": _program(course, one) for one in course.floor}
    for one in course.ours:
        command = one.installation.program("synfinance-settings")
        subjects[_named(course, one, "get server.port")] = course.program([command, "get", "server.port"])
        subjects[_named(course, one, "show")] = course.program([command, "show"])
    took = take_turns(subjects, course.rounds)
    table = compared("`get` and `show`", took)
    for what in ("get server.port", "show"):
        table.limits += limit(took, what, "floor, a process", 1.3)
    return table


def change(course: Course) -> Table:
    """`set` of one key, to another value each time, beside `get`."""
    subjects: dict[str, Subject] = {}
    for one in course.ours:
        command = one.installation.program("synfinance-settings")
        root = course.project()
        state = {"SYNFINANCE_STATE_DIR": str(root.with_name(f"{root.name}.state"))}
        subjects[_named(course, one, "get")] = course.program([command, "get", "server.workers"], root, state)
        setting = _Alternating([course.program(_set(command, value), root, state) for value in ("5", "6")])
        subjects[_named(course, one, "set")] = setting
    took = take_turns(subjects, course.rounds)
    table = compared("`set` of one key beside `get`", took)
    table.limits += limit(took, "set", "get", 1.5)
    return table


class _Alternating:
    """Programs that take turns, so that each has something to do."""

    def __init__(self, programs: list[Program]) -> None:
        self._programs = programs

    def run(self, times: int) -> list[Took]:
        runs: list[Took] = []
        for _ in range(times):
            self._programs.append(self._programs.pop(0))
            runs += self._programs[-1].run(1)
        return runs


def _set(command: Path, value: str) -> list[str | Path]:
    return [command, "set", "server.workers", value, "--env", "default"]


def _bare(course: Course, code: str) -> dict[str, Program]:
    """Python with nothing of ours, where versions are not compared."""
    return {f"`python -c '{code}'`": course.program([one.installation.python, "-c", code]) for one in course.floor}


def _program(course: Course, one: Contender) -> Program:
    code = f"import pathlib; from peers import {one.peer} as it; print(it.load(pathlib.Path().resolve()).server.port)"
    return course.program([one.installation.python, "-c", READ if one.peer == OURS else code])


def _named(course: Course, one: Contender, what: str) -> str:
    return what if course.floor else f"{what}, {one.name}"

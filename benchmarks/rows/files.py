"""How often a command looks into each file."""

from __future__ import annotations

import json
from pathlib import Path

from course import Course
from project import ENVIRONMENT
from table import Limit, Table

COUNTER = Path(__file__).parents[1] / "opened.py"
COMMANDS = {"get": ["get", "server.port"], "set": ["set", "server.port", "8888", "--env", ENVIRONMENT]}


def opened(course: Course) -> Table:
    columns = [f"{command}{'' if course.floor else f', {one.name}'}" for one in course.ours for command in COMMANDS]
    table = Table("How often `get` and `set` open and parse each file", {})
    table.columns = {f"{column}: {what}": ",.0f" for column in columns for what in ("opened", "parsed")}
    counts: dict[str, list[float]] = {}
    for one in course.ours:
        for arguments in COMMANDS.values():
            root = course.project()
            state = {"SYNFINANCE_STATE_DIR": str(root.with_name(f"{root.name}.state"))}
            (run,) = course.program([one.installation.python, COUNTER, *arguments], root, state).run(1)
            for name, times in json.loads(run.seen).items():
                counts.setdefault(f"`{name}`", []).extend(times)
    table.rows = {name: tuple(times) for name, times in counts.items()}
    most = max(max(times) for times in counts.values())
    table.limits += [Limit("times that a file is opened or parsed", most, 2)] if course.floor else []
    return table

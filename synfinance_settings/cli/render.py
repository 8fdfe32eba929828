"""How the commands speak: colours, reports and tables, for people; JSON and annotations, for scripts."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from synfinance_settings.errors import Problem, SettingsError, printable
from synfinance_settings.errors import counted as counted

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "place": {"fg": "cyan"},
    "caret": {"fg": "red"},
    "good": {"fg": "green"},
    "quiet": {"dim": True},
}


def style(text: str, name: str) -> str:
    """`text` in the colours of `name`; the terminal, NO_COLOR and --color decide whether they are shown."""
    return click.style(text, **_STYLES.get(name, {}))


def report(problem: Problem, note: str | None = None) -> str:
    """A problem as people read it: what, where, the line, what it hides, the mend, and `note`."""
    lines = []
    for part, text in problem.lines(note):
        if part == "head":
            head, _, message = text.partition(": ")
            lines.append(f"{style(head, problem.severity)}: {click.style(message, bold=True)}")
        else:
            lines.append(style(text, part))
    return "\n".join(lines)


def one_line(problem: Problem) -> str:
    """A problem in one line, for warnings beside another result."""
    where = f" ({problem.origin})" if problem.origin else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    return f"{style(problem.severity, problem.severity)}: {problem.message}{where}{hint}"


def annotation(problem: Problem) -> str:
    """A problem as a workflow command of GitHub Actions."""
    origin = problem.origin
    place = {"file": origin.source, "line": origin.line, "col": origin.column} if origin and origin.line else {}
    fields = {**place, "title": problem.code}
    said = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in fields.items() if value is not None)
    return f"::{problem.severity} {said}::{_escaped(problem.message + (f' ({problem.hint})' if problem.hint else ''))}"


def _escaped(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def table(rows: Iterable[Sequence[str]]) -> str:
    """Rows in aligned columns, the last one ragged."""
    found = [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*found, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in found
    )


def sign(character: str, plain: str) -> str:
    """`character` where the output can say it, else `plain`."""
    try:
        character.encode(sys.stdout.encoding or "ascii")
    except UnicodeEncodeError:
        return plain
    return character


def note(text: str | None) -> None:
    """Say on stderr what is good to know beside a result; nothing where there is nothing to say."""
    if text is not None:
        click.echo(f"{style('note', 'warning')}: {text}", err=True)


def difference(lines: Iterable[str]) -> str:
    """A unified diff in colours."""
    styles = {"+": "good", "-": "error", "@": "place"}
    return "\n".join(style(line, styles.get(line[:1], "")) for line in lines)


def place(path: Path) -> str:
    """`path` as an operator would type it here: relative to the working directory where it lies below."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def echo_json(data: Any) -> None:
    """Print `data` as indented JSON."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False))


def fail(error: SettingsError) -> None:
    """Print all problems of `error` on stderr, counted at the end."""
    for problem in error.problems:
        click.echo(report(problem) + "\n", err=True)
    click.echo(style(counted(len(error.problems), "error"), "error"), err=True)


def inline(value: Any) -> str:
    """A plain value in one line: text bare, lists as JSON, null as null."""
    if isinstance(value, str):
        return printable(value)
    return json.dumps(value, ensure_ascii=False)

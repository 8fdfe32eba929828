"""How the commands speak: colours, reports and tables, for people; JSON and annotations, for scripts."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from synfinance_settings.errors import NOT_SET, Problem, SettingsError
from synfinance_settings.errors import counted as counted

_NARROWEST: Final = 20  # columns that a text gets at least
_STOPS: Final = re.compile("[/.,:;@_-]")

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
    """Print all problems of `error` on stderr, counted at the end; the last line is what to do next."""
    for problem in error.problems:
        click.echo(report(problem) + "\n", err=True)
    click.echo(style(counted(len(error.problems), "error"), "error"), err=True)
    for note in getattr(error, "__notes__", ()):
        click.echo(note, err=True)


def width() -> int | None:
    """The columns of the terminal, or those that COLUMNS says; None for a pipe or a file, where nothing is wrapped."""
    if "COLUMNS" in os.environ or sys.stdout.isatty():
        return shutil.get_terminal_size((100, 24)).columns
    return None


def is_coloured() -> bool:
    """True when what goes to stdout keeps its colours."""
    context = click.get_current_context(silent=True)
    wanted = context.color if context else None
    return sys.stdout.isatty() if wanted is None else wanted


def words(text: str) -> list[str]:
    """`text` in the pieces that a line may end after: words and items, each with the blanks behind it."""
    return [text] if text == NOT_SET else re.findall(r"\S+\s*|\s+", text) or [""]


def wrapped(text: str, columns: int) -> list[str]:
    """`text` in lines of at most `columns`, which end between words; where a word is broken, a mark says so."""
    lines = [""]
    for word in words(text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > columns:
            lines.append("")
        lines[-1] += word
        while len(lines[-1].rstrip()) > columns:
            kept, rest = _broken(lines[-1], columns)
            lines[-1:] = [kept, rest]
    return [line.rstrip() if len(lines) > 1 else line for line in lines]


def _broken(text: str, columns: int) -> tuple[str, str]:
    """`text` broken to fit, behind a stop in its second half where there is one, with a mark."""
    room = max(columns - 1, 1)
    at = max((found.end() for found in _STOPS.finditer(text, room // 2, room)), default=room)
    return text[:at] + sign("…", "\\"), text[at:]


def hanging(head: str, text: str, columns: int | None) -> list[str]:
    """`text` behind `head`, and below itself where it does not fit into `columns`."""
    if columns is None or len(head) + len(text) <= columns:
        return [head + text]
    first, *others = wrapped(text, max(columns - len(head), _NARROWEST))
    return [head + first, *(" " * len(head) + line for line in others)]

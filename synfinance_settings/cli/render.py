"""How the commands speak: colours, reports and tables, for people; JSON and annotations, for scripts.

Nothing else prints. `say` is for words: one line, in which what is foreign is escaped. `put_out` is for data: exact,
but for a terminal.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.errors import NOT_SET, Problem, SettingsError
from synfinance_settings.errors import counted as counted
from synfinance_settings.errors import number_of as number_of
from synfinance_settings.foreign import as_json, printable

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

_NARROWEST: Final = 20  # columns that a text gets at least
_BELOW_VERSION: Final = " " * 9  # the margin of what stands below a version
_COLUMNS: Final = 100  # of a terminal that does not say how many it has
_STOPS: Final = re.compile("[/.,:;@_-]")

_STYLES: Final[dict[str, dict[str, Any]]] = {
    "error": {"fg": "red", "bold": True},
    "warning": {"fg": "yellow", "bold": True},
    "place": {"fg": "cyan"},
    "caret": {"fg": "red"},
    "good": {"fg": "green"},
    "quiet": {"dim": True},
    "strong": {"bold": True},
}


class Shown(str):
    """Text that is escaped already, and may have colours and line ends of ours."""

    __slots__ = ()


def style(text: str, name: str) -> Shown:
    """`text` in the colours of `name`; the terminal, NO_COLOR and --color decide whether they are shown."""
    return Shown(click.style(shown(text), **_STYLES.get(name, {})))


def shown(text: str) -> str:
    """`text` as it may go to a terminal, whole."""
    return text if isinstance(text, Shown) else printable(text, None)


def joined(parts: Iterable[str], between: str = "") -> Shown:
    """The parts as one text, in which those that are foreign are escaped."""
    return Shown(between.join(map(shown, parts)))


def say(*parts: str, err: bool = False) -> None:
    """Print a line of `parts`; a part is escaped unless it is `Shown`."""
    click.echo(joined(parts), err=err)


def tell(*parts: str, err: bool = False) -> None:
    """Print `parts` in lines that fit the terminal, which end between words."""
    for line in hanging("", joined(parts), width()):
        say(Shown(line), err=err)


def redraw(lines: Iterable[str]) -> None:
    """Print `lines` in the place of all that a terminal shows; elsewhere below what was printed before."""
    click.clear()
    for line in lines:
        say(line)


def put_out(text: str) -> None:
    """Print data: as it is for a pipe or a file, each line escaped for a terminal."""
    _put_out("\n".join(map(shown, text.split("\n"))) if sys.stdout.isatty() else text)


def put_out_value(text: str) -> None:
    """Print one value and a line end: as it is for a pipe or a file, in one line for a terminal."""
    _put_out((shown(text) if sys.stdout.isatty() else text) + "\n")


def _put_out(text: str) -> None:
    click.echo(text, nl=False, color=True)  # else what looks like a colour would be taken out of a pipe


def in_full(problem: Problem, note: str | None = None) -> Shown:
    """A problem as people read it: what, where, the line, what it hides, the mend, and `note`."""
    lines: list[str] = []
    columns = width()
    for part, text in problem.lines(note):
        if part == "head":
            first, *others = hanging("", text, columns)
            head, _, message = first.partition(": ")
            kind = "quiet" if problem.waived else problem.severity
            lines.append(joined([style(head, kind), ": ", style(message, "strong")]))
            lines += [style(line, "strong") for line in others]
        elif part == "note":
            margin, sign, said = text.partition("= ")
            lines += [style(line, part) for line in hanging(margin + sign, said, columns)]
        else:
            lines.append(style(text, part))
    return Shown("\n".join(lines))


def one_line(problem: Problem) -> Shown:
    """A problem in one line, for warnings beside another result."""
    where = f" ({problem.origin})" if problem.origin else ""
    hint = f"; {problem.hint}" if problem.hint else ""
    if problem.waived:
        return joined([style("waived", "quiet"), f": {problem.message}{where}; {problem.waived}"])
    return joined([style(problem.severity, problem.severity), f": {problem.message}{where}{hint}"])


def annotation(problem: Problem) -> str:
    """A problem as a workflow command of GitHub Actions."""
    origin = problem.origin
    fields: dict[str, object] = {"title": problem.code}
    if origin and origin.line:
        fields = {"file": shown(origin.source), "line": origin.line, "col": origin.column, **fields}
    properties = ",".join(f"{name}={_escaped(str(value), ':,')}" for name, value in fields.items() if value is not None)
    more = f"waived {problem.waived}" if problem.waived else problem.hint
    kind = "notice" if problem.waived else problem.severity
    return f"::{kind} {properties}::{_escaped(problem.message + (f' ({more})' if more else ''))}"


def _escaped(text: str, also: str = "") -> str:
    for character in "%\r\n" + also:
        text = text.replace(character, f"%{ord(character):02X}")
    return text


def table(rows: Iterable[Sequence[str]]) -> Shown:
    """Rows in aligned columns, the last one ragged."""
    cells = [list(map(shown, row)) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return Shown("\n".join(lines))


def moment(when: datetime) -> str:
    """A moment by the clock of whoever reads it."""
    return f"{when.astimezone():%Y-%m-%d %H:%M:%S %z}"


def versions(rows: Sequence[Sequence[str]]) -> None:
    """A version a line; where one does not fit the terminal, what was done stands below when and by whom."""
    columns, whole = width(), table(rows)
    if columns is None or max(map(len, whole.splitlines())) <= columns:
        say(whole)
        return
    heads = table([row[:3] for row in rows]).splitlines()
    for head, (*_, command, changed) in zip(heads, rows, strict=True):
        say(Shown(head))
        for text in filter(None, (command, changed)):
            for line in hanging(_BELOW_VERSION, text, columns):
                say(Shown(line))


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
        tell(style("note", "warning"), f": {text}", err=True)


def difference(lines: Iterable[str]) -> Shown:
    """A unified diff in colours."""
    styles = {"+": "good", "-": "error", "@": "place"}
    return Shown("\n".join(style(line, styles.get(line[:1], "")) for line in lines))


def place(path: Path) -> str:
    """`path` as an operator would type it here: relative to the working directory where it lies below."""
    here = path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def echo_json(data: Any) -> None:
    """Print `data` as indented JSON."""
    click.echo(as_json(data, 2))


@contextmanager
def answer(data: dict[str, Any], *, is_json: bool) -> Iterator[None]:
    """Print `data`, which the block fills, as JSON where that is asked for; what is refused stands in its `problems`,
    and is raised.
    """
    try:
        yield
    except SettingsError as error:
        data["problems"] = error.errors()
        if is_json:
            echo_json(data)
        raise
    if is_json:
        echo_json(data)


def fail(error: SettingsError) -> None:
    """Print all problems of `error` on stderr, counted at the end; the last line is what to do next."""
    for problem in error.problems:
        say(in_full(problem), Shown("\n"), err=True)
    say(style(counted(number_of(error.problems), "error"), "error"), err=True)
    for note in getattr(error, "__notes__", ()):
        say(note, err=True)


def width() -> int | None:
    """The columns of the terminal, or those that COLUMNS says; None for a pipe or a file, where nothing is wrapped."""
    said = os.environ.get("COLUMNS", "")
    if said.isdecimal() and int(said):
        return int(said)
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns or _COLUMNS
    except (OSError, ValueError):  # it is no terminal, or was replaced by something without a descriptor
        return _COLUMNS if said or sys.stdout.isatty() else None


def is_coloured() -> bool:
    """True when what goes to stdout keeps its colours."""
    context = click.get_current_context(silent=True)
    wanted = context.color if context else None
    return sys.stdout.isatty() if wanted is None else wanted


def words(text: str) -> list[str]:
    """`text` in the pieces that a line may end after: words and items, each with the white space behind it."""
    return [text] if text == NOT_SET else re.findall(r"\S+\s*|\s+", text) or [""]


def wrapped(text: str, columns: int) -> list[str]:
    """`text` in lines of at most `columns`, which end between words; where a word is broken, a mark says so."""
    lines = [""]
    for word in words(text):
        if lines[-1] and len(lines[-1]) + len(word.rstrip()) > columns:
            lines.append("")
        lines[-1] += word
        while len(lines[-1].rstrip()) > columns:
            head, rest = _broken(lines[-1], columns)
            lines[-1:] = [head, rest]
    return [line.rstrip() if len(lines) > 1 else line for line in lines]


def _broken(text: str, columns: int) -> tuple[str, str]:
    """`text` broken to fit, behind a stop in its second half where there is one, with a mark."""
    room = max(columns - 1, 1)
    at = max((stop.end() for stop in _STOPS.finditer(text, room // 2, room)), default=room)
    return text[:at] + sign("…", "\\"), text[at:]


def hanging(head: str, text: str, columns: int | None) -> list[str]:
    """`text` behind `head`, and below itself where it does not fit into `columns`."""
    head, text = shown(head), shown(text)
    if columns is None or len(head) + len(text) <= columns:
        return [head + text]
    first, *others = wrapped(text, max(columns - len(head), _NARROWEST))
    return [head + first, *(" " * len(head) + line for line in others)]

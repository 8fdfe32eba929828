"""The command diff: two states of the settings side by side, or all environments at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.cli import completion, options, render
from synfinance_settings.cli.program import Command
from synfinance_settings.environment import meant_environment
from synfinance_settings.errors import EnvironmentNameError, SettingsError
from synfinance_settings.record import Record

if TYPE_CHECKING:
    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.layers.snapshot import Snapshot
    from synfinance_settings.model.catalogue import Setting

_NARROW: Final = 80  # columns; below, the sides of every setting stand under one another
_BAR: Final = " │ "


class _Side(Record):
    """One of the states that are compared, and the settings in it that hold a placeholder."""

    snapshot: Snapshot
    lent: Mapping[str, tuple[str, ...]]


class _Cell(Record):
    """One setting on one side: for people, for scripts, where it comes from, and whether that is the default layer."""

    text: str
    data: Any
    origin: str
    is_inherited: bool

    def lines(self, origin: bool) -> tuple[str, ...]:
        """What is shown of it."""
        return (self.text, f"({self.origin})") if origin else (self.text,)


class _Row(Record):
    """One setting on all sides, and whether they differ; None where placeholders stand for what it is everywhere."""

    key: str
    differs: bool | None
    cells: tuple[_Cell, ...]


@click.command(cls=Command, short_help="Compare settings side by side.")
@click.argument("sides", nargs=-1, metavar="[A B]", shell_complete=completion.environments)
@click.option(
    "--matrix",
    is_flag=True,
    help="Compare all environments that have a layer file: show the settings that differ anywhere.",
)
@click.option("--all-keys", is_flag=True, help="Also show the settings that are the same.")
@click.option("--origin", is_flag=True, help="Show where each value was written.")
@click.option("--exit-code", is_flag=True, help="Exit with 1 if anything differs.")
@options.format_option("text", "json", "yaml")
def diff(sides: tuple[str, ...], matrix: bool, all_keys: bool, origin: bool, exit_code: bool, output: str) -> None:
    """Compare the settings of A and B side by side.

    A and B are environments, layer files, or versions of the history (v12). Secrets are masked, yet shown to differ.
    Names that references need and nothing sets are lent a placeholder.

    \b
    {call} diff {other} {environment}
    {call} diff {environment} v12 --exit-code
    {call} diff --matrix
    """
    if matrix == bool(sides) or (sides and len(sides) != 2):
        raise click.UsageError("name two things to compare, or pass only --matrix")
    names = sides or _environments()
    states = [_state(name) for name in names]
    rows = _rows(states)
    different = [row for row in rows if row.differs]
    chosen = rows if all_keys else different
    if output == "text":
        labels = [_label(name, state.snapshot.environment) for name, state in zip(names, states, strict=True)]
        _print_text(chosen, labels, origin=origin)
        render.say(f"{len(different)} of {len(rows)} settings differ", err=True)
    else:
        _print_data(chosen, names, origin=origin, output=output)
    unknown = [row.key for row in rows if row.differs is None]
    if unknown:
        render.say(f"not compared, since every side has a placeholder: {', '.join(unknown)}", err=True)
    if exit_code and different:
        raise click.exceptions.Exit(1)


def _environments() -> tuple[str, ...]:
    """The environments that have a layer file, and a note on the others."""
    from synfinance_settings.layers.trial import environments_of, without_layer

    project = options.find()
    names = environments_of(project)
    render.note(without_layer(project.application, names))
    return names


def _state(name: str) -> _Side:
    """The settings that `name` means: an environment, a file or a version."""
    from pathlib import Path

    from synfinance_settings.layers.trial import layer_of, validate

    if environment := _meant(name):
        return _side(validate(options.find(environment), placeholders=True))
    if Path(name).is_file():
        project = options.find(layer_of(options.application(), Path(name))[1], name)
        return _side(validate(project, placeholders=True))
    if name.removeprefix("v").isdigit():
        return _side(options.stored(int(name.removeprefix("v"))))
    raise click.UsageError(f"{name} is not an environment, a file or a version in the history")


def _meant(name: str) -> str | None:
    """The environment that `name` means, if it means one."""
    try:
        return meant_environment(options.application().environments, name)
    except EnvironmentNameError:
        return None


def _label(name: str, environment: str) -> str:
    """How the output calls a side: a file or a version with the environment that it was read for."""
    return render.shown(name if _meant(name) == environment else f"{name} ({environment})")


def _side(report: ValidationReport) -> _Side:
    if report.snapshot is None:
        raise SettingsError.of(report.problems)
    return _Side(report.snapshot, report.lent)


def _rows(states: Sequence[_Side]) -> list[_Row]:
    catalogue = options.application().catalogue
    values = [catalogue.values_of(state.snapshot.config) for state in states]
    return [_row(setting, [value[key] for value in values], states) for key, setting in catalogue.settings.items()]


def _row(setting: Setting, values: Sequence[Any], states: Sequence[_Side]) -> _Row:
    """One setting as a row: its text for each side, and whether the sides differ."""
    from synfinance_settings.layers.output import line, told
    from synfinance_settings.model.lines import is_set

    key = setting.key
    lent = [key in state.lent for state in states]
    differs = any(value != values[0] for value in values)
    letters = [""] * len(values)
    if setting.is_secret and differs:
        known = [is_set(value) and not unknown for value, unknown in zip(values, lent, strict=True)]
        letters = _letters(values, known)
    cells = []
    for value, unknown, letter, state in zip(values, lent, letters, states, strict=True):
        origin = str(state.snapshot.origins[key])
        data = told(setting, value, unknown)
        text = line(setting, value, unknown) + letter
        cells.append(_Cell(text, text if letter else data, origin, _is_inherited(origin)))
    return _Row(key, None if all(lent) else differs, tuple(cells))


def _letters(values: Sequence[Any], known: Sequence[bool]) -> list[str]:
    """What tells masked secrets apart: a letter for each that is `known`, where there are several."""
    kinds: list[Any] = []
    for value, is_known in zip(values, known, strict=True):
        if is_known and value not in kinds:
            kinds.append(value)
    if sum(known) < 2:
        return [""] * len(values)
    return [
        f" ({chr(ord('A') + kinds.index(value))})" if is_known else ""
        for value, is_known in zip(values, known, strict=True)
    ]


def _is_inherited(origin: str) -> bool:
    from pathlib import PurePath

    return origin == "default" or PurePath(origin.partition(":")[0]).stem == "default"


def _print_text(rows: Sequence[_Row], names: Sequence[str], *, origin: bool) -> None:
    """Each setting in columns where it fits without a broken word, else its sides under one another."""
    columns = render.width()
    widths = _widths(rows, names, columns, origin) if columns is None or columns >= _NARROW else None
    key_width = max((len(row.key) for row in rows), default=0)
    bar = render.sign(_BAR, " | ")
    beside = [row for row in rows if widths and _fits(row, widths, origin)]
    if beside and widths:
        header = [render.style(name.ljust(size), "strong") for name, size in zip(names, widths[:-1], strict=False)]
        render.say(render.joined([" " * key_width, *header, render.style(names[-1], "strong")], bar))
    for row in rows:
        if widths and row in beside:
            _print_beside(row, key_width, widths, bar, origin=origin)
        else:
            _print_stacked(row, names, columns, origin=origin)
    if rows and render.is_coloured():
        written, inherited = render.style("written for the side", "warning"), render.style("inherited", "quiet")
        render.say("colours: ", written, ", ", inherited, " from default")


def _widths(rows: Sequence[_Row], names: Sequence[str], columns: int | None, origin: bool) -> list[int] | None:
    """The widths of the columns, so that as many rows as can be stand in them; None where not even the names fit."""
    widths = [len(name) for name in names]
    room = columns - max(map(len, (row.key for row in rows)), default=0) - len(_BAR) * len(names) if columns else None
    if room is not None and sum(widths) > room:
        return None
    for measure in (_longest_word, len):
        needs = [[max(map(measure, cell.lines(origin))) for cell in row.cells] for row in rows]
        for need in sorted(needs, key=sum):
            wider = list(map(max, widths, need))
            if room is None or sum(wider) <= room:
                widths = wider
    return widths


def _longest_word(text: str) -> int:
    return max(len(word.rstrip()) for word in render.words(text))


def _fits(row: _Row, widths: Sequence[int], origin: bool) -> bool:
    lines = ((line, size) for cell, size in zip(row.cells, widths, strict=True) for line in cell.lines(origin))
    return all(_longest_word(line) <= size for line, size in lines)


def _print_beside(row: _Row, key_width: int, widths: Sequence[int], bar: str, *, origin: bool) -> None:
    """A setting with its sides in columns; what is longer goes on below."""
    columns = [
        [part for line in cell.lines(origin) for part in render.wrapped(line, size)]
        for cell, size in zip(row.cells, widths, strict=True)
    ]
    for number, parts in enumerate(zip_longest(*columns, fillvalue="")):
        padded = [*(part.ljust(size) for part, size in zip(parts[:-1], widths, strict=False)), parts[-1]]
        cells = [_styled(part, row, cell) if part else "" for part, cell in zip(padded, row.cells, strict=True)]
        render.say(
            render.Shown(render.joined([(row.key if not number else "").ljust(key_width), *cells], bar).rstrip())
        )


def _print_stacked(row: _Row, names: Sequence[str], columns: int | None, *, origin: bool) -> None:
    """A setting with its sides under one another."""
    render.say(render.style(row.key, "strong" if row.differs else ""))
    wide = max(map(len, names))
    for name, cell in zip(names, row.cells, strict=True):
        head = f"  {name.ljust(wide)}  "
        for line in render.hanging(head, " ".join(cell.lines(origin)), columns):
            render.say(line[: len(head)], _styled(line[len(head) :], row, cell))


def _styled(text: str, row: _Row, cell: _Cell) -> str:
    return render.style(text, "quiet" if cell.is_inherited else "warning") if row.differs else text


def _print_data(rows: Sequence[_Row], names: Sequence[str], *, origin: bool, output: str) -> None:
    """The rows as JSON or YAML, each setting with its sides by name."""
    from synfinance_settings.text.yaml import YAML

    data: dict[str, dict[str, Any]] = {}
    for row in rows:
        cells = [{"value": cell.data, "origin": cell.origin} if origin else cell.data for cell in row.cells]
        data[row.key] = {"differs": row.differs, **dict(zip(names, cells, strict=True))}
    if output == "json":
        render.echo_json(data)
    else:
        render.put_out(YAML.write(data))

"""The command diff: two states of the settings side by side, or all environments at once."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from synfinance_settings.cli import completion, options, render
from synfinance_settings.environment import SHORT_NAMES, Environment
from synfinance_settings.errors import SettingsError

if TYPE_CHECKING:
    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.layers.snapshot import Snapshot

_NARROW: Final = 80  # columns; below, the two sides stand under one another
_NARROWEST_COLUMN: Final = 10
_UNLIMITED: Final = 10_000  # columns of a pipe


class _Row(NamedTuple):
    """One setting in both states: as shown, whether they differ, and where each comes from."""

    key: str
    shown: tuple[str, ...]
    differs: bool
    origins: tuple[str, ...]
    inherited: tuple[bool, ...]


@click.command(short_help="Compare settings side by side.")
@click.argument("sides", nargs=-1, metavar="[A B]", shell_complete=completion.environments)
@click.option(
    "--matrix", is_flag=True, help="All environments that have a layer file at once: the settings that differ anywhere."
)
@click.option("--all-keys", is_flag=True, help="Show the settings that are the same, too.")
@click.option("--origin", is_flag=True, help="Say where each value was written.")
@click.option("--exit-code", is_flag=True, help="End with 1 where something differs.")
@options.format_option("text", "json", "yaml")
def diff(sides: tuple[str, ...], matrix: bool, all_keys: bool, origin: bool, exit_code: bool, output: str) -> None:
    """Compare the settings of A and B side by side.

    A and B are environments, layer files, or versions of the history (v12). Secrets are masked, yet shown to differ.
    Names that references need and nothing sets are lent a placeholder.

    \b
    synfinance-settings diff staging production
    synfinance-settings diff production v12 --exit-code
    synfinance-settings diff --matrix
    """
    if matrix == bool(sides) or (sides and len(sides) != 2):
        raise click.UsageError("name two things to compare, or pass --matrix alone")
    names = sides or _environments()
    states = [_state(name) for name in names]
    rows = _rows(states)
    different = [row for row in rows if row.differs]
    chosen = rows if all_keys else different
    if output == "text":
        labels = [_label(name, state) for name, state in zip(names, states, strict=True)]
        _print_text(chosen, labels, origin=origin)
        click.echo(f"{len(different)} of {len(rows)} settings differ", err=True)
    else:
        _print_data(chosen, names, origin=origin, output=output)
    if exit_code and different:
        raise click.exceptions.Exit(1)


def _environments() -> tuple[Environment, ...]:
    """The environments that have a layer file, and a note on the others."""
    from synfinance_settings.layers.trial import environments_of, without_layer

    found = environments_of(options.find())
    render.note(without_layer(found))
    return found


def _state(name: str) -> Snapshot:
    """The settings that `name` means: an environment, a file or a version."""
    from synfinance_settings.layers.report import validate
    from synfinance_settings.layers.trial import layer_of

    if name in list(Environment) or name in SHORT_NAMES:
        environment = SHORT_NAMES.get(name) or Environment(name)
        return _snapshot(validate(options.find(environment), placeholders=True))
    if Path(name).is_file():
        project = options.find(layer_of(Path(name))[1], name)
        return _snapshot(validate(project, placeholders=True))
    if name.removeprefix("v").isdigit():
        return _snapshot(options.stored(int(name.removeprefix("v"))))
    raise click.UsageError(f"{name} is no environment, no file and no version of the history")


def _label(name: str, state: Snapshot) -> str:
    """How the output calls a side: a file or a version with the environment that it was read for."""
    environment = state.config.environment
    return name if SHORT_NAMES.get(name, name) == environment else f"{name} ({environment})"


def _snapshot(report: ValidationReport) -> Snapshot:
    if report.snapshot is None:
        raise SettingsError.of(report.problems)
    return report.snapshot


def _rows(states: Sequence[Snapshot]) -> list[_Row]:
    from synfinance_settings.sections.keys import SETTINGS, shown, values_of

    values = [values_of(state.config) for state in states]
    rows = []
    for key in SETTINGS:
        cells = [value[key] for value in values]
        differs = any(cell != cells[0] for cell in cells)
        told = [_secret(cell, cells, differs) if SETTINGS[key].is_secret else shown(key, cell) for cell in cells]
        origins = tuple(str(state.origins[key]) for state in states)
        inherited = tuple(_is_inherited(origin) for origin in origins)
        rows.append(_Row(key, tuple(told), differs, origins, inherited))
    return rows


def _secret(cell: Any, cells: Sequence[Any], differs: bool) -> str:
    """A secret in a comparison: masked, and told apart from the others by a letter where they differ."""
    from synfinance_settings.errors import MASK

    if cell is None or cell == () or (not isinstance(cell, tuple) and not cell.get_secret_value()):
        return "null" if cell is None else "empty"
    if not differs:
        return MASK
    kinds: list[Any] = []
    for other in cells:
        if other not in kinds:
            kinds.append(other)
    return f"{MASK} ({chr(ord('A') + kinds.index(cell))})"


def _is_inherited(origin: str) -> bool:
    return origin == "default" or Path(origin.partition(":")[0]).stem == "default"


def _print_text(rows: Sequence[_Row], names: Sequence[str], *, origin: bool) -> None:
    is_told = "COLUMNS" in os.environ or sys.stdout.isatty()
    width = shutil.get_terminal_size((100, 24)).columns if is_told else _UNLIMITED
    if width < _NARROW:
        _print_stacked(rows, names, origin=origin)
    elif rows:
        _print_beside(rows, names, width, origin=origin)


def _print_beside(rows: Sequence[_Row], names: Sequence[str], width: int, *, origin: bool) -> None:
    """A setting a row, its values in columns that share the width; long values go on below."""
    bar = render.sign(" │ ", " | ")
    key_width = max(len(row.key) for row in rows)
    room = max((width - key_width) // len(names) - len(bar), _NARROWEST_COLUMN)
    longest = [max(len(text) for row in rows for text in _cell(row, n, origin)) for n in range(len(names))]
    widths = [min(max(wanted, len(name)), room) for wanted, name in zip(longest, names, strict=True)]
    header = (click.style(name.ljust(size), bold=True) for name, size in zip(names, widths, strict=True))
    click.echo(bar.join([" " * key_width, *header]))
    for row in rows:
        columns = [
            [
                _styled(line if n + 1 == len(names) else line.ljust(size), row, n)
                for text in _cell(row, n, origin)
                for line in _wrapped(text, size)
            ]
            for n, size in enumerate(widths)
        ]
        for number, cells in enumerate(zip_longest(*columns)):
            told = [cell or " " * size for cell, size in zip(cells[:-1], widths, strict=False)] + [cells[-1] or ""]
            click.echo(bar.join([(row.key if not number else "").ljust(key_width), *told]))


def _cell(row: _Row, number: int, origin: bool) -> list[str]:
    return [row.shown[number], *([f"({row.origins[number]})"] if origin else [])]


def _wrapped(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)] or [""]


def _print_stacked(rows: Sequence[_Row], names: Sequence[str], *, origin: bool) -> None:
    """A setting a block, its values under one another."""
    wide = max(map(len, names))
    for row in rows:
        click.echo(click.style(row.key, bold=row.differs))
        for number, name in enumerate(names):
            click.echo(f"  {name.ljust(wide)}  {_styled(' '.join(_cell(row, number, origin)), row, number)}")


def _styled(text: str, row: _Row, number: int) -> str:
    if not row.differs:
        return text
    return render.style(text, "quiet" if row.inherited[number] else "warning")


def _print_data(rows: Sequence[_Row], names: Sequence[str], *, origin: bool, output: str) -> None:
    from synfinance_settings.layers.yaml_text import write_yaml

    data: dict[str, dict[str, Any]] = {}
    for row in rows:
        told = [{"value": v, "origin": o} if origin else v for v, o in zip(row.shown, row.origins, strict=True)]
        data[row.key] = {"differs": row.differs, **dict(zip(names, told, strict=True))}
    if output == "json":
        render.echo_json(data)
    else:
        click.echo(write_yaml(data), nl=False)


commands: Final = (diff,)

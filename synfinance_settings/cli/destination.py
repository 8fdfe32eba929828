"""Where a command puts its result: on stdout, or in a file that is no layer.

Every file that a command writes beside the layers goes through `put`. It replaces nothing without asking, and nothing
that a load reads, since such a file has a way of its own: one that validates, and keeps what was there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from synfinance_settings.cli import options, render

_Command = TypeVar("_Command", bound=Callable[..., Any])

STDOUT: Final = "-"
PATH: Final = click.Path(dir_okay=False, allow_dash=True)
_SUFFIXES: Final = {".yaml": "yaml", ".yml": "yaml", ".json": "json", ".env": "env"}

output_option = click.option("--output", "path", type=PATH, help="Write to this file; - is stdout.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


def format_option(*forms: str) -> Callable[[_Command], _Command]:
    """The option that chooses among `forms`; where it is not given, the file's name does, and else it is the first."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(forms),
        help=f"The form of the output; unless given, that of the file's suffix, else {forms[0]}.",
    )


def form_of(path: str | None, given: str | None, *forms: str) -> str:
    """The form among `forms` in which `path` is written: a file is read by its suffix, so it is written by it."""
    name = Path(path or STDOUT).name
    suffix = ".env" if name.startswith(".env") else Path(name).suffix
    meant = _SUFFIXES.get(suffix)
    if meant is None:
        return given or forms[0]
    if given not in (None, meant) or meant not in forms:
        wanted = f"as {given}" if given else f"in any of its forms, {', '.join(forms)}"
        raise click.UsageError(f"{path} would be read as {meant}, so it is not written {wanted}; choose another suffix")
    return meant


def put(path: str | None, text: str, *, yes: bool, mode: int | None = None, starts_dotenv: bool = False) -> None:
    """Write `text` to `path`, to stdout for ``-`` and None; asks before it replaces a file, unless `yes`.

    `mode` is that of the file, by default the one that it has. With `starts_dotenv` the place of ``.env`` may be
    filled, where it is free. Raises `EditError` for a place that a load reads.
    """
    from synfinance_settings.layers.look import refuse_read_place
    from synfinance_settings.text.atomic import write_atomically

    if path in (None, STDOUT):
        render.put_out(text)
        return
    file = Path(path or "")
    refuse_read_place(options.find_anyhow(), file, but_new_dotenv=starts_dotenv)
    if file.exists():
        if not file.is_file():
            raise click.UsageError(f"{path} is no regular file; for stdout give -")
        if not yes and not confirmed(f"{path} exists. Overwrite it?"):
            render.say("nothing was written", err=True)
            raise click.exceptions.Exit(1)
    write_atomically(file, text.encode(), mode)
    render.say(f"wrote {path}", err=True)


def confirmed(question: str) -> bool:
    """Ask on the terminal; without one, the call must say --yes."""
    if not sys.stdin.isatty():
        raise click.UsageError(f"{question} There is no terminal to ask on; pass --yes")
    return click.confirm(render.shown(question), err=True)

"""Where a command puts its result: on stdout, or in a file that is not a layer.

Every file that a command writes beside the layers goes through `put`. It replaces nothing without asking, and nothing
that a load reads, since such a file has a way of its own: one that validates, and keeps what was there.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click
from click.shell_completion import CompletionItem

from synfinance_settings.cli import options, render
from synfinance_settings.cli.words import FORMATS

if TYPE_CHECKING:
    from synfinance_settings.text.format import Format

_Command = TypeVar("_Command", bound=Callable[..., Any])

STDOUT: Final = "-"
PATH: Final = click.Path(dir_okay=False, allow_dash=True)

output_option = click.option("--output", "path", type=PATH, help="Write to this file; - is stdout.")
yes_option = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")


class _Form(click.ParamType[str]):
    """The name of a format; the libraries of the formats are imported to take one, not to print a help."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        """The names of the shipped formats, as a choice shows them."""
        return f"[{'|'.join(FORMATS)}]"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """`value`, where a format is called so; else a usage error, as of a choice."""
        from synfinance_settings.text import formats

        return click.Choice([form.name for form in formats.FORMATS]).convert(value, param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The shipped formats that begin with `incomplete`."""
        return [CompletionItem(name) for name in FORMATS if name.startswith(incomplete)]


def format_option(command: _Command) -> _Command:
    """The option that chooses a format; where it is not given, the file's name does, and else it is the first."""
    text = "The output format; if not given, that of the file's suffix, else yaml."
    return click.option("--format", "form", type=_Form(), help=text)(command)


def format_for(
    path: str | None,
    given: str | None = None,
    *,
    fits: Callable[[Format], bool] = lambda form: True,
    usual: str = "yaml",
) -> Format:
    """The format in which `path` is written, among those that `fits`: a file is read as its name says, so it is
    written so.

    It is the one that is `given`, else that of the name, else the `usual` one.
    """
    from pathlib import PurePath

    from synfinance_settings.text.formats import FORMATS, format_of

    meant = format_of(PurePath(path or STDOUT).name)
    named = {form.name: form for form in FORMATS if fits(form)}
    if meant is None:
        return named[given or usual]
    if given not in (None, meant.name) or meant.name not in named:
        wanted = f"as {given}" if given else f"in any of its forms, {', '.join(named)}"
        raise click.UsageError(
            f"{path} would be read as {meant.name}, so it is not written {wanted}; choose another suffix"
        )
    return meant


def put(path: str | None, text: str, *, yes: bool, mode: int | None = None, starts_dotenv: bool = False) -> None:
    """Write `text` to `path`, to stdout for ``-`` and None; asks before it replaces a file, unless `yes`.

    `mode` is that of the file, by default the one that it has. With `starts_dotenv` the place of ``.env`` may be
    filled, where it is free. Raises `EditError` for a place that a load reads.
    """
    from pathlib import Path

    from synfinance_settings.layers.look import refuse_read_place
    from synfinance_settings.text.atomic import write_atomically

    if path in (None, STDOUT):
        render.put_out(text)
        return
    file = Path(path or "")
    refuse_read_place(options.find_anyhow(), file, but_new_dotenv=starts_dotenv)
    if file.exists():
        if not file.is_file():
            raise click.UsageError(f"{path} is not a regular file; for stdout give -")
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

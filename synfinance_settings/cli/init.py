"""The command init: lays down the files that a program starts with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = PathType(file_okay=False)


@click.command(cls=Command, short_help="Write the files that a program starts with.")
@click.argument("folder", type=_FOLDER, default=".", metavar="[FOLDER]")
@click.option("--dry-run", is_flag=True, help="Show what would be written, and write nothing.")
def init(folder: Path, dry_run: bool) -> None:
    """Lay down the files that a program starts with in FOLDER, its root: the working directory unless given.

    They are the layers (every setting in the default one, in that of an environment what its rules demand), the schema
    for editors, .env.example, and lines of .gitignore. What is there stays as it is, and is named.

    \b
    {call} init
    {call} init path/of/a/program --dry-run
    """
    from synfinance_settings.editing.scaffold import scaffold
    from synfinance_settings.text.atomic import write_atomically

    for start in list(scaffold(options.application(), folder.absolute())):
        name = render.place(start.path)
        if start.text is None:
            render.say(f"left {name} as it is")
            continue
        if not dry_run:
            start.path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(start.path, start.text.encode())
        render.say(f"{'would write' if dry_run else 'wrote'} {name}")

"""The command migrate: gives settings their names of today in the files of a project."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.program import Command

if TYPE_CHECKING:
    from synfinance_settings.editing.migration import Migration


@click.command(cls=Command, short_help="Write the names of today in the place of old ones.")
@click.option("--dry-run", is_flag=True, help="Show what would be renamed, and write nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another change in the folder.",
)
@options.format_option("text", "json")
def migrate(dry_run: bool, wait: float, output: str) -> None:
    """Write the names of today in the place of old ones, in the layers of all environments, .env and its templates.

    Values, comments and order stay as they are; each layer has a version in the history. All files are renamed, or,
    where one cannot be, none. Variables of processes and secret files are named, and left to whoever sets them.

    \b
    {call} migrate --dry-run
    {call} migrate
    """
    from synfinance_settings.editing.migration import migrate as rename

    data: dict[str, Any] = {"renamed": [], "left": [], "written": [], "warnings": [], "problems": []}
    with render.answer(data, is_json=output == "json"):
        found = rename(options.find_anyhow(), options.state_dir(), dry_run=dry_run, wait=wait, tell=render.note)
        data |= _as_data(found, is_written=not dry_run)
    if output == "text":
        _print(found)
    for warning in found.warnings:
        render.tell(render.one_line(warning), err=True)
    if not found.names:
        render.say("no file gives a setting by an old name; nothing was written", err=True)
    for name in found.names:
        render.say(f"{'would write' if dry_run else 'wrote'} {name}", err=True)


def _as_data(found: Migration, *, is_written: bool) -> dict[str, Any]:
    return {
        "renamed": [rename.as_dict() for rename in found.renamed],
        "left": [rename.as_dict() for rename in found.left],
        "written": list(found.names) if is_written else [],
        "warnings": [warning.as_dict() for warning in found.warnings],
    }


def _print(found: Migration) -> None:
    for _, change in found.layers:
        render.say(render.difference(change.difference))
    for dotenv in found.dotenvs:
        for file, line, old, new in dotenv.renamed:
            render.tell(f"{file}:{line}: {old} is now {new}")
    for note in found.notes:
        render.note(note)

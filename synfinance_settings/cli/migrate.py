"""The command migrate: gives settings their names of today in the files of a project."""

from __future__ import annotations

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.program import Command


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
def migrate(dry_run: bool, wait: float) -> None:
    """Write the names of today in the place of old ones, in the layers of all environments, .env and its templates.

    Values, comments and order stay as they are; each layer has a version in the history. All files are renamed, or,
    where one cannot be, none. Variables of processes and secret files are named, and left to whoever sets them.

    \b
    {call} migrate --dry-run
    {call} migrate
    """
    from synfinance_settings.editing.migration import migrate as rename

    found = rename(options.find_anyhow(), options.state_dir(), dry_run=dry_run, wait=wait, tell=render.note)
    for _, change in found.layers:
        render.say(render.difference(change.difference))
    for dotenv in found.dotenvs:
        for line, old, now in dotenv.renamed:
            render.say(f"{dotenv.name}:{line}: {old} is now {now}")
    for note in found.notes:
        render.note(note)
    for warning in found.warnings:
        render.say(render.one_line(warning), err=True)
    names = [change.name for _, change in found.layers] + [dotenv.name for dotenv in found.dotenvs]
    if not names:
        render.say("no file gives a setting by an old name; nothing was written", err=True)
    for name in names:
        render.say(f"{'would write' if dry_run else 'wrote'} {name}", err=True)

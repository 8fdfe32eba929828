"""The command export: the settings in force as a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import click

from synfinance_settings.cli import destination, options, render
from synfinance_settings.cli.program import Command


@click.command(cls=Command, short_help="Write the settings in force to a file.")
@click.argument("path", type=destination.PATH)
@options.environment_option
@destination.format_option
@click.option("--reveal", is_flag=True, help="Also write the secrets; the file is then readable by its owner only.")
@options.placeholders_option
@destination.yes_option
def export(path: str, environment: str | None, form: str | None, reveal: bool, placeholders: bool, yes: bool) -> None:
    """Write the settings in force to PATH, as a layer that import takes; - is stdout.

    Secrets are left out and named, unless --reveal. A layer of the project is never written to. As env it is a .env
    that gives the same values, as show --format env prints it.

    \b
    {call} export settings.json --env {environment}
    {call} export - --env {other} --placeholders | less
    """
    from synfinance_settings.layers.dotenv_form import dotenv_text
    from synfinance_settings.layers.output import exported

    if reveal and placeholders:
        raise click.UsageError("--reveal cannot be combined with --placeholders, which are not secrets")
    chosen = destination.format_for(path, form)
    snapshot, lent = options.load(environment, placeholders=placeholders)
    left_out: Mapping[str, Sequence[str]] = {}
    if chosen.is_layer:
        text, left_out = exported(snapshot.config, chosen.name, reveal=reveal, lent=lent)
    else:
        text = dotenv_text(options.application(), snapshot, reveal=reveal, lent=lent)
    destination.put(path, text, yes=yes, mode=0o600 if reveal or not chosen.is_layer else None)
    for what, keys in left_out.items() if chosen.comment is None else ():
        render.say(f"{what} left out: {', '.join(keys)}", err=True)

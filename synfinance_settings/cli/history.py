"""The command history: the recorded versions of a layer."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.program import Command

if TYPE_CHECKING:
    from synfinance_settings.editing.plan import Target
    from synfinance_settings.layers.project import Project


@click.command(cls=Command, short_help="List the versions of a layer.")
@options.target_option
@options.format_option("text", "json")
def history(target: Target | None, output: str) -> None:
    """List the versions of a layer that commands and accepted reloads recorded, newest first.

    \b
    {call} history --env {environment}
    """
    from synfinance_settings.layers.trial import listed

    files, target = options.layer_files(target)
    assert files.history is not None, "the commands always have a state folder"
    versions = [replace(version, files={}) for version in files.history.versions(target)]
    if begun := files.history.begun():
        render.note(
            f"{begun.command} was killed while it wrote {listed(begun.names)}, and {listed([*begun.left])} stayed as it"
            " was; the next command that changes a layer carries it out"
        )
    if output == "json":
        rows = [
            {
                "version": version.number,
                "environment": version.environment,
                "when": version.when.isoformat(),
                "user": version.user,
                "command": version.command,
                "reason": version.reason,
                "changed": list(version.changed),
                "valid": version.is_valid,
            }
            for version in versions
        ]
        render.echo_json(rows)
    elif not versions:
        render.say(f"no versions of {target} are recorded yet", err=True)
    else:
        cells = (
            (
                str(v.number),
                render.moment(v.when),
                v.user or "",
                v.command + (f": {v.reason}" if v.reason else "") + ("" if v.is_valid else ", not valid"),
                ", ".join(v.changed),
            )
            for v in versions
        )
        render.say(f"{target}: {_file_of(files.project, target)}")
        render.versions([("version", "when", "who", "command", "changed"), *cells])


def _file_of(project: Project, target: Target) -> str:
    """The file of a layer, the one that a command would make where there is none."""
    from synfinance_settings.text.files import read_file

    candidates = project.candidates(target)
    existing = [path for path in candidates if read_file(path).exists]
    return " and ".join(map(project.name, existing or candidates[:1]))

"""The commands that print what may stand in the layers: schema, env-template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from synfinance_settings.cli import destination, options, render
from synfinance_settings.cli.program import Command
from synfinance_settings.errors import LayerError, Origin, Problem

if TYPE_CHECKING:
    from synfinance_settings.model.compatibility import Difference


@click.command(cls=Command, short_help="Print the JSON schema of a layer file.")
@destination.output_option
@click.option("--check", is_flag=True, help="Compare with the file instead; exit with 1 if it is out of date.")
@click.option(
    "--against", metavar="VERSION_OR_FILE", help="Report what breaks layers that were valid by an earlier schema."
)
@options.format_option("text", "json")
@destination.yes_option
def schema(path: str | None, check: bool, against: str | None, output: str, yes: bool) -> None:
    """Print the JSON schema of a layer file, for editors; into a .yaml file it goes as YAML.

    --check compares with --output, or with schema.json in the settings folder. --against compares with an earlier
    schema, a file or what git has of schema.json in a version, and ends with 1 where a change breaks layers.

    \b
    {call} schema --against v1.4
    {call} schema --against v1.4 --format json
    """
    from pathlib import Path

    from synfinance_settings.model.schema import layer_schema
    from synfinance_settings.text.files import read_file

    if against is not None:
        if path or check:
            raise click.UsageError("--against cannot be combined with --output or --check")
        _compare(against, output)
        return
    if output == "json":
        raise click.UsageError("--format json needs --against; the schema is JSON unless --output says otherwise")
    chosen = destination.format_for(path, fits=lambda found: found.is_layer, usual="json")
    text = chosen.write(layer_schema(options.application()))
    if not check:
        destination.put(path, text, yes=yes)
        return
    folder = options.find().settings_dir or Path(options.application().settings_dir_name)
    target = Path(path) if path else folder / "schema.json"
    name = render.place(target)
    content = read_file(target.absolute())
    if not content.exists:
        raise LayerError(Problem("no-such-file", f"{name} does not exist", origin=Origin(name)))
    if content.failure:
        content.text(name)  # raises its failure
    if content.data != text.encode():
        mend = options.call("schema", "--output", name)
        render.say(f"{name} is out of date", f"; update it with: {mend}" if mend else "", err=True)
        raise click.exceptions.Exit(1)
    render.say(f"{name} is current")


def _compare(against: str, output: str) -> None:
    """Print what differs from an earlier schema, what breaks layers first; end with 1 where something does."""
    from pathlib import Path

    from synfinance_settings.cli.earlier import earlier_schema
    from synfinance_settings.model.compatibility import differences

    folder = options.find_anyhow().settings_dir or Path(options.application().settings_dir_name)
    found, fault = [], None
    try:
        found = differences(earlier_schema(against, folder), options.application())
    except ValueError as error:
        fault = str(error)
    if fault is not None:
        raise LayerError(Problem("syntax", f"{against}: {fault}", origin=Origin("the argument")))
    found = sorted(found, key=lambda told: not told.is_breaking)
    broken = sum(told.is_breaking for told in found)
    if output == "json":
        render.echo_json({"against": against, "breaking": broken, "differences": list(map(_as_data, found))})
    else:
        _print(found)
        render.tell(f"{render.counted(broken, 'breaking change')} since {against}", err=True)
    if broken:
        raise click.exceptions.Exit(1)


def _print(found: list[Difference]) -> None:
    columns = render.width()
    for told in found:
        head, kind = ("breaking", "error") if told.is_breaking else ("remark  ", "quiet")
        first, *others = render.hanging(f"{head}  ", f"{told.key} {told.message}", columns)
        render.say(render.style(head, kind), render.Shown(first.removeprefix(head)))
        for line in others:
            render.say(render.Shown(line))


def _as_data(told: Difference) -> dict[str, Any]:
    return {
        "key": told.key,
        "kind": told.kind,
        "breaking": told.is_breaking,
        "before": told.before,
        "after": told.after,
        "place": told.place,
        "message": told.message,
    }


@click.command("env-template", cls=Command, short_help="Print every variable, as a start for a .env file.")
@destination.output_option
@destination.yes_option
def env_template(path: str | None, yes: bool) -> None:
    """Print every variable with its meaning and default, to start a .env from."""
    from synfinance_settings.model.template import env_template as template

    destination.format_for(path, fits=lambda found: not found.is_layer, usual="env")
    # people will write secrets into it
    destination.put(path, template(options.application()), yes=yes, mode=0o600, starts_dotenv=True)

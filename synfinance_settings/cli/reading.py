"""The commands that look and change nothing: validate, show, get, explain, schema, env-template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.cli import completion, options, render
from synfinance_settings.environment import Environment
from synfinance_settings.errors import Problem

if TYPE_CHECKING:
    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.layers.snapshot import Explanation

SECTION_NAMES: Final = (
    "server",
    "database",
    "cache",
    "generation",
    "ml",
    "monitoring",
    "security",
    "ml.feature_engineering",
)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(short_help="Check layers, and name every fault with its place.")
@click.argument("files", nargs=-1, type=_FILE)
@options.environment_option
@click.option("--all", "all_environments", is_flag=True, help="Validate all four environments.")
@options.placeholders_option
@options.strict_option
@options.format_option("text", "json", "github")
def validate(
    files: tuple[Path, ...],
    environment: Environment | None,
    all_environments: bool,
    placeholders: bool,
    strict: bool,
    output: str,
) -> None:
    """Check layers as a start would, and name every fault with its place.

    Without FILE, an environment is validated with all its layers and variables. A FILE is validated as the layer that
    it is named after: on the default layer, for its environment; a default layer in every environment that has a
    layer file, or in that of --env, with values lent to names that nothing sets.

    \b
    synfinance-settings validate --all
    synfinance-settings validate settings/production.yaml --placeholders
    """
    from synfinance_settings.layers.report import validate as check

    if all_environments and (files or environment):
        raise click.UsageError("--all goes without FILE and --env")
    reports: list[tuple[str, ValidationReport]] = []
    for path in files:
        reports += _of_file(path, environment, placeholders=placeholders)
    for name in Environment if all_environments else () if files else (environment,):
        report = check(options.find(name), placeholders=placeholders)
        reports.append((str(report.environment), report))
    good = [bool(report) and not (strict and report.warnings) for _, report in reports]
    {"text": _print_text, "json": _print_json, "github": _print_annotations}[output](reports, good)
    if not all(good):
        raise click.exceptions.Exit(1)


def _of_file(
    path: Path, environment: Environment | None, *, placeholders: bool
) -> Iterator[tuple[str, ValidationReport]]:
    """What is found in a file, with its name; a default layer has a report for each environment."""
    from synfinance_settings.layers.files import read_file
    from synfinance_settings.layers.trial import environments_of, judge, judge_default, layer_of, without_layer

    layer, named = layer_of(path)
    project = options.find(environment or named)
    content = read_file(path.absolute())
    if layer != "default":
        yield str(path), judge(project, layer, content, placeholders=placeholders)
        return
    environments = (environment,) if environment else environments_of(project)
    for report in judge_default(project, content, environments):
        yield f"{path} ({report.environment})", report
    if environment is None:
        render.note(without_layer(environments))


def _print_text(reports: list[tuple[str, ValidationReport]], good: list[bool]) -> None:
    for problem, names in _found(reports):
        click.echo(render.report(problem, "in " + ", ".join(names)) + "\n")
    width = max(len(name) for name, _ in reports)
    for (name, report), is_good in zip(reports, good, strict=True):
        verdict = render.style("valid  ", "good") if is_good else render.style("invalid", "error")
        click.echo(f"{verdict}  {name.ljust(width)}  {report.verdict()}")


def _print_json(reports: list[tuple[str, ValidationReport]], good: list[bool]) -> None:
    render.echo_json(
        [
            {
                "name": name,
                "environment": str(report.environment),
                "valid": is_good,
                "problems": [problem.as_dict() for problem in report.problems],
                "warnings": [problem.as_dict() for problem in report.warnings],
                "placeholders": list(report.placeholders),
            }
            for (name, report), is_good in zip(reports, good, strict=True)
        ]
    )


def _print_annotations(reports: list[tuple[str, ValidationReport]], good: list[bool]) -> None:
    for problem, _ in _found(reports):
        click.echo(render.annotation(problem))


def _found(reports: list[tuple[str, ValidationReport]]) -> Iterator[tuple[Problem, list[str]]]:
    """Every problem and warning, once, with the names of the reports that tell it."""
    found: dict[Problem, list[str]] = {}
    for name, report in reports:
        for problem in dict.fromkeys((*report.problems, *report.warnings)):
            found.setdefault(problem, []).append(name)
    yield from found.items()


@click.command(short_help="Print the settings in force, secrets masked.")
@options.environment_option
@click.option("--section", type=click.Choice(SECTION_NAMES), help="One section alone.")
@click.option("--origin", is_flag=True, help="Say where each value was written, and which folder was read.")
@click.option("--reveal", is_flag=True, help="Show secrets in clear.")
@options.placeholders_option
@options.strict_option
@options.format_option("yaml", "json", "env")
def show(
    environment: Environment | None,
    section: str | None,
    origin: bool,
    reveal: bool,
    placeholders: bool,
    strict: bool,
    output: str,
) -> None:
    """Print the settings in force, with secrets masked.

    \b
    synfinance-settings show --env production --section server
    synfinance-settings show --origin
    synfinance-settings show --format env --reveal > .env
    """
    from synfinance_settings.layers.output import env_lines, nested, plain_values
    from synfinance_settings.layers.yaml_text import write_yaml
    from synfinance_settings.sections.keys import SETTINGS

    snapshot = options.load(environment, strict=strict, placeholders=placeholders)
    keys = [key for key in SETTINGS if section is None or key.startswith(f"{section}.")]
    values = plain_values(snapshot.config, "reveal" if reveal else "mask", keys)
    origins = {key: str(snapshot.origins[key]) for key in keys}
    if origin:
        project = options.find(environment)
        why = f" ({project.passed_over})" if project.passed_over else ""
        click.echo(f"layers from {project.settings_dir or 'no settings folder'}{why}", err=True)
    if output == "json":
        told = {key: {"value": value, "origin": origins[key]} for key, value in values.items()} if origin else values
        render.echo_json(nested(dict(told)))
    elif output == "env":
        for key, line in zip(values, env_lines(values), strict=True):
            if origin:
                click.echo(f"# {origins[key]}")
            click.echo(line)
    elif origin:
        click.echo(render.table((key, render.inline(value), origins[key]) for key, value in values.items()))
    else:
        click.echo(write_yaml(nested(values)), nl=False)


@click.command(short_help="Print one bare value, for scripts.")
@click.argument("key", shell_complete=completion.settings)
@options.environment_option
@click.option("--reveal", is_flag=True, help="Print a secret in clear.")
@options.placeholders_option
@options.strict_option
def get(key: str, environment: Environment | None, reveal: bool, placeholders: bool, strict: bool) -> None:
    """Print the bare value of KEY, for scripts.

    A list is printed as JSON, null as null. A secret without --reveal prints nothing and ends with 1.

    \b
    port=$(synfinance-settings get server.port --env production)
    """
    from synfinance_settings.layers.output import plain_values
    from synfinance_settings.sections.keys import SETTINGS

    _require_key(key)
    if SETTINGS[key].is_secret and not reveal:
        click.echo(f"{key} is a secret; --reveal prints it", err=True)
        raise click.exceptions.Exit(1)
    snapshot = options.load(environment, strict=strict, placeholders=placeholders)
    value = plain_values(snapshot.config, "reveal", [key])[key]
    click.echo(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


@click.command(short_help="Say where a value comes from and what it hides.")
@click.argument("key", shell_complete=completion.settings)
@options.environment_option
@options.placeholders_option
@options.format_option("text", "json")
def explain(key: str, environment: Environment | None, placeholders: bool, output: str) -> None:
    """Say where the value of KEY comes from, what it hides and what it means.

    The winner stands first, then every layer that it hides; secrets are masked.

    \b
    synfinance-settings explain database.pool_size --env production
    """
    from synfinance_settings.layers.output import plain
    from synfinance_settings.layers.snapshot import explain as explain_key

    _require_key(key)
    report = options.report(environment, placeholders=placeholders)
    found = explain_key(report.layers, key, report.snapshot.config if report.snapshot else None)
    (_print_explained_json if output == "json" else _print_explained)(found, plain(found.value))
    if report.snapshot is None:
        faults = render.counted(len(report.problems), "error")
        note = f"as the layers stand, which do not validate ({faults}); see: synfinance-settings validate"
        click.echo(f"{render.style('note', 'warning')}: {note} --env {report.environment}", err=True)
        raise click.exceptions.Exit(1)


def _print_explained_json(found: Explanation, value: Any) -> None:
    render.echo_json(
        {
            **{name: getattr(found, name) for name in ("key", "description", "limits", "needs_restart")},
            "value": value,
            "origin": str(found.origin),
            "overridden": [{"value": item.value, "origin": str(item.origin)} for item in found.overridden],
            "variables": list(found.variables),
        }
    )


def _print_explained(found: Explanation, value: Any) -> None:
    hidden = [f"{item.value}  from {item.origin}" for item in found.overridden]
    rows = [("from", str(found.origin))]
    rows += [("overrides" if not number else "", text) for number, text in enumerate(hidden)]
    rows += [("meaning", found.description)]
    rows += [("allowed", found.limits)] if found.limits else []
    rows += [("variable" if not number else "", name) for number, name in enumerate(found.variables)]
    rows += [("restart", "needed for a change to take effect" if found.needs_restart else "not needed")]
    click.echo(f"{click.style(found.key, bold=True)} = {render.inline(value)}")
    click.echo(render.table((f"  {name}", text) for name, text in rows))


def _require_key(key: str) -> None:
    """Raise for a key that is no setting; a section gets a hint of its own."""
    from synfinance_settings.sections.keys import SECTIONS, SETTINGS, unknown_key
    from synfinance_settings.sections.variables import VARIABLES

    if key in VARIABLES:
        raise click.UsageError(f"{key} is a variable of {VARIABLES[key]}; name the setting")
    if key in SECTIONS:
        raise click.UsageError(f"{key} is a section; use: show --section {key.partition('.')[0]}")
    if key not in SETTINGS:
        raise unknown_key(key)


@click.command(short_help="Print the JSON schema of a layer file.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
@click.option("--check", is_flag=True, help="Compare with the file instead; end with 1 where it is out of date.")
def schema(output: Path | None, check: bool) -> None:
    """Print the JSON schema of a layer file, for editors.

    --check compares with --output, or with schema.json in the settings folder.
    """
    from synfinance_settings.layers.output import json_text
    from synfinance_settings.sections.schema import layer_schema

    text = json_text(layer_schema())
    if check:
        target = output or (options.find().settings_dir or Path("settings")) / "schema.json"
        name = render.place(target)
        if target.read_bytes() != text.encode():
            click.echo(
                f"{name} is out of date; write it anew with: synfinance-settings schema --output {name}", err=True
            )
            raise click.exceptions.Exit(1)
        click.echo(f"{name} is current")
    elif output:
        _write(output, text)
    else:
        click.echo(text, nl=False)


@click.command("env-template", short_help="Print every variable, to start a .env from.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file.")
def env_template(output: Path | None) -> None:
    """Print every variable with its meaning and default, to start a .env from."""
    from synfinance_settings.sections.template import env_template as template

    if output is None:
        click.echo(template(), nl=False)
    elif output.exists():
        raise click.UsageError(f"{output} exists already; nothing was written")
    else:
        _write(output, template(), mode=0o600)  # people will write secrets into it


def _write(path: Path, text: str, mode: int | None = None) -> None:
    from synfinance_settings.layers.writing import write_atomically

    write_atomically(path, text.encode(), mode)
    click.echo(f"wrote {path}", err=True)


commands: Final = (validate, show, get, explain, schema, env_template)

"""The command validate: whether the layers are good, and where each fault stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command
from synfinance_settings.errors import Problem

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.layers.report import ValidationReport

_FILE = PathType(exists=True, dir_okay=False)


@click.command(cls=Command, short_help="Check layers, and report every fault with its place.")
@click.argument("files", nargs=-1, type=_FILE)
@options.environment_option
@click.option("--all", "all_environments", is_flag=True, help="Validate all environments.")
@options.placeholders_option
@options.strict_option
@options.probe_options
@options.format_option("text", "json", "github")
def validate(
    files: tuple[Path, ...],
    environment: str | None,
    all_environments: bool,
    placeholders: bool,
    strict: bool,
    probe: options.Probe | None,
    output: str,
) -> None:
    """Check layers as a start would, and name every fault with its place.

    Without FILE, an environment is validated with all its layers and variables. A FILE is validated as the layer that
    it is named after: on the default layer, for its environment; a default layer in every environment that has a
    layer file, or in that of --env, with values lent to names that nothing sets.

    With --probe the world is asked too, at once and in time: do names resolve, ports answer, files lie there, servers
    take the credentials? Nothing is changed, and nobody is asked with a value that is lent.

    \b
    {call} validate --all
    {call} validate {folder}/{environment}.yaml --placeholders
    """
    from synfinance_settings.layers.trial import validate as check

    if all_environments and (files or environment):
        raise click.UsageError("--all cannot be combined with FILE or --env")
    reports: list[tuple[str, ValidationReport]] = []
    for path in files:
        reports += _of_file(path, environment, placeholders=placeholders)
    for name in options.application().kinds if all_environments else () if files else (environment,):
        report = check(options.find(name), placeholders=placeholders)
        reports.append((str(report.environment), report))
    if probe is not None:
        names = [name for name, _ in reports]
        reports = list(zip(names, options.probed([report for _, report in reports], probe), strict=True))
    good = [bool(report) and not (strict and report.warnings) for _, report in reports]
    {"text": _print_text, "json": _print_json, "github": _print_annotations}[output](reports, good)
    if not all(good):
        raise click.exceptions.Exit(1)


def _of_file(path: Path, environment: str | None, *, placeholders: bool) -> Iterator[tuple[str, ValidationReport]]:
    """What is found in a file, with its name; a default layer has a report for each environment."""
    from synfinance_settings.layers.trial import environments_of, judge, judge_together, layer_of, without_layer
    from synfinance_settings.text.files import read_file

    layer, named = layer_of(options.application(), path)
    project = options.find(environment or named)
    content = read_file(path.absolute())
    if layer != "default":
        yield str(path), judge(project, layer, content, placeholders=placeholders)
        return
    environments = (environment,) if environment else environments_of(project)
    for report in judge_together(project, {"default": content}, environments):
        yield f"{path} ({report.environment})", report
    if environment is None:
        render.note(without_layer(project.application, environments))


def _print_text(reports: list[tuple[str, ValidationReport]], good: list[bool]) -> None:
    for problem, names in _found(reports):
        render.say(render.in_full(problem, "in " + ", ".join(names)), render.Shown("\n"))
    width = max(len(render.shown(name)) for name, _ in reports)
    for (name, report), is_good in zip(reports, good, strict=True):
        verdict = render.style("valid  ", "good") if is_good else render.style("invalid", "error")
        head = f"{' ' * len('invalid')}  {render.shown(name).ljust(width)}  "
        first, *others = render.hanging(render.Shown(head), report.verdict(), render.width())
        render.say(verdict, render.Shown(first[len("invalid") :]))
        for line in others:
            render.say(render.Shown(line))
    if any(options.lends_help(report.problems) for _, report in reports):
        render.say(options.LENDING, err=True)


def _print_json(reports: list[tuple[str, ValidationReport]], good: list[bool]) -> None:
    render.echo_json(
        [
            {
                "name": name,
                "environment": str(report.environment),
                "valid": is_good,
                "problems": list(map(_as_data, report.problems)),
                "warnings": list(map(_as_data, report.warnings)),
                "waived": list(map(_as_data, report.waived)),
                "placeholders": list(report.placeholders),
            }
            for (name, report), is_good in zip(reports, good, strict=True)
        ]
    )


def _as_data(problem: Problem) -> dict[str, Any]:
    """A problem for scripts; the value that it hides has the type of its setting."""
    from synfinance_settings.layers.output import typed

    data = problem.as_dict()
    catalogue = options.application().catalogue
    if problem.overrides and problem.key in catalogue.settings and not catalogue.settings[problem.key].is_secret:
        data["overrides"]["value"] = typed(catalogue, problem.key, problem.overrides.value)
    return data


def _print_annotations(reports: list[tuple[str, ValidationReport]], good: list[bool]) -> None:
    for problem, _ in _found(reports):
        render.say(render.annotation(problem))


def _found(reports: list[tuple[str, ValidationReport]]) -> Iterator[tuple[Problem, list[str]]]:
    """Every problem and warning, once, with the names of the reports that tell it."""
    found: dict[Problem, list[str]] = {}
    for name, report in reports:
        for problem in dict.fromkeys((*report.problems, *report.warnings, *report.waived)):
            found.setdefault(problem, []).append(name)
    yield from found.items()

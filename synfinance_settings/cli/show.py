"""The commands that print values: show, get, explain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

import click
from click.shell_completion import CompletionItem

from synfinance_settings.cli import completion, destination, options, reads, render
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command, program_of
from synfinance_settings.errors import DEFAULT, NOT_SET, Problem
from synfinance_settings.foreign import as_json

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.layers.snapshot import Explanation, Snapshot
    from synfinance_settings.reads.usage import Usage

_LONGEST_ORIGIN: Final = 36  # columns; a longer one stands on a line of its own
_NARROWEST_VALUE: Final = 40
_TOLD_AS_IT_IS: Final = ("key", "description", "limits", "needs_restart", "unless_followed")


class _SectionName(click.ParamType[str]):
    """The name of a section; a slip is answered with the one that is meant."""

    name = "section"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The section that `value` names; a usage error with a suggestion for any other text."""
        sections = program_of(ctx or click.get_current_context()).words.sections
        if value in sections:
            return str(value)
        problem = options.application().catalogue.unknown_section(str(value)).problems[0]
        mend = problem.hint or (f"there are {', '.join(sections)}" if sections else "there is none")
        raise click.BadParameter(f"{problem.message}; {mend}", ctx, param)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The sections that begin with `incomplete`."""
        return [CompletionItem(name) for name in completion.sections(ctx, param, incomplete)]


@click.command(cls=Command, short_help="Print the settings in force, with secrets masked.")
@options.environment_option
@click.option("--section", type=_SectionName(), metavar="SECTION", help="Only this section.")
@click.option("--origin", is_flag=True, help="Show where each value was written, and which folder was read.")
@click.option("--reveal", is_flag=True, help="Show secrets unmasked.")
@click.option("--all", "all_values", is_flag=True, help="With --format env: also the settings that have their default.")
@options.placeholders_option
@options.strict_option
@destination.format_option
@destination.output_option
@destination.yes_option
def show(
    environment: str | None,
    section: str | None,
    origin: bool,
    reveal: bool,
    all_values: bool,
    placeholders: bool,
    strict: bool,
    form: str | None,
    path: str | None,
    yes: bool,
) -> None:
    """Print the settings in force, with secrets masked.

    --format env is a .env that gives the same values: what differs from the defaults, secrets left out as comments
    that name their variables.

    \b
    {call} show --env {environment} --section {section}
    {call} show --origin
    {call} show --env {other} --placeholders --output {other}.env
    """
    chosen = destination.format_for(path, form).name
    if origin and chosen == "yaml" and path not in (None, destination.STDOUT):
        raise click.UsageError("--origin as text is for the terminal; to write it to a file, use --format json or env")
    if all_values and chosen != "env":
        raise click.UsageError("--all is for --format env; the other formats always show all settings")
    snapshot, lent = options.load(environment, strict=strict, placeholders=placeholders)
    application = options.application()
    keys = [key for key in application.catalogue.settings if section is None or key.startswith(f"{section}.")]
    if origin:
        project = options.find(environment)
        why = f" ({project.passed_over}, so it is passed over)" if project.passed_over else ""
        why = f" ({application.variables.settings_dir} says none)" if project.is_bare else why
        render.say(f"layers from {project.settings_dir or 'no settings folder'}{why}", err=True)
    if chosen == "env":
        from synfinance_settings.layers.dotenv_form import dotenv_text

        text = dotenv_text(
            application,
            snapshot,
            keys,
            reveal=reveal,
            all_values=all_values,
            origins=origin,
            lent=lent,
        )
    else:
        text = _shown(snapshot, lent, keys, "reveal" if reveal else "mask", chosen, origin=origin)
    private = reveal or chosen == "env"  # people will write secrets into a .env
    destination.put(path, text, yes=yes, mode=0o600 if private else None, starts_dotenv=chosen == "env")


def _shown(
    snapshot: Snapshot,
    lent: Mapping[str, Sequence[str]],
    keys: Sequence[str],
    secrets: Literal["mask", "reveal"],
    form: str,
    *,
    origin: bool,
) -> str:
    """The values of `keys` as text of `form`, with their origins where they are asked for."""
    from synfinance_settings.layers.output import line, plain_values, yaml_text
    from synfinance_settings.model.lines import is_set
    from synfinance_settings.text.format import nested
    from synfinance_settings.text.formats import named_format
    from synfinance_settings.text.json import JSON

    catalogue = options.application().catalogue
    settings = catalogue.settings
    values = plain_values(snapshot.config, secrets, keys)
    origins = {key: str(snapshot.origins[key]) for key in keys}
    if form not in ("yaml", "json") and not origin:
        return named_format(form).write(nested(values))
    if form == "json":
        data = {key: {"value": value, "origin": origins[key]} for key, value in values.items()} if origin else values
        return JSON.write(nested(data))
    if origin:
        typed = catalogue.values_of(snapshot.config)
        lines = (_with_origin(key, line(settings[key], typed[key], key in lent, secrets), origins) for key in keys)
        return "\n".join(part for parts in lines for part in parts) + "\n"
    notes = {key: "a placeholder" for key in lent if key in keys and settings[key].is_secret}
    notes |= {key: NOT_SET for key in keys if settings[key].is_secret and not is_set(values[key])}
    return yaml_text(values, notes)


def _with_origin(key: str, text: str, origins: Mapping[str, str]) -> list[str]:
    """One setting behind its origin, as ``git config --show-origin`` has it; in a narrow terminal above it."""
    columns = render.width()
    lengths = [len(origin) for origin in origins.values() if len(origin) <= _LONGEST_ORIGIN]
    margin = max(lengths, default=0) + 2
    origin, entry = origins[key], f"{key} = {text}"
    if columns is not None and columns - margin < _NARROWEST_VALUE:
        return [*render.hanging("", entry, columns), *render.hanging("    ", origin, columns)]
    if len(origin) > margin - 2 and columns is not None:
        return [origin, *render.hanging(" " * margin, entry, columns)]
    return render.hanging(f"{origin.ljust(margin - 2)}  ", entry, columns)


@click.command(cls=Command, short_help="Print one bare value, for scripts.")
@click.argument("key", shell_complete=completion.settings)
@options.environment_option
@click.option("--reveal", is_flag=True, help="Print a secret unmasked.")
@options.placeholders_option
@options.strict_option
def get(key: str, environment: str | None, reveal: bool, placeholders: bool, strict: bool) -> None:
    """Print the bare value of KEY, for scripts.

    A list is printed as JSON, null as null. A secret without --reveal prints nothing and ends with 1.

    \b
    value=$({call} get {key} --env {environment})
    """
    from synfinance_settings.layers.output import plain_values

    _require_key(key)
    if options.application().catalogue.settings[key].is_secret and not reveal:
        render.say(f"{key} is a secret; --reveal prints it", err=True)
        raise click.exceptions.Exit(1)
    snapshot, *_ = options.load(environment, strict=strict, placeholders=placeholders)
    value = plain_values(snapshot.config, "reveal", [key])[key]
    render.put_out_value(value if isinstance(value, str) else as_json(value))


@click.command(cls=Command, short_help="Show where a value comes from and what it overrides.")
@click.argument("key", shell_complete=completion.settings)
@options.environment_option
@options.placeholders_option
@click.option(
    "--reads",
    "sources",
    type=PathType(),
    multiple=True,
    metavar="PATH",
    help="Show who reads it, by a program's source or a record (.json) of its tests.",
)
@options.format_option("text", "json")
def explain(key: str, environment: str | None, placeholders: bool, sources: tuple[Path, ...], output: str) -> None:
    """Say where the value of KEY comes from, what it hides and what it means.

    The winner stands first, then every layer that it hides; secrets are masked.

    \b
    {call} explain {key} --env {environment}
    """
    from synfinance_settings.layers.snapshot import explain as explain_key

    old = options.application().old_names.get(key)
    if old is not None:
        render.note(
            f"{old.key} is now {old.now}" + (f"; {old.gone} no longer accepts the old name" if old.gone else "")
        )
        key = old.now
    _require_key(key)
    report = options.validation_report(environment, placeholders=placeholders)
    explanation = explain_key(options.application(), report.layers, key, report.snapshot)
    usage = reads.usage_of(key, sources) if sources else None
    if output == "json":
        _print_explained_json(explanation, report, usage)
    else:
        _print_explained(explanation, report, usage)
    if report.snapshot is None:
        faults = render.counted(render.number_of(report.problems), "error")
        see = options.call("validate", "--env", report.environment)
        render.note(f"as the layers stand, which do not validate ({faults}); see: {see}")
        if options.lends_help(report.problems):
            render.say(options.LENDING, err=True)
        raise click.exceptions.Exit(1)


def _print_explained_json(explanation: Explanation, report: ValidationReport, usage: Usage | None) -> None:
    """The explanation for scripts: the same, with values of their own types."""
    from synfinance_settings.layers.output import plain, told, typed
    from synfinance_settings.layers.snapshot import trail
    from synfinance_settings.text.node import plain_of

    key, catalogue = explanation.key, options.application().catalogue
    values = [(typed(catalogue, key, plain_of(node)), node.origin) for node in trail(report.layers, key)]
    values.append((plain(catalogue.settings[key].default), DEFAULT))
    value = told(catalogue.settings[key], explanation.value, key in report.lent) if report.snapshot else values[0][0]
    render.echo_json(
        {
            **{name: getattr(explanation, name) for name in _TOLD_AS_IT_IS},
            "value": value,
            "origin": str(explanation.origin),
            "overridden": [{"value": below, "origin": str(origin)} for below, origin in values[1:]],
            "variables": list(explanation.variables),
            "left_out": list(report.left_out),
            "waived": [f"{problem.code} {problem.waived}" for problem in report.waived if problem.key == key],
            **({"reads": reads.as_data(usage)} if usage else {}),
        }
    )


def _print_explained(explanation: Explanation, report: ValidationReport, usage: Usage | None) -> None:
    """The explanation for people: the value, then a row for each thing that is known of it."""
    from synfinance_settings.layers.output import line
    from synfinance_settings.model.catalogue import UNLESS_FOLLOWED

    setting = options.application().catalogue.settings[explanation.key]
    names = report.lent.get(explanation.key)
    value = line(setting, explanation.value, names is not None) if report.snapshot else explanation.value
    wanted = f" for {', '.join(names)}, which nothing sets" if names else ", since nothing sets what it refers to"
    hidden = [f"{item.value}  from {item.origin}" for item in explanation.overridden]
    rows = [("from", str(explanation.origin))]
    rows += [("lent", f"a placeholder{wanted}")] if names is not None and report.snapshot else []
    rows += [("overrides" if not number else "", text) for number, text in enumerate(hidden)]
    rows += [("left out", f"{name}, which cannot be read") for name in report.left_out]
    rows += [
        ("waived", f"{problem.code} {problem.waived}") for problem in report.waived if problem.key == explanation.key
    ]
    rows += [("meaning", explanation.description)]
    rows += [("allowed", explanation.limits)] if explanation.limits else []
    rows += [("variable" if not number else "", name) for number, name in enumerate(explanation.variables)]
    unless = UNLESS_FOLLOWED if explanation.unless_followed else ""
    rows += [("restart", f"needed for a change to take effect{unless}" if explanation.needs_restart else "not needed")]
    rows += [("read in", reads.explained(usage))] if usage else []
    columns, margin = render.width(), max(len(name) for name, _ in rows) + 4
    lines = render.hanging(f"{explanation.key} = ", value, columns)
    render.say(render.style(explanation.key, "strong"), lines[0].removeprefix(explanation.key))
    for text in lines[1:]:
        render.say(text)
    for name, text in rows:
        for part in render.hanging(f"  {name}".ljust(margin), text, columns):
            render.say(part)


def _require_key(key: str) -> None:
    """Raise for a key that is not a setting; a section and a variable get a hint of their own."""
    from synfinance_settings.errors import Origin, UnknownKeyError

    catalogue, variables = options.application().catalogue, options.application().variables.keys
    if key in catalogue.settings:
        return
    (problem,) = catalogue.unknown_key(key).problems
    if key in catalogue.sections:
        problem = replace(problem, hint=f"show --section {key} prints all of it")
    if key in variables:
        message = f"{key} is a variable of {variables[key]}"
        problem = Problem(
            "unknown-key", message, key, Origin("the argument"), hint=f"name the setting: {variables[key]}"
        )
    raise UnknownKeyError(problem)

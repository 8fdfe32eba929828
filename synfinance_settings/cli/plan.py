"""The commands plan and apply: what a change would mean, and that change made; what all changes say of themselves."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.cli import completion, destination, options, render
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command
from synfinance_settings.errors import DEFAULT, EditError, Problem, SettingsError
from synfinance_settings.foreign import as_json
from synfinance_settings.record import Record

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.editing.changes import LayerFiles
    from synfinance_settings.editing.plan import Edit, Outlook, Plan, Planned, Row, Target
    from synfinance_settings.layers.project import Project
    from synfinance_settings.model.catalogue import Setting

_INDENT: Final = "  "
_LONGEST_REASON: Final = 1000
_NOTHING: Final[Mapping[str, Any]] = {
    "written": [],
    "changes": [],
    "environments": [],
    "remarks": [],
    "probe": None,
    "notes": [],
    "warnings": [],
    "problems": [],
}
"""What apply says in JSON of a plan that was refused before it was looked at."""

dry_run_option = click.option("--dry-run", is_flag=True, help="Show the change, and write nothing.")


def _checked_reason(context: click.Context, param: click.Parameter, reason: str | None) -> str | None:
    """`reason`, which is kept for ever: a usage error for one that is too long."""
    if reason is not None and len(reason) > _LONGEST_REASON:
        raise click.UsageError(f"a reason has at most {_LONGEST_REASON} characters")
    return reason


reason_option = click.option("--reason", callback=_checked_reason, help="Why; it is kept in the history.")
wait_option = click.option(
    "--wait",
    type=click.FloatRange(min=0),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait while another process edits the folder.",
)


@click.command(cls=Command, short_help="Show what a change would mean, and write nothing.")
@click.argument("what", nargs=-1, metavar="KEY=VALUE... | FILE", shell_complete=completion.settings_and_sections)
@options.target_option
@click.option("--unset", "gone", multiple=True, metavar="KEY", help="Remove this key; may be given several times.")
@click.option(
    "--full", is_flag=True, help="Write everything that FILE says, not only what differs from the default layer."
)
@click.option("--output", "-o", "path", type=destination.PATH, help="Write the plan to this file, for apply.")
@click.option("--strict", "--exit-code", is_flag=True, help="Exit with 1 if there are remarks.")
@options.probe_options
@options.format_option("text", "json")
@destination.yes_option
def plan(
    what: tuple[str, ...],
    target: Target | None,
    gone: tuple[str, ...],
    full: bool,
    path: str | None,
    strict: bool,
    probe: options.Probe | None,
    output: str,
    yes: bool,
) -> None:
    """Show what a change of layer files would mean in every environment that it touches; no layer is changed.

    KEY=VALUE is as set takes it, and FILE as import takes it. For every setting that would change there is the old and
    the new value, which place wins, what hides it, and whether a restart is needed; and then remarks: what validates,
    and is worth a look all the same. Before a key or a file may stand the layer that it is for: with several layers,
    apply writes them as one change.

    \b
    {call} plan {number}={value} --env {environment}
    {call} plan {environment}.yaml --env {environment} -o plan.json
    {call} plan default:{number}={value} {environment}:{number}={value}
    """
    if not what and not gone:
        raise click.UsageError("give KEY=VALUE, a FILE, or --unset KEY")
    files, usual = options.layer_files(target)
    edits = _edits(files.project, usual, what, gone, full=full)
    found = files.plan(edits)
    data: dict[str, Any] = {}
    if (path or output == "json") and not found.problems:
        from synfinance_settings.editing.plan_file import stored

        data = _stored(found, is_wanted=path is not None, store=stored)
    data = {**data, **_as_data(found)}
    if output == "json":
        asked = None if found.problems else _asked(files, found, probe)
        render.echo_json({**data, "probe": asked and asked.as_data()})
        if found.problems or (asked and asked.problems):
            raise click.exceptions.Exit(1)
    else:
        _tell(found)
        found.require()
        probe_change(files, found, probe)
    if path is not None:
        if found.is_empty:
            render.say(f"{found.names}: nothing would be written, and there is nothing to apply", err=True)
        else:
            destination.put(path, as_json(data, 2) + "\n", yes=yes)
    if strict and any(found.remarks):
        raise click.exceptions.Exit(1)


def _stored(found: Plan, *, is_wanted: bool, store: Any) -> dict[str, Any]:
    """What a plan file holds beside what is shown; nothing where it cannot be one, unless it `is_wanted`."""
    try:
        return dict(store(found))
    except EditError:
        if is_wanted:
            raise
        return {}


def _edits(
    project: Project, usual: Target, what: tuple[str, ...], gone: tuple[str, ...], *, full: bool
) -> dict[Target, Edit]:
    """The edits that the arguments name, one a layer."""
    from pathlib import Path

    from synfinance_settings.editing.edits import setting_edit, unsetting_edit
    from synfinance_settings.editing.import_edit import import_edit
    from synfinance_settings.editing.plan_file import storable

    application = project.application
    wanted: dict[Target, list[Edit]] = {}
    for given in what:
        target, said = _layer_of(project, usual, given)
        key, equals, value = said.partition("=")
        edits = wanted.setdefault(target, [])
        if os.path.isfile(said):  # noqa: PTH113 - Path.is_file raises for what can be no path
            is_full = full or target == "default"
            edits.append(import_edit(project, target, Path(said), full=is_full, allow_secret=False))
        elif equals:
            edits.append(setting_edit(application, key, value, allow_secret=False, from_stdin=False))
        else:
            raise click.UsageError(f"{said} is neither KEY=VALUE nor a file")
    for given in gone:
        target, key = _layer_of(project, usual, given)
        wanted.setdefault(target, []).append(unsetting_edit(application, key))
    return {target: storable(project, target, _one_after_the_other(edits)) for target, edits in wanted.items()}


def _layer_of(project: Project, usual: Target, given: str) -> tuple[Target, str]:
    """The layer that an argument is for, and the rest of it."""
    head, colon, rest = given.partition(":")
    application = project.application
    known = {"default": "default", **application.environment_names, **application.aliases}
    return (str(known[head]), rest) if colon and head in known else (usual, given)


def _one_after_the_other(edits: list[Edit]) -> Edit:
    def edit(text: str, name: str) -> str:
        for one in edits:
            text = one(text, name)
        return text

    return edit


@click.command(cls=Command, short_help="Write what was planned.")
@click.argument("path", type=PathType(exists=True, dir_okay=False), metavar="PLAN")
@reason_option
@click.option("--strict", is_flag=True, help="Write nothing if there are remarks.")
@dry_run_option
@wait_option
@options.probe_options
@options.format_option("text", "json")
def apply(
    path: Path, reason: str | None, strict: bool, dry_run: bool, wait: float, probe: options.Probe | None, output: str
) -> None:
    """Write exactly what PLAN says, a file that plan wrote; several layers as one change.

    It is refused where a layer file that it rests on has changed since, and validated once more. What it rests on stays
    in the history; rollback brings it back.

    \b
    {call} plan {number}={value} --env {environment} -o plan.json
    {call} apply plan.json --reason "more customers"
    """
    from synfinance_settings.editing.history import this_user
    from synfinance_settings.editing.plan_file import read_plan

    files, _ = options.layer_files(None, wait)
    read = read_plan(files.project.application, path)
    by = "" if read.author == this_user() else f", planned by {read.author}"
    data = {"plan": read.name, "author": read.author, "user": this_user(), "reason": reason, **_NOTHING}

    def approve(found: Plan) -> bool:
        data.update(_as_data(found))
        if output == "text":
            tell_change(found)
        if strict and (told := [remark for remark, _ in found.remarks]):
            raise SettingsError.of(told)
        if asked := _asked(files, found, probe):
            data["probe"] = asked.as_data()
            asked.require(is_told=output == "text")
        return True

    with render.answer(data, is_json=output == "json"):
        if dry_run:
            found = files.plan(read.edits(files.project))
            found.require()
            approve(found)
        else:
            found = files.change(read.edits(files.project), f"apply {read.name}{by}", approve, reason)
            data["written"] = [change.name for change in found.changes if not change.is_empty]
        data["warnings"] = [warning.as_dict() for warning in files.warnings]
    tell_done(files, found, is_written=not dry_run)


# what every change says of itself


def tell_change(found: Planned) -> None:
    """Print what would be written; notes and remarks go to stderr."""
    for difference in found.differences:
        render.say(render.difference(difference))
    for note in found.notes:
        render.note(note)
    for remark, where in found.remarks:
        render.tell(_remark(remark, where), err=True)


def probe_change(files: LayerFiles, found: Plan, probe: options.Probe | None) -> None:
    """Ask the world about what changes, where it is to be asked, and tell what it warns of; raises `SettingsError`
    where it does not agree.
    """
    if asked := _asked(files, found, probe):
        asked.require()


class _Asked(Record):
    """What the world says about a change as it counts in `environments` on this machine."""

    environments: tuple[str, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]

    def require(self, *, is_told: bool = True) -> None:
        """Tell the warnings, unless they are told elsewhere; raises `SettingsError` where there are problems."""
        for warning in self.warnings if is_told else ():
            render.say(render.in_full(warning), render.Shown("\n"), err=True)
        if self.problems:
            raise SettingsError.of(self.problems)

    def as_data(self) -> dict[str, Any]:
        return {
            "environments": list(self.environments),
            "problems": [problem.as_dict() for problem in self.problems],
            "warnings": [warning.as_dict() for warning in self.warnings],
        }


def _asked(files: LayerFiles, found: Plan, probe: options.Probe | None) -> _Asked | None:
    """What the world says, None where it is not to be asked; of what does not validate it is asked nothing."""
    if probe is None:
        return None
    changed = [key for change in found.changes for key in change.changed]
    here = [report._replace(problems=(), warnings=()) for report in files.here(found)]
    reports = options.probed(here, probe, changed)
    return _Asked(
        tuple(str(report.environment) for report in here if report.snapshot is not None),
        tuple(dict.fromkeys(problem for report in reports for problem in report.problems)),
        tuple(dict.fromkeys(problem for report in reports for problem in report.warnings)),
    )


def tell_done(files: LayerFiles, found: Plan, *, is_written: bool) -> None:
    """Say what was written, on stderr, and what the history has against it."""
    for warning in files.warnings:
        render.tell(render.one_line(warning), err=True)
    if found.is_empty:
        says = "say" if len(found.changes) > 1 else "says"
        render.tell(f"{found.names} already {says} that; nothing was written", err=True)
    else:
        render.tell(f"wrote {found.names}" if is_written else "nothing was written", err=True)


def _remark(remark: Problem, where: str) -> str:
    is_placed = remark.origin is not None and str(remark.origin) not in remark.message
    place = f" ({remark.origin})" if is_placed else ""
    hint = f"; {remark.hint}" if remark.hint else ""
    head = render.style(f"remark[{remark.code}]", "warning")
    return render.joined([head, f": {f'in {where}: ' if where else ''}{remark.message}{place}{hint}"])


def _tell(found: Plan) -> None:
    """Print a plan: an environment after the other, the remarks, and how much it is."""
    columns = render.width()
    for outlook in found.outlooks:
        verdict = render.style(*(("validates", "good") if outlook.report else ("does not validate", "error")))
        lent = outlook.report.placeholders
        render.say(render.style(outlook.environment, "strong"), ": ", verdict)
        for line in render.hanging(f"{_INDENT}with placeholders for ", ", ".join(lent), columns) if lent else ():
            render.say(render.style(line, "quiet"))
        for row in outlook.rows:
            for line in _lines(found.project, row, columns):
                render.say(line)
        if not outlook.rows:
            render.say(f"{_INDENT}nothing changes")
    for remark, where in found.remarks:
        render.tell(_remark(remark, where))
    render.tell(_counted(found))


def _lines(project: Project, row: Row, columns: int | None) -> Iterator[str]:
    """One setting: what it was and is, and below what says so."""
    setting = project.application.catalogue.settings[row.key]
    old, new = _value(setting, row.before.value), _value(setting, row.after.value, is_lent=row.is_lent)
    arrow = render.sign("→", "->")
    moved = f"{old} {arrow} {new}" if row.is_moved else f"stays {new}"
    if row.is_moved and setting.is_secret:
        moved += " (another one)"
    yield from render.hanging(f"{_INDENT}{row.key}: ", moved, columns)
    yield from render.hanging(_INDENT * 2, "; ".join(_facts(row)), columns)


def _value(setting: Setting, value: Any, *, is_lent: bool = False) -> str:
    from synfinance_settings.layers.output import PLACEHOLDER, line

    return PLACEHOLDER if is_lent else line(setting, value)


def _facts(row: Row) -> Iterator[str]:
    from synfinance_settings.model.catalogue import UNLESS_FOLLOWED

    hides = [f"{other.value} from {other.origin}" for other in row.after.overridden if other.origin != DEFAULT]
    over = f", over {hides[0]}" if hides else ""
    yield f"{'the default' if row.after.origin == DEFAULT else row.after.origin} wins{over}"
    if row.hidden_by is not None:
        yield f"overridden here by {row.hidden_by}"
    if row.is_moved and row.after.needs_restart:
        yield f"takes a restart{UNLESS_FOLLOWED if row.after.unless_followed else ''}"


def _counted(found: Plan) -> str:
    moved = {row.key: row for outlook in found.outlooks for row in outlook.rows if row.is_moved}
    told = len(list(found.remarks))
    parts = [f"{render.counted(len(moved), 'setting')} changed in {render.counted(len(found.outlooks), 'environment')}"]
    parts += [*_restarts(moved.values()), render.counted(told, "remark")]
    return "; ".join(parts)


def _restarts(moved: Iterable[Row]) -> Iterator[str]:
    """How many of the settings that are `moved` take a restart, and of how many a program may be spared it."""
    waiting = [row.after for row in moved if row.after.needs_restart]
    followed = sum(after.unless_followed for after in waiting)
    unless = f", {followed} unless followed" if followed < len(waiting) else " unless followed"
    if waiting:
        yield f"{len(waiting)} of them after a restart{unless if followed else ''}"


def _as_data(found: Plan) -> dict[str, Any]:
    """A plan for scripts: what is shown, as data; secrets are masked."""
    return {
        "changes": [
            {"layer": str(change.target), "file": change.name, "changed": list(change.changed)}
            for change in found.changes
            if not change.is_empty
        ],
        "environments": [_outlook_data(found.project, outlook) for outlook in found.outlooks],
        "remarks": [{**remark.as_dict(), "environments": where} for remark, where in _placed(found)],
        "problems": [problem.as_dict() for problem in found.problems],
        "notes": list(found.notes),
    }


def _placed(found: Plan) -> Iterator[tuple[Problem, list[str]]]:
    for remark, _ in found.remarks:
        yield remark, [str(one.environment) for one in found.outlooks if remark in one.remarks]


def _outlook_data(project: Project, outlook: Outlook) -> dict[str, Any]:
    return {
        "environment": str(outlook.environment),
        "valid": bool(outlook.report),
        "placeholders": list(outlook.report.placeholders),
        "settings": [_row_data(project, row) for row in outlook.rows],
    }


def _row_data(project: Project, row: Row) -> Mapping[str, Any]:
    from synfinance_settings.layers.output import told

    setting = project.application.catalogue.settings[row.key]
    return {
        "key": row.key,
        "old": told(setting, row.before.value),
        "new": told(setting, row.after.value, row.is_lent),
        "differs": row.is_moved,
        "origin": str(row.after.origin),
        "hides": [{"value": other.value, "origin": str(other.origin)} for other in row.after.overridden],
        "hidden_by": str(row.hidden_by) if row.hidden_by else None,
        "needs_restart": row.after.needs_restart,
        "unless_followed": row.after.unless_followed,
    }

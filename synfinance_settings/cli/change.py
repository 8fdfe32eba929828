"""The commands that change one layer file: set, unset, import, rollback."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from synfinance_settings.cli import completion, destination, options, render
from synfinance_settings.cli import plan as planning
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.editing.changes import LayerFiles
    from synfinance_settings.editing.plan import Edit, Plan, Target

_FILE = PathType(exists=True, dir_okay=False)
_allow_secret_option = click.option("--allow-secret", is_flag=True, help="Allow a secret to be written into the file.")


@click.command("set", cls=Command, short_help="Write a value into a layer file.")
@click.argument("key", shell_complete=completion.settings_and_sections)
@click.argument("value", shell_complete=completion.values)
@options.target_option
@planning.dry_run_option
@planning.wait_option
@_allow_secret_option
@options.probe_options
def set_(
    key: str,
    value: str,
    target: Target | None,
    dry_run: bool,
    wait: float,
    allow_secret: bool,
    probe: options.Probe | None,
) -> None:
    """Write VALUE for KEY into a layer file; everything else in it stays as it is.

    The merged result is validated before anything is written, for --env default in every environment that has a layer
    file. VALUE is text; null is null where the setting may be null; a list is text with commas or a YAML or JSON list;
    for a section it is a mapping. With - the value is read from stdin, as a secret must be. A value that begins with -
    follows after --.

    \b
    {call} set {number} {value} --env {environment}
    {call} set {list} '[one, two]'
    {call} set -- {signed} -5
    """
    from synfinance_settings.editing.edits import setting_edit

    from_stdin = value == "-"
    literal = sys.stdin.read().removesuffix("\n") if from_stdin else value
    edit = setting_edit(options.application(), key, literal, allow_secret=allow_secret, from_stdin=from_stdin)
    files, target = options.layer_files(target, wait)
    _apply(files, {target: edit}, f"set {key}", dry_run=dry_run, probe=probe)


@click.command(cls=Command, short_help="Remove a key from a layer file.")
@click.argument("key", shell_complete=completion.settings_and_sections)
@options.target_option
@planning.dry_run_option
@planning.wait_option
@options.probe_options
def unset(key: str, target: Target | None, dry_run: bool, wait: float, probe: options.Probe | None) -> None:
    """Take KEY, a setting or a section, out of a layer file, so that lower layers count again.

    \b
    {call} unset {key} --env {environment}
    """
    from synfinance_settings.editing.edits import unsetting_edit

    edit = unsetting_edit(options.application(), key)
    files, target = options.layer_files(target, wait)
    _apply(files, {target: edit}, f"unset {key}", dry_run=dry_run, probe=probe)


@click.command("import", cls=Command, short_help="Replace the contents of a layer file with those of another file.")
@click.argument("path", type=_FILE)
@options.target_option
@click.option(
    "--full", is_flag=True, help="Write everything that the file says, not only what differs from the default layer."
)
@_allow_secret_option
@planning.dry_run_option
@planning.wait_option
@options.probe_options
@destination.yes_option
def import_(
    path: Path,
    target: Target | None,
    full: bool,
    allow_secret: bool,
    dry_run: bool,
    wait: float,
    probe: options.Probe | None,
    yes: bool,
) -> None:
    """Let a layer file say what PATH says, after showing the difference and asking.

    What the layer says already stays as it stands there, and so do secrets that PATH leaves out; what PATH does not say
    is taken out. The file as it was stays in the history; rollback brings it back.

    \b
    {call} export {other}.yaml --env {other}
    {call} import {other}.yaml --env {other}
    """
    from synfinance_settings.editing.import_edit import import_edit

    files, target = options.layer_files(target, wait)
    edit = import_edit(files.project, target, path, full=full or target == "default", allow_secret=allow_secret)
    ask = None if yes else "Replace it?"
    _apply(files, {target: edit}, f"import {path.name}", dry_run=dry_run, probe=probe, ask=ask)


@click.command(cls=Command, short_help="Restore a layer file from the history.")
@click.argument("version", type=int, required=False)
@options.target_option
@planning.dry_run_option
@planning.wait_option
@destination.yes_option
def rollback(version: int | None, target: Target | None, dry_run: bool, wait: float, yes: bool) -> None:
    """Bring a layer file back as VERSION of the history has it, by default the last one that differs from it.

    The difference is shown first and the result validated; what is rolled back from stays in the history too.

    \b
    {call} history --env {environment}
    {call} rollback 12 --env {environment}
    """
    from synfinance_settings.editing.edits import rollback_edit

    files, target = options.layer_files(target, wait)
    assert files.history is not None, "the commands always have a state folder"
    edit, chosen = rollback_edit(files.history, target, files.read(target), version)
    render.say(f"version {chosen.number}, {chosen.when.astimezone():%Y-%m-%d %H:%M:%S}, {chosen.command}", err=True)
    _apply(files, {target: edit}, f"rollback {chosen.number}", dry_run=dry_run, ask=None if yes else "Restore it?")


def _apply(
    files: LayerFiles,
    edits: Mapping[Target, Edit],
    command: str,
    *,
    dry_run: bool,
    probe: options.Probe | None = None,
    ask: str | None = None,
) -> None:
    """Have the edits made, and say what was done; with `probe`, only where the world agrees."""
    answers: list[bool] = []

    def show(plan: Plan) -> None:
        planning.tell_change(plan)
        planning.probe_change(files, plan, probe)

    def approve(plan: Plan) -> bool:
        show(plan)
        answers.append(ask is None or destination.confirmed(f"{plan.names}: {ask}"))
        return answers[-1]

    if dry_run:
        plan = files.plan(edits)
        plan.require()
        if not plan.is_empty:
            show(plan)
    else:
        plan = files.change(edits, command, approve)
    planning.tell_done(files, plan, is_written=any(answers))
    if answers == [False]:
        raise click.exceptions.Exit(1)

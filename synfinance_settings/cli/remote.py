"""The commands below remote: what the shared store says, and every change of it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from synfinance_settings.cli import completion, destination, options, render, stages
from synfinance_settings.cli import plan as planning
from synfinance_settings.cli.duration import Duration
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command, Group

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.editing.remote_change import RemoteEdit, RemotePlan, RemoteSettings
    from synfinance_settings.remote.revisions import Revision, Waiting

_FILE: Final = PathType(exists=True, dir_okay=False)
_Command = TypeVar("_Command", bound=Callable[..., Any])


_author_option = click.option(
    "--author", metavar="NAME", help="Who makes the change, for the history; if not given, this user on this host."
)
_confirm_option = click.option(
    "--confirm-within",
    type=Duration(),
    metavar="DURATION",
    help="Take the change back by itself after this time, as in 10m, unless remote confirm is called.",
)
_allow_secret_option = click.option(
    "--allow-secret", is_flag=True, help="Allow a secret to be written into the shared store."
)


def _change_options(command: _Command) -> _Command:
    """The options that all changes have."""
    for option in (
        planning.reason_option,
        _author_option,
        _confirm_option,
        stages.stage_options,
        planning.dry_run_option,
        options.environment_option,
    ):
        command = option(command)
    return command


@click.group(cls=Group, short_help="See and change the store that all processes of a fleet share.")
def remote() -> None:
    """See and change the store that all processes of a fleet share.

    The variable {remote_url} says where it is. A change is validated together with the layers here before it is
    written, and every watching process takes it over at once, or refuses it and keeps what it has.

    \b
    {call} remote list --env {environment}
    {call} remote set {number} {value} --reason "more customers"
    {call} remote set {number} {value} --stages 5%,50%,100%
    {call} remote history --env {environment}
    """


@remote.command("list", cls=Command, short_help="List what the shared store says.")
@options.environment_option
@options.format_option("text", "json")
def list_(environment: str | None, output: str) -> None:
    """List what the shared store says, secrets masked, and the revision that is in force.

    \b
    {call} remote list --env {environment}
    """
    from synfinance_settings.editing.remote_change import masked_values
    from synfinance_settings.remote.revisions import waiting

    store = _remote(environment).store
    base, waits = store.base(), waiting(store)
    rows = list(masked_values(options.application().catalogue, base.values or {}))
    if output == "json":
        data = {"place": store.keyspace.place, "revision": base.revision, "forced": base.is_forced}
        until = waits.until.isoformat() if waits and waits.revision == base.revision else None
        render.echo_json({**data, "confirm_until": until, "settings": dict(rows)})
        return
    revision = "no revision" if base.revision is None else f"revision {base.revision}"
    forced = ", and written past these commands since" if base.is_forced else ""
    render.tell(f"{store.keyspace.place}: {revision}{forced}", err=True)
    if waits is not None and waits.revision == base.revision:
        render.note(_waits(waits))
    if rows:
        render.say(render.table(rows))


@remote.command("set", cls=Command, short_help="Write a value into the shared store.")
@click.argument("key", shell_complete=completion.settings_and_sections)
@click.argument("value", shell_complete=completion.values)
@_allow_secret_option
@_change_options
def set_(key: str, value: str, allow_secret: bool, **how: Any) -> None:
    """Write VALUE for KEY into the shared store, as text that is read as a variable would be.

    Nothing in it is expanded. A list is text with commas or a YAML or JSON list; for a section VALUE is a mapping. With
    - the value is read from stdin, as a secret must be.

    \b
    {call} remote set {number} {value} --confirm-within 10m
    """
    from synfinance_settings.editing.remote_change import setting

    from_stdin = value == "-"
    literal = sys.stdin.read().removesuffix("\n") if from_stdin else value
    edit = setting(options.application(), key, literal, allow_secret=allow_secret, from_stdin=from_stdin)
    _change(_remote(how["environment"], how["author"]), edit, f"set {key}", how)


@remote.command(cls=Command, short_help="Remove a key from the shared store.")
@click.argument("key", shell_complete=completion.settings_and_sections)
@_change_options
def unset(key: str, **how: Any) -> None:
    """Take KEY, a setting or a section, out of the shared store, so that the layers below it count again.

    What stands in the store and is not a setting can be taken out too.

    \b
    {call} remote unset {key} --env {environment}
    """
    from synfinance_settings.editing.remote_change import unsetting

    _change(_remote(how["environment"], how["author"]), unsetting(options.application(), key), f"unset {key}", how)


@remote.command("import", cls=Command, short_help="Let the shared store say what a file says.")
@click.argument("path", type=_FILE)
@click.option("--full", is_flag=True, help="Write everything that PATH says, not only what differs from the layers.")
@_allow_secret_option
@_change_options
@destination.yes_option
def import_(path: Path, full: bool, allow_secret: bool, yes: bool, **how: Any) -> None:
    """Let the shared store say what PATH, a layer file, says, after showing the difference and asking.

    What PATH does not say is taken out of the store, but for secrets. PATH may refer to no variables.

    \b
    {call} remote export shared.yaml --env {other}
    {call} remote import shared.yaml --env {environment}
    """
    from synfinance_settings.editing.remote_change import importing

    remote = _remote(how["environment"], how["author"])
    edit = importing(remote, path, full=full, allow_secret=allow_secret)
    _change(remote, edit, f"import {path.name}", how, ask=None if yes else "Replace it?")


@remote.command(cls=Command, short_help="Write what the shared store says to a file.")
@click.argument("path", type=destination.PATH)
@options.environment_option
@destination.format_option
@destination.yes_option
def export(path: str, environment: str | None, form: str | None, yes: bool) -> None:
    """Write what the shared store says to PATH, as a file that remote import takes; - is stdout.

    Secrets are left out and named.

    \b
    {call} remote export - --env {environment}
    """
    from synfinance_settings.editing.remote_change import exported_values

    chosen = destination.format_for(path, form, fits=lambda one: one.is_layer)
    values = _remote(environment).store.base().values or {}
    text, left_out = exported_values(options.application().catalogue, values, chosen.name)
    destination.put(path, text, yes=yes)
    if left_out:
        render.note(f"left out: {', '.join(left_out)}")


@remote.command(cls=Command, short_help="List the revisions of the shared store.")
@options.environment_option
@options.format_option("text", "json")
def history(environment: str | None, output: str) -> None:
    """List the revisions that the shared store keeps, newest first: who changed what, when and why.

    \b
    {call} remote history --env {environment}
    """
    from synfinance_settings.remote.revisions import revisions

    store = _remote(environment).store
    kept, base = revisions(store), store.base()
    if output == "json":
        render.echo_json([_revision_data(revision, base.revision) for revision in kept])
        return
    render.tell(f"{store.keyspace.place}: {render.counted(len(kept), 'revision')}", err=True)
    rows = [
        (
            f"{revision.number}{' *' if revision.number == base.revision else ''}",
            render.moment(revision.when),
            revision.note.author,
            revision.note.command + (f": {revision.note.reason}" if revision.note.reason else ""),
            ", ".join(revision.note.changed),
        )
        for revision in kept
    ]
    if rows:
        render.versions([("revision", "when", "who", "command", "changed"), *rows])


@remote.command(cls=Command, short_help="Bring back what the shared store said before.")
@click.argument("revision", type=int, required=False)
@_change_options
@destination.yes_option
def rollback(revision: int | None, yes: bool, **how: Any) -> None:
    """Let the shared store say what REVISION of its history says, by default the last one that says something else.

    It becomes a new revision, validated like any other. A change that waits to be confirmed is taken back at once, and
    without REVISION one that comes in by stages.

    \b
    {call} remote rollback --env {environment} --reason "too slow"
    """
    from synfinance_settings.editing.remote_change import bringing_back

    remote = _remote(how["environment"], how["author"])
    if revision is None and not how["dry_run"] and stages.end(remote.store, remote.author, how["reason"], yes=yes):
        return
    edit, chosen = bringing_back(remote.store, revision)
    render.say(f"revision {chosen.number}, {render.moment(chosen.when)}, {chosen.note.command}", err=True)
    ask = None if yes else "Bring it back?"
    _change(remote, edit, f"rollback {chosen.number}", how, ask=ask, goes_back=True)


@remote.command(cls=Command, short_help="Keep a change that would go back by itself.")
@click.argument("revision", type=int, required=False)
@options.environment_option
def confirm(revision: int | None, environment: str | None) -> None:
    """Keep the change that was made with --confirm-within, so that it does not go back by itself.

    \b
    {call} remote confirm --env {environment}
    """
    from synfinance_settings.remote.revisions import confirm as keep

    store = _remote(environment).store
    number = keep(store, revision)
    render.tell(f"{store.keyspace.place}: revision {number} stays", err=True)


def _remote(environment: str | None, author: str | None = None) -> RemoteSettings:
    """The shared store of the project here."""
    from synfinance_settings.editing.remote_change import RemoteSettings

    return RemoteSettings(options.find(environment), author)


def _change(
    remote: RemoteSettings,
    edit: RemoteEdit,
    command: str,
    how: Mapping[str, Any],
    *,
    ask: str | None = None,
    goes_back: bool = False,
) -> None:
    """Have the edit made, and say what was done."""
    reason, seconds = how["reason"], how["confirm_within"]
    plan_of_stages, gate = stages.plan_of(how)
    answers: list[bool] = []

    def approve(plan: RemotePlan) -> bool:
        planning.tell_change(plan)
        answers.append(ask is None or destination.confirmed(f"{plan.place}: {ask}"))
        return answers[-1]

    if how["dry_run"]:
        plan, revision = remote.plan(edit), None
        plan.require()
        if not plan.is_empty:
            planning.tell_change(plan)
    else:
        plan, revision = remote.change(
            edit,
            command,
            approve,
            reason=reason,
            confirm_within=seconds,
            stages=plan_of_stages,
            goes_back=goes_back,
        )
    _tell_done(plan, revision, is_to_confirm=seconds is not None)
    if plan_of_stages is not None and revision is not None:
        stages.stay(remote.store, revision, gate, remote.author)
    if answers == [False]:
        raise click.exceptions.Exit(1)


def _tell_done(plan: RemotePlan, revision: int | None, *, is_to_confirm: bool) -> None:
    """Say on stderr what was written."""
    if plan.is_empty:
        render.tell(f"{plan.place} already says that; nothing was written", err=True)
    elif revision is None:
        render.tell("nothing was written", err=True)
    else:
        render.tell(f"wrote revision {revision} of {plan.place}", err=True)
        if is_to_confirm:
            call = options.call("remote", "confirm", "--env", plan.project.environment)
            render.note(f"it goes back by itself unless it is confirmed: {call}")


def _waits(waits: Waiting) -> str:
    """When what is to be confirmed goes back, or by whom, once its time is up."""
    from datetime import UTC, datetime

    if datetime.now(UTC) < waits.until:
        return f"revision {waits.revision} goes back at {render.moment(waits.until)}, unless remote confirm is called"
    return f"revision {waits.revision} is due to go back: whoever watches or changes the store next takes it back"


def _revision_data(revision: Revision, current: int | None) -> dict[str, Any]:
    author, command, reason, changed = revision.note
    return {
        "revision": revision.number,
        "current": revision.number == current,
        "before": revision.before,
        "when": revision.when.isoformat(),
        "author": author,
        "command": command,
        "reason": reason,
        "changed": list(changed),
        "taken_back": revision.taken_back,
    }

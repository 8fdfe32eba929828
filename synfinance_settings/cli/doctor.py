"""The command doctor: does what the settings name really work from here?

What is looked at, and how, is said by `probing`; here it is told.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.program import Command
from synfinance_settings.errors import SettingsError, counted, number_of

if TYPE_CHECKING:
    from synfinance_settings.layers.project import Project
    from synfinance_settings.probing.finding import Finding
    from synfinance_settings.probing.rights import User

_STYLES: Final = {"ok": "good", "warn": "warning", "fail": "error"}
_TOLD: Final = ("check", "status", "message", "mend")
_MARGIN: Final = 18  # columns before what a finding says


@click.command(cls=Command, short_help="Check servers, files, ports and secrets.")
@options.environment_option
@options.strict_option
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0.1, max=600),
    default=5.0,
    show_default=True,
    help="Seconds that a server, and git, has to answer.",
)
@options.user_option
@options.format_option("text", "json")
def doctor(environment: str | None, strict: bool, seconds: float, user: User | None, output: str) -> None:
    """Check what the settings name: servers, TLS files, paths, ports, secrets and file modes, and the shared store.

    Needs the real secrets of the environment. Ends with 1 where a check fails; with --strict where one warns, too.

    \b
    {call} doctor --env {environment}
    {call} doctor --env {environment} --as-user nobody
    """
    project = options.find(environment)
    findings = list(_examined(project, seconds, user))
    if output == "json":
        render.echo_json([{name: getattr(finding, name) for name in _TOLD} for finding in findings])
    else:
        _tell(findings)
    bad = ("fail", "warn") if strict else ("fail",)
    if any(finding.status in bad for finding in findings):
        raise click.exceptions.Exit(1)


def _examined(project: Project, seconds: float, user: User | None) -> Iterator[Finding]:
    """All findings; where the settings do not validate, only those that need no settings."""
    from synfinance_settings.layers.trial import validate
    from synfinance_settings.probing import finding, probes, project_files, shared_store

    report = validate(project)
    yield from project_files.findings(project, seconds, os.environ.get("PATH", os.defpath), user)
    yield from shared_store.findings(project)
    if report.snapshot is None:
        error = SettingsError.of(report.problems)
        said = counted(number_of(error.problems), "error")
        if unchecked := probes.checks(project.application):
            said = f"{said}; not checked without settings: {', '.join(unchecked)}"
        call = options.call("validate", "--env", project.environment)
        yield finding.Finding("settings", "fail", said, finding.Command(call) if call else None)
        return
    warned = f", {counted(number_of(report.warnings), 'warning')}" if report.warnings else ""
    yield finding.Finding("settings", "ok", f"{project.environment} validates{warned}")
    yield from probes.probes(project.application, report.snapshot.config, seconds=seconds, user=user)


def _tell(findings: list[Finding]) -> None:
    """A line or more a finding, and a last one that counts them."""
    from synfinance_settings.probing import finding as found

    columns = render.width()
    margin = max(_MARGIN, max((len(finding.check) for finding in findings), default=0) + 8)
    for finding in findings:
        label = finding.status.ljust(4)
        head = f"{label}  {finding.check}".ljust(margin)
        first, *others = render.hanging(head, finding.message, columns)
        render.say(render.style(label, _STYLES[finding.status]), first.removeprefix(label))
        for line in others:
            render.say(line)
        if finding.mend:
            room = None if isinstance(finding.mend, found.Command) else columns
            for line in render.hanging(f"{' ' * margin}help: ", finding.mend, room):
                render.say(render.style(line, "quiet"))
    stati = [finding.status for finding in findings]
    failed, warned, good = (stati.count(status) for status in ("fail", "warn", "ok"))
    render.say(f"{failed} failed, {counted(warned, 'warning')}, {good} ok")

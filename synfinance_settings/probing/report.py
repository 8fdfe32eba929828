"""What live checks found, as problems and warnings of the settings that it is due to, at their places."""

from __future__ import annotations

from collections.abc import Container, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from synfinance_settings.errors import DEFAULT, Problem, told
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.layers.validation import with_excerpt
from synfinance_settings.model.application import Application
from synfinance_settings.probing.finding import Command, Finding
from synfinance_settings.probing.probes import SECONDS, probes
from synfinance_settings.probing.rights import User


def probed(
    application: Application[Any],
    reports: Iterable[ValidationReport],
    *,
    seconds: float = SECONDS,
    keys: Container[str] | None = None,
    user: User | None = None,
) -> list[ValidationReport]:
    """The reports with what `probes` finds, all at the same time; settings that do not validate are not looked at."""

    def with_findings(report: ValidationReport) -> ValidationReport:
        if report.snapshot is None:
            return report
        config, lent = report.snapshot.config, report.lent
        found = list(probes(application, config, seconds=seconds, keys=keys, lent=lent, user=user))
        problems, warnings = (
            [_problem(finding, report, report.snapshot) for finding in found if finding.status == status]
            for status in ("fail", "warn")
        )
        return report._replace(
            problems=told((*report.problems, *problems)),
            warnings=told((*report.warnings, *warnings)),
        )

    asked = list(reports)
    with ThreadPoolExecutor(max(len(asked), 1)) as threads:
        return list(threads.map(with_findings, asked))


def _problem(finding: Finding, report: ValidationReport, snapshot: Snapshot[Any]) -> Problem:
    """`finding` at the place of the likeliest setting that a layer sets; the places of the others are in its hint."""
    places = {key: snapshot.origins[key] for key in finding.keys if key in snapshot.origins}
    key = next((key for key, origin in places.items() if origin != DEFAULT), next(iter(places), None))
    others = [f"{other} is from {origin}" for other, origin in places.items() if other != key and origin != DEFAULT]
    if isinstance(finding.mend, Command):
        others = []  # it is there to be pasted
    problem = Problem(
        finding.code,
        finding.message if key is None or key in finding.message else f"{key}: {finding.message}",
        key,
        places.get(key) if key else None,
        hint="; ".join(filter(None, [finding.mend, *others])) or None,
        severity="error" if finding.status == "fail" else "warning",
    )
    return with_excerpt(problem, report.texts)

"""A test that is ready: every environment of the program validates, as ``validate --all --placeholders`` finds it."""

from __future__ import annotations

from typing import Any

import pytest

from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.layers.trial import validate
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.model.application import Application


def report_on(application: Application[Any], environment: str) -> ValidationReport:
    """What a start in `environment` would find here, placeholders lent for secrets that nothing sets."""
    project = ConfigManager(application, environment=environment).current.project()
    return validate(project, placeholders=True)


def test_every_environment_validates(settings_report: ValidationReport) -> None:
    """Fail for an environment whose layers do not validate, with all that is wrong; the plugin runs it for each."""
    if not settings_report:
        problems = "\n\n".join(map(str, settings_report.problems))
        said = f"{problems}\n\ninvalid  {settings_report.environment}  {settings_report.verdict()}"
        pytest.fail(said, pytrace=False)

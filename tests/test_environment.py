"""The names of the environments."""

from __future__ import annotations

import pytest

from synfinance_settings import Environment, EnvironmentNameError, LogLevel
from synfinance_settings.sections.application import SYNFINANCE


@pytest.mark.parametrize(
    ("name", "environment"),
    [
        *((str(member), member) for member in Environment),
        ("dev", Environment.DEVELOPMENT),
        ("stage", Environment.STAGING),
        ("prod", Environment.PRODUCTION),
        ("testing", Environment.TEST),
    ],
)
def test_a_name_and_its_short_form_are_taken(name, environment):
    assert SYNFINANCE.environment(name) is environment


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prodution", "did you mean production?"),
        ("Production", "did you mean production?"),
        (" stage ", "did you mean staging?"),
        ("", "one of development, staging, production, test"),
        ("qa", "one of development, staging, production, test"),
    ],
)
def test_any_other_name_is_an_error_with_a_hint(name, hint):
    with pytest.raises(EnvironmentNameError) as caught:
        SYNFINANCE.environment(name)
    assert caught.value.problems[0].hint == hint


def test_staging_and_production_are_strict():
    strict = [member for member in Environment if SYNFINANCE.kinds[member].strict]
    assert strict == [Environment.STAGING, Environment.PRODUCTION]


def test_members_are_their_text():
    assert f"{Environment.TEST} {LogLevel.DEBUG}" == "test DEBUG"

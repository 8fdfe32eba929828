"""Other values of settings, for trials: each valid beside all others."""

from __future__ import annotations

import re
from typing import Annotated

import pytest
from pydantic import Field

from synfinance_settings import AppConfig, Application, Section, setting
from synfinance_settings.layers.alternatives import Alternatives
from synfinance_settings.layers.output import plain_values
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.format import nested

BASE = plain_values(AppConfig(), "reveal")
SECURE = {"security.api_key_enabled": True, "security.api_keys": ["k" * 32]}
MADE = {
    "development": Alternatives(SYNFINANCE, BASE, "development"),
    "production": Alternatives(SYNFINANCE, {**BASE, **SECURE, "environment": "production"}, "production"),
}


def is_valid(values, environment):
    config = AppConfig.model_validate(nested(values))
    return not [b for b in SYNFINANCE.breaches(config, environment) if b.problem.severity == "error"]


@pytest.mark.parametrize("environment", MADE)
def test_every_setting_has_another_value_that_stands_beside_all_others(environment):
    base = {**BASE, **(SECURE if environment == "production" else {}), "environment": environment}
    none = []
    for key in SYNFINANCE.catalogue.settings:
        found = MADE[environment].of(key)
        if found is None:
            none.append(key)
        elif key != "environment":
            before = {**base, **found.companions}
            after = {**before, key: found.value}
            assert is_valid(before, environment)
            assert is_valid(after, environment)
            assert before[key] != found.value
            assert key not in found.companions
    assert none == ([] if environment == "development" else ["debug", "server.reload"]), "no rule allows another"


def test_what_is_switched_on_has_beside_it_what_it_needs():
    found = MADE["development"].of("security.ssl_enabled")
    assert set(found.companions) == {"security.ssl_cert_path", "security.ssl_key_path"}
    assert not MADE["development"].of("server.port").companions


def test_a_value_that_is_wanted_counts_and_one_that_is_invalid_does_not():
    assert MADE["development"].of("server.port", (9001,)).value == 9001
    assert MADE["development"].of("server.port", (1,)) is None


class OddConfig(Section):
    """Texts and lists with limits of their own."""

    code: Annotated[str, Field(pattern="^[A-Z]{2}-[0-9]{3}$")] = setting("AB-100", "A code.")
    word: Annotated[str, Field(min_length=2, max_length=2)] = setting("ab", "Two letters.")
    share: Annotated[float, Field(gt=0, lt=0.02)] = setting(0.01, "A share.")
    ports: Annotated[list[int], Field(min_length=1, max_length=1)] = setting([80], "A port.")
    secret: Annotated[str, Field(pattern="^(only|one)$")] = setting("only", "One of two.")


def test_limits_and_patterns_are_kept_and_what_cannot_be_made_is_given_up():
    application = Application(OddConfig, prefix="ODD_")
    made = Alternatives(application, plain_values(OddConfig(), "reveal"), "development")
    found = {key: made.of(key) for key in application.catalogue.settings}
    assert re.fullmatch("[A-Z]{2}-[0-9]{3}", found["code"].value)
    assert len(found["word"].value) == 2
    assert 0 < found["share"].value < 0.02
    assert len(found["ports"].value) == 1
    assert found["secret"] is None
    assert "AB" not in repr(found["code"])

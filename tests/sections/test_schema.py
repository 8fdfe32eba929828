"""The schema of a layer file agrees with the models."""

from __future__ import annotations

import pytest
from jsonschema import Draft202012Validator

from synfinance_settings.sections.keys import SETTINGS
from synfinance_settings.sections.schema import layer_schema

VALIDATOR = Draft202012Validator(layer_schema())


def overlay(key, value):
    for part in reversed(key.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_takes_a_reference_and_null_where_it_may_be(key):
    assert VALIDATOR.is_valid(overlay(key, "${NAME:-x}"))
    assert VALIDATOR.is_valid(overlay(key, None)) is SETTINGS[key].nullable


@pytest.mark.parametrize("key", [key for key, setting in SETTINGS.items() if setting.at_least is not None])
def test_a_number_outside_its_limits_is_refused(key):
    setting = SETTINGS[key]
    assert VALIDATOR.is_valid(overlay(key, setting.at_least))
    assert not VALIDATOR.is_valid(overlay(key, setting.at_least - 1))
    if setting.at_most is not None:
        assert not VALIDATOR.is_valid(overlay(key, setting.at_most + 1))


@pytest.mark.parametrize("key", SETTINGS)
def test_a_setting_is_described_and_no_secret_has_a_default(key):
    part = layer_schema()
    for name in key.split("."):
        part = part["properties"][name]
    assert part["description"].startswith(SETTINGS[key].description)
    assert ("default" in part) is not SETTINGS[key].is_secret


@pytest.mark.parametrize("text", ["YES", "off", "1", "True"])
def test_a_boolean_may_be_text(text):
    assert VALIDATOR.is_valid(overlay("server.reload", text))


@pytest.mark.parametrize("name", ["dev", "development", "stage", "staging", "prod", "production", "test", "testing"])
def test_an_environment_may_be_named_in_short(name):
    assert VALIDATOR.is_valid({"environment": name})


@pytest.mark.parametrize("name", ["", "PROD", "prodution", "default"])
def test_an_environment_is_named_in_no_other_way(name):
    assert not VALIDATOR.is_valid({"environment": name})

"""The schema of a layer file agrees with the models."""

from __future__ import annotations

import json
from calendar import monthrange
from itertools import product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from stall import stall

from synfinance_settings.errors import CODES, MASK
from synfinance_settings.model.schema import layer_schema
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

VALIDATOR = Draft202012Validator(layer_schema(SYNFINANCE))


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
    part = layer_schema(SYNFINANCE)
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


def test_a_date_is_a_day_of_the_calendar():
    years = ("0001", "1900", "2000", "2023", "2024", "2100", "9996")
    for year, month, day in product(years, range(14), range(33)):
        is_day = 1 <= month <= 12 and 1 <= day <= monthrange(int(year), month)[1]
        text = f"{year}-{month:02}-{day:02}"
        assert VALIDATOR.is_valid(overlay("generation.start_date", text)) is is_day, text
    assert not VALIDATOR.is_valid(overlay("generation.start_date", "0000-01-01"))


ODD_TEXTS = (
    "",
    " ",
    "a",
    "8000",
    "90s",
    "2h",
    "2H",
    "64KiB",
    "64kib",
    "1 MB",
    "+8",
    " 8",
    "8_0",
    "1.2.3",
    ".",
    ".5",
    "1e-1",
    "0x10",
    "true",
    "OFF",
    "y",
    "2024-13-41",
    "2024-02-30",
    "2024-02-29",
    "24-1-1",
    "debug",
    "Debug",
    "HS256",
    "memory",
    "require",
    "https://x.example/y",
    "http://",
    "ftp://x",
    "https://x y",
    "a, b,",
    "[",
    "5$",
    "$1",
    MASK,
)
SCALARS = st.one_of(
    st.sampled_from(ODD_TEXTS),
    st.text("0123456789.eE+-:/ax ", max_size=6),
    st.from_regex(r"[+-]?[0-9]{1,5} ?([smhd]|[kKMG]i?B)", fullmatch=True),
    st.integers(-10, 100_000),
    st.floats(-2, 2),
    st.booleans(),
    st.none(),
)
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3), st.dictionaries(st.sampled_from(["a", "port"]), SCALARS))
KEYS = (
    "app_name",
    "server.port",
    "server.timeout",
    "server.max_request_size",
    "generation.seed",
    "ml.fraud_threshold",
    "server.reload",
    "server.log_level",
    "database.ssl_mode",
    "generation.end_date",
    "security.allowed_hosts",
    "security.api_keys",
    "database.password",
    "cache.password",
    "security.ssl_key_path",
    "monitoring.alert_webhook",
)


def is_beyond_a_schema(key, value, codes):
    """What a load refuses and no schema can: it sees a number where the load sees how that is written."""
    setting = SETTINGS[key]
    is_number = setting.form in ("whole number", "number")
    if isinstance(value, str):
        is_beyond = setting.form == "number" or (is_number and codes == {"out-of-range"})
        return is_beyond or (setting.form.endswith("list") and value.startswith("[")) or "://" in value
    return (is_number or setting.form == "boolean") and isinstance(value, float)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES)
@pytest.mark.parametrize("key", KEYS)
def test_schema_and_load_agree(project, key, value):
    layer = overlay(key, value)
    path = project.write("layer.json", json.dumps(layer))
    report = project.manager().validate_config(path)
    misfits = [p for p in report.problems if p.code in CODES and p.code != "inconsistent"]
    if not misfits:
        assert VALIDATOR.is_valid(layer)
    elif not is_beyond_a_schema(key, value, {p.code for p in misfits}):
        assert not VALIDATOR.is_valid(layer), misfits


def test_an_old_name_is_deprecated_until_it_is_gone():
    properties = layer_schema(stall())["properties"]
    old = properties["cart"]["properties"]["most"]
    assert old["deprecated"]
    assert old["description"] == "Now cart.limit. Most items. Allowed: 1 to 99."
    assert "default" not in old
    assert properties["basket"]["properties"]["most"]["deprecated"]
    assert not properties["basket"]["additionalProperties"]
    assert "deprecated" not in properties["cart"]["properties"]["limit"]
    later = layer_schema(stall("2.0"))["properties"]
    assert "basket" not in later
    assert "most" not in later["cart"]["properties"]
    assert later["currencies"]["deprecated"], "it ends in no version"

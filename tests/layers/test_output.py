"""Settings as text that reads back."""

from __future__ import annotations

import json

import pytest
import yaml

from synfinance_settings import AppConfig
from synfinance_settings.layers.output import layer_text, nested, plain_values

CONFIG = AppConfig(app_name="a$b", server={"cors_origins": ["a,b"]}, database={"password": "hush"})


@pytest.mark.parametrize(("secrets", "shown"), [("mask", "**********"), ("reveal", "hush"), ("omit", None)])
def test_a_secret_is_masked_revealed_or_left_out(secrets, shown):
    assert plain_values(CONFIG, secrets).get("database.password") == shown


def test_values_are_plain_data():
    values = plain_values(CONFIG)
    assert (values["generation.start_date"], values["server.log_level"], values["environment"]) == (
        "2024-01-01",
        "INFO",
        "development",
    )
    json.dumps(values)


def test_keys_become_sections_within_sections():
    assert nested({"a": 1, "b.c": 2, "b.d.e": 3}) == {"a": 1, "b": {"c": 2, "d": {"e": 3}}}


@pytest.mark.parametrize(("format", "read"), [("yaml", yaml.safe_load), ("json", json.loads)])
def test_dollars_are_doubled_in_a_layer(format, read):
    assert read(layer_text({"app_name": "a$b", "server.cors_origins": ["$"]}, format)) == {
        "app_name": "a$$b",
        "server": {"cors_origins": ["$$"]},
    }

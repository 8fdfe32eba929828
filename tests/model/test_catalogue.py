"""The catalogue of settings and its suggestions."""

from __future__ import annotations

import pytest

from synfinance_settings import AppConfig
from synfinance_settings.sections.application import SYNFINANCE

SECTIONS = SYNFINANCE.catalogue.sections
SETTINGS = SYNFINANCE.catalogue.settings
suggestion = SYNFINANCE.catalogue.suggestion
unknown_key = SYNFINANCE.catalogue.unknown_key
values_of = SYNFINANCE.catalogue.values_of


@pytest.mark.parametrize(
    ("slip", "meant"),
    [
        ("server.prot", "server.port"),
        ("database.pool_sise", "database.pool_size"),
        ("servr", "server"),
        ("Server", "server"),
        ("databse.port", "database.port"),
        ("pool_size", "database.pool_size"),
        ("ml.feature_enginering", "ml.feature_engineering"),
        ("ml.feature_engineering.total_feature", "ml.feature_engineering.total_features"),
        ("xyzzy", None),
        ("x" * 10_000, None),
    ],
)
def test_a_slip_is_answered_by(slip, meant):
    assert suggestion(slip) == meant


def test_sections_are_what_settings_stand_in():
    assert {"server", "ml", "ml.feature_engineering"} <= set(SECTIONS)
    assert set(SECTIONS) == {key.rpartition(".")[0] for key in SETTINGS} - {""}


def test_every_value_has_a_key():
    assert list(values_of(AppConfig())) == list(SETTINGS)


def test_a_section_where_a_setting_is_meant_is_not_suggested_for_itself():
    (problem,) = unknown_key("server").problems
    assert problem.message == "server is a section, not a setting"
    assert problem.hint == "name a setting in it: server.host, server.port, ..."

"""The spellings of settings as variables."""

from __future__ import annotations

import pytest

from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
RESERVED = SYNFINANCE.variables.reserved
VARIABLES = SYNFINANCE.variables.keys
VARIABLES_OF = SYNFINANCE.variables.names
file_variable = SYNFINANCE.variables.file_variable
misuse = SYNFINANCE.variables.misuse


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("debug", ["SYNFINANCE_DEBUG"]),
        ("server.port", ["SYNFINANCE_SERVER__PORT", "SYNFINANCE_SERVER_PORT"]),
        (
            "database.password",
            [
                "SYNFINANCE_DATABASE__PASSWORD",
                "SYNFINANCE_DATABASE_PASSWORD",
                "SYNFINANCE_DB__PASSWORD",
                "SYNFINANCE_DB_PASSWORD",
            ],
        ),
        (
            "cache.port",
            ["SYNFINANCE_CACHE__PORT", "SYNFINANCE_CACHE_PORT", "SYNFINANCE_REDIS__PORT", "SYNFINANCE_REDIS_PORT"],
        ),
        (
            "ml.feature_engineering.enabled",
            ["SYNFINANCE_ML__FEATURE_ENGINEERING__ENABLED", "SYNFINANCE_ML_FEATURE_ENGINEERING__ENABLED"],
        ),
        (
            "security.jwt_secret",
            ["SYNFINANCE_SECURITY__JWT_SECRET", "SYNFINANCE_SECURITY_JWT_SECRET", "SYNFINANCE_JWT_SECRET"],
        ),
    ],
)
def test_the_spellings_of_a_setting_are_the_canonical_one_first(key, names):
    assert list(VARIABLES_OF[key]) == names


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_has_a_canonical_variable(key):
    assert VARIABLES_OF[key][0] == "SYNFINANCE_" + key.replace(".", "__").upper()


def test_no_variable_means_two_settings_or_is_reserved():
    assert sum(map(len, VARIABLES_OF.values())) == len(VARIABLES)
    assert not set(VARIABLES) & set(RESERVED)


@pytest.mark.parametrize(
    ("name", "base"),
    [
        ("SYNFINANCE_DB_PASSWORD_FILE", "SYNFINANCE_DB_PASSWORD"),
        ("SYNFINANCE_MONITORING__METRICS_FILE", None),
        ("SYNFINANCE_MONITORING__METRICS_FILE_FILE", "SYNFINANCE_MONITORING__METRICS_FILE"),
        ("SYNFINANCE_ENV_FILE", None),
        ("SYNFINANCE_NONSENSE_FILE", None),
        ("SYNFINANCE_DB_PASSWORD", None),
    ],
)
def test_a_file_variable_is_known_by_what_it_names(name, base):
    assert file_variable(name) == base


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SYNFINANCE_SERVER__PORT__X", "SYNFINANCE_SERVER__PORT sets server.port"),
        ("SYNFINANCE_SERVER__PORT____X__Y", "SYNFINANCE_SERVER__PORT sets server.port"),
        ("SYNFINANCE_DB__PASSWORD" + "__" * 260_000, "SYNFINANCE_DB__PASSWORD sets database.password"),
        ("SYNFINANCE_" + "__" * 260_000, None),
        ("SYNFINANCE_SERVER__PROT__X", None),
    ],
)
def test_what_stands_below_a_variable_is_known_by_it(name, said):
    found = misuse(name)
    assert found is None if said is None else found.startswith(said)


@pytest.mark.parametrize("name", [name for names in VARIABLES_OF.values() for name in names])
def test_every_spelling_sets_its_key(project, name):
    """As text: what it says reaches the field that it names, and no other."""
    manager = project.manager(**{name: "0"})
    report = manager.validate_config(project.write("empty.yaml", "{}"))
    snapshot = report.snapshot
    key = VARIABLES[name]
    if snapshot:
        assert [other for other, origin in snapshot.origins.items() if str(origin) == f"env {name}"] == [key]
    else:
        assert {problem.key for problem in report.problems} == {key}

"""The rules that hold in some environments only."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from synfinance_settings import AppConfig, Environment, SecurityConfig
from synfinance_settings.sections.keys import SECTIONS
from synfinance_settings.sections.rules import RULES

HELD = {
    "reload-outside-development": ("server: {reload: true}", "error"),
    "debug-in-production": ("debug: true", "error"),
    "no-authentication": ("security: {api_key_enabled: false}", "error"),
    "short-jwt-secret": (f"security: {{jwt_enabled: true, jwt_secret: {'x' * 31}}}", "error"),
    "any-cors-origin": ("server: {cors_origins: [a, '*']}", "warning"),
    "any-host": ("security: {allowed_hosts: '*'}", "warning"),
    "weak-database-tls": ("database: {ssl_mode: prefer}", "warning"),
    "no-tls": ("security: {ssl_enabled: false}", "warning"),
    "echo-in-production": ("database: {echo: true}", "warning"),
}
GOOD = """\
server: {cors_origins: [a], reload: false}
debug: false
database: {ssl_mode: require}
security:
  {api_key_enabled: true, api_keys: [k], allowed_hosts: [a], ssl_enabled: true, ssl_cert_path: c, ssl_key_path: k}
"""


def found(project, environment, text):
    """Ids of the rules that `text` breaks in an environment, errors and warnings."""
    project.layer("default", GOOD)
    project.layer(environment, text)
    path = project.settings / f"{environment}.yaml"
    report = project.manager(SYNFINANCE_ENV=environment).validate_config(path)
    return [problem.code for problem in report.problems], [warning.code for warning in report.warnings]


def test_the_table_holds_every_rule():
    assert {rule.id: rule.severity for rule in RULES} == {name: severity for name, (_, severity) in HELD.items()}


@pytest.mark.parametrize("name", HELD)
def test_production_tells_of_a_broken_rule(project, name):
    text, severity = HELD[name]
    errors, warnings = found(project, "production", text)
    assert (errors, warnings) == (([name], []) if severity == "error" else ([], [name]))


@pytest.mark.parametrize("environment", ["development", "staging", "test"])
@pytest.mark.parametrize("name", HELD)
def test_elsewhere_reload_alone_is_an_error(project, environment, name):
    errors, warnings = found(project, environment, HELD[name][0])
    forbidden = name == "reload-outside-development" and environment != "development"
    assert (errors, warnings) == ([name] if forbidden else [], [])


def test_loading_raises_on_errors_and_logs_warnings(project, caplog):
    project.layer("default", GOOD)
    project.layer("production", "database: {echo: true}")
    assert project.load(SYNFINANCE_ENV="production").database.echo
    assert "settings/production.yaml:1:18: database.echo is on" in caplog.text
    project.layer("production", "debug: true")
    assert project.problems(SYNFINANCE_ENV="production") == [
        ("debug-in-production", "debug", "settings/production.yaml:1:8")
    ]


@pytest.mark.parametrize(
    ("security", "broken"),
    [
        (f"{{jwt_enabled: true, jwt_secret: {'x' * 32}}}", False),
        (f"{{jwt_enabled: true, jwt_secret: {'é' * 16}}}", False),
        (f"{{jwt_enabled: true, jwt_secret: {'é' * 15}}}", True),
        ("{jwt_enabled: true, jwt_secret: x, jwt_algorithm: RS256}", False),
        ("{jwt_enabled: true, jwt_secret: x, jwt_algorithm: HS512}", True),
        ("{jwt_enabled: false, jwt_secret: x}", False),
    ],
)
def test_the_length_of_a_jwt_secret_counts_in_bytes_for_hs_algorithms(project, security, broken):
    errors, _ = found(project, "production", f"security: {security}")
    assert errors == (["short-jwt-secret"] if broken else [])


def test_jwt_alone_is_authentication(project):
    errors, _ = found(
        project, "production", f"security: {{api_key_enabled: off, jwt_enabled: on, jwt_secret: {'x' * 32}}}"
    )
    assert errors == []


class Recorder:
    """Settings that take note of which keys were read."""

    def __init__(self, model, prefix, seen):
        self.model, self.prefix, self.seen = model, prefix, seen

    def __getattr__(self, name):
        derived = getattr(type(self.model), name, None)
        if isinstance(derived, property):
            return derived.fget(self)
        value, key = getattr(self.model, name), self.prefix + name
        if key in SECTIONS:
            return Recorder(value, f"{key}.", self.seen)
        self.seen.add(key)
        return value


OPEN = SecurityConfig.model_construct(
    jwt_enabled=True, jwt_secret=SecretStr("x"), api_key_enabled=True, ssl_enabled=True
)
CONFIGS = [AppConfig(), AppConfig.model_construct(security=OPEN)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_names_exactly_the_keys_that_it_looks_at(rule):
    seen = set()
    for config in CONFIGS:
        rule.is_broken(Recorder(config, "", seen))
    assert seen == set(rule.keys)


@pytest.mark.parametrize(
    ("section", "contradiction"),
    [(section, item) for section, model in SECTIONS.items() for item in model.CONTRADICTIONS],
)
def test_a_contradiction_names_exactly_the_fields_that_it_looks_at(section, contradiction):
    seen = set()
    for config in CONFIGS:
        contradiction.is_broken(Recorder(getattr(config, section), f"{section}.", seen))
    assert seen == {f"{section}.{name}" for name in contradiction.fields}
    assert all(key in contradiction.message for key in seen)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_where_it_holds_and_what_must_be_so(rule):
    assert set(rule.environments) <= set(Environment)
    assert rule.message

"""The rules that hold in some environments only."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from synfinance_settings import AppConfig, Environment, SecurityConfig, check_config
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.sections.rules import RULES

SECTIONS = SYNFINANCE.catalogue.sections

EVERYWHERE = tuple(Environment)
SHARED = (Environment.STAGING, Environment.PRODUCTION, Environment.TEST)
PRODUCTION = (Environment.PRODUCTION,)
HELD = {
    "reload-outside-development": ("server: {reload: true}", "error", SHARED),
    "debug-in-production": ("debug: true", "error", PRODUCTION),
    "no-authentication": ("security: {api_key_enabled: false}", "error", PRODUCTION),
    "short-jwt-secret": (f"security: {{jwt_enabled: true, jwt_secret: {'x' * 31}}}", "error", PRODUCTION),
    "any-cors-origin": ("server: {cors_origins: [https://a.example, '*']}", "warning", PRODUCTION),
    "any-host": ("security: {allowed_hosts: '*'}", "warning", PRODUCTION),
    "odd-cors-origin": ("server: {cors_origins: [https://a.example/]}", "warning", EVERYWHERE),
    "odd-host": ("security: {allowed_hosts: [a.example b.example]}", "warning", EVERYWHERE),
    "weak-database-tls": ("database: {ssl_mode: prefer}", "warning", PRODUCTION),
    "no-tls": ("security: {ssl_enabled: false}", "warning", PRODUCTION),
    "echo-in-production": ("database: {echo: true}", "warning", PRODUCTION),
}
GOOD = """\
server: {cors_origins: [https://a.example], reload: false}
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
    assert {rule.id: (rule.severity, rule.environments) for rule in RULES} == {
        name: tuple(how) for name, (_, *how) in HELD.items()
    }


@pytest.mark.parametrize("environment", Environment)
@pytest.mark.parametrize("name", HELD)
def test_a_broken_rule_is_told_where_it_holds_and_nowhere_else(project, environment, name):
    text, severity, environments = HELD[name]
    errors, warnings = found(project, environment, text)
    told = [name] if environment in environments else []
    assert (errors, warnings) == ((told, []) if severity == "error" else ([], told))


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


GOOD_ORIGINS = (
    "* http://localhost https://a.example:8443 http://127.0.0.1:1 HTTPS://A http://[::1]:80 app://x https://a_b.c"
)


@pytest.mark.parametrize("origin", GOOD_ORIGINS.split())
def test_an_origin_is_a_scheme_a_host_and_perhaps_a_port(project, origin):
    project.layer("development", f"server: {{cors_origins: ['{origin}']}}")
    assert project.manager().snapshot.warnings == ()


@pytest.mark.parametrize(
    "origin",
    [
        "http://a http://b",
        "https://a.example/",
        "https://a.example/path",
        "a.example",
        "//a.example",
        "https://",
        "https://:80",
        "http://a:port",
        "http://a:65536",
        "http://u@a",
        "http://a?x",
        "http://a#x",
        "**",
        "http://*.a.example",
        "null",
        "http://é.example",
        " http://a",
    ],
)
def test_what_is_no_origin_is_a_warning_at_its_item(project, origin):
    project.layer("development", f"server:\n  cors_origins:\n    - http://a.example\n    - '{origin}'\n")
    (warning,) = project.manager().snapshot.warnings
    assert (warning.code, str(warning.origin)) == ("odd-cors-origin", "settings/development.yaml:4:7")
    assert warning.message.startswith("item 2 of server.cors_origins is neither * nor scheme://host[:port]")
    assert "separate two of them with a comma" in warning.hint


def test_a_forgotten_comma_in_a_variable_is_a_warning(project):
    hosts = {
        "SYNFINANCE_SERVER__CORS_ORIGINS": "http://a http://b,http://c",
        "SYNFINANCE_SECURITY__ALLOWED_HOSTS": "a b",
    }
    warnings = project.manager(**hosts).snapshot.warnings
    assert [(warning.code, str(warning.origin)) for warning in warnings] == [
        ("odd-cors-origin", "env SYNFINANCE_SERVER__CORS_ORIGINS"),
        ("odd-host", "env SYNFINANCE_SECURITY__ALLOWED_HOSTS"),
    ]
    assert [warning.message.split(" of ")[0] for warning in warnings] == ["item 1", "item 1"]


def test_a_lent_placeholder_is_no_odd_origin_or_host(project):
    project.layer(
        "development",
        "server: {host: $A, cors_origins: $A}\nsecurity: {allowed_hosts: ['${A}']}\ndatabase: {host: $A}\n",
    )
    assert project.command("validate", "--strict", "--placeholders").exit_code == 0


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


def test_a_config_that_was_built_by_hand_is_told_what_a_load_would_say(project):
    config = AppConfig(environment="production", server={"reload": True, "cors_origins": ["x"]})
    report = check_config(config)
    assert not report
    assert report.environment is Environment.PRODUCTION
    loaded = project.layer("production", "server: {reload: true, cors_origins: [x]}\n")
    same = project.manager(SYNFINANCE_ENV="production").validate_config(loaded)
    for ours, theirs in ((report.problems, same.problems), (report.warnings, same.warnings)):
        assert [(p.code, p.message, p.key, p.hint) for p in ours] == [
            (p.code, p.message, p.key, p.hint) for p in theirs
        ]


def test_a_config_of_development_has_nothing_to_be_told():
    report = check_config(AppConfig())
    assert report
    assert (report.problems, report.warnings, report.snapshot) == ((), (), None)


def test_a_copy_that_no_model_checked_is_told_its_contradictions():
    security = AppConfig().security.model_copy(update={"ssl_enabled": True})
    report = check_config(AppConfig().model_copy(update={"security": security}))
    assert [problem.code for problem in report.problems] == ["inconsistent"] * 2

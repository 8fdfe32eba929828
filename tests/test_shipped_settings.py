"""The layers that the checkout ships are good in every environment, and so is their schema."""

from __future__ import annotations

import json
from datetime import date
from types import MappingProxyType

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from pydantic import SecretStr

from synfinance_settings import Environment
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
values_of = SYNFINANCE.catalogue.values_of
VARIABLES = SYNFINANCE.variables.keys

SECRETS = {
    "SYNFINANCE_DB_PASSWORD": "db-" + "x" * 32,
    "SYNFINANCE_REDIS_PASSWORD": "redis-" + "x" * 32,
    "SYNFINANCE_API_KEYS": "key-" + "x" * 32,
    "SYNFINANCE_JWT_SECRET": "jwt-" + "x" * 32,
}
UNSET = object()
LAYERS = {  # development, staging, production, test: what SynFinance ran on before
    "debug": (True, False, False, True),
    "server.host": ("127.0.0.1", "0.0.0.0", "0.0.0.0", "127.0.0.1"),
    "server.port": (8000, 8000, 8000, 8001),
    "server.workers": (2, 4, 8, 1),
    "server.timeout": (UNSET, UNSET, 120, UNSET),
    "server.reload": (True, False, False, False),
    "server.log_level": ("DEBUG", "INFO", "WARNING", "ERROR"),
    "server.cors_origins": (
        ["http://localhost:3000", "http://localhost:8000", "http://127.0.0.1:3000", "http://127.0.0.1:8000"],
        ["https://staging.synfinance.com", "https://staging-api.synfinance.com"],
        ["https://synfinance.com", "https://api.synfinance.com", "https://app.synfinance.com"],
        ["http://localhost:8001"],
    ),
    "server.max_request_size": (UNSET, UNSET, 52428800, UNSET),
    "database.name": ("synfinance_dev", "synfinance_staging", "synfinance_prod", "synfinance_test"),
    "database.password": (UNSET, "${SYNFINANCE_DB_PASSWORD}", "${SYNFINANCE_DB_PASSWORD}", UNSET),
    "database.pool_size": (5, 15, 20, 2),
    "database.max_overflow": (UNSET, 30, 50, 5),
    "database.pool_timeout": (UNSET, UNSET, 60, UNSET),
    "database.pool_recycle": (UNSET, UNSET, 1800, UNSET),
    "database.echo": (True, UNSET, UNSET, False),
    "database.ssl_mode": (UNSET, "require", "require", UNSET),
    "database.retry_attempts": (UNSET, UNSET, 5, UNSET),
    "database.retry_delay": (UNSET, UNSET, 2, UNSET),
    "cache.backend": ("memory", "redis", "redis", "memory"),
    "cache.password": (UNSET, UNSET, "${SYNFINANCE_REDIS_PASSWORD}", UNSET),
    "cache.max_size": (5000, 50000, 100000, 1000),
    "cache.ttl": (UNSET, 1800, 3600, 300),
    "generation.num_customers": (100, 5000, 10000, 10),
    "generation.num_transactions": (1000, 50000, 100000, 100),
    "generation.fraud_rate": (0.05, 0.02, 0.02, 0.10),
    "generation.anomaly_rate": (0.10, 0.05, 0.05, 0.15),
    "generation.end_date": (UNSET, UNSET, UNSET, "2024-01-31"),
    "generation.seed": (42, None, None, 42),
    "generation.parallel": (UNSET, UNSET, True, False),
    "generation.batch_size": (UNSET, UNSET, 5000, 100),
    "ml.enable_gpu": (False, False, True, False),
    "ml.num_threads": (2, 6, 8, 1),
    "ml.cache_predictions": (False, True, True, False),
    "ml.model_refresh_interval": (UNSET, 1800, 3600, UNSET),
    "monitoring.prometheus_enabled": (True, True, True, False),
    "monitoring.grafana_enabled": (True, True, True, False),
    "monitoring.export_interval": (30, 60, 60, UNSET),
    "monitoring.retention_days": (7, 30, 90, UNSET),
    "monitoring.alerting_enabled": (UNSET, True, True, False),
    "monitoring.alert_webhook": (UNSET, UNSET, "${SYNFINANCE_ALERT_WEBHOOK:-}", UNSET),
    "monitoring.log_metrics": (True, True, True, False),
    "monitoring.metrics_file": (UNSET, UNSET, "/var/log/synfinance/metrics.log", UNSET),
    "security.api_key_enabled": (False, True, True, False),
    "security.api_keys": (UNSET, "${SYNFINANCE_API_KEYS}", "${SYNFINANCE_API_KEYS}", UNSET),
    "security.jwt_enabled": (False, True, True, False),
    "security.jwt_secret": (UNSET, "${SYNFINANCE_JWT_SECRET}", "${SYNFINANCE_JWT_SECRET}", UNSET),
    "security.jwt_expiry": (UNSET, UNSET, 3600, UNSET),
    "security.rate_limit_enabled": (False, True, True, False),
    "security.rate_limit_requests": (UNSET, 200, 1000, UNSET),
    "security.rate_limit_window": (UNSET, 60, 60, UNSET),
    "security.allowed_hosts": (
        UNSET,
        ["staging.synfinance.com", "staging-api.synfinance.com"],
        ["synfinance.com", "api.synfinance.com", "app.synfinance.com"],
        UNSET,
    ),
    "security.ssl_enabled": (False, False, True, False),  # in staging the load balancer speaks TLS
    "security.ssl_cert_path": (UNSET, UNSET, "/etc/ssl/certs/synfinance.crt", UNSET),
    "security.ssl_key_path": (UNSET, UNSET, "/etc/ssl/private/synfinance.key", UNSET),
}
READ_WORKERS = "from synfinance_settings import settings; print(settings.server.workers)"


class EditorLoader(yaml.SafeLoader):
    """YAML as editors see it: dates are text."""

    yaml_implicit_resolvers = MappingProxyType(
        {
            first: [(tag, form) for tag, form in forms if not tag.endswith(":timestamp")]
            for first, forms in yaml.SafeLoader.yaml_implicit_resolvers.items()
        }
    )


@pytest.fixture
def schema(shipped):
    return Draft202012Validator(json.loads((shipped.settings / "schema.json").read_text()))


@pytest.mark.parametrize("environment", Environment)
def test_every_environment_is_valid_with_placeholders(shipped, environment):
    result = shipped.command("validate", "--placeholders", "--env", environment)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1].startswith(f"valid    {environment}  ")


@pytest.mark.parametrize("environment", ["development", "test"])
def test_development_and_test_need_no_secrets(shipped, environment):
    assert shipped.load(SYNFINANCE_ENV=environment).environment is Environment(environment)


def test_placeholders_name_exactly_the_secrets_of_production(shipped):
    (report,) = json.loads(
        shipped.command("validate", "--placeholders", "--env", "production", "--format", "json").stdout
    )
    assert sorted(report["placeholders"]) == sorted(VARIABLES[name] for name in SECRETS)


def test_a_placeholder_never_takes_the_place_of_a_set_name(shipped):
    result = shipped.command("validate", "--placeholders", "--env", "production", **SECRETS)
    assert "placeholders" not in result.output


def leaves(data, prefix=""):
    for name, value in data.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def written(shipped, name):
    """Every key of a layer with what its text says, read by another reader than ours."""
    return dict(leaves(yaml.load((shipped.settings / f"{name}.yaml").read_text(), EditorLoader)))


def plain(value):
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    return value.isoformat() if isinstance(value, date) else value


def test_the_default_layer_says_of_every_setting_what_its_model_does(shipped):
    defaults = {key: plain(setting.default) for key, setting in SETTINGS.items() if key != "environment"}
    assert written(shipped, "default") == defaults


@pytest.mark.parametrize("environment", Environment)
def test_a_layer_sets_what_synfinance_ran_on_and_nothing_else(shipped, environment):
    column = list(Environment).index(environment)
    listed = {key: row[column] for key, row in LAYERS.items() if row[column] is not UNSET}
    assert written(shipped, environment) == {"environment": environment, **listed}


@pytest.mark.parametrize("environment", Environment)
def test_what_a_layer_sets_is_in_force(shipped, environment):
    column = list(Environment).index(environment)
    config = values_of(shipped.load(SYNFINANCE_ENV=environment, **SECRETS))
    for key, row in LAYERS.items():
        said = plain(SETTINGS[key].default) if row[column] is UNSET else row[column]
        if not SETTINGS[key].is_secret:
            assert plain(config[key]) == said, key
    assert config["environment"] is environment


def test_the_table_of_the_layers_names_settings_alone():
    assert not set(LAYERS) - set(SETTINGS)


def test_every_environment_is_without_complaints_under_strict(shipped):
    result = shipped.command("validate", "--all", "--strict", "--placeholders")
    assert result.exit_code == 0, result.output


def test_production_starts_with_its_secrets_and_has_8_workers(shipped):
    run = shipped.python(READ_WORKERS, SYNFINANCE_ENV="production", **SECRETS)
    assert (run.stdout, run.returncode) == ("8\n", 0)


def test_production_without_secrets_names_the_place_of_every_missing_one(shipped):
    run = shipped.python(READ_WORKERS, SYNFINANCE_ENV="production")
    layer = (shipped.settings / "production.yaml").read_text().splitlines()
    assert run.returncode != 0
    assert run.stdout == ""
    for name in SECRETS:
        (line,) = (number for number, text in enumerate(layer, 1) if f"${{{name}}}" in text)
        place = f"settings/production.yaml:{line}:{layer[line - 1].index('$') + 1}"
        assert f"{name} is not set anywhere\n  --> {place}\n" in run.stderr


def test_an_alert_webhook_may_be_given_or_left_out(shipped):
    url = "https://hooks.example/x"
    config = shipped.load(SYNFINANCE_ENV="production", SYNFINANCE_ALERT_WEBHOOK=url, **SECRETS)
    assert config.monitoring.alert_webhook.get_secret_value() == url
    for unset in ({}, {"SYNFINANCE_ALERT_WEBHOOK": ""}):
        config = shipped.load(SYNFINANCE_ENV="production", **unset, **SECRETS)
        assert config.monitoring.alert_webhook is None


def test_the_hosts_that_only_an_operator_knows_come_from_variables(shipped):
    hosts = {"SYNFINANCE_DB_HOST": "db.internal", "SYNFINANCE_REDIS_HOST": "redis.internal"}
    config = shipped.load(SYNFINANCE_ENV="production", **hosts, **SECRETS)
    assert (config.database.host, config.cache.host) == ("db.internal", "redis.internal")


def test_production_allows_exactly_the_origins_that_its_layer_lists(shipped):
    shipped.layer("default", "server: {cors_origins: [https://default.example]}\n")
    config = shipped.load(SYNFINANCE_ENV="production", **SECRETS)
    assert list(config.server.cors_origins) == LAYERS["server.cors_origins"][2]


def test_every_layer_points_editors_to_the_schema(shipped):
    for path in shipped.settings.glob("*.yaml"):
        assert path.read_text().startswith("# yaml-language-server: $schema=schema.json\n")


def test_the_schema_is_current(shipped):
    result = shipped.command("schema", "--check")
    assert (result.exit_code, result.stdout) == (0, f"{shipped.settings / 'schema.json'} is current\n")


def test_a_changed_schema_is_out_of_date(shipped):
    path = shipped.settings / "schema.json"
    path.write_text(path.read_text().replace("65535", "65536", 1))
    result = shipped.command("schema", "--check")
    assert result.exit_code == 1
    assert "out of date" in result.stderr


def test_the_schema_is_a_valid_schema(schema):
    Draft202012Validator.check_schema(schema.schema)


def test_the_schema_accepts_the_shipped_layers(shipped, schema):
    for path in shipped.settings.glob("*.yaml"):
        schema.validate(yaml.load(path.read_text(), EditorLoader))


@pytest.mark.parametrize(
    "overlay",
    [
        "{}",
        "server:",
        "server: {port: '${PORT:-5}'}",
        "server: {port: 8080}",
        "server: {port: '8080'}",
        "server: {log_level: debug}",
        "server: {cors_origins: 'https://a.example, https://b.example'}",
        "server: {cors_origins: [https://a.example]}",
        "server: {reload: off}",
        "server: {reload: 'off'}",
        "generation: {seed: null, start_date: 2024-02-29, fraud_rate: 1e-3}",
        "database: {password: 123, ssl_mode: verify-full}",
        "database: {ssl_mode: $MODE}",
        "ml: {feature_engineering: {total_features: 12}}",
        "security: {api_keys: '${KEYS}', ssl_cert_path: null}",
        "environment: production",
    ],
)
def test_the_schema_accepts_a_correct_overlay(schema, overlay):
    schema.validate(yaml.load(overlay, EditorLoader))


@pytest.mark.parametrize(
    "overlay",
    [
        "[]",
        "servr: {}",
        "server: {prot: 1}",
        "server: 8000",
        "server: {port: eighty}",
        "server: {port: 80}",
        "server: {port: null}",
        "server: {port: [8000]}",
        "server: {reload: maybe}",
        "server: {cors_origins: [[a]]}",
        "server: {log_level: LOUD}",
        "database: {ssl_mode: strict}",
        "database: {password: [a]}",
        "generation: {start_date: 1 January}",
        "generation: {start_date: 2024-13-41}",
        "generation: {end_date: 2023-02-29}",
        "security: {api_keys: [a, '']}",
        "monitoring: {alert_webhook: hooks.example}",
        "database: {password: '**********'}",
        "ml: {feature_engineering: {totl: 1}}",
        "dynaconf_merge: true",
    ],
)
def test_the_schema_refuses_a_wrong_overlay(schema, overlay):
    with pytest.raises(ValidationError):
        schema.validate(yaml.load(overlay, EditorLoader))

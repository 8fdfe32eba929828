"""The layers that the checkout ships are good in every environment, and so is their schema."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from synfinance_settings import Environment

SECRETS = {
    "SYNFINANCE_DB_PASSWORD": "db-" + "x" * 32,
    "SYNFINANCE_REDIS_PASSWORD": "redis-" + "x" * 32,
    "SYNFINANCE_API_KEYS": "key-" + "x" * 32,
    "SYNFINANCE_JWT_SECRET": "jwt-" + "x" * 32,
    "SYNFINANCE_ALERT_WEBHOOK": "https://hooks.example/x",
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
    assert sorted(report["placeholders"]) == sorted(SECRETS)


def test_a_placeholder_never_takes_the_place_of_a_set_name(shipped):
    result = shipped.command("validate", "--placeholders", "--env", "production", **SECRETS)
    assert "placeholders" not in result.output


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
        assert f"{name} is set nowhere\n  --> {place}\n" in run.stderr


def test_production_allows_exactly_the_origins_that_its_layer_lists(shipped):
    listed = yaml.safe_load((shipped.settings / "production.yaml").read_text())["server"]["cors_origins"]
    shipped.layer("default", "server: {cors_origins: [https://default.example]}\n")
    assert list(shipped.load(SYNFINANCE_ENV="production", **SECRETS).server.cors_origins) == listed


def test_production_is_guarded(shipped):
    config = shipped.load(SYNFINANCE_ENV="production", **SECRETS)
    assert config.security.api_key_enabled
    assert config.security.jwt_enabled
    assert (config.database.ssl_mode, config.cache.backend) == ("require", "redis")
    assert "*" not in (*config.server.cors_origins, *config.security.allowed_hosts)


def test_development_is_small_seeded_and_talkative(shipped):
    config = shipped.load()
    assert (config.generation.num_customers, config.generation.fraud_rate, config.generation.seed) == (100, 0.05, 42)
    assert config.database.echo
    assert config.server.reload
    assert config.server.log_level == "DEBUG"


def test_test_is_small_seeded_and_in_memory(shipped):
    config = shipped.load(SYNFINANCE_ENV="test")
    assert config.generation.seed is not None
    assert config.generation.num_customers <= 100
    assert config.cache.backend == "memory"


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
        "ml: {feature_engineering: {totl: 1}}",
        "dynaconf_merge: true",
    ],
)
def test_the_schema_refuses_a_wrong_overlay(schema, overlay):
    with pytest.raises(ValidationError):
        schema.validate(yaml.load(overlay, EditorLoader))

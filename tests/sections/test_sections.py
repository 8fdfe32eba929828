"""Every setting: its default, its limits and choices, and whether a restart is needed; as the contract lists them."""

from __future__ import annotations

from datetime import date

import pytest

from synfinance_settings.model.lines import as_text
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

NO = None
RATE = (0, 1)
LEVELS = "DEBUG INFO WARNING ERROR CRITICAL"
ALGORITHMS = "HS256 HS384 HS512 RS256 RS384 RS512 ES256 ES384 ES512 PS256 PS384 PS512"
RESTART, FOLLOWED, NONE = True, "unless-followed", False

# key: default, least, most, restart; or choices in place of least and most
NUMBERS = {
    "server.port": (8000, 1024, 65535, RESTART),
    "server.workers": (4, 1, 32, RESTART),
    "server.timeout": (60, 1, NO, NONE),
    "server.max_request_size": (10485760, 1024, NO, NONE),
    "database.port": (5432, 1, 65535, FOLLOWED),
    "database.pool_size": (10, 1, 100, FOLLOWED),
    "database.max_overflow": (20, 0, 100, FOLLOWED),
    "database.pool_timeout": (30, 1, NO, NONE),
    "database.pool_recycle": (3600, 60, NO, NONE),
    "database.retry_attempts": (3, 1, NO, NONE),
    "database.retry_delay": (1, 0, NO, NONE),
    "cache.port": (6379, 1, 65535, FOLLOWED),
    "cache.db": (0, 0, 15, FOLLOWED),
    "cache.max_size": (10000, 100, NO, NONE),
    "cache.ttl": (3600, 60, NO, NONE),
    "generation.num_customers": (1000, 10, 1_000_000, NONE),
    "generation.num_transactions": (10000, 100, 10_000_000, NONE),
    "generation.fraud_rate": (0.02, *RATE, NONE),
    "generation.anomaly_rate": (0.05, *RATE, NONE),
    "generation.seed": (None, NO, NO, NONE),
    "generation.batch_size": (1000, 100, 100_000, NONE),
    "ml.fraud_threshold": (0.5, *RATE, NONE),
    "ml.anomaly_threshold": (0.8, *RATE, NONE),
    "ml.batch_size": (100, 1, 10_000, NONE),
    "ml.num_threads": (4, 1, 32, RESTART),
    "ml.model_refresh_interval": (3600, 60, NO, NONE),
    "ml.feature_engineering.total_features": (69, 1, NO, NONE),
    "monitoring.prometheus_port": (9090, 1024, 65535, RESTART),
    "monitoring.grafana_port": (3000, 1024, 65535, NONE),
    "monitoring.export_interval": (60, 1, NO, NONE),
    "monitoring.retention_days": (30, 1, 365, NONE),
    "security.jwt_expiry": (3600, 60, NO, NONE),
    "security.rate_limit_requests": (100, 1, NO, NONE),
    "security.rate_limit_window": (60, 1, NO, NONE),
}
CHOICES = {
    "environment": ("development", "development staging production test", NONE),
    "server.log_level": ("INFO", LEVELS, NONE),
    "database.ssl_mode": ("prefer", "disable allow prefer require verify-ca verify-full", FOLLOWED),
    "cache.backend": ("memory", "memory redis", FOLLOWED),
    "cache.eviction_policy": ("lru", "lru lfu fifo", NONE),
    "security.jwt_algorithm": ("HS256", ALGORITHMS, NONE),
}
OTHERS = {
    "debug": (False, NONE),
    "app_name": ("SynFinance", NONE),
    "version": ("1.0.0", NONE),
    "server.host": ("0.0.0.0", RESTART),
    "server.reload": (False, RESTART),
    "server.cors_origins": (("*",), NONE),
    "database.host": ("localhost", FOLLOWED),
    "database.name": ("synfinance", FOLLOWED),
    "database.user": ("postgres", FOLLOWED),
    "database.echo": (False, NONE),
    "cache.enabled": (True, NONE),
    "cache.host": ("localhost", FOLLOWED),
    "generation.start_date": (date(2024, 1, 1), NONE),
    "generation.end_date": (date(2024, 12, 31), NONE),
    "generation.parallel": (True, NONE),
    "ml.model_path": ("models/", NONE),
    "ml.enable_gpu": (False, RESTART),
    "ml.cache_predictions": (True, NONE),
    "ml.feature_engineering.enabled": (True, NONE),
    "ml.feature_engineering.fraud_features": (True, NONE),
    "ml.feature_engineering.anomaly_features": (True, NONE),
    "ml.feature_engineering.interaction_features": (True, NONE),
    "monitoring.enabled": (True, NONE),
    "monitoring.prometheus_enabled": (True, RESTART),
    "monitoring.grafana_enabled": (True, NONE),
    "monitoring.alerting_enabled": (True, NONE),
    "monitoring.log_metrics": (True, NONE),
    "monitoring.metrics_file": ("logs/metrics.log", NONE),
    "security.api_key_enabled": (False, NONE),
    "security.jwt_enabled": (False, NONE),
    "security.rate_limit_enabled": (True, NONE),
    "security.cors_enabled": (True, NONE),
    "security.allowed_hosts": (("*",), NONE),
    "security.ssl_enabled": (False, RESTART),
    "security.ssl_cert_path": (None, RESTART),
    "security.ssl_key_path": (None, RESTART),
}
SECRETS = {
    "database.password": ("", FOLLOWED),
    "cache.password": (None, FOLLOWED),
    "monitoring.alert_webhook": (None, NONE),
    "security.api_keys": ((), NONE),
    "security.jwt_secret": ("", NONE),
}
TABLE = {**NUMBERS, **CHOICES, **OTHERS, **SECRETS}
NULLABLE = {
    "cache.password",
    "generation.seed",
    "monitoring.alert_webhook",
    "security.ssl_cert_path",
    "security.ssl_key_path",
}


def value(config, key):
    for part in key.split("."):
        config = getattr(config, part)
    return config.get_secret_value() if hasattr(config, "get_secret_value") else config


def layer(key, text):
    *sections, name = key.split(".")
    return "".join(f"{section}: {{" for section in sections) + f"{name}: {text}" + "}" * len(sections)


def test_the_table_holds_every_setting():
    where = "NUMBERS, CHOICES, OTHERS or SECRETS of tests/sections/test_sections.py"
    missing, gone = sorted(set(SETTINGS) - set(TABLE)), sorted(set(TABLE) - set(SETTINGS))
    assert not missing, f"add a row to {where} for {', '.join(missing)}"
    assert not gone, f"no setting any more; take the row out of {where}: {', '.join(gone)}"


@pytest.mark.parametrize("key", TABLE)
def test_the_default_and_the_need_for_a_restart(project, key):
    assert value(project.load(), key) == TABLE[key][0]
    assert SETTINGS[key].restart == TABLE[key][-1]


def test_exactly_the_secrets_are_secret():
    assert {key for key, setting in SETTINGS.items() if setting.is_secret} == set(SECRETS)


@pytest.mark.parametrize("key", TABLE)
def test_null_is_taken_where_the_field_has_it_alone(project, key):
    project.layer("default", layer(key, "null"))
    if key in NULLABLE:
        assert value(project.load(), key) is None
    else:
        assert [problem.key for problem in project.error().problems] == [key]


@pytest.mark.parametrize("key", NUMBERS)
def test_limits_are_included_and_nothing_beyond_them_is(project, key):
    _, least, most, _ = NUMBERS[key]
    others = "generation: {fraud_rate: 0, anomaly_rate: 0}\n" if key.startswith("generation.") and most == 1 else ""
    project.layer("default", others or "{}")
    for limit, step in ((least, -1), (most, 1)):
        if limit is not None:
            project.layer("development", layer(key, limit))
            assert value(project.load(), key) == limit
            project.layer("development", layer(key, limit + step))
            problem = project.problem()
            assert (problem.code, problem.key) == ("out-of-range", key)
            assert f" must be at {'least' if step < 0 else 'most'} {limit}" in problem.message


@pytest.mark.parametrize("key", sorted(set(CHOICES) - {"environment"}))
def test_every_choice_is_taken_and_nothing_else(project, key):
    for choice in CHOICES[key][1].split():
        project.layer("default", layer(key, choice))
        assert value(project.load(), key) == choice
    for text in ("", "other", f"{choice}x", f"' {choice}'"):
        project.layer("default", layer(key, text or "''"))
        assert project.problem().code == "not-a-choice"


def test_a_slip_in_a_choice_suggests_the_right_one(project):
    project.layer("default", "database: {ssl_mode: requir}")
    assert project.problem().hint == "did you mean require?"


@pytest.mark.parametrize("text", ["debug", "Debug", "DEBUG"])
def test_a_log_level_may_be_in_any_case(project, text):
    project.layer("default", f"server: {{log_level: {text}}}")
    assert project.load().server.log_level == "DEBUG"


@pytest.mark.parametrize("text", ["LRU", "Memory"])
def test_other_choices_are_matched_exactly(project, text):
    project.layer("default", f"cache: {{eviction_policy: {text}}}")
    assert project.problem().code == "not-a-choice"


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_says_what_it_is(key):
    setting = SETTINGS[key]
    assert setting.description.endswith(".")
    assert setting.limits or setting.at_least is None
    assert setting.is_secret or as_text(setting.default)

"""The rules that hold in some environments only, as data.

A rule looks at the settings as a whole; its `key` is where its problem is placed. Errors stop a load, warnings are
shown and logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from synfinance_settings.environment import Environment
from synfinance_settings.errors import Severity
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.security import is_blank

_LEAST_HMAC_KEY: Final = 32  # bytes; RFC 7518, 3.2 asks for a key as long as the hash of HS256
_PRODUCTION: Final = (Environment.PRODUCTION,)
_SHARED: Final = (Environment.STAGING, Environment.PRODUCTION, Environment.TEST)
_TLS_MODES: Final = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: where it holds, how grave breaking it is, and what must be so."""

    id: str
    severity: Severity
    environments: tuple[Environment, ...]
    key: str
    message: str
    is_broken: Callable[[AppConfig], bool]


def _short_hmac_key(config: AppConfig) -> bool:
    security = config.security
    key = security.jwt_secret
    if not security.jwt_enabled or not security.jwt_algorithm.startswith("HS") or is_blank(key):
        return False
    return len(key.get_secret_value().encode()) < _LEAST_HMAC_KEY


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        "reload-outside-development",
        "error",
        _SHARED,
        "server.reload",
        "server.reload may be on in development only",
        lambda config: config.server.reload,
    ),
    Rule(
        "debug-in-production",
        "error",
        _PRODUCTION,
        "debug",
        "debug must be off in production",
        lambda config: config.debug,
    ),
    Rule(
        "no-authentication",
        "error",
        _PRODUCTION,
        "security.api_key_enabled",
        "production needs security.api_key_enabled or security.jwt_enabled",
        lambda config: not (config.security.api_key_enabled or config.security.jwt_enabled),
    ),
    Rule(
        "short-jwt-secret",
        "error",
        _PRODUCTION,
        "security.jwt_secret",
        f"security.jwt_secret must have at least {_LEAST_HMAC_KEY} bytes for an HS algorithm",
        _short_hmac_key,
    ),
    Rule(
        "any-cors-origin",
        "warning",
        _PRODUCTION,
        "server.cors_origins",
        "server.cors_origins holds *, so any site may call from a browser",
        lambda config: "*" in config.server.cors_origins,
    ),
    Rule(
        "any-host",
        "warning",
        _PRODUCTION,
        "security.allowed_hosts",
        "security.allowed_hosts holds *, so any Host header is accepted",
        lambda config: "*" in config.security.allowed_hosts,
    ),
    Rule(
        "weak-database-tls",
        "warning",
        _PRODUCTION,
        "database.ssl_mode",
        "database.ssl_mode is below require, so the connection may be in clear",
        lambda config: config.database.ssl_mode not in _TLS_MODES,
    ),
    Rule(
        "no-tls",
        "warning",
        _PRODUCTION,
        "security.ssl_enabled",
        "security.ssl_enabled is off; something in front must speak TLS",
        lambda config: not config.security.ssl_enabled,
    ),
    Rule(
        "echo-in-production",
        "warning",
        _PRODUCTION,
        "database.echo",
        "database.echo is on, so every SQL statement is logged",
        lambda config: config.database.echo,
    ),
)


def broken_rules(config: AppConfig) -> Iterator[Rule]:
    """The rules of the environment of `config` that it breaks, errors first as in the table."""
    return (rule for rule in RULES if config.environment in rule.environments and rule.is_broken(config))

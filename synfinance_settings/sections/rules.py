"""What must hold between settings: the contradictions of the sections, and the rules of the environments, as data.

Each carries the keys of all that it looks at, so it can be told of beside values that do not fit, wherever those are
none of its own. Errors stop a load, warnings are shown and logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

from synfinance_settings.environment import Environment
from synfinance_settings.errors import Problem, Severity
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.keys import SECTIONS
from synfinance_settings.sections.security import is_blank

_LEAST_HMAC_KEY: Final = 32  # bytes; RFC 7518, 3.2 asks for a key as long as the hash of HS256
_PRODUCTION: Final = (Environment.PRODUCTION,)
_SHARED: Final = (Environment.STAGING, Environment.PRODUCTION, Environment.TEST)
_TLS_MODES: Final = ("require", "verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: where it holds, how grave breaking it is, and what must be so.

    `keys` are those of all settings that `is_broken` looks at; the problem is placed at the first.
    """

    id: str
    severity: Severity
    environments: tuple[Environment, ...]
    keys: tuple[str, ...]
    message: str
    is_broken: Callable[[AppConfig], bool]


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that does not hold: the keys that it is about, and the problem, which has no place yet."""

    keys: tuple[str, ...]
    problem: Problem


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
        ("server.reload",),
        "server.reload may be on in development only",
        lambda config: config.server.reload,
    ),
    Rule(
        "debug-in-production",
        "error",
        _PRODUCTION,
        ("debug",),
        "debug must be off in production",
        lambda config: config.debug,
    ),
    Rule(
        "no-authentication",
        "error",
        _PRODUCTION,
        ("security.api_key_enabled", "security.jwt_enabled"),
        "production needs security.api_key_enabled or security.jwt_enabled",
        lambda config: not (config.security.api_key_enabled or config.security.jwt_enabled),
    ),
    Rule(
        "short-jwt-secret",
        "error",
        _PRODUCTION,
        ("security.jwt_secret", "security.jwt_enabled", "security.jwt_algorithm"),
        f"security.jwt_secret must have at least {_LEAST_HMAC_KEY} bytes for an HS algorithm",
        _short_hmac_key,
    ),
    Rule(
        "any-cors-origin",
        "warning",
        _PRODUCTION,
        ("server.cors_origins",),
        "server.cors_origins holds *, so any site may call from a browser",
        lambda config: "*" in config.server.cors_origins,
    ),
    Rule(
        "any-host",
        "warning",
        _PRODUCTION,
        ("security.allowed_hosts",),
        "security.allowed_hosts holds *, so any Host header is accepted",
        lambda config: "*" in config.security.allowed_hosts,
    ),
    Rule(
        "weak-database-tls",
        "warning",
        _PRODUCTION,
        ("database.ssl_mode",),
        "database.ssl_mode is below require, so the connection may be in clear",
        lambda config: config.database.ssl_mode not in _TLS_MODES,
    ),
    Rule(
        "no-tls",
        "warning",
        _PRODUCTION,
        ("security.ssl_enabled",),
        "security.ssl_enabled is off; something in front must speak TLS",
        lambda config: not config.security.ssl_enabled,
    ),
    Rule(
        "echo-in-production",
        "warning",
        _PRODUCTION,
        ("database.echo",),
        "database.echo is on, so every SQL statement is logged",
        lambda config: config.database.echo,
    ),
)


CONTRADICTIONS: Final = tuple(
    (tuple(f"{section}.{name}" for name in contradiction.fields), contradiction.message)
    for section, model in SECTIONS.items()
    for contradiction in model.CONTRADICTIONS
)
"""The keys and the message of every contradiction of every section."""


def breaches(config: AppConfig) -> Iterator[Breach]:
    """All that does not hold in `config`: contradictions first, then the rules of its environment as in the table."""
    for section, model in SECTIONS.items():
        for contradiction in model.CONTRADICTIONS:
            if contradiction.is_broken(attrgetter(section)(config)):
                keys = tuple(f"{section}.{name}" for name in contradiction.fields)
                yield Breach(keys, Problem("inconsistent", contradiction.message, keys[0]))
    for rule in RULES:
        if config.environment in rule.environments and rule.is_broken(config):
            yield Breach(rule.keys, Problem(rule.id, rule.message, rule.keys[0], severity=rule.severity))

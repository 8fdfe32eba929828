"""What must hold between SynFinance's settings in its environments, as data.

Each carries the keys of all that it looks at, so it can be reported beside values that do not fit, wherever those are
none of its own. Errors stop a load, warnings are shown and logged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from synfinance_settings.model.rule import Rule
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.environment import Environment
from synfinance_settings.sections.security import is_blank
from synfinance_settings.sections.urls import is_host_pattern, is_origin

_LEAST_HMAC_KEY: Final = 32  # bytes; RFC 7518, 3.2 asks for a key as long as the hash of HS256
_EVERYWHERE: Final = tuple(Environment)
_PRODUCTION: Final = (Environment.PRODUCTION,)
_SHARED: Final = (Environment.STAGING, Environment.PRODUCTION, Environment.TEST)
_TLS_MODES: Final = ("require", "verify-ca", "verify-full")


def _short_hmac_key(config: AppConfig) -> bool:
    security = config.security
    key = security.jwt_secret
    if not security.jwt_enabled or not security.jwt_algorithm.startswith("HS") or is_blank(key):
        return False
    return len(key.get_secret_value().encode()) < _LEAST_HMAC_KEY


def _where(items: Iterable[str], is_at_fault: Callable[[str], bool]) -> list[int]:
    return [index for index, item in enumerate(items) if is_at_fault(item)]


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
        "odd-cors-origin",
        "warning",
        _EVERYWHERE,
        ("server.cors_origins",),
        "an item of server.cors_origins is neither * nor scheme://host[:port], so it matches no browser's",
        lambda config: _where(config.server.cors_origins, lambda origin: origin != "*" and not is_origin(origin)),
        "an origin has no path, no / at its end and no spaces; separate two of them with a comma",
    ),
    Rule(
        "odd-host",
        "warning",
        _EVERYWHERE,
        ("security.allowed_hosts",),
        "an item of security.allowed_hosts is not a host, so it matches no Host header",
        lambda config: _where(config.security.allowed_hosts, lambda host: not is_host_pattern(host)),
        "a host has no scheme, path or space, and * for any part of it; separate two hosts with a comma",
    ),
    Rule(
        "weak-database-tls",
        "warning",
        _PRODUCTION,
        ("database.ssl_mode",),
        "database.ssl_mode is below require, so the connection may be unencrypted",
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

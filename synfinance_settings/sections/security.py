"""Who may call the service, and how the connection is protected."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import SecretStr

from synfinance_settings.model.forms import Boolean, Choice, Seconds, Secret, SecretList, Text, TextList, Whole
from synfinance_settings.model.resource import Certificate, Credential
from synfinance_settings.model.section import Contradiction, Section, setting

JwtAlgorithm = Literal[
    "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"
]


class SecurityConfig(Section):
    """Who may call the service, and how the connection is protected."""

    api_key_enabled: Boolean = setting(False)
    """Callers must present an API key."""
    api_keys: SecretList = setting(())
    """The API keys that are accepted."""
    jwt_enabled: Boolean = setting(False)
    """Callers must present a JSON Web Token."""
    jwt_secret: Secret = setting(SecretStr(""))
    """Key that signs and verifies the tokens."""
    jwt_algorithm: Annotated[JwtAlgorithm, *Choice] = setting("HS256")
    """Algorithm of the signature (RFC 7518, 3.1)."""
    jwt_expiry: Seconds = setting(3600, ge=60)
    """Lifetime of a token."""
    rate_limit_enabled: Boolean = setting(True)
    """Limit the requests of one caller."""
    rate_limit_requests: Whole = setting(100, unit="requests", ge=1)
    """Requests allowed in one window."""
    rate_limit_window: Seconds = setting(60, ge=1)
    """Length of the window."""
    cors_enabled: Boolean = setting(True)
    """Answer cross-origin requests."""
    allowed_hosts: TextList = setting(("*",))
    """Host headers that are accepted; * means any."""
    ssl_enabled: Boolean = setting(False, restart=True)
    """Serve TLS."""
    ssl_cert_path: Text | None = setting(None, restart=True)
    """PEM file of the certificate chain."""
    ssl_key_path: Text | None = setting(None, restart=True)
    """PEM file of the private key."""

    RESOURCES: ClassVar = (
        Certificate("ssl_cert_path", private_key="ssl_key_path", when={"ssl_enabled": True}),
        Credential("jwt_secret", made_here=True, when={"jwt_enabled": True}),
        Credential("api_keys", made_here=True, when={"api_key_enabled": True}),
    )

    @property
    def has_api_key(self) -> bool:
        """True when at least one API key is more than whitespace."""
        return any(not is_blank(key) for key in self.api_keys)

    CONTRADICTIONS: ClassVar = (
        Contradiction(
            ("api_key_enabled", "api_keys"),
            "security.api_key_enabled needs at least one key in security.api_keys",
            lambda section: section.api_key_enabled and not section.has_api_key,
        ),
        Contradiction(
            ("jwt_enabled", "jwt_secret"),
            "security.jwt_enabled needs security.jwt_secret",
            lambda section: section.jwt_enabled and is_blank(section.jwt_secret),
        ),
        Contradiction(
            ("ssl_enabled", "ssl_cert_path"),
            "security.ssl_enabled needs security.ssl_cert_path",
            lambda section: section.ssl_enabled and not (section.ssl_cert_path or "").strip(),
        ),
        Contradiction(
            ("ssl_enabled", "ssl_key_path"),
            "security.ssl_enabled needs security.ssl_key_path",
            lambda section: section.ssl_enabled and not (section.ssl_key_path or "").strip(),
        ),
    )


def is_blank(secret: SecretStr) -> bool:
    """True when `secret` is empty or only whitespace, which counts as absent."""
    return not secret.get_secret_value().strip()

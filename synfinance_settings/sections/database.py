"""The PostgreSQL database, and the URL that a driver takes."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import SecretStr

from synfinance_settings.errors import MASK
from synfinance_settings.model.forms import Boolean, Choice, Seconds, Secret, Text, Whole
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import FOLLOWED, Section, setting
from synfinance_settings.sections.urls import quoted, url_host

SslMode = Literal["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]


class DatabaseConfig(Section):
    """The PostgreSQL database and its connection pool."""

    host: Text = setting("localhost", restart=FOLLOWED)
    """Host name or address of the server."""
    port: Whole = setting(5432, ge=1, le=65535, restart=FOLLOWED)
    """TCP port of the server."""
    name: Text = setting("synfinance", restart=FOLLOWED)
    """Name of the database."""
    user: Text = setting("postgres", restart=FOLLOWED)
    """Role to connect as."""
    password: Secret = setting(SecretStr(""), restart=FOLLOWED)
    """Password of the role; empty where none is needed."""
    pool_size: Whole = setting(10, unit="connections", ge=1, le=100, restart=FOLLOWED)
    """Connections kept open."""
    max_overflow: Whole = setting(20, unit="connections", ge=0, le=100, restart=FOLLOWED)
    """Connections opened beyond the pool."""
    pool_timeout: Seconds = setting(30, ge=1)
    """Longest wait for a free connection."""
    pool_recycle: Seconds = setting(3600, ge=60)
    """Age at which a connection is replaced."""
    echo: Boolean = setting(False)
    """Log every SQL statement."""
    ssl_mode: Annotated[SslMode, *Choice] = setting("prefer", restart=FOLLOWED)
    """How much TLS the connection needs (libpq's sslmode)."""
    retry_attempts: Whole = setting(3, unit="attempts", ge=1)
    """Attempts to connect before giving up."""
    retry_delay: Seconds = setting(1, ge=0)
    """Wait between two attempts."""

    RESOURCES: ClassVar = (
        Server(
            "postgresql",
            url="url",
            host="host",
            port="port",
            user="user",
            password="password",
            database="name",
            tls="ssl_mode",
        ),
    )

    @property
    def url(self) -> str:
        """The connection URL with the password in clear; ``safe_url`` is the one to log."""
        return self._url(quoted(self.password.get_secret_value()))

    @property
    def safe_url(self) -> str:
        """The connection URL with the password masked."""
        return self._url(MASK if self.password.get_secret_value() else "")

    def _url(self, password: str) -> str:
        login = f"{quoted(self.user)}:{password}" if password else quoted(self.user)
        return f"postgresql://{login}@{url_host(self.host)}:{self.port}/{quoted(self.name)}"

"""The cache: in the process's memory, or a Redis server."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from synfinance_settings.errors import MASK
from synfinance_settings.model.forms import Boolean, Choice, Seconds, Secret, Text, Whole
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import FOLLOWED, Section, setting
from synfinance_settings.sections.urls import quoted, url_host

Backend = Literal["memory", "redis"]
EvictionPolicy = Literal["lru", "lfu", "fifo"]


class CacheConfig(Section):
    """The cache: in the process's memory, or a Redis server."""

    enabled: Boolean = setting(True)
    """Use the cache."""
    backend: Annotated[Backend, *Choice] = setting("memory", restart=FOLLOWED)
    """Where entries are kept."""
    host: Text = setting("localhost", restart=FOLLOWED)
    """Host name or address of the Redis server."""
    port: Whole = setting(6379, ge=1, le=65535, restart=FOLLOWED)
    """TCP port of the Redis server."""
    db: Whole = setting(0, ge=0, le=15, restart=FOLLOWED)
    """Number of the Redis database."""
    password: Secret | None = setting(None, restart=FOLLOWED)
    """Password of the Redis server; null where none is needed."""
    max_size: Whole = setting(10000, unit="entries", ge=100)
    """Most entries kept in memory."""
    ttl: Seconds = setting(3600, ge=60)
    """Age at which an entry expires."""
    eviction_policy: Annotated[EvictionPolicy, *Choice] = setting("lru")
    """Which entry goes when the cache is full."""

    RESOURCES: ClassVar = (
        Server(
            "redis",
            url="url",
            host="host",
            port="port",
            password="password",
            database="db",
            when={"enabled": True, "backend": "redis"},
        ),
    )

    @property
    def url(self) -> str:
        """The connection URL with the password in clear; ``safe_url`` is the one to log."""
        return self._url(quoted(self.password.get_secret_value()) if self.password else "")

    @property
    def safe_url(self) -> str:
        """The connection URL with the password masked."""
        return self._url(MASK if self.password and self.password.get_secret_value() else "")

    def _url(self, password: str) -> str:
        if self.backend == "memory":
            return "memory://"
        login = f":{password}@" if password else ""
        return f"redis://{login}{url_host(self.host)}:{self.port}/{self.db}"

"""Clients of Redis that follow a section; needs the extra ``[redis]``."""

from __future__ import annotations

from typing import Any

import redis
from redis.asyncio import Redis as AsyncRedis

from synfinance_settings.errors import SettingsError
from synfinance_settings.following.servers import CONNECT_SECONDS, Named, Options, refused, refusing, refusing_soon
from synfinance_settings.live.making import Recipe
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import Section
from synfinance_settings.probing.probe import failure_of_redis


def client(*, server: Server | None = None, options: Options | None = None) -> Recipe[redis.Redis]:
    """A client for the server that the section declares, or for `server`; ``options(section)`` gives `Redis` other
    arguments.
    """
    named = Named("redis", server)

    def check(made: redis.Redis) -> None:
        made.ping()

    return Recipe(
        make=lambda section: _made(redis.Redis, named, section, options),
        check=refusing(check, redis.RedisError, _refusal),
        close=redis.Redis.close,
        fields=named.fields((), options),
        name="Redis client",
    )


def async_client(*, server: Server | None = None, options: Options | None = None) -> Recipe[AsyncRedis]:
    """The same, asynchronous; in its event loop, ``async with cache.use() as current``."""
    named = Named("redis", server)

    async def check(made: AsyncRedis) -> None:
        await made.ping()

    return Recipe(
        make=lambda section: _made(AsyncRedis, named, section, options),
        check=refusing_soon(check, redis.RedisError, _refusal),
        close=AsyncRedis.aclose,
        fields=named.fields((), options),
        name="Redis client",
    )


def _refusal(error: redis.RedisError) -> SettingsError:
    return refused(failure_of_redis(error), "Redis")


def _made(kind: Any, named: Named, section: Section, options: Options | None) -> Any:
    said = named.roles(section)
    others = {"socket_connect_timeout": CONNECT_SECONDS, **(options(section) if options else {})}
    if "host" not in said:
        return kind.from_url(str(said["url"]), **others)
    names = {"host": "host", "port": "port", "user": "username", "password": "password", "database": "db", "tls": "ssl"}
    return kind(**{name: said[role] for role, name in names.items() if role in said}, **others)

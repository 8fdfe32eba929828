"""Pools of psycopg that follow a section; needs the extra ``[postgres]``."""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg_pool import AsyncConnectionPool, ConnectionPool

from synfinance_settings.errors import SettingsError
from synfinance_settings.following.servers import CONNECT_SECONDS, Named, Options, refused, refusing, refusing_soon
from synfinance_settings.live.making import Recipe
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import Section
from synfinance_settings.probing.probe import failure_of_postgres

_OF_THE_SECTION: Final = {"pool_size": "max_size", "pool_timeout": "timeout", "pool_recycle": "max_lifetime"}


def pool(*, server: Server | None = None, warm: int = 1, options: Options | None = None) -> Recipe[ConnectionPool]:
    """A pool for the server that the section declares, or for `server`.

    Fields of the section that are called `pool_size`, `pool_timeout` or `pool_recycle` say how large it may be, how
    long one waits for a connection and how old one gets; ``options(section)`` gives `ConnectionPool` other arguments.
    It is used once `warm` connections stand, the fewest that it keeps.
    """
    named = Named("postgresql", server)

    def check(made: ConnectionPool) -> None:
        psycopg.connect(**_where(made)).close()  # a pool would try again and again, and say nothing
        made.open(wait=True, timeout=CONNECT_SECONDS)

    return Recipe(
        make=lambda section: ConnectionPool(**_arguments(named, section, warm, options)),
        check=refusing(check, psycopg.Error, _refusal),
        close=ConnectionPool.close,
        fields=named.fields(tuple(_OF_THE_SECTION), options),
        name="psycopg pool",
    )


def async_pool(
    *, server: Server | None = None, warm: int = 1, options: Options | None = None
) -> Recipe[AsyncConnectionPool]:
    """The same, asynchronous; in its event loop, ``async with pool.use() as current``."""
    named = Named("postgresql", server)

    async def make(section: Section) -> AsyncConnectionPool:
        return AsyncConnectionPool(**_arguments(named, section, warm, options))

    async def check(made: AsyncConnectionPool) -> None:
        await (await psycopg.AsyncConnection.connect(**_where(made))).close()
        await made.open(wait=True, timeout=CONNECT_SECONDS)

    return Recipe(
        make=make,
        check=refusing_soon(check, psycopg.Error, _refusal),
        close=AsyncConnectionPool.close,
        fields=named.fields(tuple(_OF_THE_SECTION), options),
        name="psycopg pool",
    )


def _refusal(error: psycopg.Error) -> SettingsError:
    return refused(failure_of_postgres(str(error)), "PostgreSQL")


def _arguments(named: Named, section: Section, warm: int, options: Options | None) -> dict[str, Any]:
    found = {argument: section[name] for name, argument in _OF_THE_SECTION.items() if name in section}
    said = named.roles(section)
    names = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "dbname"}
    where = {name: said[role] for role, name in names.items() if role in said}
    if "host" not in said:
        where = {"conninfo": str(said["url"])}
    tls = {"sslmode": str(said["tls"])} if "tls" in said else {}
    kwargs = {**where, **tls, "connect_timeout": CONNECT_SECONDS}
    return {"kwargs": kwargs, "min_size": warm, "open": False, **found, **(options(section) if options else {})}


def _where(pool: ConnectionPool | AsyncConnectionPool) -> dict[str, Any]:
    """What the pool gives to each of its connections."""
    said = pool.kwargs
    return said if isinstance(said, dict) else {}

"""Engines of SQLAlchemy that follow a section; needs the extra ``[sqlalchemy]``, and ``[postgres]`` for its driver."""

from __future__ import annotations

from contextlib import AsyncExitStack, ExitStack
from typing import Any, Final

from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from synfinance_settings.errors import SettingsError
from synfinance_settings.following.servers import CONNECT_SECONDS, Named, Options, refused, refusing, refusing_soon
from synfinance_settings.live.making import Recipe
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import Section
from synfinance_settings.probing.probe import failure_of_postgres

_DRIVER: Final = "postgresql+psycopg"
_OF_THE_SECTION: Final = ("pool_size", "max_overflow", "pool_timeout", "pool_recycle", "echo")


def engine(
    *, driver: str = _DRIVER, server: Server | None = None, warm: int = 1, options: Options | None = None
) -> Recipe[Engine]:
    """An engine for the server that the section declares, or for `server`, with `driver` in SQLAlchemy's words.

    Fields of the section that are called as these arguments of `create_engine` are given to it: `pool_size`,
    `max_overflow`, `pool_timeout`, `pool_recycle`, `echo`; ``options(section)`` gives others. It is used once `warm`
    connections stand, which stay in the pool.
    """
    named = Named("postgresql", server)

    def check(made: Engine) -> None:
        with ExitStack() as stack:
            for connection in [stack.enter_context(made.connect()) for _ in range(warm)]:
                connection.execute(text("SELECT 1"))

    return Recipe(
        make=lambda section: create_engine(_url(named, section, driver), **_arguments(section, driver, options)),
        check=refusing(check, DBAPIError, _refusal),
        close=Engine.dispose,
        fields=named.fields(_OF_THE_SECTION, options),
        name="SQLAlchemy engine",
    )


def async_engine(
    *, driver: str = _DRIVER, server: Server | None = None, warm: int = 1, options: Options | None = None
) -> Recipe[AsyncEngine]:
    """The same, asynchronous; in its event loop, ``async with engine.use() as current``."""
    named = Named("postgresql", server)

    async def check(made: AsyncEngine) -> None:
        async with AsyncExitStack() as stack:
            for connection in [await stack.enter_async_context(made.connect()) for _ in range(warm)]:
                await connection.execute(text("SELECT 1"))

    return Recipe(
        make=lambda section: create_async_engine(_url(named, section, driver), **_arguments(section, driver, options)),
        check=refusing_soon(check, DBAPIError, _refusal),
        close=AsyncEngine.dispose,
        fields=named.fields(_OF_THE_SECTION, options),
        name="SQLAlchemy engine",
    )


def _url(named: Named, section: Section, driver: str) -> URL:
    """Where the server is; how much TLS it needs is said in libpq's words."""
    said = named.roles(section)
    if "host" not in said:
        return make_url(str(said["url"])).set(drivername=driver)
    tls = {"sslmode": str(said["tls"])} if "tls" in said else {}
    names = {"user": "username", "password": "password", "host": "host", "port": "port", "database": "database"}
    return URL.create(driver, **{name: said[role] for role, name in names.items() if role in said}, query=tls)


def _arguments(section: Section, driver: str, options: Options | None) -> dict[str, Any]:
    found = {name: section[name] for name in _OF_THE_SECTION if name in section}
    if driver == _DRIVER:
        found["connect_args"] = {"connect_timeout": CONNECT_SECONDS}
    return {**found, **(options(section) if options else {})}


def _refusal(error: DBAPIError) -> SettingsError:
    return refused(failure_of_postgres(str(error.orig)), "database")

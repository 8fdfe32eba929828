"""HTTP clients of httpx that follow a section; needs the extra ``[httpx]``."""

from __future__ import annotations

from typing import Any

import httpx

from synfinance_settings.errors import Problem, SettingsError
from synfinance_settings.following.servers import Named, Options
from synfinance_settings.live.making import Recipe
from synfinance_settings.model.resource import Server
from synfinance_settings.model.section import Section


def client(
    *, server: Server | None = None, path: str | None = None, options: Options | None = None
) -> Recipe[httpx.Client]:
    """A client for the server of kind ``"http"`` that the section declares, or for `server`, by its URL and login.

    ``options(section)`` gives `Client` other arguments, such as headers with a token. Where `path` is given, it must
    answer with success before the client is used.
    """
    named = Named("http", server)

    def check(made: httpx.Client) -> None:
        if path is not None:
            _check(path, made.get(path))

    return Recipe(
        make=lambda section: httpx.Client(**_arguments(named, section, options)),
        check=check,
        close=httpx.Client.close,
        fields=named.fields((), options),
        name="HTTP client",
    )


def async_client(
    *, server: Server | None = None, path: str | None = None, options: Options | None = None
) -> Recipe[httpx.AsyncClient]:
    """The same, asynchronous; in its event loop, ``async with client.use() as current``."""
    named = Named("http", server)

    async def check(made: httpx.AsyncClient) -> None:
        if path is not None:
            _check(path, await made.get(path))

    return Recipe(
        make=lambda section: httpx.AsyncClient(**_arguments(named, section, options)),
        check=check,
        close=httpx.AsyncClient.aclose,
        fields=named.fields((), options),
        name="HTTP client",
    )


def _arguments(named: Named, section: Section, options: Options | None) -> dict[str, Any]:
    said = named.roles(section)
    where = str(said["url"]) if "url" in said else _url(said)
    login = {"auth": (str(said["user"]), str(said.get("password", "")))} if "user" in said else {}
    return {"base_url": where, **login, **(options(section) if options else {})}


def _url(said: dict[str, Any]) -> str:
    return str(httpx.URL(scheme="http", host=str(said["host"]), port=int(said.get("port", 80))))


def _check(path: str, answer: httpx.Response) -> None:
    if not answer.is_success:
        raise SettingsError(Problem("no-answer", f"{path} answers with {answer.status_code}"))

"""Do the servers that settings name let one in?

They are reached as the settings say, with the very URL where there is one, by drivers that are extras of this package.
What a server says is never shown: it is sorted into a failure that has words here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from synfinance_settings.layers.output import plain
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import as_text
from synfinance_settings.model.resource import Resource, Server
from synfinance_settings.probing.asking import in_words
from synfinance_settings.probing.finding import Command, Finding, listed

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Answer, Question


class _Kind(NamedTuple):
    """How servers of one kind are asked, and what people call them."""

    about: str
    called: str
    driver: str = ""
    extra: str = ""
    found_by: tuple[str, ...] = ("url", "host", "port", "tls")


_KINDS: Final = {
    "postgresql": _Kind("postgres", "PostgreSQL", "psycopg", "postgres"),
    "redis": _Kind("redis", "Redis", "redis", "redis", ("url", "host", "port", "database")),
    "http": _Kind("http", "web server"),
}
_DISTRIBUTION: Final = __name__.partition(".")[0].replace("_", "-")


def _kind(server: Server) -> _Kind:
    return _KINDS.get(server.kind) or _Kind("connect", f"{server.kind} server")


def check_of(server: Server) -> str:
    """What the check of `server` is called: as the section that names it, else as what it speaks."""
    return server.section or server.kind


def question(server: Server, config: Any) -> Question:
    """What is asked of `server`, with all that its settings say; it holds secrets."""
    said = {role: plain(value, "reveal") for role, value in server.values(config).items()}
    return {"about": _kind(server).about, **{role: value for role, value in said.items() if value is not None}}


def unused(resource: Resource, config: Any) -> str | None:
    """Why `resource` is not in use in `config`: the setting, with its value; None where it is in use."""
    key = resource.unused_for(config)
    if key is None:
        return None
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return f"not in use: {key} is {as_text(value)}"


def finding(application: Application[Any], server: Server, config: Any, answer: Answer) -> Finding:
    """What `answer` says of `server`."""
    kind, check, where = _kind(server), check_of(server), _where(application, server, config)
    failure = answer.get("failure")
    if failure is None:
        said = f"{kind.called} {answer['version']}".rstrip() if "version" in answer else "and lets one connect"
        return Finding(check, "ok", f"{where} answers, {said}")
    if failure == "no-driver":
        mend = Command.of("pip", "install", f"{_DISTRIBUTION}[{kind.extra}]")
        return Finding(check, "warn", f"not checked: {kind.driver} is missing", mend)
    return Finding(check, "fail", f"{where}: {in_words(answer, kind.called)}", _mend(application, server, str(failure)))


def _where(application: Application[Any], server: Server, config: Any) -> str:
    """The place of `server` as far as settings say it that are no secrets, else the key of its URL."""
    settings = application.catalogue.settings
    public = {role for role, key in server.keys.items() if key in settings and not settings[key].is_secret}
    said = {
        role: as_text(value) for role, value in server.values(config).items() if role in public and value is not None
    }
    if "host" not in said:
        return server.keys.get("url") or server.keys["host"]
    user, port, database = (said.get(role) for role in ("user", "port", "database"))
    return f"{f'{user}@' if user else ''}{said['host']}{f':{port}' if port else ''}{f'/{database}' if database else ''}"


def _mend(application: Application[Any], server: Server, failure: str) -> str:
    def keys_of(roles: Iterable[str]) -> list[str]:
        keys = [server.keys[role] for role in roles if role in server.keys]
        return [key for key in keys if key in application.catalogue.settings]

    kind = _kind(server)
    if server.kind == "postgresql" and failure in ("no-database", "no-role", "not-let-in"):
        names = keys_of(("database", "user")) or keys_of(("url",))
        return f"create the database or role, or correct {listed(names)}"
    if failure in ("password", "not-let-in"):
        names = keys_of(("user", "password")) or keys_of(("url",))
        return f"check {listed(names)} ({application.variables.names[names[-1]][-1]})"
    return f"start the server, or correct {listed(keys_of(kind.found_by))}"

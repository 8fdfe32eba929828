"""Do the servers that settings name let one in?

They are reached as the settings say, with the very URL where there is one, by drivers that are extras of this package.
What a server says is never shown: it is sorted into a failure that has words here.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.layers.output import plain
from synfinance_settings.model.application import Application
from synfinance_settings.model.lines import as_text
from synfinance_settings.model.resource import Resource, Server
from synfinance_settings.probing.answers import in_words
from synfinance_settings.probing.finding import Command, Finding, listed
from synfinance_settings.record import Record

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Answer, Question


class _Kind(Record):
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
_CODES: Final = {
    "no-host": ("unknown-host", ("host", "url")),
    "no-port": ("unknown-host", ("port", "url")),
    "password": ("refused-login", ("password", "user", "url")),
    "not-let-in": ("refused-login", ("user", "password", "url")),
    "no-role": ("refused-login", ("user", "url")),
    "no-database": ("no-database", ("database", "url")),
    "refused-command": ("no-database", ("database", "url")),
    "no-tls": ("tls-refused", ("tls", "url")),
    "certificate": ("tls-refused", ("tls", "host", "url")),
}
"""The code of a failure, and what of the settings it is due to, the likeliest first."""

_NO_ANSWER: Final = ("no-answer", ("port", "host", "url"))
_DISTRIBUTION: Final = __name__.partition(".")[0].replace("_", "-")


def _kind(server: Server) -> _Kind:
    return _KINDS.get(server.kind) or _Kind("connect", f"{server.kind} server")


def check_of(server: Server) -> str:
    """What the check of `server` is called: as the section that names it, else as what it speaks."""
    return server.section or server.kind


def question(server: Server, config: Any, lent: Container[str] = ()) -> Question | None:
    """What is asked of `server`, with all that its settings say; it holds secrets.

    Where settings of it are `lent`, whether it lets one connect, as far as the others say where it is.
    """
    said = {role: plain(value, "reveal") for role, value in server.values(config).items()}
    asked = {role: value for role, value in said.items() if value is not None}
    if not server.among(lent):
        return {"about": _kind(server).about, **asked}
    public = [role for role in ("host", "port") if role in asked and server.keys[role] not in lent]
    place: Question = {role: asked[role] for role in public}
    return {"about": "connect", **place} if len(place) == 2 else None


def unused(resource: Resource, config: Any) -> str | None:
    """Why `resource` is not in use in `config`: the setting, with its value; None where it is in use."""
    key = resource.unused_for(config)
    if key is None:
        return None
    value: Any = config
    for name in key.split("."):
        value = getattr(value, name)
    return f"not in use: {key} is {as_text(value)}"


def finding(
    application: Application[Any], server: Server, config: Any, answer: Answer, lent: Container[str] = ()
) -> Finding:
    """What `answer` says of `server`."""
    kind, check, where = _kind(server), check_of(server), _where(application, server, config)
    failure = answer.get("failure")
    if failure is None:
        if missing := server.among(lent):
            return Finding(check, "ok", f"{where} lets one connect; nothing else was asked without {listed(missing)}")
        said = f"{kind.called} {answer['version']}".rstrip() if "version" in answer else "and accepts connections"
        return Finding(check, "ok", f"{where} answers, {said}")
    if failure == "no-driver":
        mend = Command.of("pip", "install", f"{_DISTRIBUTION}[{kind.extra}]")
        return Finding(check, "warn", f"not checked: {kind.driver} is missing", mend, "no-driver")
    code, roles = _CODES.get(failure, _NO_ANSWER)
    keys = tuple(_keys_of(application, server, roles)) or tuple(_keys_of(application, server, server.keys))
    told = f"{where}: {in_words(answer, kind.called)}"
    return Finding(check, "fail", told, _mend(application, server, failure), code, keys)


def _keys_of(application: Application[Any], server: Server, roles: Iterable[str]) -> list[str]:
    """The settings that play `roles`; a property that puts others together is none."""
    keys = [server.keys[role] for role in roles if role in server.keys]
    return [key for key in keys if key in application.catalogue.settings]


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
    keys_of, kind = partial(_keys_of, application, server), _kind(server)
    if server.kind == "postgresql" and failure in ("no-database", "no-role", "not-let-in"):
        names = keys_of(("database", "user")) or keys_of(("url",))
        return f"create the database or role, or correct {listed(names)}"
    if failure in ("password", "not-let-in"):
        names = keys_of(("user", "password")) or keys_of(("url",))
        return f"check {listed(names)} ({application.variables.names[names[-1]][-1]})"
    return f"start the server, or correct {listed(keys_of(kind.found_by))}"

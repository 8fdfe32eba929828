"""Can the secrets that are in use be guessed?"""

from __future__ import annotations

from collections.abc import Container, Iterator
from typing import Any, Final

from synfinance_settings.errors import counted
from synfinance_settings.layers.output import plain
from synfinance_settings.model.application import Application
from synfinance_settings.model.resource import Credential, Resource, Server
from synfinance_settings.probing.finding import Command, Finding
from synfinance_settings.record import Record

CHECK: Final = "secrets"
_LEAST: Final = 12  # characters
_WEAK_WORDS: Final = ("changeme", "password", "secret", "example", "default", "admin", "test", "12345")


class _Used(Record):
    """A secret that is in use: what it is called, its key and value, and what it belongs to, where that is said."""

    name: str
    key: str
    value: str
    owner: Resource | None


def findings(application: Application[Any], config: Any, keys: Container[str]) -> Iterator[Finding]:
    """What can be guessed among the secrets in use that are of `keys`."""
    used = [secret for secret in _used(application, config) if secret.key in keys]
    weak = [(secret, said) for secret in used if (said := _weakness(secret.value))]
    for secret, said in weak:
        mend = _stronger(application, secret)
        yield Finding(CHECK, "warn", f"{secret.name} {said}", mend, "weak-secret", (secret.key,))
    if not weak:
        yield Finding(CHECK, "ok", f"{counted(len(used), 'secret')} in use, none of them weak")


def _used(application: Application[Any], config: Any) -> Iterator[_Used]:
    """The secrets in use, each entry of a list by itself; a URL is none, and what nobody declares may be empty."""
    catalogue = application.catalogue
    owners = {
        found.keys[role]: found
        for found in catalogue.resources
        for role in ("secret", "password", "url")
        if isinstance(found, Credential | Server) and role in found.keys
    }
    for key, held in catalogue.secrets_in_use(config).items():
        owner, value = owners.get(key), plain(held, "reveal")
        if value is None or catalogue.settings[key].is_url or (owner and owner.keys.get("url") == key):
            continue
        if isinstance(value, list):
            yield from (_Used(f"{key}, item {number}", key, item, owner) for number, item in enumerate(value, 1))
        elif value or owner:
            yield _Used(key, key, value, owner)


def _weakness(value: str) -> str | None:
    if not value:
        return "is empty"
    if len(value) < _LEAST:
        return f"is shorter than {_LEAST} characters"
    if len(set(value)) < 5:
        return "repeats a few characters"
    if any(word in value.lower() for word in _WEAK_WORDS):
        return "contains a word that attackers try first"
    return None


def _stronger(application: Application[Any], secret: _Used) -> str:
    """How a weak secret is replaced: one of ours by a new one, another where it was issued first."""
    variable = application.variables.names[secret.key][-1]
    if isinstance(secret.owner, Credential) and secret.owner.made_here:
        return Command(f"{variable}=$(python -c 'import secrets; print(secrets.token_urlsafe(32))')")
    first = "change it on the server" if isinstance(secret.owner, Server) else "have it changed where it was issued"
    return f"{first}, and set {variable} or {variable}_FILE"

"""Whether a text can name a host or a path at all, by its form. Nothing in the world is asked, and no text is shown.

Only what is certain is a fault: a name that could be somebody's host or file is not one.
"""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from operator import attrgetter
from pathlib import PurePath
from typing import Any, Final

from synfinance_settings.errors import Problem
from synfinance_settings.model.resource import Folder, Listener, Resource, Server
from synfinance_settings.model.rule import Breach
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record

ODD_HOST: Final = "odd-host-name"
ODD_PATH: Final = "odd-path"

_NAME: Final = re.compile(r"(?!-)[\w-]{1,63}(?<!-)(?:\.(?!-)[\w-]{1,63}(?<!-))*\.?")
_NUMBERS: Final = re.compile(r"[0-9]+(?:\.[0-9]+){3}\.?")
_PORT: Final = pattern(r"[^:/\[\]]*:[0-9]+|\[.*\]:[0-9]+")
_NO_NAMES: Final = frozenset(("true", "false", "none", "null", "nil", "undefined"))
_DRIVE: Final = re.compile(r"[A-Za-z]:(?:[\\/]|$)")
_AT_SLASH: Final = re.compile(r"\s/|/\s")
_AS_WRITTEN: Final = {
    ODD_HOST: "write only a name or an address: no scheme, port, path, comma or space",
    ODD_PATH: "write the path as the system has it",
}


@lru_cache(256)  # the same at every reload
def host_fault(text: str) -> str | None:
    """Why `text` is neither the name nor the address of a host; None where it may be one, in brackets too."""
    is_bracketed = text.startswith("[") and text.endswith("]")
    if _is_address(text[1:-1] if is_bracketed else text):
        return None
    if is_bracketed or text.count(":") > 1 or _NUMBERS.fullmatch(text):
        return _of_words(text) or "is not an IP address"
    if len(text) <= 254 and _NAME.fullmatch(text) and text.lower() not in _NO_NAMES:
        return None
    return _of_words(text) or "is not a host name"


def _of_words(text: str) -> str | None:
    """What in a text shows that it is not a host."""
    if text != text.strip():
        return "begins or ends with a space"
    if "/" in text:
        return "contains a /, which is not part of a host"
    return "contains a port" if _PORT.fullmatch(text) else None


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.partition("%")[0])  # behind it, the zone of an address of IPv6
    except ValueError:
        return False
    return True


def path_fault(text: str, *, is_file: bool) -> str | None:
    """Why `text` is not the path of a file, or of a folder; None where it may be one."""
    is_windows = os.name == "nt"
    if text != text.strip():
        return "begins or ends with a space"
    if _AT_SLASH.search(text):
        return "contains a space next to a /"
    if text.lower() in _NO_NAMES:
        return "is a word that means nothing or a boolean"
    if text.startswith("~"):
        return "begins with ~, which nothing here expands"
    if text.startswith("file:"):
        return "is a URL"
    if not is_windows and (_DRIVE.match(text) or "\\" in text):
        return "is a Windows path"
    if is_file and text.endswith("/"):
        return "ends with /, as a folder does"
    return "is empty" if is_file and not text else None


class Place(Record):
    """A setting that names a host or a path, and how its text is judged while what it belongs to is in use."""

    key: str
    code: str
    value: Callable[[Any], Any]
    conditions: tuple[tuple[Callable[[Any], Any], object], ...]
    fault: Callable[[str], str | None]

    def breach(self, config: Any) -> Breach | None:
        """What is wrong with its text in `config`, by the form alone; a secret is left alone."""
        value = self.value(config)
        text = str(value) if isinstance(value, PurePath) else value
        if not isinstance(text, str) or (fault := self.fault(text)) is None:
            return None
        if any(get(config) != wanted for get, wanted in self.conditions):
            return None
        hint = _AS_WRITTEN[self.code]
        return Breach((self.key,), Problem(self.code, f"{self.key} {fault}", self.key, hint=hint, severity="warning"))


def places_of(resources: Iterable[Resource]) -> tuple[Place, ...]:
    """The settings that name hosts and paths, as `resources` declare them."""
    places = []
    for resource in resources:
        conditions = tuple((attrgetter(key), wanted) for key, wanted in resource.when.items())
        for role, key in resource.keys.items():
            if role == "host":
                code, judge = ODD_HOST, _judge_of_host(resource)
            elif role in ("path", "certificate", "private_key"):
                code, judge = ODD_PATH, partial(path_fault, is_file=not isinstance(resource, Folder))
            else:
                continue
            judge_once = lru_cache(16)(judge)  # the text is the same at nearly every reload
            places.append(Place(key, code, attrgetter(key), conditions, judge_once))
    return tuple(places)


def oddities(places: Iterable[Place], config: Any) -> Iterator[Breach]:
    """What cannot be a host or a path in `config`; each setting once."""
    breaches = {breach.keys: breach for place in places if (breach := place.breach(config)) is not None}
    yield from breaches.values()


def _judge_of_host(resource: Resource) -> Callable[[str], str | None]:
    """What judges a host; libpq takes several, and the folder of a socket, and what listens any address."""

    def judge(text: str) -> str | None:
        if not text or (isinstance(resource, Listener) and text == "*"):
            return None
        if not isinstance(resource, Server) or resource.kind != "postgresql":
            return host_fault(text)
        faults = (host_fault(host) for host in text.split(",") if host and not host.startswith(("/", "@")))
        return next((fault for fault in faults if fault), None)

    return judge

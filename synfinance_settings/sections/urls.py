"""The parts of URLs: those of a connection, spelled as RFC 3986 wants them, and the form of an origin."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final
from urllib.parse import quote

from synfinance_settings.model.places import host_fault

_ORIGIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:(?P<port>[0-9]{1,5}))?")


def quoted(text: str) -> str:
    """`text` percent-encoded so that no character of it can end its part of the URL (RFC 3986, 2.1)."""
    return quote(text, safe="")


def url_host(host: str) -> str:
    """`host` as a URL writes it: an IPv6 address in brackets (RFC 3986, 3.2.2), a socket folder encoded."""
    if ":" in host and not host.startswith("["):
        return f"[{host}]"
    return quoted(host) if "/" in host else host


@lru_cache(256)  # the same at nearly every reload
def is_origin(text: str) -> bool:
    """True for ``scheme://host[:port]`` and nothing more, as browsers send it in ``Origin`` (RFC 6454, 6.2)."""
    match = _ORIGIN.fullmatch(text)
    return match is not None and int(match["port"] or 0) <= 65535


@lru_cache(256)
def is_host_pattern(text: str) -> bool:
    """True for what may stand in ``Host``, a name or an address with or without a port, with ``*`` for any part."""
    name = text.removeprefix(".").replace("*", "x")
    host, _, port = name.rpartition(":")
    has_port = port.isascii() and port.isdigit() and int(port[:6]) <= 65535
    return host_fault(name) is None or (has_port and host_fault(host) is None)

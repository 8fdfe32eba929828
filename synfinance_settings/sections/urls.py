"""The parts of a connection URL, spelled as RFC 3986 wants them."""

from __future__ import annotations

from urllib.parse import quote


def quoted(text: str) -> str:
    """`text` percent-encoded so that no character of it can end its part of the URL (RFC 3986, 2.1)."""
    return quote(text, safe="")


def url_host(host: str) -> str:
    """`host` as a URL writes it: an IPv6 address in brackets (RFC 3986, 3.2.2), a socket folder encoded."""
    if ":" in host and not host.startswith("["):
        return f"[{host}]"
    return quoted(host) if "/" in host else host

"""Where the shared store is: the URL that a variable gives, taken apart; its passwords are shown nowhere.

    redis://[[user]:password@]host[:port][/db]           rediss:// the same over TLS
    unix://[[user]:password@]/path/of/the.socket[?db=N]
    redis+sentinel://[[user]:password@]host[:port][,host[:port]...]/master[/db]      rediss+sentinel:// over TLS

What is in it is percent-encoded where it is no plain letter. Options come after a ``?``: `OPTIONS` says which.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from synfinance_settings.errors import InvalidSettingsError, Origin, Problem, door
from synfinance_settings.record import Record

TLS_OPTIONS: Final = (
    "ssl_ca_certs",
    "ssl_ca_path",
    "ssl_certfile",
    "ssl_keyfile",
    "ssl_cert_reqs",
    "ssl_check_hostname",
)
OPTIONS: Final = ("db", "username", "password", "sentinel_username", "sentinel_password", *TLS_OPTIONS)
"""What may stand behind the ``?``, in the words of redis-py; any other name is an error."""

_PORT: Final = 6379
_SENTINEL_PORT: Final = 26379
_LARGEST_PORT: Final = 65535
_MOST_DIGITS: Final = 9
_CHOICES: Final = {
    "ssl_cert_reqs": ("none", "optional", "required"),
    "ssl_check_hostname": ("true", "false"),
}
_FORMS: Final = "redis://, rediss://, unix://, redis+sentinel:// or rediss+sentinel://"


class Login(Record):
    """Who one is to a server; its repr says nothing."""

    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:
        return "<Login>"


@dataclass(frozen=True, slots=True)
class Address:
    """One server, the socket of one, or the sentinels that know where the `master` is; `str` is free of secrets."""

    hosts: tuple[tuple[str, int], ...] = ()
    path: str | None = None
    master: str | None = None
    db: int = 0
    login: Login = field(default=Login(), repr=False)
    sentinel_login: Login = field(default=Login(), repr=False)
    is_tls: bool = False
    tls: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        if self.path is not None:
            return f"unix://{self.path}?db={self.db}"
        places = ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)
        scheme = f"redi{'ss' if self.is_tls else 's'}{'+sentinel' if self.master else ''}"
        return f"{scheme}://{places}/{f'{self.master}/' if self.master else ''}{self.db}"


@door
def read_address(url: str, origin: Origin) -> Address:
    """The address that `url` gives; raises `InvalidSettingsError` at `origin`, without a word of it, for any other."""
    said = "is not a URL"
    try:
        return _address(url)
    except _Fault as fault:
        said = str(fault)
    except ValueError:  # its words quote the URL
        pass
    message = f"the address of the shared store {said}"
    hint = "it looks like redis://:password@host:6379/0, with all but letters and digits of a password percent-encoded"
    raise InvalidSettingsError(Problem("bad-address", message, origin=origin, hint=hint))


class _Fault(Exception):
    """What is wrong with a URL, in words that quote nothing of it."""


def _address(url: str) -> Address:
    """The parts of `url`; raises `_Fault`, or a `ValueError` of somebody else's words."""
    if not url.isprintable() or url != url.strip():
        raise _Fault("holds a character that no URL may hold")
    parts = urlsplit(url)
    options = _options(parts.query)
    if parts.fragment or parts.scheme not in _READERS:
        raise _Fault(f"does not begin with {_FORMS}" if not parts.fragment else "holds a # that is not percent-encoded")
    found, places = _login(parts, options)
    hosts, path, master, db = _READERS[parts.scheme](parts, places)
    tls = tuple((name, options[name]) for name in TLS_OPTIONS if name in options)
    is_tls = parts.scheme.startswith("rediss")
    if tls and not is_tls:
        raise _Fault(f"has the option {tls[0][0]}, but no TLS: that is rediss://")
    sentinel = Login(options.get("sentinel_username"), options.get("sentinel_password"))
    return Address(hosts, path, master, _db(options.get("db", db)), found, sentinel, is_tls, tls)


def _options(query: str) -> dict[str, str]:
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)):
        if name not in OPTIONS:
            raise _Fault(f"has an option that is none of {', '.join(OPTIONS)}")
        if value not in _CHOICES.get(name, (value,)):
            raise _Fault(f"has another {name} than {' or '.join(_CHOICES[name])}")
        options[name] = value
    return options


def _login(parts: SplitResult, options: dict[str, str]) -> tuple[Login, str]:
    """Who one is, as redis-py finds it, and what is left: the places."""
    before, at, places = parts.netloc.rpartition("@")
    user, colon, password = before.partition(":")
    named = Login(unquote(user) or None, unquote(password) if colon else None) if at else Login()
    return Login(named.user or options.get("username"), named.password or options.get("password")), places


_Where = tuple[tuple[tuple[str, int], ...], str | None, str | None, str]


def _server(parts: SplitResult, places: str) -> _Where:
    return (_place(places, _PORT),), None, None, parts.path.strip("/")


def _socket(parts: SplitResult, places: str) -> _Where:
    if places or not parts.path.strip("/"):
        raise _Fault("has no path of a socket: unix:///path/of/the.socket")
    return (), unquote(parts.path), None, ""


def _sentinels(parts: SplitResult, places: str) -> _Where:
    master, _, db = parts.path.strip("/").partition("/")
    if not master:
        raise _Fault("does not name the master that the sentinels know")
    return tuple(_place(place, _SENTINEL_PORT) for place in places.split(",")), None, unquote(master), db


_READERS: Final = {
    "redis": _server,
    "rediss": _server,
    "unix": _socket,
    "redis+sentinel": _sentinels,
    "rediss+sentinel": _sentinels,
}


def _place(place: str, port: int) -> tuple[str, int]:
    """The host and the port of one server; `port` where none is said."""
    parts = urlsplit(f"//{place}")
    if not parts.hostname or "," in parts.hostname:
        raise _Fault("names no host")
    try:
        said = parts.port
    except ValueError:
        said = 0
    if said == 0:
        raise _Fault(f"has a port that is no number from 1 to {_LARGEST_PORT}")
    return unquote(parts.hostname), said or port


def _db(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise _Fault("has a database that is no number")
    return int(text or 0)

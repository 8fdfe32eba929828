"""The clients that ask the shared store, and what their failures mean: imported late, since it brings redis-py.

A client tries once and never waits longer than it is told; when to try again is decided by whoever asks. The words of a
server and of redis-py may quote what was sent, or came, so none of them is passed on.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Any, Final

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from synfinance_settings.record import Record
from synfinance_settings.remote.address import Address, Login
from synfinance_settings.remote.reading import MisfitError


class Fault(Record):
    """What went wrong: the code of the problem, words that read on after the name of the store, and what helps."""

    code: str
    said: str
    hint: str | None = None


def client_of(address: Address, seconds: float) -> Redis:
    """A client of the server at `address`, or of the master that its sentinels name; it connects when it is used.

    No single wait of it is longer than `seconds`. What it returns is bytes.
    """
    common = {"db": address.db, **_login(address.login), **_options(seconds)}
    tls = {"ssl": True, **_tls(address)} if address.is_tls else {}
    if address.master is not None:
        own = {**_login(address.sentinel_login), **_options(seconds), **tls}
        sentinel = Sentinel(list(address.hosts), sentinel_kwargs=own)  # type: ignore[no-untyped-call]
        master: Redis = sentinel.master_for(address.master, **common, **tls)  # type: ignore[no-untyped-call]
        return master
    if address.path is not None:
        return Redis(unix_socket_path=address.path, **common)
    host, port = address.hosts[0]
    return Redis(host=host, port=port, **common, **tls)


def _login(login: Login) -> dict[str, Any]:
    return {"username": login.user, "password": login.password}


def _options(seconds: float) -> dict[str, Any]:
    return {
        "socket_timeout": seconds,
        "socket_connect_timeout": seconds,
        "socket_keepalive": True,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,  # the same in every version of redis-py, and no greeting that an old server refuses
    }


def _tls(address: Address) -> dict[str, Any]:
    options: dict[str, Any] = dict(address.tls)
    if "ssl_check_hostname" in options:
        options["ssl_check_hostname"] = options["ssl_check_hostname"] == "true"
    return options


def fault_of(error: Exception, seconds: float) -> Fault:
    """What `error`, which a client raised, or whoever reads what it got, means."""
    if isinstance(error, MisfitError):
        return Fault("bad-store", str(error), "write that key anew, or restore the store")
    for kind, fault in _FAULTS.items():
        if isinstance(error, kind):
            return fault
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return Fault("tls-refused", "cannot be reached over TLS: no TLS there, or its certificate is not accepted")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Fault("unreachable", "cannot be reached: the name of its host is not known here", _IS_IT_UP)
    if any(isinstance(cause, TimeoutError | exceptions.TimeoutError) for cause in causes):
        return unanswered(seconds)
    reason = next((one.strerror for one in causes if isinstance(one, OSError) and one.strerror), "the connection broke")
    if isinstance(error, exceptions.ResponseError):
        return _refusal(str(error))
    if isinstance(error, exceptions.ConnectionError | OSError):
        return Fault("unreachable", f"cannot be reached: {reason}", _IS_IT_UP)
    return Fault("bad-store", f"does not answer as Redis does: {type(error).__name__}", _IS_IT_REDIS)


def unanswered(seconds: float) -> Fault:
    """What it means that there was no answer in the time that there is."""
    return Fault("unreachable", f"did not answer within {seconds:g} s", _IS_IT_UP)


def _refusal(said: str) -> Fault:
    """What the server `said` against what it was asked; of its words only which it is counts."""
    for part, fault in _REFUSALS.items():
        if part in said:
            return fault
    return Fault("bad-store", "refuses what it is asked", _IS_IT_REDIS)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """`error`, and what lies behind it."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


_IS_IT_UP: Final = "is the server up?"
_IS_IT_REDIS: Final = "is it Redis 7 or newer that listens there?"
_NO_RIGHTS: Final = Fault("refused-login", "does not let this user do that", "which rights one needs: fleet.md")

_FAULTS: Final[dict[type[Exception], Fault]] = {
    exceptions.AuthenticationError: Fault("refused-login", "does not accept the user or the password"),
    exceptions.NoPermissionError: _NO_RIGHTS,
    exceptions.BusyLoadingError: Fault("unreachable", "is still loading its data"),
    exceptions.MovedError: Fault(
        "bad-store", "is a node of a cluster that has other keys", "name the node that has them"
    ),
    exceptions.MasterDownError: Fault("unreachable", "has lost its master", _IS_IT_UP),
    exceptions.OutOfMemoryError: Fault("bad-store", "takes no changes: it is out of memory"),
    exceptions.ReadOnlyError: Fault("bad-store", "takes no changes: it is a replica", "name the master of it"),
    MasterNotFoundError: Fault("unreachable", "cannot be reached: no sentinel knows a master that is up", _IS_IT_UP),
    exceptions.InvalidResponse: Fault("bad-store", "does not answer as Redis does", _IS_IT_REDIS),
}

_REFUSALS: Final = {
    "ACL failure": _NO_RIGHTS,
    "The user executing the script can't": _NO_RIGHTS,
    "NOPERM": _NO_RIGHTS,
    "NOAUTH": _FAULTS[exceptions.AuthenticationError],
    "WRONGPASS": _FAULTS[exceptions.AuthenticationError],
    "unknown command": Fault("bad-store", "does not know a command that it is asked", _IS_IT_REDIS),
    "MISCONF": Fault("bad-store", "takes no changes: it cannot save them"),
    "DB index": Fault("bad-store", "has no database of this number"),
}
"""Parts of what Redis says, the first that is found counts."""

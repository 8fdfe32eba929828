"""Asks a server or the machine one question, in a process that ends in time whatever answers.

A name may be looked up for minutes, a server may drip, or send without end: so the question is asked by a program of
its own, which an alarm ends and which has little memory. The question comes as JSON on stdin, since it holds a secret;
the answer goes as JSON to stdout, and none of the words of a server are in it: a version in digits, or the name of a
failure out of those below. Nothing of the package is imported.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import socket
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final
from urllib.parse import unquote, urlsplit

_MEMORY: Final = 1 << 30  # bytes that the drivers and an answer may take
_DIALECT: Final = re.compile(r"^(postgres(?:ql)?)\+[a-z0-9_]+://")  # as SQLAlchemy names a driver
_VERSION: Final = re.compile(r"[0-9]{1,4}(\.[0-9]{1,6}){1,3}")

Question = dict[str, Any]
Answer = dict[str, Any]

_SAID_BY_POSTGRES: Final = {
    "no password supplied": "password",
    "password authentication failed": "password",
    "authentication failed": "password",
    "pg_hba.conf": "not-let-in",
    "is not permitted to log in": "not-let-in",
    "permission denied": "not-let-in",
    "is not currently accepting": "not-let-in",
    'database "': "no-database",
    'role "': "no-role",
    "too many c": "full",
    "connection slots": "full",
    "starting up": "starting",
    "shutting down": "starting",
    "recovery mode": "starting",
    "does not support SSL": "no-tls",
    "certificate": "certificate",
    "No such file or directory": "no-socket",
}
"""Parts of what libpq says, the first that is found counts; it has no other way to tell why a connection failed."""

_RAISED_BY_REDIS: Final = {
    "AuthenticationError": "password",
    "NoPermissionError": "not-let-in",
    "BusyLoadingError": "starting",
    "MaxClientsError": "full",
    "InvalidResponse": "odd",
    "ConnectionError": "odd",
    "ResponseError": "refused-command",
}


def main() -> None:
    """Answer the question on stdin; `seconds` of it is all the time that there is, without the imports."""
    question = json.load(sys.stdin)
    try:
        ask = _ASKERS[question["about"]]()
    except ImportError:
        answer = {"failure": "no-driver"}
    else:
        most = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY if most == resource.RLIM_INFINITY else most, most))
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_REAL, question["seconds"])
        answer = ask(question)
    json.dump(answer, sys.stdout)


def _postgres() -> Callable[[Question], Answer]:
    import psycopg

    names = {"host": "host", "port": "port", "user": "user", "password": "password", "database": "dbname"}

    def ask(question: Question) -> Answer:
        if failure := _unreachable(question, 5432):
            return failure
        said = {"sslmode": question["tls"]} if "tls" in question else {}
        if "url" not in question:
            said |= {name: str(question[role]) for role, name in names.items() if role in question}
        url = _DIALECT.sub(r"\1://", question.get("url", ""))
        try:
            with psycopg.connect(url, autocommit=True, **said) as connection:
                found = connection.info.server_version
        except psycopg.Error as error:
            return {"failure": failure_of_postgres(str(error))}
        return {"version": f"{found // 10000}.{found % 10000}"}

    return ask


def _redis() -> Callable[[Question], Answer]:
    import redis

    names = {"host": "host", "port": "port", "user": "username", "password": "password", "database": "db", "tls": "ssl"}

    def ask(question: Question) -> Answer:
        if failure := _unreachable(question, 6379):
            return failure
        said = {name: question[role] for role, name in names.items() if role in question}
        try:
            with redis.Redis.from_url(question["url"]) if "url" in question else redis.Redis(**said) as client:
                client.ping()
                version = str(_told_by(client).get("redis_version"))
        except redis.RedisError as error:
            return {"failure": failure_of_redis(error)}
        return {"version": version if _VERSION.fullmatch(version) else ""}

    def _told_by(client: redis.Redis) -> Any:
        try:
            return client.info("server")
        except redis.exceptions.NoPermissionError:  # may ping and no more, which is all that a cache needs
            return {}

    return ask


def failure_of_postgres(said: str) -> str:
    """The name of the failure that libpq tells of in these words."""
    return next((name for part, name in _SAID_BY_POSTGRES.items() if part in said), "odd")


def failure_of_redis(error: Exception) -> str:
    """The name of the failure that redis-py raised."""
    raised = [kind.__name__ for kind in type(error).__mro__]
    return next((_RAISED_BY_REDIS[name] for name in raised if name in _RAISED_BY_REDIS), "odd")


def _http() -> Callable[[Question], Answer]:
    """Connect, with TLS where the URL says so, and send nothing: what is asked for might do something."""
    import ssl

    def ask(question: Question) -> Answer:
        is_secure = question.get("url", "").lower().startswith("https:")
        place = _place(question, 443 if is_secure else 80)
        if isinstance(place, dict):
            return place
        try:
            with socket.create_connection(place) as connection:
                if is_secure:
                    ssl.create_default_context().wrap_socket(connection, server_hostname=place[0]).close()
        except ssl.SSLCertVerificationError:
            return {"failure": "certificate"}
        except ssl.SSLError:
            return {"failure": "no-tls"}
        except (OSError, ValueError) as error:
            return _failure(error)
        return {}

    return ask


def _connect() -> Callable[[Question], Answer]:
    return lambda question: _unreachable(question) or {}


def _port() -> Callable[[Question], Answer]:
    return lambda question: _taken(question["host"], question["port"]) or {}


def _taken(host: str | None, port: int) -> Answer | None:
    """Why `port` cannot be listened on; None where it can."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except (OSError, ValueError) as error:
        return _failure(error)
    return None


def _unreachable(question: Question, port: int | None = None) -> Answer | None:
    """Why no connection comes about; None where one does, and for a server that is found by a socket's folder."""
    place = _place(question, port)
    if isinstance(place, dict):
        return place
    if place[0].startswith("/") or not place[0]:
        return None
    try:
        socket.create_connection(place).close()
    except (OSError, ValueError) as error:
        return _failure(error)
    return None


def _place(question: Question, port: int | None) -> tuple[str, int] | Answer:
    """Host and port, `port` where none is said; the host is empty where it is left to the driver."""
    host, said = question.get("host"), question.get("port")
    if host is None:
        try:
            found = urlsplit(question["url"])
            host, said = unquote(found.hostname or ""), found.port
        except ValueError:
            return {"failure": "no-host"}
    return (str(host), int(said or port or 0)) if said or port else {"failure": "no-port"}


def _failure(error: OSError | ValueError) -> Answer:
    """A failure in the words of this machine, not of another one."""
    if isinstance(error, socket.gaierror | ValueError):
        return {"failure": "no-host"}
    return {"failure": "system", "said": os.strerror(error.errno or 0)}


def _rights() -> Callable[[Question], Answer]:
    """Become the user for good, and see what may be done with each path: as one who is not root sees it."""

    def ask(question: Question) -> Answer:
        name, uid, gid = question["user"]
        try:
            if os.geteuid() == 0:
                os.initgroups(name, gid)
                os.setresgid(gid, gid, gid)
                os.setresuid(uid, uid, uid)
        except OSError as error:
            return _failure(error)
        return {"rights": {path: "".join(filter(partial(_may, path), _MODES)) for path in question["paths"]}}

    return ask


def _may(path: str, letter: str) -> bool:
    try:
        return os.access(path, _MODES[letter])
    except ValueError:  # what can be no path
        return False


_MODES: Final = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}
_ASKERS: Final = {
    "postgres": _postgres,
    "redis": _redis,
    "http": _http,
    "connect": _connect,
    "port": _port,
    "rights": _rights,
}

if __name__ == "__main__":
    main()

"""The command doctor: does what the settings name really work from here?

A check is a generator of findings; each is ok, a warning or a failure, and says what mends it. Database and cache are
reached with the very URLs that the settings give, by drivers that are extras of this package.
"""

from __future__ import annotations

import os
import shutil
import socket
import ssl
import stat
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import click

from synfinance_settings.cli import options, render
from synfinance_settings.environment import Environment
from synfinance_settings.errors import MASK, SettingsError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from synfinance_settings.layers.project import Project
    from synfinance_settings.sections.app import AppConfig

Status = Literal["ok", "warn", "fail"]

_TIMEOUT: Final = 5  # seconds that a server has to answer
_EXPIRES_SOON: Final = 30  # days
_LEAST_SECRET: Final = 12  # characters
_WEAK_WORDS: Final = ("changeme", "password", "secret", "example", "default", "admin", "test", "12345")
_STYLES: Final = {"ok": "good", "warn": "warning", "fail": "error"}


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: about what, how it stands, in words, and the command or step that mends it."""

    check: str
    status: Status
    message: str
    mend: str | None = None


@click.command(short_help="Check servers, files, ports and secrets.")
@options.environment_option
@options.strict_option
@options.format_option("text", "json")
def doctor(environment: Environment | None, strict: bool, output: str) -> None:
    """Check what the settings name: servers, TLS files, paths, ports, secrets and file modes.

    Needs the real secrets of the environment. Ends with 1 where a check fails; with --strict where one warns, too.

    \b
    synfinance-settings doctor --env production
    """
    project = options.find(environment)
    findings = list(_examined(project))
    if output == "json":
        render.echo_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            label = render.style(finding.status.ljust(4), _STYLES[finding.status])
            click.echo(f"{label}  {finding.check.ljust(10)}  {finding.message}")
            if finding.mend:
                click.echo(f"{' ' * 18}{render.style(f'mend: {finding.mend}', 'quiet')}")
    bad = ("fail", "warn") if strict else ("fail",)
    if any(finding.status in bad for finding in findings):
        raise click.exceptions.Exit(1)


def _examined(project: Project) -> Iterator[Finding]:
    """All findings; where the settings do not validate, only those that need no settings."""
    from synfinance_settings.layers.report import validate

    report = validate(project)
    yield from _files(project)
    if report.snapshot is None:
        error = SettingsError.of(report.problems)
        mend = f"synfinance-settings validate --env {project.environment}"
        yield Finding("settings", "fail", render.counted(len(error.problems), "error"), mend)
        for name in _CHECKS:
            yield Finding(name, "warn", "not checked: the settings do not validate", mend)
        return
    warned = f", {render.counted(len(report.warnings), 'warning')}" if report.warnings else ""
    yield Finding("settings", "ok", f"{project.environment} validates{warned}")
    for name, check in _CHECKS.items():
        try:
            yield from check(report.snapshot.config)
        except (OSError, ValueError) as error:  # a host or a path that validates and still is none
            said = f"cannot be checked: {type(error).__name__}"
            yield Finding(name, "fail", said, f"synfinance-settings show --env {project.environment}")


def _database(config: AppConfig) -> Iterator[Finding]:
    """Connect to PostgreSQL as the service would, and ask for its version."""
    try:
        import psycopg
    except ImportError:
        mend = "pip install 'synfinance-settings[postgres]'"
        yield Finding("database", "warn", "not checked: psycopg is missing", mend)
        return
    where = f"{config.database.user}@{config.database.host}:{config.database.port}/{config.database.name}"
    try:
        with psycopg.connect(
            config.database.url, connect_timeout=_TIMEOUT, sslmode=config.database.ssl_mode
        ) as connection:
            found = connection.info.server_version
    except psycopg.Error as error:
        said = _first_line(error, config.database.password)
        yield Finding("database", "fail", f"{where}: {said}", _database_mend(said))
    else:
        yield Finding("database", "ok", f"{where} answers, PostgreSQL {found // 10000}.{found % 10000}")


def _database_mend(said: str) -> str:
    if "authentication" in said or "password" in said:
        return "check database.user and database.password (SYNFINANCE_DB_PASSWORD)"
    if "does not exist" in said:
        return "create the database or role, or correct database.name and database.user"
    return "start the server, or correct database.host, database.port and database.ssl_mode"


def _cache(config: AppConfig) -> Iterator[Finding]:
    """Ping Redis as the service would."""
    if not config.cache.enabled or config.cache.backend == "memory":
        yield Finding("cache", "ok", "in memory" if config.cache.enabled else "switched off")
        return
    try:
        import redis
    except ImportError:
        yield Finding("cache", "warn", "not checked: redis is missing", "pip install 'synfinance-settings[redis]'")
        return
    where = f"{config.cache.host}:{config.cache.port}/{config.cache.db}"
    client = redis.Redis.from_url(config.cache.url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
    try:
        client.ping()
        version = client.info("server")["redis_version"]
    except redis.AuthenticationError as error:
        mend = "check cache.password (SYNFINANCE_REDIS_PASSWORD)"
        yield Finding("cache", "fail", f"{where}: {_first_line(error, config.cache.password)}", mend)
    except redis.RedisError as error:
        mend = "start the server, or correct cache.host, cache.port and cache.db"
        yield Finding("cache", "fail", f"{where}: {_first_line(error, config.cache.password)}", mend)
    else:
        yield Finding("cache", "ok", f"{where} answers, Redis {version}")
    finally:
        client.close()


def _first_line(error: Exception, secret: SecretStr | None) -> str:
    """What a driver says, in one line, and never the secret."""
    said = " ".join(str(error).split())
    value = secret.get_secret_value() if secret else ""
    if not said or "://" in said or "percent-encoded" in said:  # the URL itself, as libpq repeats it
        return type(error).__name__
    return said.replace(value, MASK) if value else said


def _tls(config: AppConfig) -> Iterator[Finding]:
    """Make a connection in memory with the certificate and its key: they must fit, and the days left are read off."""
    security = config.security
    if not security.ssl_enabled:
        yield Finding("tls", "ok", "switched off; something in front must speak it")
        return
    certificate, key = str(security.ssl_cert_path), str(security.ssl_key_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        server.load_cert_chain(certificate, key, password="")
    except FileNotFoundError:
        missing = certificate if not Path(certificate).exists() else key
        mend = "correct security.ssl_cert_path and security.ssl_key_path"
        yield Finding("tls", "fail", f"{missing} does not exist", mend)
        return
    except OSError as error:
        mismatch = "KEY_VALUES_MISMATCH" in str(error)
        said = "the key does not belong to the certificate" if mismatch else f"cannot be loaded: {error}"
        yield Finding("tls", "fail", f"{certificate}, {key}: {said}", f"openssl x509 -noout -text -in {certificate}")
        return
    yield _expiry(server, certificate)
    mode = stat.S_IMODE(Path(key).stat().st_mode)
    if mode & 0o077:
        yield Finding("tls", "warn", f"{key} is readable by others ({mode:04o})", f"chmod 600 {key}")


def _expiry(server: ssl.SSLContext, certificate: str) -> Finding:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    mend = f"renew {certificate}"
    try:
        ends = _handshake(client, server)
    except ssl.SSLCertVerificationError as error:
        return Finding("tls", "fail", f"{certificate}: {error.verify_message}", mend)
    days = (datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) - datetime.now(UTC)).days
    return Finding(
        "tls",
        "warn" if days < _EXPIRES_SOON else "ok",
        f"{certificate} is good for {days} days",
        mend if days < _EXPIRES_SOON else None,
    )


def _handshake(client: ssl.SSLContext, server: ssl.SSLContext) -> str:
    """Connect the two in memory; the date on which the server's certificate ends."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    asking = client.wrap_bio(to_client, to_server)
    answering = server.wrap_bio(to_server, to_client, server_side=True)
    for side in (asking, answering, asking, answering):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    found = asking.getpeercert() or {}
    return str(found["notAfter"])


def _paths(config: AppConfig) -> Iterator[Finding]:
    """The folders that the service reads and writes."""
    model = Path(config.ml.model_path)
    if model.is_dir():
        yield Finding("paths", "ok", f"ml.model_path {model} is there")
    else:
        yield Finding("paths", "warn", f"ml.model_path {model} is no folder", f"mkdir -p {model}")
    if config.monitoring.log_metrics:
        folder = Path(config.monitoring.metrics_file).parent
        if os.access(folder, os.W_OK):
            yield Finding("paths", "ok", f"monitoring.metrics_file can be written in {folder}")
        else:
            yield Finding("paths", "warn", f"monitoring.metrics_file: {folder} cannot be written", f"mkdir -p {folder}")


def _ports(config: AppConfig) -> Iterator[Finding]:
    """The ports that the service listens on."""
    yield _port("server.port", config.server.host, config.server.port)
    if config.monitoring.enabled and config.monitoring.prometheus_enabled:
        yield _port("monitoring.prometheus_port", config.server.host, config.monitoring.prometheus_port)


def _port(key: str, host: str, port: int) -> Finding:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = found[0]
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return Finding(
            "ports", "warn", f"{key} {host}:{port}: {error.strerror or error}", f"ss -ltnp 'sport = :{port}'"
        )
    return Finding("ports", "ok", f"{key} {host}:{port} is free")


def _secrets(config: AppConfig) -> Iterator[Finding]:
    """Whether the secrets that are in use can be guessed."""
    used = dict(_used_secrets(config))
    weak = {key: said for key, secret in used.items() if (said := _weakness(secret.get_secret_value()))}
    for key, said in weak.items():
        yield Finding("secrets", "warn", f"{key} {said}", _stronger(key))
    if not weak:
        yield Finding("secrets", "ok", f"{render.counted(len(used), 'secret')} in use, none of them weak")


def _stronger(key: str) -> str:
    """How a weak secret is replaced: one of ours by a new one, a server's own on the server first."""
    from synfinance_settings.sections.variables import VARIABLES_OF

    variable = VARIABLES_OF[key.partition(",")[0]][-1]
    if key.startswith("security."):
        return f"{variable}=$(python -c 'import secrets; print(secrets.token_urlsafe(32))')"
    return f"change it on the server, and set {variable} or {variable}_FILE"


def _used_secrets(config: AppConfig) -> Iterator[tuple[str, SecretStr]]:
    security = config.security
    yield "database.password", config.database.password
    if config.cache.password is not None and config.cache.backend == "redis":
        yield "cache.password", config.cache.password
    if security.jwt_enabled:
        yield "security.jwt_secret", security.jwt_secret
    if security.api_key_enabled:
        yield from ((f"security.api_keys, item {number}", key) for number, key in enumerate(security.api_keys, 1))


def _weakness(value: str) -> str | None:
    if not value:
        return "is empty"
    if len(value) < _LEAST_SECRET:
        return f"is shorter than {_LEAST_SECRET} characters"
    if len(set(value)) < 5:
        return "repeats a few characters"
    if any(word in value.lower() for word in _WEAK_WORDS):
        return "holds a word that is tried first"
    return None


def _files(project: Project) -> Iterator[Finding]:
    """Modes of the layer files and of ``.env``, and whether git would take ``.env`` along."""
    from synfinance_settings.layers.sources import read_sources

    sources = read_sources(project)
    paths = [path for path, content in sources.contents.items() if content.exists]
    bad = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o022]
    for path in bad:
        name = project.name(path)
        yield Finding("files", "fail", f"{name} can be written by others", f"chmod go-w {name}")
    if not bad:
        yield Finding("files", "ok", f"{render.counted(len(paths), 'file')}, none writable by others")
    for path in [project.env_file, *(content.path for content in sources.secrets.values())]:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o044:
            name = project.name(path)
            yield Finding("files", "warn", f"{name} can be read by others", f"chmod 600 {name}")
    if project.env_file.exists():
        yield from _ignored_by_git(project)


def _ignored_by_git(project: Project) -> Iterator[Finding]:
    """Whether git would take ``.env`` along; nothing outside a repository."""
    git = shutil.which("git")
    if git is None:
        return
    name = project.name(project.env_file)
    call = [git, "-C", str(project.env_file.parent), "check-ignore", "-q", project.env_file.name]
    asked = subprocess.run(call, capture_output=True, check=False, timeout=_TIMEOUT)
    if asked.returncode == 1:
        yield Finding("files", "fail", f"git does not ignore {name}", f"echo {project.env_file.name} >> .gitignore")
    elif asked.returncode == 0:
        yield Finding("files", "ok", f"git ignores {name}")


_CHECKS: Final[dict[str, Callable[[AppConfig], Iterator[Finding]]]] = {
    "database": _database,
    "cache": _cache,
    "tls": _tls,
    "paths": _paths,
    "ports": _ports,
    "secrets": _secrets,
}

commands: Final = (doctor,)

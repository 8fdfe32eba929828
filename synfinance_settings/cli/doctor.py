"""The command doctor: does what the settings name really work from here?

A check is a generator of findings; each is ok, a warning or a failure, and says what mends it. Database and cache are
reached with the very URLs that the settings give, by drivers that are extras of this package, in processes of their
own (`probe`) that end in time. What a server says is never shown: it is sorted into a failure that has words here.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import ssl
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import click

from synfinance_settings.cli import options, program, render
from synfinance_settings.errors import SettingsError, counted, number_of
from synfinance_settings.foreign import pasted, printable

if TYPE_CHECKING:
    from pydantic import SecretStr

    from synfinance_settings.layers.project import Project
    from synfinance_settings.probing import probe
    from synfinance_settings.sections.app import AppConfig

Status = Literal["ok", "warn", "fail"]
Answers = Mapping[str, "probe.Answer"]

_PROBE: Final = Path(__file__).parents[1] / "probing" / "probe.py"
_BACKSTOP: Final = 60  # seconds for a process to come up, import its driver and end by its own alarm
_EXPIRES_SOON: Final = 30  # days
_LEAST_SECRET: Final = 12  # characters
_WEAK_WORDS: Final = ("changeme", "password", "secret", "example", "default", "admin", "test", "12345")
_STYLES: Final = {"ok": "good", "warn": "warning", "fail": "error"}
_PLAIN: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]*")
_LONGEST: Final = 1000  # characters that a finding says
_MARGIN: Final = 18  # columns before what a finding says

_FAILURES: Final = {
    "no-host": "the host name is not known",
    "timeout": "no answer in time",
    "odd": "what answers there is no {server}, or broke off",
    "password": "password authentication failed",
    "not-let-in": "the server does not let this user in from here",
    "no-database": "the database does not exist",
    "no-role": "the role does not exist",
    "full": "the server has no connection left",
    "starting": "the server is starting or stopping",
    "no-tls": "the server does not speak SSL",
    "certificate": "the certificate of the server was not accepted",
    "no-socket": "no server listens on that socket",
    "refused-command": "the server refused a command",
}
"""What the failures of a probe mean; ``system`` brings the words of this machine along."""


class Command(str):
    """A mend that can be pasted into a shell, on one line at any width."""

    __slots__ = ()

    @classmethod
    def of(cls, *words: object) -> Command | None:
        """The words quoted for a shell; None where one of them is not what it looks like."""
        command = pasted(*words)
        return cls(command) if command else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: about what, how it stands, in words, and the command or step that mends it."""

    check: str
    status: Status
    message: str
    mend: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message, _LONGEST))


@click.command(cls=program.Command, short_help="Check servers, files, ports and secrets.")
@options.environment_option
@options.strict_option
@click.option(
    "--timeout",
    "seconds",
    type=click.FloatRange(min=0.1, max=600),
    default=5.0,
    show_default=True,
    help="Seconds that a server, and git, has to answer.",
)
@options.format_option("text", "json")
def doctor(environment: str | None, strict: bool, seconds: float, output: str) -> None:
    """Check what the settings name: servers, TLS files, paths, ports, secrets and file modes.

    Needs the real secrets of the environment. Ends with 1 where a check fails; with --strict where one warns, too.

    \b
    {call} doctor --env {environment}
    """
    project = options.find(environment)
    findings = list(_examined(project, seconds))
    if output == "json":
        render.echo_json([asdict(finding) for finding in findings])
    else:
        _tell(findings)
    bad = ("fail", "warn") if strict else ("fail",)
    if any(finding.status in bad for finding in findings):
        raise click.exceptions.Exit(1)


def _tell(findings: list[Finding]) -> None:
    """A line or more a finding, and a last one that counts them."""
    columns, margin = render.width(), " " * _MARGIN
    for finding in findings:
        label = finding.status.ljust(4)
        head = f"{label}  {finding.check}".ljust(_MARGIN)
        first, *others = render.hanging(head, finding.message, columns)
        render.say(render.style(label, _STYLES[finding.status]), first.removeprefix(label))
        for line in others:
            render.say(line)
        if finding.mend:
            room = None if isinstance(finding.mend, Command) else columns
            for line in render.hanging(f"{margin}mend: ", finding.mend, room):
                render.say(render.style(line, "quiet"))
    stati = [finding.status for finding in findings]
    failed, warned, good = (stati.count(status) for status in ("fail", "warn", "ok"))
    render.say(f"{failed} failed, {counted(warned, 'warning')}, {good} ok")


def _examined(project: Project, seconds: float) -> Iterator[Finding]:
    """All findings; where the settings do not validate, only those that need no settings."""
    from synfinance_settings.layers.trial import validate

    report = validate(project)
    yield from _files(project, seconds)
    if report.snapshot is None:
        error = SettingsError.of(report.problems)
        said = f"{counted(number_of(error.problems), 'error')}; not checked without settings: {', '.join(_CHECKS)}"
        mend = _call("validate", "--env", project.environment)
        yield Finding("settings", "fail", said, mend)
        return
    warned = f", {counted(number_of(report.warnings), 'warning')}" if report.warnings else ""
    yield Finding("settings", "ok", f"{project.environment} validates{warned}")
    config = report.snapshot.config
    answers = _answers(_questions(config), seconds)
    for name, check in _CHECKS.items():
        try:
            yield from check(config, answers)
        except (OSError, ValueError) as error:  # a path that validates and still is none
            mend = _call("show", "--env", project.environment)
            yield Finding(name, "fail", f"cannot be checked: {type(error).__name__}", mend)


def _call(*words: str) -> Command | None:
    call = options.call(*words)
    return Command(call) if call else None


def _questions(config: AppConfig) -> dict[str, probe.Question]:
    """What is asked of servers and of this machine, each in a process of its own."""
    database, cache = config.database, config.cache
    questions: dict[str, probe.Question] = {
        "database": {
            "about": "postgres",
            "url": database.url,
            "ssl_mode": database.ssl_mode,
            "host": database.host,
            "port": database.port,
        },
        "ports": {"about": "ports", "host": config.server.host, "ports": [port for _, port in _listened_on(config)]},
    }
    if cache.enabled and cache.backend == "redis":
        questions["cache"] = {"about": "redis", "url": cache.url, "host": cache.host, "port": cache.port}
    return questions


def _answers(questions: Mapping[str, probe.Question], seconds: float) -> dict[str, probe.Answer]:
    """The answers by the names of the questions, which are asked at the same time."""
    with ExitStack() as processes:
        asked = {}
        for name, question in questions.items():
            process = processes.enter_context(_asking({**question, "seconds": seconds}))
            processes.callback(process.kill)
            asked[name] = process
        return {name: _answer(process) for name, process in asked.items()}


def _asking(question: probe.Question) -> subprocess.Popen[str]:
    """The process that answers `question`, which stands in no list of processes."""
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([sys.executable, "-P", _PROBE], text=True, **pipes)
    assert process.stdin, "it is a pipe"
    with suppress(BrokenPipeError), process.stdin as pipe:
        json.dump(question, pipe)
    process.stdin = None  # communicate would write to it
    return process


def _answer(process: subprocess.Popen[str]) -> probe.Answer:
    try:
        said, _ = process.communicate(timeout=_BACKSTOP)
    except subprocess.TimeoutExpired:
        return {"failure": "timeout"}
    if process.returncode:
        return {"failure": "timeout" if process.returncode == -signal.SIGALRM else "odd"}
    answer: probe.Answer = json.loads(said)
    return answer


def _database(config: AppConfig, answers: Answers) -> Iterator[Finding]:
    """Whether PostgreSQL lets the service in."""
    database, answer = config.database, answers["database"]
    where = f"{database.user}@{database.host}:{database.port}/{database.name}"
    mend: str | None
    match answer.get("failure"):
        case None:
            yield Finding("database", "ok", f"{where} answers, PostgreSQL {answer['version']}")
            return
        case "no-driver":
            mend = Command.of("pip", "install", "synfinance-settings[postgres]")
            yield Finding("database", "warn", "not checked: psycopg is missing", mend)
            return
        case "password":
            mend = "check database.user and database.password (SYNFINANCE_DB_PASSWORD)"
        case "no-database" | "no-role" | "not-let-in":
            mend = "create the database or role, or correct database.name and database.user"
        case _:
            mend = "start the server, or correct database.host, database.port and database.ssl_mode"
    yield Finding("database", "fail", f"{where}: {_in_words(answer, 'PostgreSQL')}", mend)


def _cache(config: AppConfig, answers: Answers) -> Iterator[Finding]:
    """Whether Redis answers the service."""
    cache = config.cache
    if "cache" not in answers:
        yield Finding("cache", "ok", "in memory" if cache.enabled else "switched off")
        return
    answer = answers["cache"]
    where = f"{cache.host}:{cache.port}/{cache.db}"
    mend: str | None
    match answer.get("failure"):
        case None:
            yield Finding("cache", "ok", f"{where} answers, Redis {answer['version']}".rstrip())
            return
        case "no-driver":
            mend = Command.of("pip", "install", "synfinance-settings[redis]")
            yield Finding("cache", "warn", "not checked: redis is missing", mend)
            return
        case "password" | "not-let-in":
            mend = "check cache.password (SYNFINANCE_REDIS_PASSWORD)"
        case _:
            mend = "start the server, or correct cache.host, cache.port and cache.db"
    yield Finding("cache", "fail", f"{where}: {_in_words(answer, 'Redis')}", mend)


def _in_words(answer: probe.Answer, server: str) -> str:
    """What a failure means, in words of ours and of this machine."""
    name = answer["failure"]
    return str(answer["said"]) if name == "system" else _FAILURES[name].format(server=server)


def _tls(config: AppConfig, answers: Answers) -> Iterator[Finding]:
    """Make a connection in memory with the certificate and its key: they must fit, and the days left are read off."""
    security = config.security
    if not security.ssl_enabled:
        yield Finding("tls", "ok", "switched off; something in front must speak it")
        return
    certificate, key = str(security.ssl_cert_path), str(security.ssl_key_path)
    for path in (certificate, key):
        if said := _unreadable(Path(path)):
            correct = "correct security.ssl_cert_path and security.ssl_key_path"
            yield Finding("tls", "fail", f"{path} {said}", correct)
            return
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        server.load_cert_chain(certificate, key, password="")
    except OSError as error:
        mismatch = "KEY_VALUES_MISMATCH" in str(error)
        said = "the key does not belong to the certificate" if mismatch else f"cannot be loaded: {error}"
        mend = Command.of("openssl", "x509", "-noout", "-text", "-in", certificate)
        yield Finding("tls", "fail", f"{certificate}, {key}: {said}", mend)
        return
    yield _expiry(server, certificate)
    mode = stat.S_IMODE(Path(key).stat().st_mode)
    if mode & 0o077:
        said = f"{key} is readable by others ({mode:04o})"
        yield Finding("tls", "warn", said, Command.of("chmod", "600", "--", key))


def _unreadable(path: Path) -> str | None:
    """Why there is nothing to read at `path`; a pipe, a device and what is far too long are not waited for."""
    from synfinance_settings.text.files import read_file

    content = read_file(path)
    if content.failure:
        return content.failure.said
    return None if content.exists else "does not exist"


def _expiry(server: ssl.SSLContext, certificate: str) -> Finding:
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    client.load_verify_locations(certificate)
    mend = "renew the certificate"
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


def _paths(config: AppConfig, answers: Answers) -> Iterator[Finding]:
    """The folders that the service reads and writes."""
    yield _folder("ml.model_path", Path(config.ml.model_path), os.R_OK | os.X_OK, "read")
    if config.monitoring.log_metrics:
        yield _folder(
            "monitoring.metrics_file", Path(config.monitoring.metrics_file).parent, os.W_OK | os.X_OK, "written"
        )


def _folder(key: str, folder: Path, access: int, done: str) -> Finding:
    """Whether a folder is there and can be read or written; where it is missing, whether it can be made."""
    name = str(folder)
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    if is_folder and os.access(folder, access):
        return Finding("paths", "ok", f"{key}: {name} can be {done}")
    if is_folder:
        mend = Command.of("chmod", "u+rwx" if access & os.W_OK else "u+rx", "--", folder)
        return Finding("paths", "warn", f"{key}: {name} cannot be {done}", mend)
    if os.path.lexists(folder):
        return Finding("paths", "warn", f"{key}: {name} is no folder", f"move it away, or correct {key}")
    above = next(parent for parent in folder.absolute().parents if os.path.lexists(parent))
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        return Finding(
            "paths", "warn", f"{key}: {name} is missing, and can be made", Command.of("mkdir", "-p", "--", folder)
        )
    said = f"{key}: {name} is missing, and cannot be made in {above}"
    return Finding("paths", "warn", said, f"make it as a user who may, or correct {key}")


def _listened_on(config: AppConfig) -> Iterator[tuple[str, int]]:
    """The ports that the service listens on, by key."""
    yield "server.port", config.server.port
    if config.monitoring.enabled and config.monitoring.prometheus_enabled:
        yield "monitoring.prometheus_port", config.monitoring.prometheus_port


def _ports(config: AppConfig, answers: Answers) -> Iterator[Finding]:
    """Whether the ports can be listened on."""
    listened_on = list(_listened_on(config))
    answer = answers["ports"]
    for (key, port), taken in zip(listened_on, answer.get("taken", [answer] * len(listened_on)), strict=True):
        where = f"{key} {config.server.host}:{port}"
        if taken is None:
            yield Finding("ports", "ok", f"{where} is free")
        elif taken["failure"] == "system":
            yield Finding("ports", "warn", f"{where}: {taken['said']}", Command.of("ss", "-ltnp", f"sport = :{port}"))
        else:
            yield Finding("ports", "fail", f"{where}: {_in_words(taken, 'port')}", "correct server.host")


def _secrets(config: AppConfig, answers: Answers) -> Iterator[Finding]:
    """Whether the secrets that are in use can be guessed."""
    used = dict(_used_secrets(config))
    weak = {key: said for key, secret in used.items() if (said := _weakness(secret.get_secret_value()))}
    for key, said in weak.items():
        yield Finding("secrets", "warn", f"{key} {said}", _stronger(key))
    if not weak:
        yield Finding("secrets", "ok", f"{counted(len(used), 'secret')} in use, none of them weak")


def _stronger(key: str) -> str:
    """How a weak secret is replaced: one of ours by a new one, a server's own on the server first."""
    from synfinance_settings.sections.variables import VARIABLES_OF

    variable = VARIABLES_OF[key.partition(",")[0]][-1]
    if key.startswith("security."):
        return Command(f"{variable}=$(python -c 'import secrets; print(secrets.token_urlsafe(32))')")
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


def _files(project: Project, seconds: float) -> Iterator[Finding]:
    """Modes of the layer files and of ``.env``, and whether git would take ``.env`` along."""
    from synfinance_settings.layers.look import look_at

    look = look_at(project)
    paths = list(look.files)
    bad = [path for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o022]
    for path in bad:
        name = project.name(path)
        yield Finding("files", "fail", f"{name} can be written by others", Command.of("chmod", "go-w", "--", name))
    if not bad:
        yield Finding("files", "ok", f"{counted(len(paths), 'file')}, none writable by others")
    for path in look.private_files:
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o044:
            name = project.name(path)
            yield Finding("files", "warn", f"{name} can be read by others", Command.of("chmod", "600", "--", name))
    if project.env_file.exists():
        yield from _ignored_by_git(project, seconds)


def _ignored_by_git(project: Project, seconds: float) -> Iterator[Finding]:
    """Whether git would take ``.env`` along; nothing outside a repository.

    The repository's own configuration can name programs to run, so git gets an empty repository of ours in its place,
    and of the other one only the files, the index and the list of exceptions.
    """
    git, path = shutil.which("git"), project.env_file.absolute()
    root = next((folder for folder in path.parents if os.path.lexists(folder / ".git")), None)
    if git is None or root is None:
        return
    name, inside = project.name(path), path.relative_to(root).as_posix()
    with tempfile.TemporaryDirectory() as ours:
        ask = partial(_asked_git, git, Path(ours), root, seconds)
        ignored = ask("check-ignore", "--no-index", "--quiet", "--", inside)
        # who does not answer one question in time is not asked another
        tracked = ask("ls-files", "--error-unmatch", "--", f":(top,literal){inside}") if ignored is not None else None
    if tracked == 0:
        yield Finding("files", "fail", f"git keeps {name}", Command.of("git", "rm", "--cached", "--", name))
    elif ignored == 1:
        is_plain = bool(_PLAIN.fullmatch(path.name))
        mend = Command(f"echo {path.name} >> .gitignore") if is_plain else "name it in .gitignore"
        yield Finding("files", "fail", f"git does not ignore {name}", mend)
    elif ignored == 0:
        yield Finding("files", "ok", f"git ignores {name}")
    else:
        yield Finding("files", "warn", f"git cannot say whether it ignores {name}", Command.of("git", "status"))


def _asked_git(git: str, ours: Path, root: Path, seconds: float, *call: str) -> int | None:
    """How git ends on a question about the files below `root`; None where it does not end in time."""
    for name in ("objects", "refs", "info"):
        (ours / name).mkdir(exist_ok=True)
    (ours / "HEAD").write_text("ref: refs/heads/main\n")
    theirs = root / ".git"
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "GIT_DIR": str(ours),
        "GIT_WORK_TREE": str(root),
        "GIT_INDEX_FILE": str(theirs / "index"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_OPTIONAL_LOCKS": "0",
    }
    options = ["-c", f"core.excludesFile={theirs / 'info' / 'exclude'}"]
    streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.run(
            [git, *options, *call], cwd=root, env=environ, timeout=seconds, check=False, **streams
        ).returncode
    except subprocess.TimeoutExpired:
        return None


_CHECKS: Final[dict[str, Callable[[AppConfig, Answers], Iterator[Finding]]]] = {
    "database": _database,
    "cache": _cache,
    "tls": _tls,
    "paths": _paths,
    "ports": _ports,
    "secrets": _secrets,
}

commands: Final = (doctor,)

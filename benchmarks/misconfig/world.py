"""The world that the shipped layers name, really there: PostgreSQL and Redis, a web server, files and a certificate.

All of it lies in one folder and goes with it. The layers are the shipped ones, line by line, with the paths of that
folder and the ports of these servers in them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from findings import VARIABLES
from mutants import FILES, SETTINGS_DIR

_PATIENCE: Final = 120  # seconds for a server to start or stop
_PLACES: Final = ("/etc/ssl/", "/var/log/")
_DATABASES: Final = ("synfinance", "synfinance_prod", "synfinance_staging", "synfinance_dev", "synfinance_test")


class World(NamedTuple):
    """Where the layers lie, the folder that their relative paths count from, and what the environment says."""

    settings_dir: Path
    root: Path
    variables: Mapping[str, str]


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """The world below `folder`, which is empty; `LookupError` names a program that is missing."""
    root = folder / "root"
    root.mkdir(parents=True)
    variables = {name: value for name, value in VARIABLES.items() if not name.endswith("__HOST")}
    with ExitStack() as servers:
        _put_files(root)
        postgres = servers.enter_context(_postgres(folder / "postgres", root, variables["SYNFINANCE_DB_PASSWORD"]))
        redis = servers.enter_context(_redis(folder, variables["SYNFINANCE_REDIS_PASSWORD"]))
        hook = servers.enter_context(_web_server())
        variables["SYNFINANCE_ALERT_WEBHOOK"] = f"http://127.0.0.1:{hook}/services/T024/B7XQ"
        _put_layers(root, {"port: 5432": f"port: {postgres}", "port: 6379": f"port: {redis}"})
        yield World(root / "settings", root, variables)


def _put_files(root: Path) -> None:
    for name in ("etc/ssl/certs", "etc/ssl/private", "var/log/synfinance", "models", "logs"):
        (root / name).mkdir(parents=True)
    for name in ("var/log/synfinance", "logs"):
        (root / name / "metrics.log").touch()
    certificate, key = root / "etc/ssl/certs/synfinance.crt", root / "etc/ssl/private/synfinance.key"
    call = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "100"]
    _run(_program("openssl"), *call, "-subj", "/CN=localhost", "-keyout", key, "-out", certificate)
    key.chmod(0o600)


def _put_layers(root: Path, ports: Mapping[str, str]) -> None:
    (root / "settings").mkdir()
    for name in FILES:
        text = SETTINGS_DIR.joinpath(name).read_text()
        for shipped, here in (*ports.items(), *((place, f"{root}{place}") for place in _PLACES)):
            text = text.replace(shipped, here)
        (root / "settings" / name).write_text(text)


@contextmanager
def _postgres(folder: Path, root: Path, password: str) -> Iterator[int]:
    """PostgreSQL with the databases of all environments, a password and TLS; its port."""
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    initdb = shutil.which("initdb") or (programs[-1] / "initdb" if programs else _program("initdb"))
    other = programs[-1] if programs else Path(initdb).parent
    owner = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    folder.mkdir()
    pair = (root / "etc/ssl/certs/synfinance.crt", root / "etc/ssl/private/synfinance.key")
    for source, name in zip(pair, ("server.crt", "server.key"), strict=True):
        shutil.copy(source, folder / name)
    (folder / "password").write_text(password)
    for path in (folder, *folder.iterdir()) if owner else ():
        shutil.chown(path, "postgres")
    port, data = _free_port(), folder / "data"
    options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
    options += f" -c ssl=on -c ssl_cert_file={folder}/server.crt -c ssl_key_file={folder}/server.key"
    login = ("-U", "postgres", "-A", "scram-sha-256", f"--pwfile={folder}/password")
    _run(*owner, initdb, "-D", data, *login, "--no-sync", cwd=folder)
    try:
        _run(*owner, other / "pg_ctl", "start", "-w", "-D", data, "-l", folder / "log", "-o", options, cwd=folder)
        for name in _DATABASES:
            where = ("-h", "127.0.0.1", "-p", str(port), "-U", "postgres")
            _run(other / "createdb", *where, name, env={**os.environ, "PGPASSWORD": password})
        yield port
    finally:
        _run(*owner, other / "pg_ctl", "stop", "-D", data, "-m", "immediate", cwd=folder)


@contextmanager
def _redis(folder: Path, password: str) -> Iterator[int]:
    """Redis with a password; its port."""
    port = _free_port()
    call = [_program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen([*call, "--requirepass", password], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert any("Ready to accept connections" in line for line in process.stdout), "it came up"
            yield port
        finally:
            process.terminate()


@contextmanager
def _web_server() -> Iterator[int]:
    """What lets everybody connect and hears nothing; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with suppress(OSError):  # it was shut down
                while True:
                    listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise LookupError(f"the world needs {name}")
    return path


def _run(*call: Any, **options: Any) -> None:
    quiet: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(list(map(str, call)), check=True, timeout=_PATIENCE, **quiet, **options)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])

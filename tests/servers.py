"""Servers of the tests' own: PostgreSQL and Redis, which ask for a password."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from patience import PATIENCE


def missing(what):
    """Skip for want of a server; where REQUIRE_SERVERS is set, as in CI, fail."""
    (pytest.fail if os.environ.get("REQUIRE_SERVERS") else pytest.skip)(f"needs {what}")


class Server(NamedTuple):
    """A server on this machine."""

    port: int
    password: str


PASSWORD = "the watchword of a server, 7f3a"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of our own that asks for a password: role ``operator``, database ``ledger``."""
    found = [shutil.which("initdb"), *sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin/initdb")))]
    programs = [Path(path).parent for path in found if path]
    if not programs:
        missing("PostgreSQL: apt-get install postgresql")
    user = ("runuser", "-u", "postgres", "--") if os.geteuid() == 0 else ()
    with _folder(user[2] if user else None) as folder:

        def run(program: str, *arguments: str) -> None:
            subprocess.run(
                [*user, programs[-1] / program, *arguments],
                check=True,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                timeout=PATIENCE,
            )

        (folder / "password").write_text(PASSWORD)
        (folder / "password").chmod(0o644)
        port, data = free_port(), f"{folder}/data"
        run("initdb", "-D", data, "-U", "operator", "-A", "scram-sha-256", f"--pwfile={folder}/password", "--no-sync")
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder} -c fsync=off"
        run("pg_ctl", "start", "-w", "-D", data, "-l", f"{folder}/log", "-o", options)
        try:
            yield Server(port, PASSWORD)
        finally:
            run("pg_ctl", "stop", "-D", data, "-m", "immediate")


@pytest.fixture(scope="session")
def redis_server() -> Iterator[Server]:
    """A Redis of our own that asks for a password."""
    program = shutil.which("redis-server")
    if program is None:
        missing("Redis: apt-get install redis-server")
    port = free_port()
    with _folder() as folder:
        call = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        process = subprocess.Popen(
            [*call, "--requirepass", PASSWORD.replace(" ", "_")], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout
        assert any("Ready to accept connections" in line for line in process.stdout), "it came up"
        yield Server(port, PASSWORD.replace(" ", "_"))
        process.terminate()
        process.communicate(timeout=PATIENCE)


@contextmanager
def _folder(owner: str | None = None) -> Iterator[Path]:
    """A folder with a short name, as sockets need it, that `owner` may use."""
    with tempfile.TemporaryDirectory() as name:
        if owner:
            shutil.chown(name, owner)
        yield Path(name)

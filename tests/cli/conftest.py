"""What the tests of the admin commands share: a state folder of their own, what stands in a folder, and servers."""

from __future__ import annotations

import os
import pty
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result
from patience import PATIENCE

from synfinance_settings.cli.group import group

Files = dict[str, tuple[int, bytes]]


def files_below(root: Path) -> Files:
    """Every file below `root`: its mode and content."""
    return {
        str(path.relative_to(root)): (path.stat().st_mode, path.read_bytes())
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


class Desk:
    """Where an operator sits: the commands, with the settings of a project and a state folder of its own."""

    def __init__(self, project) -> None:
        self.root = project.root
        self.settings = project.settings
        self.state = project.root / "state"

    def run(self, *arguments: str, input: str | None = None, **variables: str) -> Result:
        """A command in this process."""
        others = {
            name: None for name in os.environ if name.startswith("SYNFINANCE_") or name.endswith(("_COLOR", "COLUMNS"))
        }
        return CliRunner(env={**others, **self._ours, **variables}).invoke(group, arguments, input=input)

    def done(self, *arguments: str, **options: str) -> Result:
        """A command that must go well."""
        result = self.run(*arguments, **options)
        assert result.exit_code == 0, result.output
        return result

    def start(
        self, *arguments: str, before: tuple[str, ...] = (), stdin: int = subprocess.DEVNULL, **variables: str
    ) -> subprocess.Popen[str]:
        """A command in a process of its own; `before` stands before it."""
        return subprocess.Popen(
            [*before, sys.executable, "-m", "synfinance_settings", *arguments],
            cwd=self.root,
            env={"PATH": os.environ["PATH"], "HOME": str(self.root), "LANG": "C.UTF-8", **self._ours, **variables},
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def asked(self, answer: str, *arguments: str) -> tuple[int, str]:
        """A command at a terminal, where a person types `answer`: its exit code and what it said on stderr."""
        person, terminal = pty.openpty()
        process = self.start(*arguments, stdin=terminal)
        os.write(person, f"{answer}\n".encode())
        said = process.communicate(timeout=PATIENCE)[1]
        os.close(person)
        os.close(terminal)
        return process.returncode, said

    def text(self, name: str) -> str:
        """The text of a layer, line ends as they are."""
        return (self.settings / f"{name}.yaml").read_bytes().decode()

    @property
    def _ours(self) -> dict[str, str]:
        return {"SYNFINANCE_SETTINGS_DIR": str(self.settings), "SYNFINANCE_STATE_DIR": str(self.state)}


def missing(what):
    """Skip for want of a server; where REQUIRE_SERVERS is set, as in CI, fail."""
    (pytest.fail if os.environ.get("REQUIRE_SERVERS") else pytest.skip)(f"needs {what}")


@pytest.fixture
def desk(project) -> Desk:
    """The commands for a project with empty default and development layers."""
    return Desk(project)


@pytest.fixture
def shipped_desk(shipped) -> Desk:
    """The commands for a project with the layers that the checkout ships."""
    return Desk(shipped)


@pytest.fixture
def nothing_written(tmp_path: Path):
    """Check at the end that no file below the project changed, its state folder too."""
    before: list[Files] = []

    def watch() -> Callable[[], None]:
        before.append(files_below(tmp_path))
        return lambda: None

    yield watch
    assert before, "the test says when to begin"
    assert files_below(tmp_path) == before[0]


class Server(NamedTuple):
    """A server on this machine."""

    port: int
    password: str


PASSWORD = "the password of a server, 7f3a"


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

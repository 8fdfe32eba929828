"""A Redis server of a test's own, which it may stop, kill, pause and start again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from patience import PATIENCE
from redis import Redis


class RedisProcess:
    """A server at a free port of this machine, with more `options`; what is in it lasts until it stops, or is saved."""

    def __init__(self, folder: Path, *options: str) -> None:
        self._folder = folder
        self._options = options
        self._process: subprocess.Popen[str] | None = None
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]

    @property
    def client(self) -> Redis:
        return Redis(port=self.port, socket_timeout=PATIENCE)

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            absent = pytest.fail if os.environ.get("REQUIRE_SERVERS") else pytest.skip
            absent("needs Redis: apt-get install redis-server")
        call = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder)]
        self._process = subprocess.Popen([*call, *self._options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert any("Ready to accept connections" in line for line in self._process.stdout), "it came up"

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=PATIENCE)
            self._process = None

    def kill(self) -> None:
        """End it as a crash does: what was not saved is gone."""
        assert self._process
        self._process.kill()
        self.stop()

    def pause(self) -> None:
        """Let it hang: it takes connections, and answers nobody."""
        assert self._process
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self._process
        self._process.send_signal(signal.SIGCONT)

    def save(self) -> None:
        """Keep what is in it now for each later start."""
        self.client.save()

    def forget(self) -> None:
        """Keep nothing for later starts."""
        (self._folder / "dump.rdb").unlink(missing_ok=True)

"""A Redis server of a test's own, which it may stop and start again."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from patience import PATIENCE
from redis import Redis


class RedisProcess:
    """A server at a free port of this machine; what is in it lasts until it stops."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
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
        self._process = subprocess.Popen(call, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        assert any("Ready to accept connections" in line for line in self._process.stdout), "it came up"

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.communicate(timeout=PATIENCE)
            self._process = None

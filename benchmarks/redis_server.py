"""A Redis server of the benchmark's own, on a free port of this machine, with a folder of its own."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path
from typing import Final, Self

PROGRAM: Final = shutil.which("redis-server")
"""Where the server is, None on a machine without it."""

MISSING: Final = "Left out for want of redis-server: apt-get install redis-server"


class RedisServer:
    """A server that keeps nothing on disk, with more `options`; it runs until it is stopped, or its context ends."""

    def __init__(self, folder: Path, *options: str) -> None:
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            self.port: int = listener.getsockname()[1]
        folder.mkdir()
        call = [PROGRAM or "redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self._process = subprocess.Popen([*call, "--dir", str(folder), *options], stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        if not any("Ready to accept connections" in line for line in self._process.stdout):
            raise RuntimeError(f"redis-server ended with {self._process.wait()}")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """End it, unless it has ended."""
        self._process.terminate()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

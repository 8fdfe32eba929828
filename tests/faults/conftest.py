"""Where commands run whose system calls fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from striking import Bench


@pytest.fixture(scope="session")
def bench() -> Iterator[Bench]:
    """Where commands run whose system calls fail; in memory where that can be, since they sync a lot."""
    strace = shutil.which("strace")
    if strace is None or subprocess.run([strace, "-o", "/dev/null", "true"], check=False).returncode:
        lacking = "needs strace (apt-get install strace), and leave to trace"
        (pytest.fail if os.environ.get("REQUIRE_SERVERS") else pytest.skip)(lacking)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        bench = Bench(Path(folder), strace)
        yield bench
        bench.close()

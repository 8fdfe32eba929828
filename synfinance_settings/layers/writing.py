"""Writing a file whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from synfinance_settings.errors import LayerError, Origin, Problem, printable

_NEW_FILE_MODE = 0o644
_SUFFIX = ".tmp"


def write_atomically(path: Path, data: bytes, mode: int | None = None) -> None:
    """Put `data` at `path`: whoever looks sees the old content or the new, also after a crash.

    A symbolic link stays, and what it points to is replaced. `mode` is the mode of the file, by default the one it
    has, else 0644 less the umask. Raises `LayerError` where the folder cannot be written.
    """
    try:
        _write(Path(os.path.realpath(path)), data, mode)
    except OSError as error:
        fault = error.strerror
    except ValueError:
        fault = "it is no path"
    else:
        return
    raise LayerError(
        Problem("unwritable", f"{printable(str(path))} cannot be written: {fault}", origin=Origin(str(path)))
    )


def remove_leftovers(path: Path) -> None:
    """Remove what an interrupted write to `path` left; only for the one who holds the lock on its folder."""
    real = Path(os.path.realpath(path))
    for leftover in real.parent.glob(f".{real.name}.*{_SUFFIX}"):
        leftover.unlink(missing_ok=True)


def _write(path: Path, data: bytes, mode: int | None) -> None:
    if mode is None:
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
        except FileNotFoundError:
            mode = _NEW_FILE_MODE & ~_umask()
    descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=_SUFFIX, dir=path.parent)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _umask() -> int:
    """The umask of this process, read without changing it."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("Umask:"):
            return int(line.split()[1], 8)
    return 0o022

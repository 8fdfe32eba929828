"""Which file systems say by themselves, and at once, that a file has changed: those that no other machine writes to.

One that is shared over a network may say for a minute what it said before, whoever asks it. Nor is it known what one
says that a program makes.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

_OF_THIS_MACHINE: Final = frozenset(("btrfs", "overlay", "ramfs", "tmpfs", "zfs"))
"""Those that are on no disk of their own: containers are on them, and the secrets of Kubernetes."""

_MOUNTS: Final = Path("/proc/self/mountinfo")


def says_changes(folder: Path) -> bool:
    """Whether the file system does that `folder` is on, or would be; false where that is not known."""
    for place in (folder, *folder.parents):
        try:
            return _says_changes(os.stat(place).st_dev)  # noqa: PTH116 - of many paths
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError):
            break
    return False


@cache
def _says_changes(device: int) -> bool:
    """That of a disk does, whose number has a major part; others are looked up by their type (proc(5))."""
    if sys.platform != "linux":
        return False
    major, minor = os.major(device), os.minor(device)
    return major != 0 or _type_of(f"{major}:{minor}") in _OF_THIS_MACHINE


def _type_of(number: str) -> str | None:
    """What kind is mounted under `number`, written as the system does."""
    with suppress(OSError):
        for line in _MOUNTS.read_text(errors="replace").splitlines():
            mount, _, source = line.partition(" - ")  # its third word is the number, and the first after is the type
            if mount.split()[2:3] == [number]:
                return source.partition(" ")[0]
    return None

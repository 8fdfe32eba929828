"""Who could have written what lies at a path: the one rule for what a search may find.

A folder that was named, by an argument or a variable, is not asked about: whoever named it trusts it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why `path` does not count, and what would mend it; both read on after the path's name."""

    path: Path
    reason: str
    mend: str

    def __str__(self) -> str:
        return f"{self.path} is passed over: {self.reason}"


def trusted_users() -> frozenset[int]:
    """Those who may say what a process of this user does: root and the user."""
    return frozenset((0, os.getuid()))


def owner(path: Path) -> int:
    """The user whom `path`, or what it links to, belongs to."""
    return path.stat().st_uid


def distrust(path: Path, users: Collection[int]) -> Distrust | None:
    """Why somebody other than `users` could have written `path`, or what is in it; None where nobody could."""
    found = path.stat()
    if found.st_uid not in users:
        return Distrust(path, f"it belongs to another user (uid {found.st_uid})", f"chown it to uid {os.getuid()}")
    if found.st_mode & stat.S_IWOTH:
        return Distrust(path, f"others may write to it (mode {stat.S_IMODE(found.st_mode):04o})", f"chmod o-w {path}")
    return None

"""Whether others could have put something at a path: the one rule for folders and files that must be ours alone.

Trusted are root and the user of this process. What others can write they could have filled, and a folder above it that
others can write they could have put in its place, unless it is sticky, as ``/tmp`` is: there only the owner of an entry
moves it. A link counts as its owner's word.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Final

from synfinance_settings.errors import printable

_OTHERS_WRITE: Final = 0o022
_MOST_LINKS: Final = 40


@dataclass(frozen=True, slots=True)
class Distrust:
    """Why a path is not trusted, and what mends it."""

    said: str
    mend: str


def distrusted_folder(folder: Path) -> Distrust | None:
    """Why others could have put what lies in `folder`, or `folder` itself; None where they could not.

    A folder that does not exist yet is judged by those above it. Raises `OSError` where it cannot be looked at.
    """
    for path, found, is_above in _steps(folder.absolute()):
        if stat.S_ISLNK(found.st_mode):
            distrust = _foreign(path, found, "is a link of")
        else:
            distrust = _foreign(path, found, "belongs to") or _writable(path, found, is_above=is_above)
        if distrust is not None:
            return distrust
    return None


def distrusted_file(path: Path, found: os.stat_result) -> Distrust | None:
    """Why others could have written the file at `path`, which is as `found`; None where they could not."""
    if not stat.S_ISREG(found.st_mode):
        return Distrust(f"{_shown(path)} is no regular file", f"mv {_quoted(path)} {_quoted(path)}.not-ours")
    return _foreign(path, found, "belongs to") or _writable(path, found, is_above=False)


def _steps(path: Path) -> Iterator[tuple[Path, os.stat_result, bool]]:
    """Each folder and link on the way to `path` and behind its links, as far as they exist; true for those above."""
    here = Path(path.anchor)
    rest = list(reversed(path.parts[1:]))
    links = 0
    yield here, os.lstat(here), bool(rest)
    while rest:
        part = rest.pop()
        step = here.parent if part == ".." else here / part
        try:
            found = os.lstat(step)
        except FileNotFoundError:
            return
        yield step, found, bool(rest)
        if not stat.S_ISLNK(found.st_mode):
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = step.readlink()
        rest.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))
        here = Path(target.anchor) if target.is_absolute() else here


def _foreign(path: Path, found: os.stat_result, how: str) -> Distrust | None:
    me = os.geteuid()
    if found.st_uid in (0, me):
        return None
    return Distrust(
        f"{_shown(path)} {how} user {found.st_uid}",
        f"where you trust what it holds: chown -hR {me} {_quoted(path)}; else use another place",
    )


def _writable(path: Path, found: os.stat_result, *, is_above: bool) -> Distrust | None:
    mode = stat.S_IMODE(found.st_mode)
    if not mode & _OTHERS_WRITE or (is_above and mode & stat.S_ISVTX):
        return None
    return Distrust(f"{_shown(path)} can be written by others (mode {mode:04o})", f"chmod go-w {_quoted(path)}")


def _shown(path: Path) -> str:
    return printable(str(path))


def _quoted(path: Path) -> str:
    return printable(quote(str(path)))

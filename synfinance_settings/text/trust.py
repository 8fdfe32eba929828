"""Whether others could have put something at a path: the one rule for all that was not named but found.

Trusted are root and the user of this process. What others can write they could have filled, and a folder above it that
others can write they could have put in its place, unless it is sticky, as ``/tmp`` is: there only the owner of an entry
moves it. A link counts as its owner's word. Nobody writes what is mounted to be read only.

`ours_alone` is the rule for the state folder, `ours` the one for what a search finds: a checkout may be shared with a
group, and what stands in the working directory may be its owner's, since one works where one went on purpose. A `Guard`
holds the files in a folder to it. What was named, by an argument or a variable, is trusted by whoever named it.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from synfinance_settings.foreign import pasted, printable
from synfinance_settings.record import Record

_MOST_LINKS: Final = 40


class Distrust(Record):
    """Why `path` is not trusted, in words that read on after it, and what mends that."""

    path: Path
    fault: str
    mend: str

    def __str__(self) -> str:
        return f"{printable(str(self.path))} {self.fault}"


class Trusted(Record):
    """Who may have written what counts: `users`, and nobody else that the bits `others` of a mode would let write."""

    users: frozenset[int]
    others: int
    group: int | None = None
    """The group whose files count as well, since a folder that counts lets it write."""

    def distrust(self, path: Path, status: os.stat_result, *, is_above: bool = False) -> Distrust | None:
        """Why what has `status` at `path` is not trusted; a folder that only leads to it (`is_above`) may be sticky."""
        is_link = stat.S_ISLNK(status.st_mode)
        if status.st_uid not in self.users and (self.group is None or status.st_gid != self.group):
            fault = f"{'is a link of' if is_link else 'belongs to'} user {status.st_uid}"
            return Distrust(path, fault, f"chown -hR {os.geteuid()} {_quoted(path)} if you trust what it holds")
        mode = stat.S_IMODE(status.st_mode)
        if is_link or not mode & self.others or (is_above and mode & stat.S_ISVTX) or _is_read_only(path):
            return None
        whom = "go" if self.others & stat.S_IWGRP else "o"
        return Distrust(path, f"can be written by others (mode {mode:04o})", f"chmod {whom}-w {_quoted(path)}")


class Guard(Record):
    """What holds the files in `folder` to the rule of what was found; `otherwise` says how to name them instead.

    `fault` is what is wrong with the folder itself. Whoever mounted something into it could do anything, so the owner
    of what is mounted is trusted, too.
    """

    folder: Path
    device: int
    trusted: Trusted
    otherwise: str
    fault: Distrust | None = None

    @classmethod
    def of(cls, folder: Path, status: os.stat_result, trusted: Trusted, otherwise: str) -> Guard:
        """The guard of the files in `folder`, which has `status`, where `trusted` may have written."""
        shares = status.st_mode & stat.S_IWGRP and not status.st_mode & stat.S_IWOTH
        return cls(folder, status.st_dev, trusted._replace(group=status.st_gid if shares else None), otherwise)

    def distrust(self, path: Path, status: os.stat_result) -> Distrust | None:
        """Why others could have written the file in the folder that was opened at `path` and is not a link."""
        return self.fault or _with_mounted(self.trusted, status, self.device).distrust(path, status)

    def distrusted_way(self, path: Path) -> Distrust | None:
        """Why others could have put what `path` in the folder leads to, through folders and links.

        Raises `OSError` where it cannot be looked at.
        """
        trusted, before, device = self.trusted, self.folder, self.device
        for step, status, is_above in _steps(path, self.folder):
            if step.parent == before:
                trusted = _with_mounted(trusted, status, device)
            distrust = self.fault or trusted.distrust(step, status, is_above=is_above)
            if distrust is not None:
                return distrust
            before, device = step, status.st_dev
        return None


def ours_alone() -> Trusted:
    """Root and the user of this process, and no group."""
    return Trusted(frozenset((0, os.geteuid())), stat.S_IWGRP | stat.S_IWOTH)


def ours(*owners: int) -> Trusted:
    """Root, the user of this process and `owners`, with the groups that they let write."""
    return Trusted(frozenset((0, os.geteuid(), *owners)), stat.S_IWOTH)


def distrusted_folder(folder: Path) -> Distrust | None:
    """Why others could have put what lies in `folder`, or `folder` itself; None where we alone could.

    A folder that does not exist yet is judged by those above it. Raises `OSError` where it cannot be looked at.
    """
    trusted = ours_alone()
    steps = _steps(folder.absolute())
    distrusts = (trusted.distrust(path, status, is_above=is_above) for path, status, is_above in steps)
    return next(filter(None, distrusts), None)


def distrusted_file(path: Path, status: os.stat_result) -> Distrust | None:
    """Why others could have written the file at `path`, which has `status`; None where we alone could."""
    if not stat.S_ISREG(status.st_mode):
        return Distrust(path, "is not a regular file", f"mv {_quoted(path)} {_quoted(path)}.not-ours")
    return ours_alone().distrust(path, status)


def _steps(path: Path, start: Path | None = None) -> Iterator[tuple[Path, os.stat_result, bool]]:
    """Each folder and link on the way to `path` and behind its links, as far as they exist; true for those above.

    The way begins at the root, or below the folder `start`.
    """
    here = start or Path(path.anchor)
    rest = list(reversed(path.relative_to(here).parts))
    links = 0
    if start is None:
        yield here, os.lstat(here), bool(rest)
    while rest:
        part = rest.pop()
        step = here.parent if part == ".." else here / part
        try:
            status = os.lstat(step)
        except FileNotFoundError:
            return
        yield step, status, bool(rest)
        if not stat.S_ISLNK(status.st_mode):
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path))
        target = step.readlink()
        rest.extend(reversed(target.parts[1:] if target.is_absolute() else target.parts))
        here = Path(target.anchor) if target.is_absolute() else here


def _with_mounted(trusted: Trusted, status: os.stat_result, device: int) -> Trusted:
    """`trusted` with the owner of what has `status`, where that is mounted on a folder of `device`."""
    return trusted if status.st_dev == device else trusted._replace(users=trusted.users | {status.st_uid})


def _is_read_only(path: Path) -> bool:
    """Whether `path` lies on what is mounted so that nobody can write it."""
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _quoted(path: Path) -> str:
    return pasted(path) or "PATH"  # what is not what it looks like is not offered for pasting

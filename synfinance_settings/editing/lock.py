"""The lock of a settings folder: a file in it, so that only those hold it who may write there.

The folder itself can be locked by whoever may read it, and not at all on NFS. The file says who holds it; it is made
for the lock and taken away with it, and readable by those alone who may write the folder. The lock goes with its
process, so a file that nobody holds is what a killed one left: the next takes it away and makes its own. Whoever made
the file and locked it before it was taken away holds the lock.
"""

from __future__ import annotations

import fcntl
import os
import pwd
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from synfinance_settings.editing.history import this_user
from synfinance_settings.errors import EditError, LayerError, Origin, Problem, printable

NAME: Final = ".synfinance-settings.lock"
SECONDS: Final = 10.0
"""How long an edit waits for another one unless told otherwise."""

_SILENT: Final = 1.0
_BETWEEN: Final = 0.05
_FLAGS: Final = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST: Final = 200


@contextmanager
def locked(folder: Path, command: str, wait: float, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of `folder` for `command`, waiting up to `wait` seconds; `tell` hears of it after the first one.

    Raises `EditError` where another process holds it all along, and `LayerError` where the folder cannot be written.
    """
    fault: str | None = None
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            file = _held(opened, folder, command, wait, tell)
        except BaseException:
            os.close(opened)
            raise
    except OSError as error:
        fault = error.strerror or "it cannot be opened"
    if fault:
        message = f"{printable(str(folder))} cannot be written: {fault}"
        raise LayerError(Problem("unwritable", message, origin=Origin(str(folder))))
    try:
        yield
    finally:
        _release(opened, file)


def _release(opened: int, file: int) -> None:
    """Give the lock back; where that fails, the next one takes the file away."""
    with suppress(OSError):
        os.unlink(NAME, dir_fd=opened)
    with suppress(OSError):  # closing it is not enough where a fork left it to a child as well
        fcntl.flock(file, fcntl.LOCK_UN)
    for descriptor in (file, opened):
        with suppress(OSError):
            os.close(descriptor)


def _held(opened: int, folder: Path, command: str, wait: float, tell: Callable[[str], None]) -> int:
    """The lock file of the `opened` folder, made and locked."""
    begun, is_told = time.monotonic(), False
    while True:
        file = _made(opened)
        if file is not None:
            _say(file, f"process {os.getpid()} of {this_user()}, {command}")
            return file
        holder = _holder(opened)
        waited = time.monotonic() - begun
        if holder is None:
            continue
        if waited >= wait:
            message = f"{printable(str(folder))} is being edited by {holder}"
            hint = "try again when it is done, or wait longer: --wait SECONDS"
            raise EditError(Problem("locked", message, origin=Origin(str(folder)), hint=hint))
        if waited >= _SILENT and not is_told:
            tell(f"waiting for {holder}, up to {wait:g} seconds")
            is_told = True
        time.sleep(min(_BETWEEN, wait - waited))


def _made(opened: int) -> int | None:
    """A new lock file, locked; None where there is one, or another process was quicker to lock it."""
    try:
        file = os.open(NAME, _FLAGS | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=opened)
    except FileExistsError:
        return None
    try:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.fstat(file).st_nlink:
                _share(file, os.fstat(opened))
                return file
    except BaseException:
        os.close(file)
        raise
    os.close(file)
    return None


def _share(file: int, folder: os.stat_result) -> None:
    """Let those who may write the `folder` use the lock file; others wait for it all the same."""
    others = folder.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    with suppress(OSError):
        os.fchown(file, folder.st_uid if os.geteuid() == 0 else -1, folder.st_gid)
        os.fchmod(file, 0o600 | others | others << 1)


def _holder(opened: int) -> str | None:
    """Who holds the lock; None where nobody does any more, and what was left of it is gone."""
    try:
        file = os.open(NAME, _FLAGS, dir_fd=opened)
    except FileNotFoundError:
        return None
    except PermissionError:
        return _owner(opened)
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            raise OSError(0, f"{NAME} in it is not a file")
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(file, _LONGEST, 0).decode(errors="replace")
        return printable(text) or _owner(opened)
    else:
        if os.fstat(file).st_nlink:
            os.unlink(NAME, dir_fd=opened)
        return None
    finally:
        os.close(file)


def _owner(opened: int) -> str | None:
    """Who owns a lock file that does not say who holds it."""
    try:
        user = os.stat(NAME, dir_fd=opened, follow_symlinks=False).st_uid
    except FileNotFoundError:
        return None
    try:
        return f"a process of {pwd.getpwuid(user).pw_name}"
    except KeyError:
        return f"a process of user {user}"


def _say(file: int, text: str) -> None:
    with suppress(OSError):  # a full disk hinders nobody from editing
        os.pwrite(file, text.encode(errors="backslashreplace"), 0)

"""Writing a file whole or not at all.

A temporary file beside the target is given what the old file has (owner, group, extended attributes, ACL, mode),
filled, synced and renamed. Its writer holds a lock on it that goes with the process, so one that nobody holds is what
a killed write left; the next write to the same path removes it.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from synfinance_settings.errors import LayerError, Origin, Problem, printable
from synfinance_settings.log import logger

_NEW_FILE_MODE: Final = 0o644
_MOST_LINKS: Final = 40
_LONGEST_STEM: Final = 60  # so that the temporary name stays below 255 bytes, whatever the characters
_ACL: Final = "system.posix_acl_access"
_OF_CONTENT: Final = ("security.ima", "security.evm", "security.capability")  # they vouch for the old content
_NO_ATTRIBUTES: Final = (errno.ENOTSUP, errno.ENOSYS)
_NO_SYNC: Final = (errno.EINVAL, errno.ENOTSUP)  # what file systems say that have no sync of a folder


class _RefusedWriteError(Exception):
    """The file cannot be written as it should be; the texts say why, and what helps."""

    def __init__(self, fault: str, hint: str | None = None) -> None:
        super().__init__(fault, hint)
        self.fault = fault
        self.hint = hint


def write_atomically(
    path: Path,
    data: bytes,
    mode: int | None = None,
    *,
    like_folder: bool = False,
) -> None:
    """Put `data` at `path`: whoever looks sees the old content or the new, also after a crash.

    A file that exists keeps owner, group, extended attributes and ACL, and its mode unless `mode` gives another; a new
    one has `mode`, else 0644 less the umask. In a folder that anybody may write to, a file of a third user is refused,
    who would get to read what is written. What root makes anew without a mode, or with `like_folder`, belongs to the
    owner and the group of the folder. A symbolic link stays, and what it points to is replaced; a link that somebody
    else could have planted is refused. Raises `LayerError`, with nothing changed, where it cannot be written so. Once
    the file is the new one nothing fails any more: a folder that cannot be synced is a warning in the log.
    """
    with staged(path, data, mode, like_folder=like_folder) as put:
        put()


@contextmanager
def staged(
    path: Path, data: bytes, mode: int | None = None, *, like_folder: bool = False
) -> Iterator[Callable[[], None]]:
    """What `write_atomically` does, in two steps: all is written when the block begins, and put in place by a call of
    what it is given. Where that is not called, or fails, nothing is changed and nothing left.
    """
    with _faults_told(path):
        folder, name, real = _opened_folder(path)
        try:
            with _filled(folder, name, real, data, mode, like_folder=like_folder or mode is None) as temporary:

                def put() -> None:
                    with _faults_told(path):
                        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)

                yield put
            _sync(folder, path)
        finally:
            _close(folder)


@contextmanager
def _faults_told(path: Path) -> Iterator[None]:
    """Let whatever keeps `path` from being written be a `LayerError`."""
    hint: str | None = None
    try:
        yield
    except _RefusedWriteError as refused:
        fault, hint = refused.fault, refused.hint
    except OSError as error:
        fault = error.strerror or "it cannot be opened"
    except ValueError:
        fault = "it is not a path"
    else:
        return
    message = f"{printable(str(path))} cannot be written: {fault}"
    raise LayerError(Problem("unwritable", message, origin=Origin(str(path)), hint=hint))


def _opened_folder(path: Path) -> tuple[int, str, Path]:
    """The folder that holds what `path` leads to, opened, the name in it, and the path behind all links."""
    for _ in range(_MOST_LINKS):
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            led = _link_target(folder, path)
            if led is None:
                return folder, path.name, path
        except BaseException:
            _close(folder)
            raise
        _close(folder)
        path = path.parent / led
    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def _link_target(folder: int, path: Path) -> str | None:
    """Where the link at `path` points; None where it is not a link."""
    try:
        link = os.open(path.name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return None
    try:
        status = os.fstat(link)
        if not stat.S_ISLNK(status.st_mode):
            return None
        above = os.fstat(folder)
        is_foreign = status.st_uid not in (0, os.geteuid())
        if is_foreign and (_is_planted(status, above) or not _belongs_to(path, status.st_uid)):
            raise _RefusedWriteError("it is a link that another user made, to what is not theirs", "name its target")
        return os.readlink("", dir_fd=link)
    finally:
        _close(link)


def _is_planted(status: os.stat_result, folder: os.stat_result) -> bool:
    """True for what a third user may have put into a folder of anybody's, to be given what is written there."""
    return bool(folder.st_mode & stat.S_IWOTH) and status.st_uid not in (0, os.geteuid(), folder.st_uid)


def _belongs_to(path: Path, owner: int) -> bool:
    """True where what `path` leads to is there and belongs to `owner`, who may write it without our help."""
    try:
        return path.stat().st_uid == owner
    except OSError:
        return False


@contextmanager
def _filled(folder: int, name: str, real: Path, data: bytes, mode: int | None, *, like_folder: bool) -> Iterator[str]:
    """A file in the opened `folder` that is to take the place of `name`, synced; it is gone where the block fails."""
    try:
        old = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        old = None
    if old is not None and not stat.S_ISREG(old.st_mode):
        raise _RefusedWriteError("it is not a regular file")
    above = os.fstat(folder)
    if old is not None and _is_planted(old, above):
        hint = "write another file, or remove that one first"
        raise _RefusedWriteError(f"it belongs to user {old.st_uid}, who may have put it there", hint)
    _remove_leftovers(folder, name, {os.geteuid(), above.st_uid, *([old.st_uid] if old else ())})
    wanted = mode if mode is not None or old is None else stat.S_IMODE(old.st_mode)
    file, temporary = _temporary(folder, name, _NEW_FILE_MODE if wanted is None else 0o600)
    try:
        if old is not None:
            _take_over(file, real, old, with_acl=mode is None)
        elif like_folder and os.geteuid() == 0:
            _give(file, above)
        _write_all(file, data)
        if wanted is not None:
            os.fchmod(file, wanted)
        os.fsync(file)
        yield temporary
    except BaseException:
        with suppress(OSError):  # the fault that led here is the one to tell; the next write removes it
            os.unlink(temporary, dir_fd=folder)
        raise
    finally:
        _close(file)


def _temporary(folder: int, name: str, mode: int) -> tuple[int, str]:
    """A new file beside `name`, opened and locked, and what it is called."""
    while True:
        temporary = f".{name[:_LONGEST_STEM]}.{secrets.token_hex(4)}.tmp"
        with suppress(FileExistsError):
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            file = os.open(temporary, flags, mode, dir_fd=folder)
            if _is_held(file):
                return file, temporary
            _close(file)


def _is_held(file: int) -> bool:
    """Lock our new file; False where another write has taken it for a leftover, and removes it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks, where nobody removes leftovers
    return os.fstat(file).st_nlink > 0


def _remove_leftovers(folder: int, name: str, owners: set[int]) -> None:
    """Remove what killed writes to `name` left: files of such a name that belong to `owners` and nobody holds."""
    leftover = re.compile(rf"\.{re.escape(name[:_LONGEST_STEM])}\.[a-z0-9_]{{8}}\.tmp", re.DOTALL)
    for entry in filter(leftover.fullmatch, os.listdir(folder)):
        with suppress(OSError):  # what cannot be removed now may be another time, and hinders nobody
            _remove_if_left(folder, entry, owners)


def _remove_if_left(folder: int, name: str, owners: set[int]) -> None:
    """Remove the file `name` where it belongs to `owners` and no running write holds a lock on it."""
    file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    try:
        status = os.fstat(file)
        if stat.S_ISREG(status.st_mode) and status.st_uid in owners:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            if os.path.samestat(status, os.stat(name, dir_fd=folder, follow_symlinks=False)):
                os.unlink(name, dir_fd=folder)
    finally:
        os.close(file)


def _take_over(file: int, path: Path, old: os.stat_result, *, with_acl: bool) -> None:
    """Give the new file the owner, group and extended attributes of the `old` one at `path`, its ACL among them."""
    _give(file, old)
    try:
        attributes, now = _attributes(path), _attributes(file)
        if not with_acl:
            attributes.pop(_ACL, None)
        for name, value in attributes.items():
            if now.get(name) != value:
                os.setxattr(file, name, value)
        for name in now.keys() - attributes.keys():
            if not name.startswith("security."):
                os.removexattr(file, name)
    except OSError as error:
        fault = error.strerror
    else:
        return
    raise _RefusedWriteError(f"its ACL and extended attributes cannot be kept: {fault}")


def _give(file: int, like: os.stat_result) -> None:
    """Let the file belong to the owner and the group of `like`."""
    now = os.fstat(file)
    if (now.st_uid, now.st_gid) == (like.st_uid, like.st_gid):
        return
    try:
        os.fchown(file, like.st_uid, like.st_gid)
    except OSError as error:
        fault = error.strerror
    else:
        return
    raise _RefusedWriteError(
        f"it belongs to user {like.st_uid} and group {like.st_gid}, which cannot be kept: {fault}",
        f"write it as that user, or as root: sudo -u '#{like.st_uid}' ...",
    )


def _attributes(file: int | Path) -> dict[str, bytes]:
    """The extended attributes of a file, an ACL among them; none where the file system does not have them."""
    try:
        names = os.listxattr(file)
        return {name: os.getxattr(file, name) for name in names if name not in _OF_CONTENT}
    except OSError as error:
        if error.errno in _NO_ATTRIBUTES:
            return {}
        raise


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]
    if os.fstat(file).st_size != len(data):
        raise OSError(errno.EIO, "not all of it was written")


def _sync(folder: int, path: Path) -> None:
    """Have the new name outlive a power cut; a warning where that cannot be."""
    try:
        os.fsync(folder)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            text = "%s is written, but its folder could not be synced (%s): a power cut now may bring the old file back"
            logger.warning(text, printable(str(path)), error.strerror)


def _close(file: int) -> None:
    """Close what is synced, was only read, or is given up: nothing depends on how that ends."""
    with suppress(OSError):
        os.close(file)

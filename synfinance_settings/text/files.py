"""The bytes of a file, or why they cannot be had: read once, compared and parsed from the same copy."""

from __future__ import annotations

import codecs
import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time
from typing import Final, TypeAlias

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.record import Record
from synfinance_settings.text import bounds
from synfinance_settings.text.hidden import Data, KeptText, Text, without_mark
from synfinance_settings.text.trust import Distrust, Guard


class Failure(Record):
    """Why a file cannot be read: the code of the problem, words that read on after the file's name, and what helps."""

    code: str
    said: str
    hint: str | None = None


Status: TypeAlias = tuple[int, int, int, int, int]
"""Which file it is, its size, and its times: the one that can be set, and the one that changes with anything."""

_SETTLED: Final = 2.0
"""How many seconds ago something must have changed, so that another change gives it another time: some file systems
count no finer.
"""


class Content:
    """What one look at a path found: bytes, nothing, or the reason why it cannot be read.

    `kept` is the content as text, with its byte order mark, where it was `keeping` it. `readings` is what was made of
    it, by the name it was read under: content that stays is read once. `status` is what the system said of the file
    just before, where no other content can come with the same.
    """

    __slots__ = ("data", "failure", "kept", "path", "readings", "status")

    def __init__(
        self, path: Path, data: bytes | None = None, failure: Failure | None = None, kept: KeptText | None = None
    ) -> None:
        self.path: Final = path
        self.data: Final = data
        self.failure: Final = failure
        self.kept: Final = kept
        self.readings: Final[dict[str, object]] = {}
        self.status: Status | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Content):
            return NotImplemented
        return (self.path, self.data, self.failure) == (other.path, other.data, other.failure)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:  # never the data: it may hold secrets
        return f"<Content of {self.path}{', which ' + self.failure.said if self.failure else ''}>"

    @property
    def place(self) -> Path:
        """The path, as the place that a look compares."""
        return self.path

    @property
    def exists(self) -> bool:
        """False when there was nothing at the path."""
        return self.data is not None or self.failure is not None

    def text(self, name: str) -> str:
        """The content as text without a byte order mark; raises `LayerError` in the name of `name`."""
        if self.failure:
            code, fault, hint = self.failure
            raise LayerError(Problem(code, f"{name} {fault}", origin=Origin(name), hint=hint))
        if self.kept is not None:
            return without_mark(self.kept)
        data = self.data or Data()
        place: int | None = None
        try:
            return Text(data.removeprefix(codecs.BOM_UTF8).decode())
        except UnicodeDecodeError as error:
            place = data.count(b"\n", 0, error.start) + 1
        raise LayerError(Problem("not-utf8", f"{name} is not UTF-8", origin=Origin(name, place)))


def keeping(content: Content) -> Content:
    """`content` with its text kept, since it is edited; as it is where it has none."""
    try:
        return (
            content
            if content.data is None
            else Content(content.path, content.data, kept=KeptText(content.data.decode()))
        )
    except UnicodeDecodeError:
        return content


def read_file(path: Path, guard: Guard | None = None) -> Content:
    """Look at `path` once, never waiting: a pipe, a device or a folder is a failure, and so is more than 1 MiB.

    With `guard`, so is what others could have written. Whatever the system says against it is a failure as well, and
    never raised.
    """
    try:
        with _regular(path, guard) as (descriptor, status):
            data = Data(_all_of(descriptor, status.st_size))
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):  # noqa: PTH114 - Path.is_symlink may raise
            return Content(path, failure=Failure("unreadable", "is a broken link"))
        return Content(path)
    except _DistrustedError as error:
        return Content(path, failure=error.failure)
    except IsADirectoryError:
        return Content(path, failure=Failure("unreadable", "is not a regular file"))
    except (OSError, ValueError) as error:
        return Content(path, failure=Failure("unreadable", f"cannot be read: {_reason(error)}"))
    if len(data) > bounds.FILE_BYTES:
        return Content(path, failure=Failure("too-large", "is larger than 1 MiB"))
    content = Content(path, data)
    content.status = lasting(_said(status))
    return content


def status_of(path: str | Path) -> Status | None:
    """What the system says of what is at `path`, behind all links; None for nothing."""
    try:
        return _said(os.stat(path))  # noqa: PTH116 - each look asks it, of a text that is a path
    except (OSError, ValueError):
        return None


def lasting(status: Status) -> Status | None:
    """`status`, None where it changed so recently that the next change may leave it as it is."""
    return status if max(status[-2:]) < (time() - _SETTLED) * 1e9 else None


def _said(status: os.stat_result) -> Status:
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def _all_of(descriptor: int, size: int) -> bytes:
    """What the file of `size` holds, in one call where that is its size; of more than it may hold one byte.

    Each call may cost a busy program a turn of the interpreter. No room is made for more than there is.
    """
    most = bounds.FILE_BYTES + 1
    data = os.read(descriptor, min(size + 1, most))
    if len(data) != size:  # it changes meanwhile, or its size is not known before it is read
        while more := os.read(descriptor, most - len(data)):
            data += more
    return data


def file_digest(path: Path) -> str | None:
    """A hash of the content of `path`, however large; None without a file, the reason where it is unreadable."""
    try:
        with _regular(path) as (descriptor, _), open(descriptor, "rb", closefd=False) as file:
            return hashlib.file_digest(file, "blake2b").hexdigest()
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    except OSError as error:
        return _reason(error)


@contextmanager
def _regular(path: Path, guard: Guard | None = None) -> Iterator[tuple[int, os.stat_result]]:
    """A descriptor of the file at `path`, opened without waiting for anybody, and its status.

    `IsADirectoryError` where it is not a regular file, `_DistrustedError` where others than `guard` allows could have
    written it. What is not a link is judged as it was opened, so that nothing takes its place in between.
    """
    descriptor, is_judged = (_open_at_once(path), True) if guard is None else _open_guarded(path, guard)
    try:
        status = os.fstat(descriptor)
        if guard is not None and not is_judged and (distrust := guard.distrust(path, status)):
            raise _DistrustedError(distrust, guard)
        if not stat.S_ISREG(status.st_mode):
            raise IsADirectoryError(errno.EISDIR, "not a regular file")
        yield descriptor, status
    finally:
        os.close(descriptor)


def _open_at_once(path: Path, flags: int = 0) -> int:
    """A descriptor of `path`; a pipe without a writer does not keep its reader waiting."""
    try:
        return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | flags)
    except OSError:
        os.lstat(path)  # a process that may not open more files gets that error for missing ones too
        raise


class _DistrustedError(Exception):
    """Others could have written the file."""

    def __init__(self, distrust: Distrust, guard: Guard) -> None:
        super().__init__(distrust)
        self.failure = Failure("untrusted", f"is not read: {distrust}", f"{distrust.mend}, or {guard.otherwise}")


def _open_guarded(path: Path, guard: Guard) -> tuple[int, bool]:
    """A descriptor of `path`, and whether the way to it was judged, as where links lead to it; else it still is to be.

    Raises `_DistrustedError` where others could have put it at the end of that way.
    """
    if path.parent == guard.folder:
        try:
            return _open_at_once(path, os.O_NOFOLLOW), False
        except OSError as error:
            if error.errno != errno.ELOOP:
                raise
    distrust = guard.distrusted_way(path)
    if distrust is not None:
        raise _DistrustedError(distrust, guard)
    return _open_at_once(path), True


def _reason(error: Exception) -> str:
    return (isinstance(error, OSError) and error.strerror) or "not a path"

"""The folders in which something may happen to files: where they are, and where links on the way to them lead.

Nothing is read but where things stand; what cannot be seen has no folders.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

_MOST_LINKS: Final = 40


def folders_around(paths: Iterable[Path]) -> set[Path]:
    """The folders in which something may happen to `paths`; one that is not a valid path has none.

    It is asked for at every look of every process: a plain file or a missing one costs one call, beside its folder.
    """
    folders: set[Path] = set()
    for path in paths:
        with suppress(OSError, ValueError):
            mode = _mode(path)
            folders.add(path.parent)
            if stat.S_ISDIR(mode):
                folders.add(path)
            elif stat.S_ISLNK(mode):
                folders |= _folders_of_link(path)
    return folders | {around for folder in folders for around in _around(folder)}


def _mode(path: Path) -> int:
    """The mode of what stands at `path`; 0 where nothing can be seen there."""
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _folders_of_link(path: Path) -> set[Path]:
    """What `path` leads to where that is a folder, and the folders of every link on the way."""
    folders = {path} if path.is_dir() else set()
    for _ in range(_MOST_LINKS):
        if not path.is_symlink():
            break
        path = Path(os.path.normpath(path.parent / path.readlink()))
        folders.add(path.parent)
    return folders


def _around(folder: Path) -> Iterator[Path]:
    """What stands for `folder` behind all links, and what holds it where it is a link itself."""
    yield Path(os.path.realpath(folder))
    if stat.S_ISLNK(_mode(folder)):
        yield folder.parent

"""Can the files and folders that settings name be read or written? Nothing is opened, and nothing made.

What there is, is seen as who runs this; what may be done with it, `Rights` tell, which may be of another user.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Final

from synfinance_settings.model.resource import File, Folder
from synfinance_settings.probing.finding import Command, Finding
from synfinance_settings.probing.rights import Rights
from synfinance_settings.slips import is_slip

CHECK: Final = "paths"
_MOST_ENTRIES: Final = 1000  # of a folder, when a name that is meant is looked for


def finding(found: File | Folder, config: Any, rights: Rights) -> Finding:
    """Whether the path is there and can be used; where it is missing, whether it can be made."""
    key, path = found.keys["path"], place(found, config)
    if isinstance(found, Folder):
        said = _folder(key, path, found.access == "write", rights)
    elif found.access == "write" and not os.path.lexists(path):
        said = _folder(key, path.parent, may_write=True, rights=rights)
        if said.status == "ok" and (near := _near(path)):
            told = f"{key}: {path} is not there yet, and {near.name} is"
            said = Finding(CHECK, "warn", told, f"did you mean {near}?", "no-path")
    else:
        said = _file(key, path, found.access == "write", rights)
    return replace(said, keys=(key,))


def place(found: File | Folder, config: Any) -> Path:
    """Where the file or folder is said to be."""
    return Path(str(found.values(config)["path"]))


def _file(key: str, path: Path, may_write: bool, rights: Rights) -> Finding:
    letter, done = ("w", "written") if may_write else ("r", "read")
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        step = f"did you mean {near}?" if (near := _near(path)) else f"put it there, or correct {key}"
        return Finding(CHECK, "fail", f"{key}: {path} does not exist", step, "no-path")
    if not is_file:
        return Finding(
            CHECK, "fail", f"{key}: {path} is not a regular file", f"move it away, or correct {key}", "no-path"
        )
    return _usable(key, path, letter, done, rights)


def _usable(key: str, path: Path, letters: str, done: str, rights: Rights) -> Finding:
    """Whether what is there may be used."""
    if rights.include(path, letters):
        return Finding(CHECK, "ok", f"{key}: {path} can be {done}{rights.by}")
    told = f"{key}: {path} cannot be {done}{rights.by}"
    return Finding(CHECK, rights.refusal, told, rights.grant(path, letters), "no-access")


def _folder(key: str, folder: Path, may_write: bool, rights: Rights) -> Finding:
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    if is_folder:
        letters, done = ("wx", "written") if may_write else ("rx", "read")
        return _usable(key, folder, letters, done, rights)
    if os.path.lexists(folder):
        return Finding(CHECK, "warn", f"{key}: {folder} is not a folder", f"move it away, or correct {key}", "no-path")
    above = next(parent for parent in folder.absolute().parents if os.path.lexists(parent))
    if above.is_dir() and rights.include(above, "wx"):
        mend = f"create it as {rights.user.name}" if rights.user else Command.of("mkdir", "-p", "--", folder)
        return Finding(CHECK, "warn", f"{key}: {folder} is missing, and can be created{rights.by}", mend, "no-path")
    said = f"{key}: {folder} is missing, and cannot be created{rights.by} in {above}"
    mend = f"create it{f' for {rights.user.name}' if rights.user else ' as a user who may'}, or correct {key}"
    return Finding(CHECK, rights.refusal, said, mend, "no-path")


def _near(path: Path) -> Path | None:
    """What lies beside the place of `path` under a name that is all but the same."""
    try:
        with os.scandir(path.parent) as entries:
            names = [entry.name for entry in islice(entries, _MOST_ENTRIES)]
    except OSError:
        return None
    kept = re.compile(re.escape(path.name) + "[^A-Za-z].*")  # of a log that was rotated, and of an editor
    meant = (name for name in sorted(names) if is_slip(path.name, name) and not kept.fullmatch(name))
    return next((path.with_name(name) for name in meant), None)

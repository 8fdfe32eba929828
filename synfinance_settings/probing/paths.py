"""Can the files and folders that settings name be read or written? Nothing is opened, and nothing made."""

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
from synfinance_settings.slips import is_slip

CHECK: Final = "paths"
_MOST_ENTRIES: Final = 1000  # of a folder, when a name that is meant is looked for


def finding(found: File | Folder, config: Any) -> Finding:
    """Whether the path is there and can be used; where it is missing, whether it can be made."""
    key, path = found.keys["path"], Path(str(found.values(config)["path"]))
    if isinstance(found, Folder):
        said = _folder(key, path, found.access == "write")
    elif found.access == "write" and not os.path.lexists(path):
        said = _folder(key, path.parent, may_write=True)
        if said.status == "ok" and (near := _near(path)):
            told = f"{key}: {path} is not there yet, and {near.name} is"
            said = Finding(CHECK, "warn", told, f"did you mean {near}?", "no-path")
    else:
        said = _file(key, path, found.access == "write")
    return replace(said, keys=(key,))


def _file(key: str, path: Path, may_write: bool) -> Finding:
    done = "written" if may_write else "read"
    try:
        is_file = stat.S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        step = f"did you mean {near}?" if (near := _near(path)) else f"put it there, or correct {key}"
        return Finding(CHECK, "fail", f"{key}: {path} does not exist", step, "no-path")
    if not is_file:
        return Finding(
            CHECK, "fail", f"{key}: {path} is not a regular file", f"move it away, or correct {key}", "no-path"
        )
    if os.access(path, os.W_OK if may_write else os.R_OK):
        return Finding(CHECK, "ok", f"{key}: {path} can be {done}")
    mend = Command.of("chmod", "u+w" if may_write else "u+r", "--", path)
    return Finding(CHECK, "warn", f"{key}: {path} cannot be {done}", mend, "no-access")


def _folder(key: str, folder: Path, may_write: bool) -> Finding:
    access, done = (os.W_OK | os.X_OK, "written") if may_write else (os.R_OK | os.X_OK, "read")
    try:
        is_folder = stat.S_ISDIR(folder.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        is_folder = False
    if is_folder and os.access(folder, access):
        return Finding(CHECK, "ok", f"{key}: {folder} can be {done}")
    if is_folder:
        mend = Command.of("chmod", "u+rwx" if may_write else "u+rx", "--", folder)
        return Finding(CHECK, "warn", f"{key}: {folder} cannot be {done}", mend, "no-access")
    if os.path.lexists(folder):
        return Finding(CHECK, "warn", f"{key}: {folder} is not a folder", f"move it away, or correct {key}", "no-path")
    above = next(parent for parent in folder.absolute().parents if os.path.lexists(parent))
    if above.is_dir() and os.access(above, os.W_OK | os.X_OK):
        mend = Command.of("mkdir", "-p", "--", folder)
        return Finding(CHECK, "warn", f"{key}: {folder} is missing, and can be created", mend, "no-path")
    said = f"{key}: {folder} is missing, and cannot be created in {above}"
    return Finding(CHECK, "warn", said, f"create it as a user who may, or correct {key}", "no-path")


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

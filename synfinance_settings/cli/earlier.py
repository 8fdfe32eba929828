"""An earlier schema of the layers: a file, or what git has of ``schema.json`` in a version; no network is asked."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Final

from synfinance_settings.errors import LayerError, Origin, Problem, printable

_NAME: Final = "schema.json"
_SECONDS: Final = 20
_MOST_BYTES: Final = 16 << 20


def earlier_schema(named: str, folder: Path) -> object:
    """The schema in the file `named`, else the one that git has in `folder` in the version of that name.

    Raises `LayerError` where there is none, and where it is not JSON.
    """
    path = Path(named)
    data = path.read_bytes() if path.is_file() else _of_git(named, folder)
    if data is None:
        message = f"{printable(named)} is neither a file nor a version in which git has {folder.name}/{_NAME}"
        hint = "name a file that schema --output wrote, or a tag, branch or commit of the checkout"
        raise LayerError(Problem("no-such-file", message, origin=Origin("the argument"), hint=hint))
    try:
        return json.loads(data[:_MOST_BYTES])
    except (ValueError, RecursionError):
        pass
    raise LayerError(Problem("syntax", f"{printable(named)}: the schema is not JSON", origin=Origin("the argument")))


def _of_git(version: str, folder: Path) -> bytes | None:
    """The blob as it was committed: no filter, no hook and no other program of the checkout runs."""
    if not version or version.startswith("-") or ":" in version or "\0" in version:
        return None
    alone = {**os.environ, "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0"}
    try:
        run = subprocess.run(
            ["git", "-C", str(folder), "cat-file", "blob", f"{version}:./{_NAME}"],
            env=alone,
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return run.stdout if run.returncode == 0 else None

"""Values that stand in files of their own, as docker and Kubernetes hand over secrets: ``<variable>_FILE``."""

from __future__ import annotations

import os
from pathlib import Path

from synfinance_settings.errors import Problem, printable
from synfinance_settings.text.files import Content


def target(root: Path, named: str) -> Path:
    """The file that a ``..._FILE`` variable names; a relative path counts from the project root."""
    return root / named


def secret_value(content: Content, variable: str, named: str) -> str | Problem:
    """The content less one final line end, never expanded; a `Problem` where the file cannot be used.

    What `named` is shows only where it is a path: some put the secret itself there.
    """
    fault: str | None = None
    hint = None
    if content.failure:
        fault, hint = content.failure.said, content.failure.hint
    elif content.data is None:
        fault = "does not exist"
    else:
        try:
            text = content.data.decode("utf-8")
        except UnicodeDecodeError:
            fault = "is not UTF-8"
        else:
            return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text
    if os.path.lexists(content.path):
        return Problem("secret-file", f"{variable}: the file {printable(named)} {fault}", hint=hint)
    hint = "it takes the path of a file that holds the value, not the value itself"
    return Problem("secret-file", f"{variable}: the file that it names {fault}", hint=hint)

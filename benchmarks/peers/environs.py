"""environs, which reads variables and `.env` and no layer files: it does that part of the job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from environs import Env
from project import TYPED


def variables(root: Path) -> dict[str, Any]:
    """The typed variables of the trial, by their names."""
    env = Env()
    env.read_env(str(root / ".env"), recurse=False)
    with env.prefixed("SYNFINANCE_"):
        read: dict[type, Callable[[str], Any]] = {bool: env.bool, int: env.int, float: env.float, str: env.str}
        return {name: read[kind](name) for name, kind in TYPED.items()}

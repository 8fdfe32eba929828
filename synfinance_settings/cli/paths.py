"""Paths that commands take."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from pathlib import Path

    _Base = click.Path[Path]
else:
    _Base = click.Path


class PathType(_Base):
    """A path as a command gets it; `pathlib` is imported to take one, not to print a help."""

    def coerce_path_result(self, value: str | os.PathLike[str]) -> Path:
        """What was written, as a path."""
        from pathlib import Path

        return Path(value)

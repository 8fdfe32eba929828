"""What the system says of the files that a look has read: where it says the same again, nothing need be read.

It is asked instead of a look that nobody called for, and never for long: other content nearly always has another time,
and only the bytes prove that nothing changed.
"""

from __future__ import annotations

import os
from pathlib import Path
from time import time
from typing import Final

from synfinance_settings.layers.look import Look
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.record import Record

_SETTLED: Final = 2.0
"""How many seconds ago something must have changed, so that another change gives it another time: some file systems
count no finer.
"""


class Glimpse(Record):
    """The status of each of `paths`, None where nothing is there."""

    paths: tuple[str, ...]
    statuses: list[tuple[int, ...] | None]

    def is_seen_again(self) -> bool:
        """True where the system says of each path what it said then."""
        return list(map(_status, self.paths)) == self.statuses


def glimpse(look: Look) -> Glimpse | None:
    """What the system says now of what `look` found, to be asked for before it is looked at once more.

    None where that would not tell of every change: where a layer rests on something else, something could not be read,
    or was changed so recently that the next change may have the same time.
    """
    project, found = look.project, look.contents
    if not all(layer.rests_on_files(project) for layer in layers_of(project.application)):
        return None
    if any(one.failure for one in found.values()):
        return None
    places = (project.settings_dir, *found)
    paths = tuple(str(place) for place in places if isinstance(place, Path))
    statuses = list(map(_status, paths))
    latest = max((max(status[-2:]) for status in statuses if status), default=0)
    return Glimpse(paths, statuses) if latest < (time() - _SETTLED) * 1e9 else None


def _status(path: str) -> tuple[int, ...] | None:
    """Which file it is, its size, and its times: the one that can be set, and the one that changes with anything."""
    try:
        status = os.stat(path)  # noqa: PTH116 - each look of each process asks it
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

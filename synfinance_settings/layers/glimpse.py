"""What the system says of the files that a look has read: where it says the same again, nothing need be read.

It is asked instead of a look that nobody called for, and never for long: other content nearly always has another time,
and only the bytes prove that nothing changed.
"""

from __future__ import annotations

from pathlib import Path

from synfinance_settings.layers.look import Look
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.record import Record
from synfinance_settings.text.files import Status, lasting, status_of


class Glimpse(Record):
    """The status of each of `paths`, None where nothing is there."""

    paths: tuple[str, ...]
    statuses: list[Status | None]

    def is_seen_again(self) -> bool:
        """True where the system says of each path what it said then."""
        return list(map(status_of, self.paths)) == self.statuses


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
    statuses = list(map(status_of, paths))
    is_lasting = all(status is None or lasting(status) for status in statuses)
    return Glimpse(paths, statuses) if is_lasting else None

"""What a resource is made of: the settings of a section, or some of them, or all."""

from __future__ import annotations

from typing import Any

from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.section import Section


class Material:
    """The settings of `section`, of all where that is None; of the fields `names` there, of all where there are none.

    `keys` has their keys. Raises `UnknownKeyError` where there is no such section or field.
    """

    def __init__(self, catalogue: Catalogue, section: str | None, names: tuple[str, ...]) -> None:
        if section is not None and section not in catalogue.sections:
            raise catalogue.unknown_section(section)
        self.section = section
        self._names = names
        inside = f"{section}." if section else ""
        wanted = [inside + name for name in names]
        for key in wanted:
            if key not in catalogue.settings and key not in catalogue.sections:
                raise catalogue.unknown_key(key)
        starts = tuple(f"{key}." for key in wanted) if names else inside
        self.keys = frozenset(key for key in catalogue.settings if key in wanted or key.startswith(starts))

    def __str__(self) -> str:
        return self.section or "the settings"

    def part_of(self, snapshot: Snapshot[Any]) -> Section:
        """The model that a resource is made of."""
        part: Section = snapshot.config if self.section is None else snapshot.config[self.section]
        return part

    def values_in(self, snapshot: Snapshot[Any]) -> Any:
        """What counts of it: two that are equal make the same resource."""
        part = self.part_of(snapshot)
        return tuple(part[name] for name in self._names) if self._names else part

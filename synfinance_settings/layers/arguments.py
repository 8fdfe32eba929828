"""What a program hands over for its own command line as a layer: settings by their keys, in its own words."""

from __future__ import annotations

from collections.abc import Iterable

from synfinance_settings.layers.layer import Finding, Glance
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.values import ValuesLayer


class ArgumentsLayer(ValuesLayer):
    """The arguments of the project, as they were handed over; nothing in them is expanded."""

    name = "arguments"

    def look(self, glance: Glance) -> Iterable[Finding]:
        """What was handed over."""
        return [Finding(self.name, glance.project.arguments or None)]

    def rests_on_files(self, project: Project) -> bool:
        """Always: the arguments are those of the project."""
        return True

    def origin(self, key: str) -> str:
        """The argument."""
        return f"argument {key}"

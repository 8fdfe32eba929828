"""What is put on top of all layers while the program runs, as tests do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from synfinance_settings.layers.layer import Finding, Layer, Said, nothing_lent
from synfinance_settings.layers.project import Project
from synfinance_settings.text.expansion import Lend


class OverridesLayer(Layer):
    """A branch that a build is handed; no look finds one."""

    name = "override"

    def rests_on_files(self, project: Project) -> bool:
        """Always: no look finds anything."""
        return True

    def say(self, found: Sequence[Finding], project: Project, lend: Lend = nothing_lent) -> Said:
        """What it was handed."""
        return Said(found[0].data) if found else Said({})


OVERRIDES: Final = OverridesLayer()

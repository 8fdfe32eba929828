"""How large a layer may be; each bound has its own error."""

from __future__ import annotations

from typing import Final

from synfinance_settings.errors import Origin, Problem

FILE_BYTES: Final = 1024 * 1024
LEVELS: Final = 40
NODES: Final = 200_000
ALIASED_CHARACTERS: Final = FILE_BYTES  # of the texts that aliases repeat
EXPANDED_CHARACTERS: Final = 100_000
INSERTED_CHARACTERS: Final = 10_000_000  # by all references of one load together


def too_deep(origin: Origin) -> Problem:
    """The problem of a text that nests deeper than `LEVELS`."""
    return Problem("too-deep", f"nested deeper than {LEVELS} levels", origin=origin)


def too_much_text(origin: Origin) -> Problem:
    """The problem of a text whose aliases repeat more than `ALIASED_CHARACTERS`."""
    return Problem("too-many-nodes", f"aliases repeat more than {ALIASED_CHARACTERS:,} characters", origin=origin)


def too_many_nodes(origin: Origin) -> Problem:
    """The problem of a text that holds more than `NODES` nodes."""
    return Problem("too-many-nodes", f"more than {NODES:,} nodes, aliases counted at each use", origin=origin)

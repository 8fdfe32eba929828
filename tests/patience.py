"""How long the tests wait for what must come: one bound, far above what the slowest machine needs.

It only ends a test that would hang. Nothing is asserted about time, so nothing else may bound a wait.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic, sleep
from typing import Final

PATIENCE: Final = 120
"""Seconds until a test gives up waiting."""

LOOK: Final = 0.02
"""Seconds between two looks at what tells nobody of itself."""

RARELY: Final = 3600
"""Seconds between two looks that must not come while a test runs."""


def until(holds: Callable[[], object], what: str = "it never came") -> None:
    """Wait until something is true of which nobody tells, such as what another process has written."""
    end = monotonic() + PATIENCE
    while not holds():
        assert monotonic() < end, what
        sleep(LOOK)

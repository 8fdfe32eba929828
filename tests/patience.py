"""How long the tests wait for what must come: one bound, far above what the slowest machine needs.

It only ends a test that would hang. Nothing is asserted about time, so nothing else may bound a wait.
"""

from __future__ import annotations

from typing import Final

PATIENCE: Final = 120
"""Seconds until a test gives up waiting."""

RARELY: Final = 3600
"""Seconds between two looks that must not come while a test runs."""

"""How long to wait before a store that failed is tried again: longer each time, and never longer than a bound."""

from __future__ import annotations

from typing import Final

_MOST_DOUBLINGS: Final = 32


def ceiling(failures: int, first: float, longest: float) -> float:
    """The most seconds to wait after so many `failures` in a row: `first` doubled with each, and at most `longest`.

    How long it is within that is drawn by chance by whoever waits, so that not all come back in one moment.
    """
    return min(longest, first * 2.0 ** min(failures, _MOST_DOUBLINGS))

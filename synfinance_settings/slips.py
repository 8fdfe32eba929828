"""Slips of the pen: which known word is meant, and how near a text must be to it before it may be shown.

What stands where a name is due may be anything, a secret too. Two wrong letters are a slip, and tell nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_MOST_EDITS: Final = 2


def is_slip(text: str, meant: str) -> bool:
    """True where `text` is `meant`, in whatever case, but for two letters too many, missing, wrong or swapped.

    In a short word it is fewer: half of it must be right.
    """
    most = min(_MOST_EDITS, (len(meant) - 1) // 2)
    if abs(len(text) - len(meant)) > most:
        return False
    return _edits(text.lower(), meant.lower()) <= most


def nearest(text: str, words: Iterable[str], cutoff: float = 0.6) -> str | None:
    """The word that is most like `text`; None where none is at least as like it as `cutoff` says, from 0 to 1."""
    from difflib import get_close_matches  # only slips pay

    return next(iter(get_close_matches(text, list(words), n=1, cutoff=cutoff)), None)


def _edits(one: str, other: str) -> int:
    """The letters to add, drop, change or swap with their neighbour (optimal string alignment)."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row = row, [i]
        for j, wanted in enumerate(other, 1):
            row.append(min(above[j] + 1, row[-1] + 1, above[j - 1] + (letter != wanted)))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                row[j] = min(row[j], before[j - 2] + 1)
        before = above
    return row[-1]

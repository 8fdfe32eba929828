"""Slips of the pen: how near a text must be to a word that is known before it may be shown.

What stands where a name is due may be anything, a secret too. Two wrong letters are a slip, and tell nothing else.
"""

from __future__ import annotations

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

"""Where a text that does not parse is wrong: a parser stops at, or below, the line with the mistake.

This is a second opinion. Every mend that a person would think of is made in a copy, the likeliest first, and the copy
is read again: the line whose mend makes it read is the line that is wrong. Nothing of a line is told, since it may hold
a secret. Imported only when a text does not parse; the tries are bounded, and so is what they read together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, islice
from typing import Final

from synfinance_settings.record import Record
from synfinance_settings.text.outline import Mark

_MOST_TRIES: Final = 60
_MOST_READ: Final = 1_500_000  # characters, by all tries together


class Mend(Record):
    """A line (from 1) as it may have been meant, and what was wrong with it at a column (from 1)."""

    line: int
    column: int
    new: str
    fault: str
    hint: str


class Culprit(Record):
    """The mend that makes a text read, the text that it makes, and another line that is as likely to be wrong."""

    mend: Mend
    text: str
    other: Mend | None = None

    @property
    def mark(self) -> Mark:
        """The place of the mistake; the offset is that of the line."""
        return Mark(0, self.mend.line, self.mend.column)

    @property
    def hint(self) -> str:
        """How it is mended, and where else the mistake may be."""
        return f"{self.mend.hint}; or on line {self.other.line}: {self.other.hint}" if self.other else self.mend.hint


Reads = Callable[[str, Mend], int]
"""How well a mended text reads: 2 for all of it, 1 where the reading gets further than before, else 0."""


def culprit(text: str, guesses: Iterable[Sequence[Mend]], reads: Reads) -> Culprit | None:
    """The first of `guesses` that makes `text` read, or gets further where more is wrong; None where none does.

    What stands together in one of `guesses` is as likely: where it makes the text read at two lines, both are told.
    """
    lines = text.split("\n")
    left = min(_MOST_TRIES, max(1, _MOST_READ // len(text)))
    for equal in guesses:
        culprits: dict[int, list[Culprit]] = {}
        for mend in equal[:left]:
            mended = "\n".join(chain(islice(lines, mend.line - 1), [mend.new], islice(lines, mend.line, None)))
            culprits.setdefault(reads(mended, mend), []).append(Culprit(mend, mended))
        left -= len(equal)
        if best := culprits.get(2) or culprits.get(1):
            mend, mended, _ = best[0]
            return Culprit(mend, mended, next((one.mend for one in best if one.mend.line != mend.line), None))
        if left <= 0:
            break
    return None

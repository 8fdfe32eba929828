"""Which bracket of a text is never closed: the place of a mistake that shows only further down."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from synfinance_settings.text.bounds import LEVELS
from synfinance_settings.text.outline import Mark

HINT: Final = "a bracket that opens here is not closed"
_OPENING: Final = {"]": "[", "}": "{"}


def first_unclosed(brackets: Iterable[tuple[str, Mark]], fault: int) -> Mark | None:
    """The first of `brackets` up to the index `fault` that nothing closes; None too where they nest too deep to tell.

    A closing bracket closes the last one of its kind, and leaves open what opened since; one that has none of its kind
    was meant for the last that is open.
    """
    opened: list[tuple[str, Mark]] = []
    unclosed: list[Mark] = []
    for character, mark in brackets:
        if character not in _OPENING:
            opened.append((character, mark))
            if len(opened) > LEVELS:
                return None
            continue
        own = [at for at, (kind, _) in enumerate(opened) if kind == _OPENING[character]]
        closed = own[-1] if own else max(len(opened) - 1, 0)
        unclosed += [inner for _, inner in opened[closed + 1 :]]
        del opened[closed:]
    unclosed += [mark for _, mark in opened]
    return min((mark for mark in unclosed if mark.offset <= fault), default=None)

"""Text that others wrote, as it may be shown: the one rule, and how it reads in each place.

Names, keys, paths, values and what other programs say may hold line ends, escape sequences and what nobody sees: they
could forge a line of a report or of a log, and command a terminal. What `is_printable` refuses is escaped wherever text
is shown; data that programs read stays exact. What is escaped once stays as it is.
"""

from __future__ import annotations

from typing import Any, Final

from synfinance_settings.pattern import pattern

_INVISIBLE: Final = pattern(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
"""Letters and marks that are drawn as nothing (Unicode: Default_Ignorable_Code_Point); `str.isprintable` takes them."""


def is_printable(text: str) -> bool:
    """True for text whose every character is seen and stays in its place.

    Those of the Unicode categories Other (controls, formats such as changes of direction and zero-width characters,
    lone surrogates, private and unassigned ones) and Separator, but for the space, are not.
    """
    return text.isprintable() and (text.isascii() or not _INVISIBLE.search(text))


def printable(text: str, most: int | None = 200) -> str:
    """`text` for a terminal or a log: one line, what is not printable escaped, cut at `most` characters unless None."""
    shown = text[:most]
    if not is_printable(shown):
        shown = "".join(map(_escaped, shown))
    return shown + "…" if most is not None and len(text) > most else shown


def _escaped(character: str) -> str:
    return character if is_printable(character) else character.encode("unicode_escape").decode()


def pasted(*words: object) -> str | None:
    """`words` as a command to paste into a shell; None where one of them cannot be read off a terminal."""
    from shlex import join  # only failures pay

    command = join(map(str, words))
    return command if is_printable(command) else None


def as_json(data: Any, indent: int | None = None) -> str:
    """`data` as JSON in letters that are printable; the others are escaped as JSON has it, so the data is exact."""
    import json  # no help needs it

    lines = json.dumps(data, indent=indent, ensure_ascii=False).split("\n")
    return "\n".join(
        line if is_printable(line) else "".join(c if is_printable(c) else json.dumps(c)[1:-1] for c in line)
        for line in lines
    )

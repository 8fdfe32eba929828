"""What people get wrong in a line of YAML, and the line as it was meant: guesses for `culprit` to try.

A colon, a space after it, a dash or a quote lost; = for a colon; an indent that is that of no other line; what an
office program makes of spaces and dashes.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from synfinance_settings.pattern import pattern
from synfinance_settings.text.culprit import Mend

_NAME: Final = r"(?P<before>[ ]*(?:- +)?)(?P<name>[^\s:=#'\"\[\]{},&*!|>%@`-][^\s:=#'\"\[\]{},]*)"
_EQUALS: Final = pattern(rf"{_NAME}(?P<gap> *= *)(?P<value>.*)")
_COLON: Final = pattern(rf"{_NAME}(?P<gap>)(?P<value> +[^\s].*|\s*)")
_BLANK: Final = pattern(rf"{_NAME}(?P<gap>:)(?P<value>[^\s].*)")
_NO_BREAK: Final = pattern("[\u00a0\u202f\u2007\u3000\u2002-\u2006\u2008-\u200a]")
_ITEM: Final = pattern(r"(?P<indent> *)(?P<dash>[-*+\u2010-\u2015\u2022\u2212]?)(?P<blank> *)(?P<item>[^\s].*)")
_OPENED: Final = pattern(r"""(?:[^#'"]*?(?:: +|- +))(?P<quote>['"])(?P<body>(?:(?!(?P=quote)).)*?)(?P<end>\s*)""")
_INNER: Final = pattern(r"(?P<head>[^#'\"]*?(?:: +|- +))'(?P<body>.*'.*)'(?P<end>\s*(?:#.*)?)")
_TWICE: Final = pattern(
    r"(?P<head> *(?:- +)?[^\s:#'\"]+: +)(?P<value>[^\s#'\"\[{][^#'\"]*?(?P<second>: )[^#'\"]*?)(?P<end>\s*(?:#.*)?)"
)
_KEYED: Final = pattern(r":(?:\s|$)|^ *- ")
_LONGEST: Final = 1_000  # characters of a line
_SOURCES: Final = 8  # lines above and below whose indents are tried, and opened quotes
_QUOTE: Final = ("a quote that is not closed", "a quote that opens here is not closed")


def guesses(text: str, began: int, stopped: int) -> Iterator[Sequence[Mend]]:
    """What may be wrong in `text`, at the lines where a thing `began` that libyaml could not read to its end, and where
    it `stopped`, or above: the likeliest first, and together what is equally likely.
    """
    lines = _Lines(text)
    above = began if began < stopped else lines.above(stopped)
    suspects = [number for number in (above, stopped) if lines.is_written(number) and lines.is_short(number)]
    for number in dict.fromkeys([*map(lines.top_without_colon, suspects[:1]), *suspects]):
        yield from ([mend] for mend in _signs(number, lines))
    for number in lines.opened(stopped):
        yield [_closed(number, lines[number])]
    yield _indents(reversed(suspects), lines)


class _Lines:
    """The lines of a text, by their numbers from 1."""

    def __init__(self, text: str) -> None:
        self._lines = text.split("\n")

    def __getitem__(self, number: int) -> str:
        return self._lines[number - 1]

    def is_written(self, number: int) -> bool:
        """True for a line that exists, and is neither blank nor a comment."""
        return 0 < number <= len(self._lines) and self[number].lstrip()[:1] not in ("", "#")

    def is_short(self, number: int) -> bool:
        """False for a line that nobody typed: looking for signs in it could take long."""
        return len(self[number]) <= _LONGEST

    def above(self, number: int) -> int:
        """The nearest line above that says something; 0 where there is none."""
        return next((one for one in range(min(number, len(self._lines) + 1) - 1, 0, -1) if self.is_written(one)), 0)

    def below(self, number: int) -> int:
        return next((one for one in range(number + 1, len(self._lines) + 1) if self.is_written(one)), 0)

    def indent(self, number: int) -> int:
        return len(self[number]) - len(self[number].lstrip(" "))

    def deepest_below(self, number: int) -> int:
        """How deep a line may be indented that follows on the line `number`: no deeper, if that opens nothing."""
        if not number:
            return 0
        opens = self[number].rstrip().endswith(":") or self[number].lstrip().startswith("- ")
        return sys.maxsize if opens else self.indent(number)

    def top_without_colon(self, number: int) -> int:
        """The topmost of the lines up to `number` that together are one text to YAML, since none has a colon."""
        while (
            (above := self.above(number))
            and self.indent(above) == self.indent(number)
            and not _KEYED.search(self[above])
        ):
            number = above
        return number

    def near(self, number: int) -> Iterator[int]:
        """Lines nearby that say something, the nearest first and those above before those below."""
        above = below = number
        for _ in range(_SOURCES):
            above, below = self.above(above) if above else 0, self.below(below) if below else 0
            yield from (one for one in (above, below) if one)

    def opened(self, number: int) -> Iterator[int]:
        """Lines up to `number` with a value that opens a quote and does not close it, the nearest first."""
        count = 0
        for one in range(min(number, len(self._lines)), 0, -1):
            if self.is_short(one) and _OPENED.fullmatch(self[one]):
                yield one
                count += 1
            if count == _SOURCES:
                return


def _signs(number: int, lines: _Lines) -> Iterator[Mend]:
    """What may be wrong with the signs of a line."""
    line = lines[number]
    if match := _NO_BREAK.search(line):
        new = _NO_BREAK.sub(" ", line)
        hint = "type plain spaces; some programs insert no-break ones"
        yield Mend(number, match.start() + 1, new, "a space that YAML does not count as one", hint)
    if match := _EQUALS.fullmatch(line):
        yield _named(number, match, "a key followed by =", "write a colon and a space instead of =")
    if (match := _BLANK.fullmatch(line)) and not match["value"].startswith("//"):
        yield _named(number, match, "no space after a colon", "put a space after the colon")
    match = _COLON.fullmatch(line)
    if match and match["value"]:
        yield _named(number, match, "no colon after a key", "put a colon and a space after the key")
    yield from _dashes(number, lines)
    if match and not match["value"]:
        hint = (
            "put a colon after the key"
            if lines.below(number)
            else "the file may be cut off; a key is followed by a colon"
        )
        yield _named(number, match, "no colon after a key", hint)
    if match := _TWICE.fullmatch(line):
        hint = "put quotes around a text that contains a colon and a space; each setting has a line of its own"
        new = f"{match['head']}'{match['value']}'{match['end']}"
        yield Mend(number, match.start("second") + 1, new, "a second colon in a line", hint)
    if match := _INNER.fullmatch(line):
        doubled = match["body"].replace("'", "''")
        new = f"{match['head']}'{doubled}'{match['end']}"
        hint = "write a quote inside quotes twice, or put double quotes around the text"
        yield Mend(number, match.start("body") + match["body"].index("'") + 1, new, "a quote inside quotes", hint)


def _named(number: int, match: re.Match[str], fault: str, hint: str) -> Mend:
    """The line of `match` with a colon and a space after its name."""
    new = f"{match['before']}{match['name']}: {match['value'].lstrip(' ')}".rstrip(" ")
    gap = match["gap"]
    column = match.start("gap") + len(gap) - len(gap.lstrip(" ")) + (gap == ":")
    return Mend(number, column + 1, new, fault, hint)


def _dashes(number: int, lines: _Lines) -> Iterator[Mend]:
    """What may be wrong with the dash of an item, where there are others about, or the line begins with such a sign."""
    match = _ITEM.fullmatch(lines[number])
    if match is None or (match["dash"] == "-" and match["blank"]):
        return
    new = f"{match['indent']}- {match['item']}"
    column = len(match["indent"]) + 1
    dash, is_glued = match["dash"], not match["blank"]
    if dash == "-":
        yield Mend(number, column + 1, new, "no space after a dash", "put a space after the dash of an item")
    elif dash and not (dash == "*" and is_glued):
        hint = "an item of a list begins with - and a space; put quotes around it if it is meant as text"
        yield Mend(number, column, new, "a character before an item that is not a dash", hint)
    elif not dash and any(
        lines[one].lstrip().startswith("- ") for one in (lines.above(number), lines.below(number)) if one
    ):
        yield Mend(number, column, new, "an item without its dash", "put a dash and a space before the item")


def _closed(number: int, line: str) -> Mend:
    match = _OPENED.fullmatch(line)
    assert match, "a line that opens a quote"
    new = f"{line[: match.start('end')]}{match['quote']}{match['end']}"
    return Mend(number, match.start("quote") + 1, new, *_QUOTE)


def _indents(numbers: Iterable[int], lines: _Lines) -> list[Mend]:
    """These lines with the indents of others about; first those that then stand as the lines above and below do."""
    ranked = []
    for number in numbers:
        own, above, below = lines.indent(number), lines.above(number), lines.below(number)
        most = lines.deepest_below(above)
        beside = [lines.indent(one) for one in (above, below) if one]
        meant = {lines.indent(one): one for one in reversed([*lines.near(number)])}
        for indent, other in meant.items():
            if indent != own and indent <= most:
                fault = f"an indent that differs from that of line {other}"
                new = " " * indent + lines[number].lstrip(" ")
                ranked.append((beside.count(indent), Mend(number, own + 1, new, fault, f"indent it like line {other}")))
    return [mend for _, mend in sorted(ranked, key=lambda one: -one[0])]

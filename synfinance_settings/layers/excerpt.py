"""Lines of layer files as messages may show them: what may be a secret is masked, comments are cut off.

Where it is not sure what a line holds, there is no excerpt and the place alone is shown.
"""

from __future__ import annotations

import re
import sys
from bisect import bisect_left
from typing import Final

from synfinance_settings.errors import MASK, Excerpt
from synfinance_settings.layers.outline import Span, spans
from synfinance_settings.layers.text import outline_text
from synfinance_settings.sections.keys import SETTINGS

_LONGEST_LINE: Final = 200  # characters
_MOST_EXCERPTS: Final = 100  # of one text: who made more mistakes looks at the file itself
_ODD_BREAKS: Final = re.compile("\r(?!\n)|[\x85\u2028\u2029]")  # lines to YAML, not to most editors
_REFERENCE: Final = re.compile(r"""(["']?)\$(?:\{[A-Za-z_][A-Za-z0-9_]*\}|[A-Za-z_][A-Za-z0-9_]*)\1""")
_EMPTY: Final = ("''", '""', "null", "Null", "NULL", "~")
_DOLLAR: Final = re.compile(r"\$")
_WHOLE_LINE: Final = sys.maxsize
_COMMENT: Final = re.compile(r"(^|(?<=\s))#.*")


class SourceText:
    """The text of one layer file, and where in it the keys and values stand; for messages only."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._left = _MOST_EXCERPTS
        self._is_odd = bool(_ODD_BREAKS.search(text))
        self._spans: list[Span] | None = None
        self._lines: list[str] = []

    def __repr__(self) -> str:
        return f"<SourceText of {len(self._text)} characters>"

    def _scanned(self) -> list[Span]:
        if self._spans is None:
            found = outline_text(self._text, self._name)
            self._spans = list(spans(found)) if found else []
            self._lines = self._text.replace("\r\n", "\n").split("\n")
        return self._spans

    def excerpt(self, line: int, column: int) -> Excerpt | None:
        """Line `line` (from 1), masked, with the key or value that covers `column` (from 1) marked."""
        self._left -= 1
        if self._left < 0 or self._is_odd:
            return None
        here = self._on_line(line)
        if line > len(self._lines) or len(self._lines[line - 1]) > _LONGEST_LINE:
            return None
        source = self._lines[line - 1]
        shown, position, marked = "", 0, (0, 1)
        for span in here:
            start = span.start.column - 1 if span.start.line == line else 0
            end = span.end.column - 1 if span.end.line == line else len(source)
            gap = source[position:start]
            shown += gap
            piece = source[start:end]
            public = is_public(span) or tells_no_secret(piece)
            if not public:
                piece = MASK if piece else ""
            if start <= column - 1 < max(end, start + 1):
                marked = (len(shown), len(piece) or 1)
                if public and column - 1 > start:  # something inside the value, such as a reference
                    marked = (len(shown) + column - 1 - start, 1)
            shown += piece
            position = end
        shown += _COMMENT.sub("", source[position:])
        column, width = (marked[0] + 1, marked[1]) if marked[0] or marked[1] > 1 else (column, 1)
        return Excerpt(line, shown.replace("\t", " ").rstrip(), column, width)

    def _on_line(self, line: int) -> list[Span]:
        """The keys and values that stand on line `line`, or begin before it and go on."""
        spans = self._scanned()
        first = bisect_left(spans, (line, 0), key=_place)
        after = bisect_left(spans, (line + 1, 0), key=_place)
        while first and spans[first - 1].end[1:] > (line, 1):
            first -= 1
        return spans[first:after]

    def reference(self, line: int, column: int, nth: int, dollars: int) -> tuple[int, int]:
        """Where the `nth` of the `dollars` dollars of the value at a place stands; the place where that is not sure."""
        spans = self._scanned()
        at = bisect_left(spans, (line, column), key=_place)
        near = (span for span in spans[at : at + 2] if span.part == "value" and _place(span) == (line, column))
        span = next(near, None)
        if span is None or self._is_odd:
            return line, column
        places = [
            (number, found.start() + 1)
            for number in range(line, span.end.line + 1)
            for found in _DOLLAR.finditer(
                self._lines[number - 1],
                column - 1 if number == line else 0,
                span.end.column - 1 if number == span.end.line else _WHOLE_LINE,
            )
        ]
        return places[nth] if nth < len(places) == dollars else (line, column)


def _place(span: Span) -> tuple[int, int]:
    return span.start.line, span.start.column


def tells_no_secret(written: str) -> bool:
    """True for a value that is one reference and nothing else, and for one that is written as empty or null."""
    return is_reference(written) or written.strip() in _EMPTY


def is_reference(written: str) -> bool:
    """True for a value that is one reference and nothing else, which tells no secret."""
    return bool(_REFERENCE.fullmatch(written))


def is_public(span: Span) -> bool:
    """True for a key that is not below a setting, and for the value of a setting that is no secret."""
    if span.part == "key":
        return not any(".".join(span.path[:depth]) in SETTINGS for depth in range(1, len(span.path)))
    setting = SETTINGS.get(".".join(span.path))
    return setting is not None and not setting.is_secret

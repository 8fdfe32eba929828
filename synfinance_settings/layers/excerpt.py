"""The text of a layer file as anybody may see it: only what is certainly public, all else masked.

Certainly public are the keys of settings and sections at their place, the value of a setting that is not a secret, an
empty value, a reference that nobody could take for a password, and the punctuation and spaces between them. So nothing
depends on knowing where a secret could stand: in an unknown key, a tag, an anchor, a directive, a comment. Excerpts of
messages and differences of edits are both made from this. Where the places of things are not sure, nothing is shown.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Final, Literal

from synfinance_settings.errors import MASK, Excerpt
from synfinance_settings.model.catalogue import Catalogue, Tree, is_near
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record
from synfinance_settings.text.expansion import is_plain, setting_of
from synfinance_settings.text.formats import outlined
from synfinance_settings.text.outline import Span, spans

_LONGEST_LINE: Final = 200  # characters
_MOST_EXCERPTS: Final = 100  # of one text: who made more mistakes looks at the file itself
_ODD_BREAKS: Final = pattern("\r(?!\n)|[\x85\u2028\u2029]")  # lines to YAML, not to most editors
_EMPTY: Final = ("", "''", '""', "null", "Null", "NULL", "~")
_DOLLAR: Final = pattern(r"\$")
_LINE_END: Final = pattern("\n")
_MAY_BE_SEVERAL: Final = pattern(r"[\s:=]")
_BETWEEN: Final = pattern(  # what may stand between keys and values; the rest of it is masked
    r"(?P<comment>\#[^\n]*)|(?P<plain>[ \t\r\n\[\]{},:]+|[-?=](?=\s|$)|^(?:---|\.\.\.)(?=\s|$))|%[^\n]*|[^\s\[\]{},]+",
    re.MULTILINE,
)


class Piece(Record):
    """A part of a text, from `start` to before `end`, and what anybody may see of it.

    `span` is the key or the value that it is; what stands between keys and values has none.
    """

    start: int
    end: int
    shown: str
    part: Literal["clear", "masked", "comment"]
    span: Span | None = None


class _UnsureError(Exception):
    """The outline does not tell where things stand."""


def pieces(text: str, name: str, catalogue: Catalogue) -> list[Piece] | None:
    """The whole of `text`, which must have been read before, in pieces; None where it is not sure what stands where."""
    outline = outlined(text, name).root
    try:
        return list(_pieces(catalogue, text, spans(outline) if outline else (), 0, len(text)))
    except _UnsureError:
        return None


def _pieces(catalogue: Catalogue, text: str, spans: Iterable[Span], start: int, end: int) -> Iterator[Piece]:
    """What stands in `text` from `start` to before `end`, where `spans` are all that reach in there."""
    position = start
    for span in spans:
        first, after = span.start.offset, span.end.offset
        written = text[first:after]
        if not first <= after <= len(text) or position > max(first, start) or not _is_where_it_says(written, span):
            raise _UnsureError
        yield from _between(text, position, first)
        is_clear = is_public(catalogue, span, written)
        yield Piece(first, after, written if is_clear else _masked(written), "clear" if is_clear else "masked", span)
        position = after
    yield from _between(text, position, end)


def _between(text: str, start: int, end: int) -> Iterator[Piece]:
    for match in _BETWEEN.finditer(text, start, end):
        if match.lastgroup == "comment":
            yield Piece(match.start(), match.end(), "# ...", "comment")
        elif match.lastgroup == "plain":
            yield Piece(match.start(), match.end(), match[0], "clear")
        else:
            yield Piece(match.start(), match.end(), MASK, "masked")


def _masked(written: str) -> str:
    """The mask, and the line ends that a block ends with."""
    return MASK + written[len(written.rstrip()) :] if written.strip() else written


def _is_where_it_says(written: str, span: Span) -> bool:
    """False where what stands at the place of a span in one line is not what was read there."""
    if span.value is None or "\n" in written or written.startswith(("&", "!")):
        return True
    if span.style:
        return written.startswith(span.style)
    return written.strip() == span.value


def is_public(catalogue: Catalogue, span: Span, written: str) -> bool:
    """True for a key or value that certainly does not tell a secret, `written` as it is."""
    if span.part == "key":
        return _is_bare(written, span.value) and _standing(catalogue, span.path) is not False
    if tells_nothing(catalogue, written):
        return True
    if "\n" in written or ("#" in written and not span.style):  # it goes on, or was meant as a comment
        return False
    return _is_bare(written, span.value) and _is_setting_in_clear(catalogue, span.path)


def tells_nothing(catalogue: Catalogue, written: str) -> bool:
    """True for a value that is written as empty or null, and for a reference that may be shown."""
    bare = _unquoted(written)
    return written in _EMPTY or is_plain(bare) or setting_of(bare) in catalogue.settings


def _is_bare(written: str, value: str | None) -> bool:
    """True for a scalar that is nothing but its text, in quotes or without: no tag, no anchor, no block."""
    if written[:1] in ("'", '"'):
        return len(written) > 1 and written[-1] == written[0]
    return written == value


def _unquoted(written: str) -> str:
    return written[1:-1] if len(written) > 1 and written[0] == written[-1] and written[0] in "'\"" else written


def _standing(catalogue: Catalogue, path: tuple[str | None, ...]) -> Tree | None | Literal[False]:
    """What the settings have at `path`, or had: a section, None for a setting, False for nothing."""
    there = _inside(catalogue.tree, path)
    return _inside(catalogue.old_names.tree, path) if there is False else there


def _inside(tree: Tree | None, path: tuple[str | None, ...]) -> Tree | None | Literal[False]:
    for part in path:
        if tree is None or part is None or part not in tree:
            return False
        tree = tree[part]
    return tree


def _is_setting_in_clear(catalogue: Catalogue, path: tuple[str | None, ...]) -> bool:
    if _standing(catalogue, path) is not None:  # first, since a key of a foreign text may be long
        return False
    key = catalogue.old_names.today(".".join(filter(None, path)))
    return not catalogue.settings[key].is_secret


class SourceText:
    """The text of one layer file, and where in it the keys and values stand; for messages only."""

    def __init__(self, text: str, name: str, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._text = text
        self._name = name
        self._left = _MOST_EXCERPTS
        self._spans: list[Span] | None = None
        self._line_starts: list[int] = []

    def __repr__(self) -> str:
        return f"<SourceText of {len(self._text)} characters>"

    @cached_property
    def _is_odd(self) -> bool:
        return bool(_ODD_BREAKS.search(self._text))

    def _scanned(self) -> list[Span]:
        if self._spans is None:
            outline = outlined(self._text, self._name).root
            self._spans = list(spans(outline)) if outline else []
            self._line_starts = [0, *(line_end.end() for line_end in _LINE_END.finditer(self._text))]
        return self._spans

    def _line(self, number: int) -> tuple[int, int]:
        """Where line `number`, which must be there, begins and ends, without its line end."""
        start = self._line_starts[number - 1]
        end = self._text.find("\n", start)
        end = len(self._text) if end < 0 else end
        return start, end - (self._text[start:end].endswith("\r"))

    def excerpt(self, line: int, column: int) -> Excerpt | None:
        """Line `line` (from 1), masked, with the key or value that covers `column` (from 1) marked."""
        self._left -= 1
        if self._left < 0 or self._is_odd:
            return None
        here = self._on_line(line)
        if line > len(self._line_starts):
            return None
        start, end = self._line(line)
        if end - start > _LONGEST_LINE:
            return None
        at = start + column - 1
        shown, marked = "", None
        try:
            for piece in _pieces(self._catalogue, self._text, here, start, end):
                text, is_clear = self._shown(piece, start, end, at)
                if marked is None and piece.start <= at < max(piece.end, piece.start + 1):
                    inside = at - max(piece.start, start) if is_clear else 0
                    is_whole = piece.span is not None and not inside
                    marked = (len(shown) + inside + 1, (len(text) or 1) if is_whole else 1)
                shown += text
        except _UnsureError:
            return None
        column, width = marked or (len(shown) + 1, 1)
        return Excerpt(line, shown.replace("\t", " ").rstrip(), column, width)

    def _shown(self, piece: Piece, start: int, end: int, at: int) -> tuple[str, bool]:
        """What the line from `start` to `end` shows of a piece, and whether that is its own text."""
        written = self._text[max(piece.start, start) : min(piece.end, end)]
        if piece.part == "clear" or (
            piece.start == at and piece.span is not None and _is_slip(self._catalogue, piece.span, written)
        ):
            return written, True
        return MASK if written and piece.part == "masked" else "", False

    def _on_line(self, line: int) -> list[Span]:
        """The keys and values that stand on line `line`, or begin before it and go on."""
        spans = self._scanned()
        first = bisect_left(spans, (line, 0), key=_place)
        after = bisect_left(spans, (line + 1, 0), key=_place)
        while first and spans[first - 1].end[1:] > (line, 1):
            first -= 1
        return spans[first:after]

    def may_hold_several(self, line: int) -> bool:
        """True where a value that begins on line `line` may be more than one, with a key or a space between them."""
        values = [span.value or "" for span in self._on_line(line) if span.part == "value" and span.start.line == line]
        return any(map(_MAY_BE_SEVERAL.search, values))

    def reference(self, line: int, column: int, nth: int, dollars: int) -> tuple[int, int]:
        """Where the `nth` of the `dollars` dollars of the value at a place stands; the place where that is not sure."""
        spans = self._scanned()
        at = bisect_left(spans, (line, column), key=_place)
        near = (span for span in spans[at : at + 2] if span.part == "value" and _place(span) == (line, column))
        span = next(near, None)
        if span is None or self._is_odd:
            return line, column
        places = [dollar.start() for dollar in _DOLLAR.finditer(self._text, span.start.offset, span.end.offset)]
        if not nth < len(places) == dollars:
            return line, column
        number = bisect_right(self._line_starts, places[nth])
        return number, places[nth] - self._line_starts[number - 1] + 1


def unread_excerpt(text: str, mended: str, name: str, line: int, column: int, catalogue: Catalogue) -> Excerpt | None:
    """Line `line` of a text that cannot be read, where nothing in it is masked once the text is `mended`; else None.

    Nor is it shown where a value in it may be several, as of two lines that became one: the mend is a guess there.
    """
    source = SourceText(mended, name, catalogue)
    if source.may_hold_several(line):
        return None
    excerpt = source.excerpt(line, 1)
    meant, written = (one.split("\n")[line - 1].replace("\t", " ").rstrip() for one in (mended, text))
    return Excerpt(line, written, column, 1) if excerpt is not None and excerpt.text == meant else None


def _place(span: Span) -> tuple[int, int]:
    return span.start.line, span.start.column


def _is_slip(catalogue: Catalogue, span: Span, written: str) -> bool:
    """True for a key that is unknown, and so near to one that it is a slip of the pen."""
    name = span.path[-1] if span.path else None
    section = span.path[:-1]
    if (
        span.part != "key"
        or name is None
        or not _is_bare(written, name)
        or not isinstance(_standing(catalogue, section), dict)
    ):
        return False
    parent = ".".join(filter(None, section))
    return is_near(parent, name, catalogue.suggestion(f"{parent}.{name}" if parent else name))

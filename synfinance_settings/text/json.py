"""JSON (RFC 8259) as text with places, by the scanner of the standard library.

Numbers and booleans count as the text that spells them, so a layer means the same in JSON as in YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json import decoder
from typing import Final, NoReturn

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.text import bounds, brackets
from synfinance_settings.text.brackets import first_unclosed
from synfinance_settings.text.node import Node, PublicPath, Source, below, untold
from synfinance_settings.text.outline import Entry, Mark, Outline

_scan_string: Final[Callable[[str, int, bool], tuple[str, int]]] = decoder.scanstring  # type: ignore[attr-defined]
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_LITERAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.])|true|false|null")
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_json(text: str, source: Source, public_path: PublicPath = untold) -> tuple[Node | None, list[Problem]]:
    """The root of `text`, None where it holds nothing, and the faults that did not stop the reading.

    A fault names a key as `public_path` has it. Raises `LayerError` for one that stops: syntax or a bound.
    """
    outline = _Reader(text, source.name).document()
    problems: list[Problem] = []
    root = None if outline is None else _node(outline, source, "", public_path, problems)
    return root, problems


def outline_json(text: str) -> Outline | None:
    """Where everything stands in `text`, which must have been read before; None where it holds nothing."""
    return _Reader(text, "").document()


def _node(outline: Outline, source: Source, path: str, public_path: PublicPath, problems: list[Problem]) -> Node:
    """The node of `outline`; keys given twice are noted."""
    node = Node(outline.value, source, outline.start.line, outline.start.column)
    if outline.kind == "list":
        node.value = [_node(item, source, path, public_path, problems) for item in outline.items]
    elif outline.kind == "mapping":
        entries: dict[str, Node] = {}
        for entry in outline.entries:
            name = entry.name or ""
            key = below(path, name)
            inner = _node(entry.value, source, key, public_path, problems)
            inner.key_line, inner.key_column = entry.start.line, entry.start.column
            if name in entries:
                hint = f"first given in line {entries[name].key_line}"
                shown = public_path(key)
                problem = Problem("duplicate-key", f"{shown} is given twice", shown, inner.key_origin, hint=hint)
                problems.append(problem)
            entries.setdefault(name, inner)
        node.value = entries
    return node


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._nodes = 0
        self._line, self._line_start, self._counted = 1, 0, 0

    def document(self) -> Outline | None:
        self._skip_blanks()
        if self._at == len(self._text):
            return None
        root = self._outline(0)
        if self._at < len(self._text):
            self._fail("something follows the document")
        return root

    def _outline(self, depth: int) -> Outline:
        self._nodes += 1
        if self._nodes > bounds.NODES:
            raise LayerError(bounds.too_many_nodes(self._origin()))
        start = self._mark()
        opening = self._text[self._at : self._at + 1]
        if opening == '"':
            value, end = self._string()
            found = Outline("scalar", start, end, value, '"')
        elif opening in ("{", "["):
            if depth == bounds.LEVELS:
                raise LayerError(bounds.too_deep(self._origin()))
            found = Outline("mapping" if opening == "{" else "list", start, start)
            found.end = self._members(found, "}" if opening == "{" else "]", depth + 1)
        else:
            found = self._literal(start)
        self._skip_blanks()
        return found

    def _members(self, outer: Outline, closing: str, depth: int) -> Mark:
        """Read what stands between the brackets; returns where the closing one ends."""
        self._step()
        is_first = True
        while self._text[self._at : self._at + 1] != closing:
            if not is_first and not self._takes(","):
                self._fail_in_brackets(f"expected , or {closing}")
            is_first = False
            if outer.kind == "list":
                outer.items.append(self._outline(depth))
                continue
            start = self._mark()
            if self._text[self._at : self._at + 1] != '"':
                self._fail_in_brackets("expected a key in double quotes")
            name, end = self._string()
            self._skip_blanks()
            if not self._takes(":"):
                self._fail_in_brackets("expected : after a key")
            outer.entries.append(Entry(name, start, end, self._outline(depth), '"'))
        self._at += 1
        return self._mark()

    def _string(self) -> tuple[str, Mark]:
        value = ""
        try:
            value, end = _scan_string(self._text, self._at + 1, True)
        except json.JSONDecodeError as error:
            at, said = error.pos, error.msg.lower()
        else:
            at, said = self._at, "a lone surrogate" if _SURROGATE.search(value) else ""
        if said:
            value = ""  # a traceback shows locals
            self._at = at
            self._fail(said)
        self._at = end
        return value, self._mark()

    def _literal(self, start: Mark) -> Outline:
        found = _LITERAL.match(self._text, self._at)
        if found is None:
            self._fail_in_brackets("expected a value")
        self._at = found.end()
        return Outline("scalar", start, self._mark(), None if found[0] == "null" else found[0])

    def _takes(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        if found:
            self._step()
        return found

    def _step(self) -> None:
        self._at += 1
        self._skip_blanks()

    def _skip_blanks(self) -> None:
        blank = _BLANK.match(self._text, self._at)
        self._at = blank.end() if blank else self._at

    def _mark(self) -> Mark:
        """The place of the next character; each character is counted once."""
        if self._at > self._counted:
            self._line += self._text.count("\n", self._counted, self._at)
            newline = self._text.rfind("\n", self._counted, self._at)
            self._line_start = newline + 1 if newline >= 0 else self._line_start
            self._counted = self._at
        return Mark(self._at, self._line, self._at - self._line_start + 1)

    def _origin(self) -> Origin:
        return Origin(self._name, *self._mark()[1:])

    def _fail(self, said: str) -> NoReturn:
        raise LayerError(Problem("syntax", f"not JSON: {said}", origin=self._origin()))

    def _fail_in_brackets(self, said: str) -> NoReturn:
        """Fail where a bracket opened that nothing closes, else here."""
        opening = first_unclosed(self._brackets(), self._at)
        if opening is None:
            self._fail(said)
        origin = Origin(self._name, opening.line, opening.column)
        raise LayerError(Problem("syntax", f"not JSON: {said}", origin=origin, hint=brackets.HINT))

    def _brackets(self) -> Iterator[tuple[str, Mark]]:
        """The brackets of the whole text that stand in no string."""
        places = _Reader(self._text, self._name)
        for found in _STRING_OR_BRACKET.finditer(self._text):
            if found[0] in "[]{}":
                places._at = found.start()
                yield found[0], places._mark()

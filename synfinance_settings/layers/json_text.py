"""JSON (RFC 8259) as text with places, by the scanner of the standard library.

Numbers and booleans count as the text that spells them, so a layer means the same in JSON as in YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from json import decoder
from typing import Final, NoReturn

from synfinance_settings.errors import LayerError, Origin, Problem, printable
from synfinance_settings.layers import bounds
from synfinance_settings.layers.node import Node, Source, Span

_scan_string: Final[Callable[[str, int, bool], tuple[str, int]]] = decoder.scanstring  # type: ignore[attr-defined]
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_LITERAL: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?(?![0-9.])|true|false|null")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


def read_json(text: str, source: Source) -> tuple[Node | None, list[Problem]]:
    """The root of `text`, None where it holds nothing, and the faults that did not stop the reading.

    Raises `LayerError` for a fault that does: syntax or a bound.
    """
    reader = _Reader(text, source)
    return (reader.document() if text.strip(" \t\r\n") else None), reader.problems


def json_spans(text: str) -> Iterator[Span]:
    """Every key and scalar of `text`, which must have been read before."""
    reader = _Reader(text, Source(""))
    reader.document()
    return iter(reader.spans)


class _Reader:
    def __init__(self, text: str, source: Source) -> None:
        self._text = text
        self._source = source
        self._at = 0
        self._nodes = 0
        self._line, self._line_start, self._counted = 1, 0, 0
        self.problems: list[Problem] = []
        self.spans: list[Span] = []

    def document(self) -> Node:
        self._skip_blanks()
        root = self._node((), 0)
        if self._at < len(self._text):
            self._fail("something follows the document")
        return root

    def _node(self, path: tuple[str, ...], depth: int) -> Node:
        self._nodes += 1
        line, column = self._place()
        if self._nodes > bounds.NODES:
            raise LayerError((*self.problems, bounds.too_many_nodes(self._origin())))
        node = Node(None, self._source, line, column)
        opening = self._text[self._at : self._at + 1]
        if opening in ("{", "["):
            if depth == bounds.LEVELS:
                raise LayerError((*self.problems, bounds.too_deep(self._origin())))
            self._step()
            node.value = self._object(path, depth + 1) if opening == "{" else self._array(path, depth + 1)
        elif opening == '"':
            node.value = self._string(path, "value")
        else:
            node.value = self._literal(path)
        return node

    def _object(self, path: tuple[str, ...], depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not self._takes("}"):
            if entries and not self._takes(","):
                self._fail("expected , or } after a member")
            place, origin = self._place(), self._origin()
            if self._text[self._at : self._at + 1] != '"':
                self._fail("expected a key in double quotes")
            key = self._string((*path, "?"), "key")
            here = (*path, key)
            if key in entries:
                shown = printable(".".join(here))
                hint = f"first given in line {entries[key].key_line}"
                self.problems.append(Problem("duplicate-key", f"{shown} is given twice", shown, origin, hint=hint))
            if not self._takes(":"):
                self._fail("expected : after a key")
            node = self._node(here, depth)
            node.key_line, node.key_column = place
            entries.setdefault(key, node)
        return entries

    def _array(self, path: tuple[str, ...], depth: int) -> list[Node]:
        items: list[Node] = []
        while not self._takes("]"):
            if items and not self._takes(","):
                self._fail("expected , or ] after an item")
            items.append(self._node(path, depth))
        return items

    def _string(self, path: tuple[str, ...], part: str) -> str:
        start = self._place()
        try:
            value, end = _scan_string(self._text, self._at + 1, True)
        except json.JSONDecodeError as error:
            at, said = error.pos, error.msg.lower()
        else:
            at, said = self._at, "a lone surrogate" if _SURROGATE.search(value) else ""
        if said:
            self._at = at
            self._fail(said)
        self._at = end
        self._span((*path[:-1], value) if part == "key" else path, part, start)
        self._skip_blanks()
        return value

    def _literal(self, path: tuple[str, ...]) -> str | None:
        found = _LITERAL.match(self._text, self._at)
        if found is None:
            self._fail("expected a value")
        start = self._place()
        self._at = found.end()
        self._span(path, "value", start)
        self._skip_blanks()
        return None if found[0] == "null" else found[0]

    def _takes(self, character: str) -> bool:
        found = self._text.startswith(character, self._at)
        if found:
            self._step()
        return found

    def _step(self) -> None:
        self._at += 1
        self._skip_blanks()

    def _skip_blanks(self) -> None:
        self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]

    def _place(self) -> tuple[int, int]:
        """Line and column of the next character; each character is counted once."""
        self._line += self._text.count("\n", self._counted, self._at)
        newline = self._text.rfind("\n", self._counted, self._at)
        if newline >= 0:
            self._line_start = newline + 1
        self._counted = max(self._counted, self._at)
        return self._line, self._at - self._line_start + 1

    def _origin(self) -> Origin:
        return Origin(self._source.name, *self._place())

    def _span(self, path: tuple[str, ...], part: str, start: tuple[int, int]) -> None:
        self.spans.append(Span(path, part, start, self._place()))

    def _fail(self, said: str) -> NoReturn:
        raise LayerError((*self.problems, Problem("syntax", f"not JSON: {said}", origin=self._origin())))

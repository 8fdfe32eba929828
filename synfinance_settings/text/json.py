"""JSON (RFC 8259) as text with places, by the scanner of the standard library.

Numbers and booleans count as the text that spells them, so a layer means the same in JSON as in YAML.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from json import decoder
from typing import Any, Final, NoReturn

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.foreign import as_json
from synfinance_settings.text import bounds, brackets
from synfinance_settings.text.brackets import first_unclosed
from synfinance_settings.text.format import STEP, Format, Written, nested
from synfinance_settings.text.outline import Entry, Mark, Outline, Outlined, Spot

_scan_string: Final[Callable[[str, int, bool], tuple[str, int]]] = decoder.scanstring  # type: ignore[attr-defined]
_BLANK: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERAL: Final = re.compile(rf"{_NUMBER.pattern}(?![0-9.])|true|false|null")
_STRING_OR_BRACKET: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class Json(Format):
    """JSON: braces, no comments."""

    name = "json"
    suffixes = (".json",)
    has_blocks = False

    def outline(self, text: str, name: str) -> Outlined:
        """Where everything stands; nothing of it where a fault stops the reading."""
        try:
            return Outlined(_Reader(text, name).document())
        except LayerError as error:
            return Outlined(None, error.problems[0])

    def spell(self, value: Written, form: str, style: str = "") -> str:
        """`value` in one line; numbers and booleans bare where the setting is one and the text allows it."""
        if isinstance(value, list):
            return "[" + ", ".join(self.spell(item, form) for item in value) + "]"
        if value is None:
            return "null"
        is_number = form in ("whole number", "number") and _NUMBER.fullmatch(value)
        is_boolean = form == "boolean" and value in ("true", "false")
        return value if (is_number or is_boolean) and style != '"' else as_json(value)

    def write(self, data: Mapping[str, Any]) -> str:
        """`data`, indented, for people and programs."""
        return as_json(data, 2) + "\n"

    def entry(self, name: str, spelled: str) -> str:
        """A key in quotes, with its value."""
        return f'"{name}": {spelled}'

    def layer(self, spelled: Mapping[str, str]) -> str:
        """The text of a new layer, one setting a line."""
        return self._braces(nested(spelled), "") + "\n"

    def _braces(self, tree: Mapping[str, Any], margin: str) -> str:
        inner = margin + STEP
        entries = [
            inner + self.entry(name, said if isinstance(said, str) else self._braces(said, inner))
            for name, said in tree.items()
        ]
        return "{\n" + ",\n".join(entries) + f"\n{margin}}}" if entries else "{}"


JSON: Final = Json()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._nodes = 0
        self._line, self._line_start, self._counted = 0, 0, 0

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
        start = self._spot()
        opening = self._text[self._at : self._at + 1]
        if opening == '"':
            value, end = self._string()
            found = Outline("scalar", start, end, value, '"')
        elif opening in ("{", "["):
            if depth == bounds.LEVELS:
                raise LayerError(bounds.too_deep(self._origin()))
            found = Outline("mapping" if opening == "{" else "list", start, start)
            found.last = self._members(found, "}" if opening == "{" else "]", depth + 1)
        else:
            found = self._literal(start)
        self._skip_blanks()
        return found

    def _members(self, outer: Outline, closing: str, depth: int) -> Spot:
        """Read what stands between the brackets; returns where the closing one ends."""
        self._step()
        outer.items, outer.entries = items, entries = [], []
        is_first = True
        while self._text[self._at : self._at + 1] != closing:
            if not is_first and not self._takes(","):
                self._fail_in_brackets(f"expected , or {closing}")
            is_first = False
            if outer.kind == "list":
                items.append(self._outline(depth))
                continue
            start = self._spot()
            if self._text[self._at : self._at + 1] != '"':
                self._fail_in_brackets("expected a key in double quotes")
            name, end = self._string()
            self._skip_blanks()
            if not self._takes(":"):
                self._fail_in_brackets("expected : after a key")
            entries.append(Entry(Outline("scalar", start, end, name, '"'), self._outline(depth)))
        self._at += 1
        return self._spot()

    def _string(self) -> tuple[str, Spot]:
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
        return value, self._spot()

    def _literal(self, start: Spot) -> Outline:
        found = _LITERAL.match(self._text, self._at)
        if found is None:
            self._fail_in_brackets("expected a value")
        self._at = found.end()
        return Outline("scalar", start, self._spot(), None if found[0] == "null" else found[0])

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

    def _spot(self) -> Spot:
        """The place of the next character; each character is counted once."""
        if self._at > self._counted:
            self._line += self._text.count("\n", self._counted, self._at)
            newline = self._text.rfind("\n", self._counted, self._at)
            self._line_start = newline + 1 if newline >= 0 else self._line_start
            self._counted = self._at
        return Spot(self._at, self._line, self._at - self._line_start)

    def _mark(self) -> Mark:
        spot = self._spot()
        return Mark(spot.index, spot.line + 1, spot.column + 1)

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

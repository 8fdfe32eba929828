"""JSON (RFC 8259) as text with places, by the scanner of the standard library.

Numbers and booleans count as the text that spells them, so a layer means the same in JSON as in YAML.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from json import decoder
from typing import Any, Final, NoReturn

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.foreign import as_json
from synfinance_settings.pattern import pattern
from synfinance_settings.text import bounds
from synfinance_settings.text.format import STEP, Format, Written, nested
from synfinance_settings.text.outline import Entry, Mark, Outline, Outlined, Spot

_scan_string: Final[Callable[[str, int, bool], tuple[str, int]]] = decoder.scanstring  # type: ignore[attr-defined]
_BLANK: Final = pattern(r"[ \t\n\r]*")
_NUMBER: Final = pattern(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LITERAL: Final = pattern(rf"{_NUMBER.pattern}(?![0-9.])|true|false|null")
_STRING_OR_BRACKET: Final = pattern(r'"(?:[^"\\\n]|\\.)*"?|[\[\]{}]')
_WORD: Final = pattern(r"[^\W\d]")
_HINTS: Final = (  # by what stands where the reading stopped
    (pattern(r"//|/\*|#"), "JSON has no comments; remove it"),
    (pattern("'"), "JSON takes only double quotes"),
    (pattern("[\u201c-\u201f\u2018-\u201b]"), "type plain double quotes; some programs insert others"),
    (pattern("\u00a0"), "type plain spaces; some programs insert no-break ones"),
    (pattern(","), "remove one of the two commas"),
    (pattern("=|;"), "a colon separates a key from its value, a comma two entries"),
    (pattern("[Tt]rue|[Ff]alse|[Nn]one|[Nn]ull|TRUE|FALSE|NULL"), "JSON has true, false and null, in lower case"),
    (
        pattern("[+.]?[0-9]|-"),
        "put double quotes around it, or write it as JSON does: no +, and no 0 or point in front",
    ),
    (_WORD, "put double quotes around a text, before and after it"),
)
_COMMA: Final = "a comma is missing between two entries"
_INSIDE: Final = r"write \" for a quote inside a text"
_CLOSED: Final = "a quote that opens here is not closed"
_IN_STRING: Final = {  # by what the standard library says
    "invalid control character at": r"write it as an escape: \t for a tab",
    "invalid \\escape": "write two backslashes for one",
    "invalid \\escape: ": "write two backslashes for one",
}
_SURROGATE: Final = pattern("[\ud800-\udfff]")


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
            inner + self.entry(name, value if isinstance(value, str) else self._braces(value, inner))
            for name, value in tree.items()
        ]
        return "{\n" + ",\n".join(entries) + f"\n{margin}}}" if entries else "{}"


JSON: Final = Json()


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._at = 0
        self._end = 0  # of what was read last
        self._nodes = 0
        self._line, self._line_start, self._counted = 0, 0, 0

    def document(self) -> Outline | None:
        self._skip_blanks()
        if self._at == len(self._text):
            return None
        root = self._outline(0)
        if self._at < len(self._text):
            self._fail("unexpected text after the document", "there may be one bracket too many before it")
        return root

    def _outline(self, depth: int) -> Outline:
        """Read the value that begins here, `depth` levels down, and the blanks after it."""
        self._nodes += 1
        if self._nodes > bounds.NODES:
            raise LayerError(bounds.too_many_nodes(self._origin()))
        start = self._spot()
        opening = self._text[self._at : self._at + 1]
        if opening == '"':
            value, end = self._string()
            outline = Outline("scalar", start, end, value, '"')
        elif opening in ("{", "["):
            if depth == bounds.LEVELS:
                raise LayerError(bounds.too_deep(self._origin()))
            outline = Outline("mapping" if opening == "{" else "list", start, start)
            outline.last = self._members(outline, "}" if opening == "{" else "]", depth + 1)
        else:
            outline = self._literal(start)
        self._end = self._at
        self._skip_blanks()
        return outline

    def _members(self, outer: Outline, closing: str, depth: int) -> Spot:
        """Read what stands between the brackets; returns where the closing one ends."""
        self._step()
        items: list[Outline] = []
        entries: list[Entry] = []
        outer.items, outer.entries = items, entries
        while self._text[self._at : self._at + 1] != closing:
            if items or entries:
                self._past_comma(closing)
            if outer.kind == "list":
                items.append(self._outline(depth))
            else:
                entries.append(self._entry(depth))
        self._at += 1
        return self._spot()

    def _past_comma(self, closing: str) -> None:
        """Go on after the comma that must stand here; a missing one belonged after what was read last."""
        comma = self._at
        if not self._takes(","):
            is_next = self._text.startswith(('"', "[", "{"), comma) or _LITERAL.match(self._text, comma) is not None
            if is_next and "\n" in self._text[self._end : comma]:
                self._at = self._end
            if _WORD.match(self._text, comma) and self._text[self._end - 1] == '"' and not is_next:
                self._fail(f"expected , or {closing}", _INSIDE)
            self._fail_in_brackets(f"expected , or {closing}", _COMMA if is_next else "")
        if self._text.startswith(closing, self._at):
            self._at = comma
            self._fail(f"a comma before {closing}", "remove the comma")

    def _entry(self, depth: int) -> Entry:
        """Read the key that begins here, and the value after its colon."""
        start = self._spot()
        if self._text[self._at : self._at + 1] != '"':
            self._fail_in_brackets("expected a key in double quotes")
        name, end = self._string()
        self._skip_blanks()
        if not self._takes(":"):
            self._fail_in_brackets(
                "expected : after a key", "put a colon after the key, or the quote that it ends with"
            )
        return Entry(Outline("scalar", start, end, name, '"'), self._outline(depth))

    def _string(self) -> tuple[str, Spot]:
        """Read the string that begins here; returns its text and where it ends."""
        value = ""
        try:
            value, end = _scan_string(self._text, self._at + 1, True)
        except json.JSONDecodeError as error:
            at, fault = error.pos, error.msg.lower()
        else:
            at, fault = self._at, "a lone surrogate" if _SURROGATE.search(value) else ""
        if fault:
            value = ""  # a traceback shows locals
            is_open = self._ends_line(at) and "escape" not in fault and "surrogate" not in fault
            self._at = self._at if is_open else at
            self._fail(fault, _CLOSED if is_open else _IN_STRING.get(fault, ""))
        self._at = end
        return value, self._spot()

    def _literal(self, start: Spot) -> Outline:
        literal = _LITERAL.match(self._text, self._at)
        if literal is None:
            self._fail_in_brackets("expected a value")
        self._at = literal.end()
        return Outline("scalar", start, self._spot(), None if literal[0] == "null" else literal[0])

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

    def _fail(self, fault: str, hint: str = "") -> NoReturn:
        """Fail here, with the mend that what stands here calls for."""
        origin = self._origin()
        raise LayerError(Problem("syntax", f"not JSON: {fault}", origin=origin, hint=hint or self._known_mend()))

    def _fail_in_brackets(self, fault: str, hint: str = "") -> NoReturn:
        """Fail where a bracket opened that nothing closes, else here, where no sign says what is wrong."""
        from synfinance_settings.text import brackets  # only faults pay

        known = self._known_mend()
        opening = None if known and not hint else brackets.first_unclosed(self._brackets(), self._at)
        if opening is None:
            self._fail(fault, hint)
        origin = Origin(self._name, opening.line, opening.column)
        raise LayerError(Problem("syntax", f"not JSON: {fault}", origin=origin, hint=brackets.HINT))

    def _known_mend(self) -> str | None:
        return next((mend for sign, mend in _HINTS if sign.match(self._text, self._at)), None)

    def _ends_line(self, at: int) -> bool:
        """True where a string that began here goes on to the end of its line, or of the text."""
        return at == self._at or self._text[at : at + 1] in ("\n", "\r")

    def _brackets(self) -> Iterator[tuple[str, Mark]]:
        """The brackets of the whole text that do not stand in a string."""
        places = _Reader(self._text, self._name)
        for match in _STRING_OR_BRACKET.finditer(self._text):
            if match[0] in "[]{}":
                places._at = match.start()
                yield match[0], places._mark()

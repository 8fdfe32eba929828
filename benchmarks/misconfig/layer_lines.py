"""A shipped layer as lines that know their keys, so that a mistake can be made at a place that has a name.

It reads the plain block style of `settings/*.yaml` and nothing more; each line that is neither blank nor a comment is
known, or the layer is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from synfinance_settings.model.catalogue import Setting
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

Kind = Literal["section", "setting", "list", "item"]

_COMMENT: Final = r"(?P<comment>\s+#.*)?"
_NAMED: Final = re.compile(rf"(?P<indent> *)(?P<name>\w+):(?: (?P<value>\S.*?))?{_COMMENT}")
_ITEM: Final = re.compile(rf"(?P<indent> *)- (?P<value>\S.*?){_COMMENT}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a layer; `key` is dotted, that of an item the key of its list."""

    number: int
    kind: Kind
    key: str
    indent: str
    name: str
    value: str
    comment: str

    @property
    def setting(self) -> Setting | None:
        """What is known of the setting; None of a section."""
        return SETTINGS.get(self.key)

    def written(self, *, name: str | None = None, value: str | None = None) -> str:
        """The line with another name or value."""
        value = self.value if value is None else value
        if self.kind == "item":
            return f"{self.indent}- {value}{self.comment}"
        colon = f"{self.name if name is None else name}:"
        return f"{self.indent}{colon} {value}{self.comment}" if value else f"{self.indent}{colon}{self.comment}"


@dataclass(frozen=True, slots=True)
class Mistake:
    """A layer with a mistake in it: the new text, the lines of it that may be named, and the keys it is about."""

    text: str
    lines: frozenset[int]
    keys: frozenset[str]


class Layer:
    """A layer's text, line by line; `siblings` are the layers of the other environments."""

    def __init__(self, text: str, siblings: Iterable[Layer] = ()) -> None:
        self.raw = text.splitlines()
        self.lines = list(_known(self.raw))
        self.siblings = tuple(siblings)

    def of(self, *kinds: Kind) -> list[Line]:
        """The lines of these kinds."""
        return [line for line in self.lines if line.kind in kinds]

    @property
    def valued(self) -> list[Line]:
        """The lines that hold a value."""
        return [line for line in self.lines if line.value]

    def inside(self, line: Line) -> list[Line]:
        """The lines of a section or a list, without its own."""
        inner = []
        for other in self.lines[self.lines.index(line) + 1 :]:
            if len(other.indent) <= len(line.indent):
                break
            inner.append(other)
        return inner

    def section(self, line: Line) -> Line | None:
        """The line of the section, or list, that `line` stands in."""
        above = self.lines[: self.lines.index(line)]
        return next((other for other in reversed(above) if len(other.indent) < len(line.indent)), None)

    def after(self, line: Line) -> Line | None:
        """The known line that follows `line`."""
        return next((other for other in self.lines if other.number > line.number), None)

    def with_lines(
        self, first: int, last: int, new: Iterable[str], keys: Iterable[str], named: Iterable[int] = ()
    ) -> Mistake:
        """The layer with the lines `first` to `last` replaced; where none are `named`, the new ones may be."""
        new_lines = list(new)
        lines = [*self.raw[: first - 1], *new_lines, *self.raw[last:]]
        return Mistake("\n".join(lines) + "\n", frozenset(named) or span(first, len(new_lines)), frozenset(keys))

    def with_line(self, line: Line, new: str, *keys: str, named: Iterable[int] = ()) -> Mistake:
        """The layer with one line written otherwise."""
        return self.with_lines(line.number, line.number, [new], (line.key, *keys), named)


def span(first: int, count: int) -> frozenset[int]:
    """`count` line numbers from `first` on."""
    return frozenset(range(first, first + count))


def _known(raw: list[str]) -> Iterable[Line]:
    """The lines of `raw` that are neither blank nor a comment, with their keys; any other style is refused."""
    above: list[tuple[int, str]] = []  # the indents and keys of the sections and lists that are open
    for number, text in enumerate(raw, 1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        match = _ITEM.fullmatch(text) or _NAMED.fullmatch(text)
        assert match, f"line {number} is not as the shipped layers are written: {text}"
        parts = {name: part or "" for name, part in match.groupdict().items()}
        while above and above[-1][0] >= len(parts["indent"]):
            above.pop()
        name = parts.get("name", "")
        key = ".".join(filter(None, [above[-1][1] if above else "", name]))
        kind: Kind = "setting" if name else "item"
        if name and not parts["value"]:
            kind = "list" if key in SETTINGS else "section"
            above.append((len(parts["indent"]), key))
        yield Line(number, kind, key, parts["indent"], name, parts["value"], parts["comment"])

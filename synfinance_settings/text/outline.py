"""Where everything stands in the text of a layer: what a format makes of a text, and all else is made of.

The nodes of a load come from it, unless a format has them in one step, and so do excerpts, and edits that keep the rest
as it is: it knows where each thing ends and how it is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.record import Record


class Mark(Record):
    """A place in a text: characters from its start, and line and column, which count from 1."""

    offset: int
    line: int
    column: int


class Spot:
    """The same as a parser counts, all of it from 0; the marks of libyaml are taken as they are."""

    __slots__ = ("column", "index", "line")

    def __init__(self, index: int, line: int, column: int) -> None:
        self.index = index
        self.line = line
        self.column = column


class Flaw(Record):
    """What is wrong with a thing however well it can be read: the code of the problem, and what it says."""

    code: str
    message: str


class Outline:
    """One scalar, list, mapping or alias in a text, from `first` to before `last`.

    `value` is the text of a scalar, None where it is null. `style` is the first character of a scalar that is quoted
    or a block, else empty; `anchor` is the name that a thing is given, or that an alias uses. A block list or mapping
    ends with its last item, before the blank lines that follow it.
    """

    __slots__ = ("anchor", "entries", "first", "flaw", "is_flow", "items", "kind", "last", "style", "value")

    def __init__(
        self,
        kind: Literal["scalar", "list", "mapping", "alias"],
        first: Spot,
        last: Spot,
        value: str | None = None,
        style: str = "",
        is_flow: bool = True,
        anchor: str | None = None,
        entries: Sequence[Entry] = (),
    ) -> None:
        self.kind = kind
        self.first = first
        self.last = last
        self.value = value
        self.style = style
        self.is_flow = is_flow
        self.anchor = anchor
        self.flaw: Flaw | None = None
        self.entries = entries
        self.items: Sequence[Outline] = ()

    @property
    def start(self) -> Mark:
        """Where it begins."""
        return _mark(self.first)

    @property
    def end(self) -> Mark:
        """Where it has ended."""
        return _mark(self.last)

    def find(self, name: str) -> Entry | None:
        """The entry of a mapping with key `name`."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def walk(self) -> Iterator[Outline]:
        """The outline itself and all that stands in it."""
        yield self
        for inner in (*(entry.value for entry in self.entries), *self.items):
            yield from inner.walk()


class Entry:
    """A key of a mapping and what stands under it."""

    __slots__ = ("key", "value")

    def __init__(self, key: Outline, value: Outline) -> None:
        self.key = key
        self.value = value

    @property
    def name(self) -> str | None:
        """The text of the key; None where it is not text."""
        return self.key.value

    @property
    def start(self) -> Mark:
        """Where the key begins."""
        return self.key.start

    @property
    def end(self) -> Mark:
        """Where the key has ended."""
        return self.key.end

    @property
    def style(self) -> str:
        """The style of the key."""
        return self.key.style


class Outlined(Record):
    """The outline of a text, None where it holds nothing; where a `fault` stopped the reading, what came before it.

    `mended` is the text without the fault, where a mend was found that makes it read.
    """

    root: Outline | None
    fault: Problem | None = None
    mended: str | None = None


def is_nothing(root: Outline) -> bool:
    """True for the root of a document in which nothing is written."""
    return root.kind == "scalar" and root.value is None and root.first.index == root.last.index


def origin_of(outline: Outline, name: str) -> Origin:
    """The place of `outline` in the text that messages call `name`."""
    return Origin(name, outline.first.line + 1, outline.first.column + 1)


def _mark(spot: Spot) -> Mark:
    return Mark(spot.index, spot.line + 1, spot.column + 1)


class Span(Record):
    """A key, or a value that holds no others, in a text: its path of keys, what it is, and where it stands.

    A key that is not text, and an item of a list that holds others, is None in the path. `value` is what is read there,
    None for an alias and for what is not text; `style` is that of the scalar.
    """

    path: tuple[str | None, ...]
    part: Literal["key", "value"]
    start: Mark
    end: Mark
    value: str | None
    style: str


def spans(outline: Outline, path: tuple[str | None, ...] = ()) -> Iterator[Span]:
    """Every key and scalar of `outline`, in the order of the text."""
    for entry in outline.entries:
        inner = (*path, entry.name)
        yield Span(inner, "key", entry.start, entry.end, entry.name, entry.style)
        yield from spans(entry.value, inner)
    for item in outline.items:
        yield from spans(item, path if item.kind in ("scalar", "alias") else (*path, None))
    if outline.kind in ("scalar", "alias"):
        yield Span(path, "value", outline.start, outline.end, outline.value, outline.style)

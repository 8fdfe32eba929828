"""Where everything stands in the text of a layer: for excerpts, and for edits that keep the rest as it is.

Reading needs values and their places only; an outline also knows where each thing ends and how it is written. It is
made when somebody has to look at the text itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple


class Mark(NamedTuple):
    """A place in a text: characters from its start, and line and column, which count from 1."""

    offset: int
    line: int
    column: int


@dataclass(slots=True)
class Entry:
    """A key of a mapping and what stands under it; `style` is that of the key."""

    name: str | None
    start: Mark
    end: Mark
    value: Outline
    style: str = ""


@dataclass(slots=True)
class Outline:
    """One scalar, list, mapping or alias in a text, from `start` to before `end`.

    `style` is the first character of a scalar that is quoted or a block, else empty; `anchor` is the name that a
    thing is given, or that an alias uses. A block list or mapping ends with its last item, before the blank lines
    that follow it.
    """

    kind: Literal["scalar", "list", "mapping", "alias"]
    start: Mark
    end: Mark
    value: str | None = field(default=None, repr=False)
    style: str = ""
    is_flow: bool = True
    anchor: str | None = None
    entries: list[Entry] = field(default_factory=list, repr=False)
    items: list[Outline] = field(default_factory=list, repr=False)

    def find(self, name: str) -> Entry | None:
        """The entry of a mapping with key `name`."""
        return next((entry for entry in self.entries if entry.name == name), None)

    def walk(self) -> Iterator[Outline]:
        """The outline itself and all that stands in it."""
        yield self
        for inner in (*(entry.value for entry in self.entries), *self.items):
            yield from inner.walk()


class Span(NamedTuple):
    """A key, or a value that holds no others, in a text: its path of keys, what it is, and where it stands.

    A key that is no text, and an item of a list that holds others, is None in the path. `value` is what is read there,
    None for an alias and for what is no text; `style` is that of the scalar.
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

"""What stands at one place of a layer: text, null, a list or a mapping, and where.

A `Node` is opaque to dynaconf (neither str, list nor mapping), so that dynaconf merges sections and nothing else: no
list is joined, no text is parsed, no token is obeyed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record

_LONGEST_PATH: Final = 300  # characters: what is cut there is not a setting, and neither is anything below it
_LINE_BREAK: Final = pattern(r"\r\n|\n|\r")

Value: TypeAlias = "str | None | list[Node] | dict[str, Node] | Problem | Pending"
"""A node's content. A `Problem` is a fault that matters only where this value wins."""

Branch = dict[str, "Node | Branch"]
"""A layer fitted to the sections: a section maps names, a setting is a node."""

PublicPath = Callable[[str], str]
"""A dotted key as a message may show it: a reader does not know which there are, and any other may be a secret."""


def untold(path: str) -> str:
    """What is told of a key where nobody says which ones may be shown."""
    return "a key"


class Pending(Record):
    """The text of a line of ``.env`` that refers to settings, which are known only when all layers are.

    `above` is what the names in it were set to in the lines above; `before` is what stands before it on its line.
    `problem` is what its use meets where no settings are known.
    """

    text: str
    problem: Problem
    escapes: bool
    above: Mapping[str, str | Problem]
    source: str
    line: int
    before: str

    def __repr__(self) -> str:  # never the text: it may hold a secret
        return f"<Pending at {self.source}:{self.line}>"

    def place(self, offset: int) -> Origin:
        """Where the character at `offset` of the text stands."""
        before = self.before + self.text[:offset]
        column = len(before) - max(before.rfind("\n"), before.rfind("\r"))
        return Origin(self.source, self.line + len(_LINE_BREAK.findall(before)), column)


class Source(Record):
    """What a node was read from: how messages name it, and whether its text may hold references.

    A text that `is_inserted` may have come from elsewhere before it was read, and is never told.
    """

    name: str
    expands: bool = False
    is_inserted: bool = False


class Node:
    """One value of a layer. Line and column count from 1; None where the source has no lines.

    A value under a key also knows the place of its key: `key_line`, `key_column`.
    """

    __slots__ = ("column", "key_column", "key_line", "line", "source", "value")

    def __init__(self, value: Value, source: Source, line: int | None = None, column: int | None = None) -> None:
        self.value = value
        self.source = source
        self.line = line
        self.column = column
        self.key_line: int | None = None
        self.key_column: int | None = None

    @property
    def origin(self) -> Origin:
        """The place of the value."""
        return Origin(self.source.name, self.line, self.column)

    @property
    def key_origin(self) -> Origin:
        """The place of the key that the value stands under; of the value where there is none."""
        return Origin(self.source.name, self.key_line, self.key_column) if self.key_line else self.origin

    def copy(self) -> Node:
        """A node of its own with copies of all that it holds, at the same places."""
        value = self.value
        if isinstance(value, list):
            value = [item.copy() for item in value]
        elif isinstance(value, dict):
            value = {key: item.copy() for key, item in value.items()}
        return Node._placed(value, self)

    @staticmethod
    def _placed(value: Value, like: Node) -> Node:
        node = Node(value, like.source, like.line, like.column)
        node.key_line, node.key_column = like.key_line, like.key_column
        return node

    def __repr__(self) -> str:  # never the value: it may be a secret
        return f"<Node at {self.origin}>"


def below(path: str, name: str) -> str:
    """The key `name` inside `path`, cut where it is too long to be a setting: what lies below it costs no more."""
    return f"{path}.{name}"[:_LONGEST_PATH] if path else name[:_LONGEST_PATH]


def put(branch: Branch, key: str, node: Node) -> None:
    """Let `branch` say `node` for the dotted `key`, with sections on the way as needed."""
    *path, name = key.split(".")
    for part in path:
        inner = branch.setdefault(part, {})
        assert isinstance(inner, dict), "a section is no setting"
        branch = inner
    branch[name] = node


def leaves(branch: Branch, prefix: str = "") -> Iterator[tuple[str, Node]]:
    """Every setting that `branch` names: its dotted key and its node."""
    for name, value in branch.items():
        if isinstance(value, Node):
            yield prefix + name, value
        else:
            yield from leaves(value, f"{prefix}{name}.")


def plain_of(node: Node) -> Any:
    """The node's content as text, null, lists and mappings; a fault is null."""
    value = node.value
    if isinstance(value, list):
        return [plain_of(item) for item in value]
    if isinstance(value, dict):
        return {key: plain_of(item) for key, item in value.items()}
    if isinstance(value, Pending):
        return value.text
    return None if isinstance(value, Problem) else value


def text_of(node: Node) -> str:
    """The node's content as the text that would spell it in one line."""
    value = node.value
    if isinstance(value, list):
        return "[" + ", ".join(map(text_of, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {text_of(item)}" for key, item in value.items()) + "}"
    if value is None or isinstance(value, Problem):
        return "null"
    if isinstance(value, Pending):
        return value.text
    return str(value)  # an override may hold any value; a secret's text is its mask

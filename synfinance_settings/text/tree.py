"""The nodes that an outline comes to, for every format alike: keys given twice, aliases, bounds, places.

A format knows how a text is written; what is written means the same in all of them, and is decided here.
"""

from __future__ import annotations

from synfinance_settings.errors import LayerError, Problem
from synfinance_settings.text import bounds
from synfinance_settings.text.node import Node, PublicPath, Source, below
from synfinance_settings.text.outline import Outline, Outlined, is_nothing, origin_of


def nodes_of(outlined: Outlined, source: Source, public_path: PublicPath) -> tuple[Node | None, list[Problem]]:
    """The root of a text, None where it holds nothing, and the faults that did not stop the reading.

    A fault names a key as `public_path` has it. Raises `LayerError` for one that did stop, with the others before it.
    """
    tree = _Tree(source, public_path)
    root, fault = outlined.root, outlined.fault
    node = None if root is None else tree.node(root, "", 0)
    if fault is not None:
        raise LayerError((*tree.problems, fault))
    return None if root is None or is_nothing(root) else node, tree.problems


class _Extent:
    """What an anchor stands for and, once an alias has asked, how large that is."""

    __slots__ = ("characters", "height", "node", "nodes")

    def __init__(self, node: Node) -> None:
        self.node = node
        self.nodes, self.characters, self.height = _extent(node)


class _Tree:
    def __init__(self, source: Source, public_path: PublicPath) -> None:
        self._source = source
        self._public_path = public_path
        self._nodes = 0
        self._repeated = 0  # characters, by aliases
        self._anchors: dict[str, Node | _Extent | None] = {}
        self.problems: list[Problem] = []

    def node(self, outline: Outline, path: str, depth: int) -> Node:
        """The node of `outline`, which stands under the keys of `path`, `depth` levels down."""
        self._nodes += 1
        if self._nodes > bounds.NODES:
            raise self._stop(bounds.too_many_nodes(origin_of(outline, self._source.name)))
        kind, anchor = outline.kind, outline.anchor
        if kind == "alias":
            return self._aliased(outline, depth)
        first = outline.first
        node = Node(outline.value, self._source, first.line + 1, first.column + 1)
        if anchor is not None:
            self._anchors[anchor] = None
        if outline.flaw is not None:
            self._note(outline, path)
        if kind == "mapping":
            node.value = self._mapping(outline, path, depth + 1)
        elif kind == "list":
            node.value = [self.node(item, path, depth + 1) for item in outline.items]
        if anchor is not None:
            self._anchors[anchor] = node
        return node

    def _mapping(self, outline: Outline, path: str, depth: int) -> dict[str, Node]:
        """The entries of a mapping by their keys; of a key that is given twice the first counts."""
        entries: dict[str, Node] = {}
        for entry in outline.entries:
            key = entry.key
            name = key.value
            here = path if name is None else below(path, name)
            if key.anchor is not None or key.flaw is not None:
                self._odd_key(key, path)
                name = None if key.flaw is not None and key.flaw.code == "bad-key" else name
            if name is not None and name in entries:
                shown = self._public_path(here)
                hint = f"first given on line {entries[name].key_line}"
                origin = origin_of(key, self._source.name)
                self.problems.append(Problem("duplicate-key", f"{shown} is given twice", shown, origin, hint=hint))
                name = None
            node = self.node(entry.value, here, depth)
            if name is not None:
                node.key_line, node.key_column = key.first.line + 1, key.first.column + 1
                entries[name] = node
        return entries

    def _odd_key(self, key: Outline, path: str) -> None:
        if key.anchor is not None and key.kind == "scalar":
            self._anchors[key.anchor] = Node(key.value, self._source, key.first.line + 1, key.first.column + 1)
        if key.flaw is not None:
            self._note(key, path)

    def _aliased(self, outline: Outline, depth: int) -> Node:
        """A copy of what the alias names; what copies come to is bounded, too."""
        origin = origin_of(outline, self._source.name)
        anchor = outline.anchor or ""
        if anchor not in self._anchors:
            raise self._stop(Problem("bad-alias", "an alias that refers to no anchor above it", origin=origin))
        anchored = self._anchors[anchor]
        if anchored is None:
            raise self._stop(Problem("bad-alias", "an alias makes a value contain itself", origin=origin))
        if isinstance(anchored, Node):
            anchored = self._anchors[anchor] = _Extent(anchored)
        self._nodes += anchored.nodes - 1
        self._repeated += anchored.characters
        if depth + anchored.height > bounds.LEVELS:
            raise self._stop(bounds.too_deep(origin))
        if self._nodes > bounds.NODES:
            raise self._stop(bounds.too_many_nodes(origin))
        if self._repeated > bounds.ALIASED_CHARACTERS:
            raise self._stop(bounds.too_much_text(origin))
        return anchored.node.copy()

    def _note(self, outline: Outline, path: str) -> None:
        assert outline.flaw is not None
        shown = self._public_path(path) if path else None
        origin = origin_of(outline, self._source.name)
        self.problems.append(Problem(outline.flaw.code, outline.flaw.message, shown, origin))

    def _stop(self, problem: Problem) -> LayerError:
        return LayerError((*self.problems, problem))


def _extent(node: Node) -> tuple[int, int, int]:
    """How many nodes `node` is, how many characters of text they hold, and how many levels lie below it."""
    value = node.value
    inner = value if isinstance(value, list) else list(value.values()) if isinstance(value, dict) else []
    nodes, characters, height = 1, len(value) if isinstance(value, str) else 0, 0
    for item in inner:
        more, text, levels = _extent(item)
        nodes, characters, height = nodes + more, characters + text, max(height, levels + 1)
    return nodes, characters, height

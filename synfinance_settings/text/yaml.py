"""YAML as text with places: the only door to PyYAML.

The event stream of libyaml is read straight into nodes. Nothing is constructed and nothing is composed: no tag can
make an object, and the level bound holds before libyaml's composer could overflow the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from yaml.tokens import (
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    Token,
)

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.text import bounds, brackets
from synfinance_settings.text.brackets import first_unclosed
from synfinance_settings.text.node import Node, PublicPath, Source, below, untold
from synfinance_settings.text.outline import Entry, Mark, Outline

_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_CORE: Final = "tag:yaml.org,2002:"
_TAGS: Final[Mapping[type[Event], frozenset[str]]] = {
    ScalarEvent: frozenset(("!", *(_CORE + name for name in ("str", "null", "bool", "int", "float")))),
    SequenceStartEvent: frozenset(("!", _CORE + "seq")),
    MappingStartEvent: frozenset(("!", _CORE + "map")),
}
_NUMBER_1_2: Final = re.compile(
    r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+"
)  # 10.3.2
_BRACKETS: Final[Mapping[type[Token], str]] = {
    FlowMappingStartToken: "{",
    FlowMappingEndToken: "}",
    FlowSequenceStartToken: "[",
    FlowSequenceEndToken: "]",
}
_RESOLVER: Final[Any] = yaml.resolver.Resolver()
_NOT_YAML: Final = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # YAML 1.2, 5.1


def read_yaml(text: str, source: Source, public_path: PublicPath = untold) -> tuple[Node | None, list[Problem]]:
    """The root of the document in `text`, None where it holds nothing, and the faults that did not stop the reading.

    A fault names a key as `public_path` has it. Raises `LayerError` for one that stops: syntax, a bound, a second
    document, lone surrogates.
    """
    try:
        reader = _Reader(text, source, public_path)
    except UnicodeEncodeError as error:  # it holds the whole text
        line = text.count("\n", 0, error.start) + 1
    else:
        return reader.read()
    raise LayerError(Problem("not-utf8", f"{source.name} is not UTF-8", origin=Origin(source.name, line)))


def write_yaml(data: Mapping[str, Any]) -> str:
    """`data` as a YAML document in block style, in the given order; text that looks like another type is quoted."""
    text: str = yaml.dump(dict(data), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1000)
    return text


def looks_typed(text: str) -> bool:
    """True when `text` without quotes is a number, a boolean, a date or null to other readers of YAML, 1.1 or 1.2."""
    return bool(_NUMBER_1_2.fullmatch(text)) or bool(
        _RESOLVER.resolve(yaml.ScalarNode, text, (True, False)) != f"{_CORE}str"
    )


def outline_yaml(text: str) -> Outline | None:
    """Where everything stands in `text`, which must have been read before; None where it holds nothing."""
    return _Outliner(text).document()


class _Events:
    """The events of one text, with a single way to take the next."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._next: Callable[[], Any] = yaml.CSafeLoader(str(text)).get_event  # it takes no kind of text but str itself

    def _skip_to_document(self) -> Any:
        """The first event of the first document's root, None where there is no document."""
        self._next()
        return self._next() if isinstance(self._next(), DocumentStartEvent) else None


class _Reader(_Events):
    def __init__(self, text: str, source: Source, public_path: PublicPath) -> None:
        super().__init__(text)
        self._source = source
        self._public_path = public_path
        self._nodes = 0
        self._deepest = 0
        self._characters = 0  # of all texts
        self._repeated = 0  # of those characters, by aliases
        self._anchors: dict[str, tuple[Node, int, int, int] | None] = {}  # node, size, characters, height
        self.problems: list[Problem] = []

    def read(self) -> tuple[Node | None, list[Problem]]:
        """The root and the faults beside it; raises `LayerError`."""
        fault: Problem
        try:
            return self._document(), self.problems
        except yaml.reader.ReaderError:
            fault = self.unprintable()
        except yaml.MarkedYAMLError as error:
            fault = self.syntax(error)
        raise LayerError((*self.problems, fault))

    def _document(self) -> Node | None:
        event = self._skip_to_document()
        if event is None:
            return None
        root = self._node(event, "", 0)
        self._next()
        after = self._next()
        if isinstance(after, DocumentStartEvent):
            raise self._stop("second-document", "a second document; a layer is one", after)
        return None if root.value is None and event.value == "" else root

    def _node(self, event: Any, path: str, depth: int) -> Node:
        self._nodes += 1
        if self._nodes > bounds.NODES:
            raise LayerError((*self.problems, bounds.too_many_nodes(self._origin(event))))
        if type(event) is AliasEvent:
            return self._aliased(event, depth)
        deepest, self._deepest = self._deepest, depth
        mark = event.start_mark
        node = Node(None, self._source, mark.line + 1, mark.column + 1)
        anchor = event.anchor
        if anchor:
            self._anchors[anchor] = None
            before, characters = self._nodes, self._characters
        if event.tag is not None and event.tag not in _TAGS[type(event)]:
            # the tag's own text may be a secret that begins with !
            self._note("bad-tag", "a tag; quote the text if its ! belongs to the value", event, path or None)
        if type(event) is ScalarEvent:
            node.value = event.value
            self._characters += len(event.value)
            if event.value in _NULLS and event.implicit[0] and not event.style:
                node.value = None
        elif depth == bounds.LEVELS:
            raise LayerError((*self.problems, bounds.too_deep(self._origin(event))))
        elif type(event) is MappingStartEvent:
            node.value = self._mapping(path, depth + 1)
        else:
            node.value = self._sequence(path, depth + 1)
        if anchor:
            size, characters = self._nodes - before + 1, self._characters - characters
            self._anchors[anchor] = (node, size, characters, self._deepest - depth)
        self._deepest = max(deepest, self._deepest)
        return node

    def _mapping(self, path: str, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while type(event := self._next()) is not MappingEndEvent:
            key = event.value if type(event) is ScalarEvent else None
            here = path if key is None else below(path, key)
            if key is not None and event.tag is not None and event.tag not in _TAGS[ScalarEvent]:
                self._note("bad-tag", "a tag; quote the text if its ! belongs to the key", event, path or None)
            if key is not None and event.anchor:
                place = event.start_mark
                named = Node(key, self._source, place.line + 1, place.column + 1)
                self._anchors[event.anchor] = (named, 1, len(key), 0)
            if key is None or (key in _NULLS and event.implicit[0] and not event.style):
                self._note("bad-key", "a key must be text", event, path or None)
                self._node(event, path, depth)
            elif key == "<<" and not event.style:
                self._note("bad-key", "the merge key << is not supported; write the entries out", event, path or None)
                key = None
            elif key in entries:
                hint = f"first given in line {entries[key].key_line}"
                self._note("duplicate-key", f"{self._public_path(here)} is given twice", event, here, hint)
            node = self._node(self._next(), here, depth)
            if key is not None and key not in entries:
                node.key_line, node.key_column = event.start_mark.line + 1, event.start_mark.column + 1
                entries[key] = node
        return entries

    def _sequence(self, path: str, depth: int) -> list[Node]:
        items: list[Node] = []
        while type(event := self._next()) is not SequenceEndEvent:
            items.append(self._node(event, path, depth))
        return items

    def _aliased(self, event: Any, depth: int) -> Node:
        if event.anchor not in self._anchors:
            raise self._stop("bad-alias", "an alias that names no anchor above it", event)
        found = self._anchors[event.anchor]
        if found is None:
            raise self._stop("bad-alias", "an alias makes a value contain itself", event)
        node, size, characters, height = found
        self._nodes += size - 1
        self._characters += characters
        self._repeated += characters
        self._deepest = max(self._deepest, depth + height)
        if self._deepest > bounds.LEVELS:
            raise LayerError((*self.problems, bounds.too_deep(self._origin(event))))
        if self._nodes > bounds.NODES:
            raise LayerError((*self.problems, bounds.too_many_nodes(self._origin(event))))
        if self._repeated > bounds.ALIASED_CHARACTERS:
            raise LayerError((*self.problems, bounds.too_much_text(self._origin(event))))
        return node.copy()

    def _origin(self, event: Any) -> Origin:
        return Origin(self._source.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _note(self, code: str, message: str, event: Any, key: str | None, hint: str | None = None) -> None:
        shown = key and self._public_path(key)
        self.problems.append(Problem(code, message, key=shown, origin=self._origin(event), hint=hint))

    def _stop(self, code: str, message: str, event: Any) -> LayerError:
        return LayerError((*self.problems, Problem(code, message, origin=self._origin(event))))

    def unprintable(self) -> Problem:
        found = _NOT_YAML.search(self._text)
        before = self._text[: found.start()] if found else ""
        origin = Origin(self._source.name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem("syntax", "a control character, which YAML does not allow", origin=origin)

    def syntax(self, error: yaml.MarkedYAMLError) -> Problem:
        said = " ".join(part for part in (error.context, error.problem) if part)  # libyaml's fixed texts
        found = error.problem_mark or error.context_mark
        mark = _mark(found) if found else Mark(0, 1, 1)
        hint: str | None
        if "maximum nesting depth" in said:  # newer libyaml has a bound of its own, and looks ahead of its events
            return bounds.too_deep(Origin(self._source.name, mark.line, mark.column))
        if "quoted scalar" in said and error.context_mark is not None:
            mark, hint = _mark(error.context_mark), "a quote that opens here is not closed"
        elif "flow" in said and (opening := first_unclosed(self._brackets(), mark.offset)):
            mark, hint = opening, brackets.HINT
        else:
            hint = self._mend(said, mark)
        origin = Origin(self._source.name, mark.line, mark.column)
        return Problem("syntax", f"not YAML: {said}", origin=origin, hint=hint)

    def _brackets(self) -> Iterator[tuple[str, Mark]]:
        """The brackets of the whole text, up to where its tokens cannot be told."""
        loader = yaml.CSafeLoader(str(self._text))
        with suppress(yaml.YAMLError):
            while (token := loader.get_token()) is not None:
                if type(token) in _BRACKETS:
                    yield _BRACKETS[type(token)], _mark(token.start_mark)

    def _mend(self, said: str, mark: Mark) -> str | None:
        """What most likely mends a fault that libyaml tells of in its own words."""
        character = self._text[mark.offset : mark.offset + 1]
        if character == "\t":
            return "indent with blanks; YAML takes no tabs there"
        if "cannot start any token" in said:
            return "put quotes round a text that begins with this character"
        if "mapping values are not allowed" in said or "could not find expected ':'" in said:
            return "a colon or a blank after it may be missing here or in the line above"
        return None


class _Outliner(_Events):
    def document(self) -> Outline | None:
        event = self._skip_to_document()
        return None if event is None else self._outline(event)

    def _outline(self, event: Any) -> Outline:
        start, end = _mark(event.start_mark), _mark(event.end_mark)
        if type(event) is AliasEvent:
            return Outline("alias", start, end, anchor=event.anchor)
        if type(event) is ScalarEvent:
            return Outline("scalar", start, end, event.value, event.style or "", anchor=event.anchor)
        is_mapping = type(event) is MappingStartEvent
        found = Outline("mapping" if is_mapping else "list", start, end, is_flow=event.flow_style, anchor=event.anchor)
        while not isinstance(inner := self._next(), MappingEndEvent | SequenceEndEvent):
            if is_mapping:
                key = self._outline(inner)
                found.entries.append(Entry(key.value, key.start, key.end, self._outline(self._next()), key.style))
            else:
                found.items.append(self._outline(inner))
        last = found.entries[-1].value if found.entries else found.items[-1] if found.items else None
        found.end = _mark(inner.end_mark) if found.is_flow or last is None else last.end
        return found


def _mark(mark: Any) -> Mark:
    return Mark(mark.index, mark.line + 1, mark.column + 1)

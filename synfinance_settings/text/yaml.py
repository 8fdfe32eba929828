"""YAML as text with places: the only door to PyYAML.

The outline is made of the event stream of libyaml, and so are the nodes of a text in which nothing is odd. Nothing is
constructed and nothing is composed: no tag can make an object, and the level bound holds before libyaml's composer
could overflow the stack.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Literal

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.lean import lean_import
from synfinance_settings.pattern import pattern
from synfinance_settings.text import bounds
from synfinance_settings.text.format import Format, Written
from synfinance_settings.text.node import Node, Source, Value
from synfinance_settings.text.outline import Entry, Flaw, Mark, Outline, Outlined, origin_of

with lean_import(unused=["yaml"], compiling=["yaml.reader", "yaml.constructor"]):
    import yaml
    from yaml._yaml import CParser
    from yaml.error import MarkedYAMLError, YAMLError
    from yaml.events import (
        AliasEvent,
        DocumentStartEvent,
        Event,
        MappingEndEvent,
        MappingStartEvent,
        ScalarEvent,
        SequenceEndEvent,
        SequenceStartEvent,
        StreamEndEvent,
    )
    from yaml.reader import ReaderError
    from yaml.tokens import (
        FlowMappingEndToken,
        FlowMappingStartToken,
        FlowSequenceEndToken,
        FlowSequenceStartToken,
        Token,
    )

if TYPE_CHECKING:
    from synfinance_settings.text.culprit import Culprit, Mend

_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_CORE: Final = "tag:yaml.org,2002:"
_TAGS: Final[Mapping[type[Event], frozenset[str]]] = {
    ScalarEvent: frozenset(("!", *(_CORE + name for name in ("str", "null", "bool", "int", "float")))),
    SequenceStartEvent: frozenset(("!", _CORE + "seq")),
    MappingStartEvent: frozenset(("!", _CORE + "map")),
}
_NUMBER_1_2: Final = pattern(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|0o[0-7]+|0x[0-9a-fA-F]+")  # 10.3.2
_BRACKETS: Final[Mapping[type[Token], str]] = {
    FlowMappingStartToken: "{",
    FlowMappingEndToken: "}",
    FlowSequenceStartToken: "[",
    FlowSequenceEndToken: "]",
}
_LEAVES: Final = ("scalar", "alias")
# the tag's own text may be a secret that begins with !
_BAD_TAG: Final = Flaw("bad-tag", "a tag; quote the text if the ! is part of the value")
_BAD_TAG_OF_KEY: Final = Flaw("bad-tag", "a tag; quote the text if the ! is part of the key")
_NO_TEXT: Final = Flaw("bad-key", "a key must be text")
_MERGE_KEY: Final = Flaw("bad-key", "the merge key << is not supported; write the entries out")
_UNSAFE: Final = pattern(r"[\x00-\x1f\x7f-\xa0\xad\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_TYPED: Final = ("whole number", "number", "boolean", "date")
_ODD_BREAKS: Final = pattern("\r(?!\n)|[\x85\u2028\u2029]")  # lines to libyaml, not to most editors
_CONFLICT: Final = pattern("^(?:<{7}|>{7}) ", re.MULTILINE)
_NOT_YAML: Final = pattern("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # YAML 1.2, 5.1


class Yaml(Format):
    """YAML as text: block style, flow style, comments."""

    name = "yaml"
    suffixes = (".yaml", ".yml")
    before_key = "?"  # it marks a key that is written out
    comment = "#"
    may_end_in_comma = True
    schema_line = "# yaml-language-server: $schema=schema.json\n"

    def outline(self, text: str, name: str) -> Outlined:
        """Where everything stands, up to a fault of syntax, a bound, a second document, a lone surrogate."""
        try:
            outliner = _Outliner(text, name)
        except UnicodeEncodeError as error:  # it holds the whole text
            line = text.count("\n", 0, error.start) + 1
        else:
            return outliner.outlined()
        return Outlined(None, Problem("not-utf8", f"{name} is not UTF-8", origin=Origin(name, line)))

    def read_simple(self, text: str, source: Source) -> Node | None:
        """The root of a text of mappings, lists and scalars alone: no fault, no tag, no anchor, no key twice."""
        try:
            return _SimpleReader(text, source).read()
        except (_NotSimpleError, YAMLError, UnicodeEncodeError):
            return None

    def spell(self, value: Written, form: str, style: str = "") -> str:
        """`value` in one line, good inside flow collections too; quoted where others would read another type."""
        if isinstance(value, list):
            return "[" + ", ".join(self.spell(item, form) for item in value) + "]"
        if value is None:
            return "null"
        candidates = {"plain": value, "'": _single(value), '"': _double(value)}
        order = [style, "plain", "'", '"'] if style in ("'", '"') else ["plain", "'", '"']
        return next(candidates[name] for name in order if _reads_back(name, candidates[name], value, form))

    def write(self, data: Mapping[str, Any]) -> str:
        """`data` in block style, in the given order; text that looks like another type is quoted."""
        text: str = yaml.dump(dict(data), Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=1000)
        return text


YAML: Final = Yaml()


def _parser(text: str) -> CParser:
    """The reader of libyaml over `text`; it takes `str` alone, not a subclass."""
    return CParser(str(text))


class _Outliner:
    """The outline of one document, from the events that libyaml makes of its text.

    A thing hangs in its place before it is filled, so that what was read is there when a fault stops the reading.
    """

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._next: Callable[[], Any] = _parser(text).get_event
        self._left = bounds.NODES
        self.root: Outline | None = None
        self._mended: str | None = None

    def outlined(self) -> Outlined:
        """All of the text, or what comes before the fault."""
        fault = None
        try:
            self.read()
        except LayerError as error:
            fault = error.problems[0]
        except ReaderError:
            fault = self._unprintable()
        except MarkedYAMLError as error:
            fault = self._syntax(error)
        return Outlined(self.root, fault, self._mended)

    def read(self) -> None:
        """Read all of it; raises what libyaml does, and `LayerError` at a bound."""
        self._next()
        if not isinstance(self._next(), DocumentStartEvent):
            return
        event = self._next()
        self.root = root = self._thing(event)
        if root.kind not in _LEAVES:
            self._fill(root, 0)
        self._next()
        after = self._next()
        if isinstance(after, DocumentStartEvent):
            mark: Any = after.start_mark
            origin = Origin(self._name, mark.line + 1, mark.column + 1)
            raise LayerError(Problem("second-document", "a second document; a layer is a single one", origin=origin))

    def _thing(self, event: Any) -> Outline:
        """What `event` begins, empty where it holds others."""
        self._left -= 1
        kind = type(event)
        if kind is ScalarEvent:
            value, style = event.value, event.style
            if value in _NULLS and event.implicit[0] and not style:
                value = None
            outline = Outline("scalar", event.start_mark, event.end_mark, value, style or "", True, event.anchor)
        elif kind is AliasEvent:
            return Outline("alias", event.start_mark, event.end_mark, anchor=event.anchor)
        else:
            what: Literal["mapping", "list"] = "mapping" if kind is MappingStartEvent else "list"
            outline = Outline(what, event.start_mark, event.end_mark, None, "", event.flow_style, event.anchor)
        if event.tag is not None and event.tag not in _TAGS[kind]:
            outline.flaw = _BAD_TAG
        return outline

    def _fill(self, outline: Outline, depth: int) -> None:
        """Read what `outline` holds, `depth` levels down."""
        if depth == bounds.LEVELS:
            raise LayerError(bounds.too_deep(origin_of(outline, self._name)))
        if self._left < 0:
            raise LayerError(bounds.too_many_nodes(origin_of(outline, self._name)))
        last, end = (self._fill_mapping if outline.kind == "mapping" else self._fill_list)(outline, depth + 1)
        outline.last = end.end_mark if outline.is_flow or last is None else last.last

    def _fill_mapping(self, outline: Outline, depth: int) -> tuple[Outline | None, Any]:
        """Read the entries of `outline`; returns the last value, if any, and the event that ends the mapping."""
        outline.entries = entries = []
        value = None
        while type(event := self._next()) is not MappingEndEvent:
            key = self._thing(event)
            if key.kind not in _LEAVES:
                self._fill(key, depth)
            if key.kind != "scalar" or key.value is None:
                key.flaw = _NO_TEXT
            elif key.value == "<<" and not key.style:
                key.flaw = _MERGE_KEY
            elif key.flaw is not None:
                key.flaw = _BAD_TAG_OF_KEY
            value = self._thing(self._next())
            entries.append(Entry(key, value))
            if value.kind not in _LEAVES:
                self._fill(value, depth)
        return value, event

    def _fill_list(self, outline: Outline, depth: int) -> tuple[Outline | None, Any]:
        """Read the items of `outline`; returns the last one, if any, and the event that ends the list."""
        outline.items = items = []
        item = None
        while type(event := self._next()) is not SequenceEndEvent:
            item = self._thing(event)
            items.append(item)
            if item.kind not in _LEAVES:
                self._fill(item, depth)
            if self._left < 0:
                raise LayerError(bounds.too_many_nodes(origin_of(item, self._name)))
        return item, event

    def _unprintable(self) -> Problem:
        character = _NOT_YAML.search(self._text)
        before = self._text[: character.start()] if character else ""
        origin = Origin(self._name, before.count("\n") + 1, len(before) - before.rfind("\n"))
        return Problem("syntax", "a control character, which YAML does not allow", origin=origin)

    def _syntax(self, error: MarkedYAMLError) -> Problem:
        """The problem of a text that libyaml refuses with `error`, with the likeliest place, fault and mend."""
        from synfinance_settings.text import brackets  # only faults pay

        fault = " ".join(part for part in (error.context, error.problem) if part)  # libyaml's fixed texts
        place = error.problem_mark or error.context_mark
        mark = _mark(place) if place else Mark(0, 1, 1)
        if "maximum nesting depth" in fault:  # newer libyaml has a bound of its own, and looks ahead of its events
            return bounds.too_deep(Origin(self._name, mark.line, mark.column))
        hint: str | None
        if "flow" in fault and (opening := brackets.first_unclosed(self._brackets(), mark.offset)):
            mark, hint = opening, brackets.HINT
        elif (left := _CONFLICT.search(self._text)) and left.start() <= mark.offset:
            mark = Mark(left.start(), self._text.count("\n", 0, left.start()) + 1, 1)
            fault, hint = "merge conflict markers", "keep one of the two sides, and remove the conflict markers"
        elif self._text[mark.offset : mark.offset + 1] == "\t":
            hint = "indent with spaces; YAML does not allow tabs here"
        elif second := culprit_of(self._text, error):
            mark, fault, hint = second.mark, second.mend.fault, second.hint
            self._mended = second.text
        elif "quoted scalar" in fault and error.context_mark is not None:
            mark, hint = _mark(error.context_mark), "a quote that opens here is not closed"
        else:
            hint = _mend(fault)
        origin = Origin(self._name, mark.line, mark.column)
        return Problem("syntax", f"not YAML: {fault}", origin=origin, hint=hint)

    def _brackets(self) -> Iterator[tuple[str, Mark]]:
        """The brackets of the whole text, up to where its tokens cannot be told."""
        loader = _parser(self._text)
        with suppress(YAMLError):
            while (token := loader.get_token()) is not None:
                if type(token) in _BRACKETS:
                    yield _BRACKETS[type(token)], _mark(token.start_mark)


class _NotSimpleError(Exception):
    """There is something in the text that needs its outline."""


class _SimpleReader:
    """The nodes of a document straight from the events of libyaml, as long as nothing in it is odd.

    Most layers are such texts, and a load needs no outline of them, which would cost it more than all else of reading.
    What is odd is not judged here: it is for the outliner, which begins anew.
    """

    def __init__(self, text: str, source: Source) -> None:
        self._next: Callable[[], Any] = _parser(text).get_event
        self._source = source
        self._left = bounds.NODES // 2  # a key counts, too

    def read(self) -> Node:
        """The root, a mapping; raises what libyaml does, and `_NotSimpleError`."""
        self._next()
        self._next()
        root = self._next()
        if type(root) is not MappingStartEvent:
            raise _NotSimpleError
        node = self._node(root, 0)
        self._next()
        if type(self._next()) is not StreamEndEvent:
            raise _NotSimpleError
        return node

    def _node(self, event: Any, depth: int) -> Node:
        """The node that `event` begins, `depth` levels down."""
        self._left -= 1
        if self._left < 0 or event.anchor is not None or event.tag is not None:
            raise _NotSimpleError
        kind, mark = type(event), event.start_mark
        value: Value
        if kind is ScalarEvent:
            value = None if event.value in _NULLS and not event.style else event.value
        elif depth == bounds.LEVELS:
            raise _NotSimpleError
        elif kind is MappingStartEvent:
            value = self._mapping(depth + 1)
        else:
            value = self._list(depth + 1)
        return Node(value, self._source, mark.line + 1, mark.column + 1)

    def _mapping(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while type(key := self._next()) is not MappingEndEvent:
            if type(key) is not ScalarEvent or key.anchor is not None or key.tag is not None:
                raise _NotSimpleError
            name = key.value
            mark: Any = key.start_mark
            if name in entries or name in _NULLS or name == "<<":
                raise _NotSimpleError
            entries[name] = node = self._node(self._next(), depth)
            node.key_line, node.key_column = mark.line + 1, mark.column + 1
        return entries

    def _list(self, depth: int) -> list[Node]:
        items: list[Node] = []
        while type(item := self._next()) is not SequenceEndEvent:
            items.append(self._node(item, depth))
        return items


def _mend(fault: str) -> str | None:
    """What most likely mends a fault that libyaml tells of in its own words."""
    if "cannot start any token" in fault or "scanning an alias" in fault or "scanning an anchor" in fault:
        return "put quotes around a text that begins with this character"
    if "mapping values are not allowed" in fault or "could not find expected ':'" in fault:
        return "a colon, or the space after it, may be missing here or on the line above"
    if "did not find expected ','" in fault:
        return "a comma may be missing before this"
    if "did not find expected key" in fault or "did not find expected '-'" in fault:
        return (
            "indent it like the lines above that it belongs to; if a quote closes before it, it may be part of a text"
        )
    return None


def culprit_of(text: str, error: MarkedYAMLError) -> Culprit | None:
    """What is wrong with a text that libyaml refuses with `error`, by a second opinion; None where it finds none."""
    from synfinance_settings.text import culprit, yaml_mends  # most texts can be read

    if _ODD_BREAKS.search(text):
        return None
    before = _reach(error)

    def reads(mended: str, mend: Mend) -> int:
        outliner = _Outliner(mended, "")
        try:
            outliner.read()
        except MarkedYAMLError as error:
            after = _reach(error)
            return after != before and after[0] > mend.line and after[1] >= before[1]
        except (LayerError, ReaderError):
            return 0
        root = outliner.root
        return 2 * (root is not None and root.kind == "mapping" and not _runs_on(root, mend.line, before[1]))

    return culprit.culprit(text, yaml_mends.guesses(text, *before), reads)


def _runs_on(root: Outline, first: int, last: int) -> bool:
    """True where a text without quotes runs over lines around these: it has swallowed what was not part of it."""
    return any(
        one.kind == "scalar"
        and not one.style
        and one.first.line < one.last.line
        and one.first.line <= last
        and one.last.line + 1 >= first
        for one in root.walk()
    )


def _reach(error: MarkedYAMLError) -> tuple[int, int]:
    """The lines where what libyaml could not read began, and where it gave up."""
    stopped, began = (mark.line + 1 if mark else 1 for mark in (error.problem_mark, error.context_mark))
    is_token = error.context is not None and error.context.startswith("while scanning")
    return (began if is_token else stopped), stopped


def _mark(mark: Any) -> Mark:
    return Mark(mark.index, mark.line + 1, mark.column + 1)


def _reads_back(style: str, spelled: str, value: str, form: str) -> bool:
    if style == '"':
        return True
    if _UNSAFE.search(value):
        return False
    if style == "plain" and (not value or (form not in _TYPED and _looks_typed(value))):
        return False
    return _scalar(f"k: {spelled}\n") == value and _scalar(f"{{k: {spelled}, x: [{spelled}]}}\n") == value


def _scalar(text: str) -> str | None:
    """What ``k`` says in a small document; None where it does not parse."""
    root, fault, _ = YAML.outline(text, "")
    entry = root.find("k") if root is not None and fault is None else None
    outline = entry.value if entry else None
    return outline.value if outline is not None and outline.kind == "scalar" and outline.flaw is None else None


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    """`text` in double quotes with all that YAML would not take as it stands escaped (YAML 1.2, 5.7)."""

    def escape(match: re.Match[str]) -> str:
        code = ord(match[0])
        short = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}.get(code)
        return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")

    return '"' + _UNSAFE.sub(escape, text.replace("\\", "\\\\").replace('"', '\\"')) + '"'


def _looks_typed(text: str) -> bool:
    """True when `text` without quotes is a number, a boolean, a date or null to other readers of YAML, 1.1 or 1.2."""
    return bool(_NUMBER_1_2.fullmatch(text)) or bool(
        _resolver().resolve(yaml.ScalarNode, text, (True, False)) != f"{_CORE}str"
    )


@cache
def _resolver() -> Any:
    """What tells the type that others read; made when something is written, not at a start."""
    return yaml.resolver.Resolver()

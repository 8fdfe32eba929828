"""One change in the text of a layer file, everything else kept: comments, quotes, order, indentation, line ends.

The text is cut and joined at the places that an outline gives, and the result is read again: it must say what the old
text said with the one change, or the edit is refused. YAML in block style, in flow style, and JSON go the same way.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from synfinance_settings.errors import EditError, LayerError, Origin, Problem
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.text.format import STEP, Format, Written
from synfinance_settings.text.formats import layer_format, outlined, read_text
from synfinance_settings.text.hidden import KeptText, with_mark, without_mark
from synfinance_settings.text.node import Node, Source, below
from synfinance_settings.text.outline import Entry, Outline

_PROPERTIES: Final = re.compile(r"(?:[&!]\S*\s+)+")
_GONE: Final[Any] = object()

Path = tuple[str, ...]


def set_value(catalogue: Catalogue, text: str, name: str, key: str, value: Written) -> str:
    """`text` of the layer file `name` with setting `key` saying `value`; raises `EditError` where that is not
    safe.
    """
    return _edited(catalogue, text, name, key, value, lambda sheet, path: sheet.set(path, value))


def unset_value(catalogue: Catalogue, text: str, name: str, key: str) -> str:
    """`text` of the layer file `name` without `key`, a setting or a section; raises `EditError` where it is not safe.

    A section that held nothing else goes too, and the last key of a file leaves ``{}``.
    """
    return _edited(catalogue, text, name, key, _GONE, lambda sheet, path: sheet.unset(path))


def as_written(key: str, node: Node) -> Written:
    """What `node` says of `key`, as it would be written; raises `EditError` for what no setting can be."""
    if isinstance(node.value, list):
        return [_item(item, key) for item in node.value]
    return _item(node, key)


def _item(node: Node, key: str) -> str | None:
    if node.value is None or isinstance(node.value, str):
        return node.value
    raise EditError(Problem("refused-edit", f"{key}: an item of the list is not text", key))


def layer_of(catalogue: Catalogue, values: Mapping[str, Written], name: str) -> str:
    """The text of a new layer file `name` that says `values` by key, in the order of the models."""
    ordered = sorted(values, key=lambda key: catalogue.places[key])
    form = layer_format(name)
    return form.layer({key: form.spell(values[key], catalogue.settings[key].form) for key in ordered})


def with_content(text: str, name: str) -> str:
    """`text` of the layer file `name`, with ``{}`` where it says nothing: a reload takes such a layer for lost.

    A text that does not parse stays as it is.
    """
    if not is_utf8(text):
        return text
    body = without_mark(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    form = layer_format(name)
    nothing = form.nothing.replace("\n", newline)
    try:
        root = read_text(body, Source(name))[0] if body.strip() else None
    except LayerError:
        return text
    if root is not None and root.value is not None:
        return text
    filled = _joined(text, nothing, "", newline)
    return filled if form.comment and _is_empty_mapping(filled, name) else nothing  # comments are kept


def _is_empty_mapping(text: str, name: str) -> bool:
    try:
        root = read_text(without_mark(text), Source(name))[0]
    except LayerError:
        return False
    return root is not None and root.value == {}


def _edited(
    catalogue: Catalogue, text: str, name: str, key: str, value: Any, edit: Callable[[_Sheet, Path], str]
) -> str:
    """`text` after `edit`; raises `EditError` unless it says what it said, with `value` for `key`."""
    body = without_mark(text)
    if not is_utf8(body):
        line = next(number for number, text in enumerate(body.split("\n"), 1) if not is_utf8(text))
        raise LayerError(Problem("not-utf8", f"{name} is not UTF-8", origin=Origin(name, line)))
    wanted = _said(catalogue, body, name)
    path = tuple(key.split("."))
    edited = KeptText(edit(_Sheet(catalogue, body, name), path))
    _assign(wanted, path, value)
    try:
        result = _said(catalogue, edited, name)
    except LayerError:
        result = None
    if result is None or _pruned(catalogue, result) != _pruned(catalogue, wanted):
        message = f"{key} cannot be changed safely, given how this file is written; change it by hand"
        raise _refused(message, name)
    return with_mark(edited, like=text)


def _said(catalogue: Catalogue, text: str, name: str) -> dict[str, Any]:
    """What `text` says as plain data; raises `LayerError` for its faults."""
    root, problems = read_text(text, Source(name), catalogue.public_path)
    data = _plain(root) if root else None
    if data is None:  # null alone is not a layer, but an edit makes it one
        data = {}
    if root is not None and not isinstance(data, dict):
        problems = [*problems, Problem("not-a-mapping", "a layer must be a mapping of sections", origin=root.origin)]
    if problems:
        raise LayerError(problems)
    return cast("dict[str, Any]", data)


def _plain(node: Node) -> Any:
    value = node.value
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _assign(data: dict[str, Any], path: Path, value: Any) -> None:
    for part in path[:-1]:
        if not isinstance(data.get(part), dict):
            data[part] = {}
        data = data[part]
    if value is _GONE:
        data.pop(path[-1], None)
    else:
        data[path[-1]] = value


def _pruned(catalogue: Catalogue, data: Any, prefix: str = "") -> Any:
    """`data` without empty sections, which say nothing."""
    if not isinstance(data, dict):
        return data
    pruned = {name: _pruned(catalogue, value, below(prefix, name)) for name, value in data.items()}
    sections = catalogue.sections.keys() | catalogue.old_names.sections
    return {
        name: value for name, value in pruned.items() if value not in ({}, None) or below(prefix, name) not in sections
    }


def _refused(message: str, name: str, hint: str | None = None) -> EditError:
    return EditError(Problem("refused-edit", message, origin=Origin(name), hint=hint))


class _Sheet:
    """The text of one layer file and its outline. Places are offsets into the text."""

    def __init__(self, catalogue: Catalogue, text: str, name: str) -> None:
        self._settings = catalogue.settings
        self._places = catalogue.places
        self._text = text
        self._name = name
        self._format: Format = layer_format(name)
        self._root = outlined(text, name).root
        self._newline = "\r\n" if "\r\n" in text else "\n"
        aliases = (outline for outline in self._root.walk() if outline.kind == "alias") if self._root else ()
        self._shared = {outline.anchor: outline.start.line for outline in aliases}

    def set(self, path: Path, value: Written) -> str:
        """The text with the setting at `path` saying `value`."""
        steps = self._steps(path)
        if len(steps) == len(path):
            entry = steps[-1]
            if entry.value.kind != "alias":
                self._refuse_shared(entry.value.anchor)
            return self._replaced(entry, value, path)
        return self._inserted(steps, path, value)

    def unset(self, path: Path) -> str:
        """The text without what stands at `path`."""
        steps = self._steps(path)
        if len(steps) < len(path):
            raise _refused(
                f"{'.'.join(path)} is not set in this file", self._name, f"explain {'.'.join(path)} says where it is"
            )
        for inner in steps[-1].value.walk():
            if inner.kind != "alias":
                self._refuse_shared(inner.anchor)
        return self._removed(steps)

    # Looking

    def _steps(self, path: Path) -> list[Entry]:
        """The entries that lead to `path`, as far as they exist."""
        steps: list[Entry] = []
        inside = self._root
        for name in path:
            if inside is None or (inside.kind == "scalar" and inside.value in ("", None)):
                break
            if inside.kind != "mapping":
                raise _refused(
                    f"{'.'.join(path[: len(steps)])} is not a mapping in this file; change it by hand", self._name
                )
            if steps:
                self._refuse_shared(inside.anchor)
            entry = inside.find(name)
            if entry is None:
                break
            steps.append(entry)
            inside = entry.value
        return steps

    def _refuse_shared(self, anchor: str | None) -> None:
        if anchor is not None and anchor in self._shared:
            line = self._shared[anchor]  # the name of an anchor may be anything, a secret too
            raise _refused(f"the value is shared: an alias on line {line} uses it; change it by hand", self._name)

    def _line_start(self, offset: int) -> int:
        return self._text.rfind("\n", 0, offset) + 1

    def _line_end(self, offset: int) -> int:
        """Where the next line begins; `offset` itself where it is the beginning of one, as after a block scalar."""
        if offset and self._text[offset - 1] == "\n":
            return offset
        line_break = self._text.find("\n", offset)
        return len(self._text) if line_break < 0 else line_break + 1

    def _margin(self, offset: int) -> str:
        """The spaces before what begins its line at `offset`."""
        margin = self._text[self._line_start(offset) : offset]
        mark = self._format.before_key
        margin, _, gap = margin.partition(mark) if mark else (margin, "", "")
        if margin.strip(" ") or gap.strip(" "):
            raise _refused("the key is not at the start of its line; change it by hand", self._name)
        return margin

    def _after_colon(self, entry: Entry) -> int:
        colon = self._text.find(self._format.separator, entry.end.offset)
        if colon < 0:
            raise _refused("a key has no colon after it; change it by hand", self._name)
        return colon + 1

    def _end(self, entry: Entry) -> int:
        """Where the value of `entry` ends; where it is empty, where its key does."""
        value = entry.value
        return value.end.offset if value.end.offset > value.start.offset else self._after_colon(entry)

    def _cut(self, start: int, end: int, instead: str) -> str:
        return self._text[:start] + instead + self._text[end:]

    # Replacing

    def _replaced(self, entry: Entry, value: Written, path: Path) -> str:
        """The text with `value` in the place of that of `entry`, written as that was where it can be."""
        old, form = entry.value, self._settings[".".join(path)].form
        start, end = old.start.offset, old.end.offset
        spelled = self._format.spell(value, form, old.style)
        if start == end:
            return self._cut(self._after_colon(entry), self._after_colon(entry), f" {spelled}")
        if not old.is_flow and old.kind in ("list", "mapping"):
            if isinstance(value, list) and value and old.kind == "list":
                return self._relisted(old, value, path)
            colon = self._after_colon(entry)
            without = self._cut(self._line_start(start), self._line_end(end), "")
            return f"{without[:colon]} {spelled}{without[colon:]}"
        raw = self._text[start:end]
        properties = _PROPERTIES.match(raw) if old.kind != "alias" else None
        if properties and old.anchor:
            spelled = f"&{old.anchor} {spelled}"
        if old.style in ("|", ">"):
            spelled += raw[len(raw.rstrip()) :]
        return self._cut(start, end, spelled)

    def _relisted(self, old: Outline, value: list[str | None], path: Path) -> str:
        """A block list with other items; the lines of the items that stay are kept with their comments."""
        form = self._settings[".".join(path)].form
        dashes = [self._text.rindex("-", 0, item.start.offset + 1) for item in old.items]
        starts = [self._line_start(dash) for dash in dashes]
        margin = self._margin(dashes[0])
        ends = [*starts[1:], self._line_end(old.end.offset)]
        old_lines: dict[str | None, deque[str]] = {}
        for item, start, end in zip(old.items, starts, ends, strict=True):
            if item.kind == "scalar" and item.anchor is None:
                old_lines.setdefault(item.value, deque()).append(self._text[start:end])
        lines = [
            old_lines[item].popleft()
            if old_lines.get(item)
            else f"{margin}- {self._format.spell(item, form, '')}{self._newline}"
            for item in value
        ]
        whole = "".join(line if line.endswith("\n") else line + self._newline for line in lines)
        return self._cut(starts[0], ends[-1], whole)

    # Inserting

    def _inserted(self, steps: list[Entry], path: Path, value: Written) -> str:
        """The text with a new entry for `path`, of which the first `steps` are there."""
        inside = steps[-1].value if steps else self._root
        missing, parent = path[len(steps) :], path[: len(steps)]
        if inside is None:
            return self._appended(path, value)
        if inside.kind == "mapping" and inside.entries:
            if inside.is_flow:
                return self._inserted_in_flow(inside, missing, parent, value)
            return self._inserted_in_block(inside, steps, missing, parent, value)
        is_root = not steps
        if is_root and self._format.has_blocks:
            lines = self._lines(missing, "", value, parent)
            return self._cut(inside.start.offset, inside.end.offset, lines.removesuffix(self._newline))
        if inside.kind == "scalar" and self._format.has_blocks and not self._in_flow(steps):
            header = steps[-1]
            colon, end = self._after_colon(header), self._end(header)
            without = self._cut(colon, end, "")
            at = without.find("\n", colon) + 1 or len(without)
            lines = self._lines(missing, self._margin(header.start.offset) + self._step(), value, parent)
            return _joined(without[:at], lines, without[at:], self._newline)
        spelled = "{" + self._flow(missing, value, parent) + "}"
        if inside.start.offset == inside.end.offset:
            spelled = f" {spelled}"
        return self._cut(inside.start.offset, inside.end.offset, spelled)

    def _in_flow(self, steps: list[Entry]) -> bool:
        holders = [self._root, *(step.value for step in steps[:-1])]
        return any(holder is not None and holder.is_flow for holder in holders)

    def _appended(self, path: Path, value: Written) -> str:
        """The first setting of a file that says nothing yet."""
        if not self._format.has_blocks:
            return "{" + self._flow(path, value, ()) + "}" + self._newline
        return _joined(self._text, self._lines(path, "", value, ()), "", self._newline)

    def _inserted_in_flow(self, inside: Outline, missing: Path, parent: Path, value: Written) -> str:
        """The text with a new entry among those of `inside`, in flow style."""
        spelled = self._flow(missing, value, parent)
        before = self._predecessor(inside, (*parent, missing[0]))
        first = inside.entries[0].start
        apart = " "
        if first.line > inside.start.line:
            apart = self._newline + self._text[self._line_start(first.offset) : first.offset]
        if before is None:
            return self._cut(first.offset, first.offset, f"{spelled},{apart}")
        end = self._end(before)
        return self._cut(end, end, f",{apart}{spelled}")

    def _inserted_in_block(
        self, inside: Outline, steps: list[Entry], missing: Path, parent: Path, value: Written
    ) -> str:
        """The text with a new entry among those of `inside`, on lines of its own."""
        first = inside.entries[0]
        lines = self._lines(missing, self._margin(first.start.offset), value, parent)
        before = self._predecessor(inside, (*parent, missing[0]))
        if before is not None and not self._is_open(before):
            at = self._line_end(self._end(before))
        elif before is not None:
            at = self._line_start(before.start.offset)
        elif steps:
            at = self._line_end(self._after_colon(steps[-1]))
        else:
            at = self._line_start(first.start.offset)
        if len(missing) > 1 and not parent and self._parts_sections():
            lines = self._newline + lines if before is not None else lines + self._newline
        return _joined(self._text[:at], lines, self._text[at:], self._newline)

    def _is_open(self, entry: Entry) -> bool:
        """True when `entry` ends the file in a block scalar that a line end would change."""
        last = list(entry.value.walk())[-1]
        return last.style in ("|", ">") and last.end.offset == len(self._text) and not self._text.endswith("\n")

    def _predecessor(self, inside: Outline, path: Path) -> Entry | None:
        """The entry after which a new one for `path` belongs, in the order of the models; None for the first
        place.
        """
        place = self._places.get(".".join(path), len(self._places))
        head = path[:-1]
        before = [entry for entry in inside.entries if self._places.get(".".join((*head, entry.name or "")), 0) < place]
        return before[-1] if before else None

    def _parts_sections(self) -> bool:
        """True where a blank line stands between the sections of the file."""
        return bool(re.search(r"\n[ \t]*\r?\n[^\s#][^\n]*:", self._text))

    def _step(self) -> str:
        """One level of indentation as this file has it."""
        for outline in self._root.walk() if self._root else ():
            for entry in outline.entries:
                inner = entry.value.entries
                if inner and not entry.value.is_flow and inner[0].start.column > entry.start.column:
                    return " " * (inner[0].start.column - entry.start.column)
        return STEP

    def _lines(self, missing: Path, margin: str, value: Written, parent: Path) -> str:
        """The lines of a new entry in block style, sections around it as needed."""
        spelled = self._format.spell(value, self._settings[".".join((*parent, *missing))].form)
        lines = self._format.lines(parent, missing, spelled, margin, self._step())
        return "".join(line + self._newline for line in lines)

    def _flow(self, missing: Path, value: Written, parent: Path) -> str:
        """A new entry in flow style."""
        spelled = self._format.spell(value, self._settings[".".join((*parent, *missing))].form, "")
        for depth, name in reversed(list(enumerate(missing))):
            spelled = self._format.entry(name, spelled)
            if depth:
                spelled = "{" + spelled + "}"
        return spelled

    # Removing

    def _removed(self, steps: list[Entry]) -> str:
        """The text without the last of the `steps`."""
        entry = steps[-1]
        inside = steps[-2].value if len(steps) > 1 else self._root
        assert inside is not None
        at = next(number for number, other in enumerate(inside.entries) if other is entry)
        if len(inside.entries) == 1:
            return self._emptied(steps, inside)
        if not inside.is_flow:
            self._margin(entry.start.offset)
            return self._cut(self._line_start(entry.start.offset), self._line_end(self._end(entry)), "")
        if self._format.may_end_in_comma and self._has_own_lines(entry):
            return self._cut(self._line_start(entry.start.offset), self._line_end(self._end(entry)), "")
        if at + 1 < len(inside.entries):
            return self._cut(entry.start.offset, inside.entries[at + 1].start.offset, "")
        before = inside.entries[at - 1]
        is_empty = before.value.start.offset == before.value.end.offset
        return self._cut(self._end(before), self._end(entry), " " if is_empty else "")

    def _has_own_lines(self, entry: Entry) -> bool:
        """True when nothing else stands on the lines of `entry`, but for its comma and a comment."""
        before = self._text[self._line_start(entry.start.offset) : entry.start.offset]
        end = self._end(entry)
        rest = self._text[end : self._line_end(end)].strip().removeprefix(",").lstrip()
        return not before.strip() and (not rest or rest.startswith(self._format.comment or "\n"))

    def _emptied(self, steps: list[Entry], inside: Outline) -> str:
        """The text without the only entry of `inside`: without the whole section where no comment would be lost."""
        entry = steps[-1]
        if len(steps) == 1:
            if inside.is_flow:
                return self._cut(inside.start.offset, inside.end.offset, "{}")
            start, end = self._line_start(entry.start.offset), self._line_end(self._end(entry))
            return self._cut(start, end, "{}" + self._newline)
        header = steps[-2]
        written = self._text[header.start.offset : self._end(entry)]
        mark = self._format.comment
        if mark is None or mark not in re.sub(r"(\"[^\"]*\"|'[^']*')", "", written):
            return self._removed(steps[:-1])
        if inside.is_flow:
            return self._cut(inside.start.offset, inside.end.offset, "{}")
        colon = self._after_colon(header)
        without = self._cut(self._line_start(entry.start.offset), self._line_end(self._end(entry)), "")
        return f"{without[:colon]} {{}}{without[colon:]}"


def _joined(before: str, lines: str, after: str, newline: str) -> str:
    """`lines` between two parts of a text, on lines of their own."""
    return before + ("" if not before or before.endswith("\n") else newline) + lines + after

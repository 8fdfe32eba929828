"""New names in the place of old ones in the text of a layer file; comments, order and values stay as they are.

Inside a section the key alone is written anew. Between sections the lines of a setting go where a new one would, with
the comment behind it and those right above it. The result is read again: it must say the same, or the edit is refused.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from synfinance_settings.editing.splice import as_written, set_value, unset_value
from synfinance_settings.errors import EditError, LayerError, Origin, Problem
from synfinance_settings.layers.excerpt import pieces
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.evolution import OldName
from synfinance_settings.text.format import Format
from synfinance_settings.text.formats import layer_format, outlined, read_text
from synfinance_settings.text.hidden import with_mark, without_mark
from synfinance_settings.text.node import Node, Source, plain_of
from synfinance_settings.text.outline import Entry, Outline, spans

_BREAK: Final = re.compile("(?<=\n)")


def old_names_in(catalogue: Catalogue, text: str, name: str) -> list[OldName]:
    """The old names by which the layer file `name` gives something; raises `LayerError` where it cannot be read."""
    root, problems = read_text(without_mark(text), Source(name), catalogue.public_path)
    if problems:
        raise LayerError(problems)
    return [old for old in catalogue.old_names.values() if root is not None and _node(root, old.key) is not None]


def old_spellings(catalogue: Catalogue, text: str, name: str) -> list[tuple[int, OldName]]:
    """Where the layer file `name` uses old names, as keys and in references: the lines (from 1), in their order.

    Raises `LayerError` where it cannot be read.
    """
    body = without_mark(text)
    root, _ = read_text(body, Source(name), catalogue.public_path)
    keys = [
        (node.key_origin.line or 0, old)
        for old in old_names_in(catalogue, body, name)
        if root is not None and (node := _node(root, old.key)) is not None
    ]
    references = [
        (body.count("\n", 0, start + at) + 1, old)
        for start, end in _values(body, name)
        for at, old in old_references(catalogue, body[start:end])
    ]
    return sorted({*keys, *references}, key=lambda found: (found[0], found[1].key))


def with_new_names(catalogue: Catalogue, text: str, name: str, only: str | None = None) -> str:
    """`text` of the layer file `name` without old names, keys and references; with `only`, those keys of one setting.

    Raises `EditError` where both names are given and differ, and where the text cannot safely be changed.
    """
    if not catalogue.old_names:
        return text
    body = without_mark(text)
    for old in old_names_in(catalogue, body, name):
        if only in (None, old.now):
            body = _renamed(catalogue, body, name, old)
    return with_mark(body if only else _referring(catalogue, body, name), like=text)


def _node(root: Node, key: str) -> Node | None:
    """What stands at `key`, whether it is a setting or not."""
    node: Node | None = root
    for part in key.split("."):
        node = node.value.get(part) if node is not None and isinstance(node.value, dict) else None
    return node


def _renamed(catalogue: Catalogue, text: str, name: str, old: OldName) -> str:
    """`text` with the entry of `old` under its new name; raises `EditError` where no way of writing it is safe."""
    root, _ = read_text(text, Source(name))
    assert root is not None, "it says something"
    node, there = _node(root, old.key), _node(root, old.now)
    assert node is not None, "it was found there"
    if there is not None and plain_of(there) != plain_of(node):
        raise EditError(old.beside(old.key, old.now, node.key_origin, is_same=False))
    wanted = _leaves(catalogue, text, name) or {}
    wanted[old.now] = wanted.pop(old.key, None)
    comments = _comments(catalogue, text, name)
    for after in _ways(catalogue, _LayerText(text, name), node, old, is_there=there is not None):
        if _leaves(catalogue, after, name) == wanted and _comments(catalogue, after, name) >= comments:
            return after
    message = f"{old.key} cannot safely be renamed in the way that this file is written; write {old.now} by hand"
    raise EditError(Problem("refused-edit", message, old.now, node.key_origin))


def _ways(catalogue: Catalogue, sheet: _LayerText, node: Node, old: OldName, *, is_there: bool) -> Iterator[str]:
    """The texts that might do, the best first."""
    comments = _comments(catalogue, sheet.text, sheet.name)
    if is_there:
        yield _taken_out(catalogue, sheet, old, comments)
        return
    if old.key.rpartition(".")[0] == old.now.rpartition(".")[0]:
        yield sheet.with_key(old.key, old.now.rpartition(".")[2])
        return
    there = _LayerText(set_value(catalogue, sheet.text, sheet.name, old.now, as_written(old.now, node)), sheet.name)
    lines = sheet.lines_of(old.key)
    if lines is not None and there.stands_alone(old.now):
        yield _moved(catalogue, there, lines, old)
    elif (written := sheet.value_of(old.key)).startswith("["):
        yield _taken_out(catalogue, _LayerText(there.with_value(old.now, written), sheet.name), old, comments)
    yield _taken_out(catalogue, there, old, comments)


def _leaves(catalogue: Catalogue, text: str, name: str) -> dict[str, Any] | None:
    """All that `text` says by its keys, but for sections without content; None for what is not a layer."""
    try:
        root, problems = read_text(text, Source(name))
    except LayerError:
        return None
    return None if problems else dict(_flat(catalogue, plain_of(root) if root else None, ""))


def _flat(catalogue: Catalogue, data: Any, key: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        for name, value in data.items():
            yield from _flat(catalogue, value, f"{key}.{name}" if key else name)
    elif data is not None or (key and key not in catalogue.sections and key not in catalogue.old_names.sections):
        yield key, data


def _comments(catalogue: Catalogue, text: str, name: str) -> Counter[str]:
    """The comments of `text`; none where it is not certain which parts are."""
    text_pieces = pieces(text, name, catalogue) or ()
    return Counter(text[piece.start : piece.end].strip() for piece in text_pieces if piece.part == "comment")


def _moved(catalogue: Catalogue, sheet: _LayerText, lines: list[str], old: OldName) -> str:
    """The text, which gives both names, with the `lines` of the old one in the place of the new one's."""
    sheet = _LayerText(sheet.with_lines(old.now, lines), sheet.name)
    if sheet.is_alone(old.key):
        return unset_value(catalogue, sheet.without_lines(old.key, but_own=True), sheet.name, old.key)
    return sheet.without_lines(old.key)


def _taken_out(catalogue: Catalogue, sheet: _LayerText, old: OldName, comments: Counter[str]) -> str:
    """The text without the old entry; those of `comments` that would go with it stay on lines of their own."""
    before, margin = sheet.text, sheet.margin(sheet.steps(old.key)[-1])
    after = unset_value(catalogue, before, sheet.name, old.key)
    lost = comments - _comments(catalogue, after, sheet.name)
    if not lost:
        return after
    first = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), len(after))
    at = after.rfind("\n", 0, first) + 1
    return after[:at] + "".join(margin + comment + sheet.newline for comment in lost.elements()) + after[at:]


class _LayerText:
    """The text of a layer file in which entries that stand on lines of their own are moved as they are."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.newline = "\r\n" if "\r\n" in text else "\n"
        self._format: Format = layer_format(name)
        self._root: Outline | None = outlined(text, name).root

    def steps(self, key: str) -> list[Entry]:
        """The entries that lead to `key`, which must be there."""
        entries: list[Entry] = []
        inside = self._root
        for name in key.split("."):
            entry = inside.find(name) if inside else None
            if entry is None:
                message = f"an alias stands in the place of {key}; change it by hand"
                raise EditError(Problem("refused-edit", message, origin=Origin(self.name)))
            entries.append(entry)
            inside = entry.value
        return entries

    def with_key(self, key: str, name: str) -> str:
        """The text with `key` called `name`, quoted as it was."""
        entry = self.steps(key)[-1]
        written = self.text[entry.start.offset : entry.end.offset]
        at = written.rfind(entry.name or "")  # behind an anchor, or a tag
        after = written[:at] + name + written[at + len(entry.name or "") :]
        return self.text[: entry.start.offset] + after + self.text[entry.end.offset :]

    def line_start(self, offset: int) -> int:
        """Where the line of `offset` begins."""
        return self.text.rfind("\n", 0, offset) + 1

    def margin(self, entry: Entry) -> str:
        """The spaces before what begins the line of `entry`."""
        line = self.text[self.line_start(entry.start.offset) : entry.start.offset]
        return line[: len(line) - len(line.lstrip())]

    def value_of(self, key: str) -> str:
        """The value of `key` as it is written."""
        value = self.steps(key)[-1].value
        return self.text[value.start.offset : value.end.offset]

    def with_value(self, key: str, written: str) -> str:
        """The text with a value of `key` as it is `written` elsewhere."""
        value = self.steps(key)[-1].value
        return self.text[: value.start.offset] + written + self.text[value.end.offset :]

    def stands_alone(self, key: str) -> bool:
        """True where `key` is an entry in blocks, on lines of its own."""
        steps = self.steps(key)
        holders = [self._root, *(step.value for step in steps[:-1])]
        in_flow = any(holder is not None and holder.is_flow for holder in holders)
        return not in_flow and self._begins_its_line(steps[-1])

    def lines_of(self, key: str) -> list[str] | None:
        """The lines of `key` without its margin, with the comments right above; None where it has none of its own.

        The first line that is not a comment begins with the key, which is left out.
        """
        if not self.stands_alone(key):
            return None
        entry = self.steps(key)[-1]
        start, end = self._extent(entry)
        margin = len(self.margin(entry))
        own = self.line_start(entry.start.offset)
        above = [line[margin:] for line in _BREAK.split(self.text[start:own]) if line]
        first, *others = _BREAK.split(self.text[entry.end.offset : end])
        below = [line[min(margin, len(line) - len(line.lstrip(" "))) :] for line in others if line]
        return [*above, first if first.endswith("\n") else first + self.newline, *below]

    def with_lines(self, key: str, lines: list[str]) -> str:
        """The text with the `lines` of another entry in the place of those of `key`."""
        entry = self.steps(key)[-1]
        margin = self.margin(entry)
        mark = self._format.comment or "\0"
        number = next(number for number, line in enumerate(lines) if not line.lstrip().startswith(mark))
        whole = [*lines[:number], (entry.name or "") + lines[number], *lines[number + 1 :]]
        moved = "".join(margin + line if line.strip() else line for line in whole)
        start, end = self.line_start(entry.start.offset), self._line_end(self._end(entry))
        moved = moved if moved.endswith("\n") or end == len(self.text) else moved + self.newline
        return self.text[:start] + moved + self.text[end:]

    def is_alone(self, key: str) -> bool:
        """True where nothing stands beside `key`."""
        steps = self.steps(key)
        inside = steps[-2].value if len(steps) > 1 else self._root
        return inside is None or len(inside.entries) == 1

    def without_lines(self, key: str, *, but_own: bool = False) -> str:
        """The text without the lines of `key` and the comments right above it, or without these alone."""
        entry = self.steps(key)[-1]
        start, end = self._extent(entry)
        return self.text[:start] + self.text[self.line_start(entry.start.offset) if but_own else end :]

    def _begins_its_line(self, entry: Entry) -> bool:
        return not self.text[self.line_start(entry.start.offset) : entry.start.offset].strip(" ")

    def _extent(self, entry: Entry) -> tuple[int, int]:
        """Where the lines of `entry` begin, with the comments right above it, and end; those of the file stay."""
        start = own = self.line_start(entry.start.offset)
        margin, mark = self.margin(entry), self._format.comment or "\0"
        while start:
            above = self.line_start(start - 1)
            if not above or not self.text[above:start].startswith(margin + mark):
                break
            start = above
        is_head = not self.text[: self.line_start(max(start - 1, 0))].strip() and not margin
        return own if is_head else start, self._line_end(self._end(entry))

    def _line_end(self, offset: int) -> int:
        if offset and self.text[offset - 1] == "\n":
            return offset
        line_break = self.text.find("\n", offset)
        return len(self.text) if line_break < 0 else line_break + 1

    def _end(self, entry: Entry) -> int:
        value = entry.value
        if value.end.offset > value.start.offset:
            return value.end.offset
        return self.text.index(self._format.separator, entry.end.offset) + 1


def _referring(catalogue: Catalogue, text: str, name: str) -> str:
    """`text` with the new names in every ``${...}`` of its values."""
    for start, end in reversed(_values(text, name)):
        text = text[:start] + referring(catalogue, text[start:end]) + text[end:]
    return text


def _values(text: str, name: str) -> list[tuple[int, int]]:
    """Where the values of the layer file `name` begin and end."""
    outline = outlined(text, name).root
    found = [span for span in spans(outline) if span.part == "value"] if outline else []
    return [(span.start.offset, span.end.offset) for span in found]


def referring(catalogue: Catalogue, value: str) -> str:
    """A value with the new names in its references."""
    for old in catalogue.old_names.values() if "${" in value else ():
        value = _reference(old).sub(rf"\g<1>{old.now}", value)
    return value


def old_references(catalogue: Catalogue, value: str) -> list[tuple[int, OldName]]:
    """The references of a value by old names, each with its offset, in their order."""
    names = catalogue.old_names.values() if "${" in value else ()
    found = [(match.end(), old) for old in names for match in _reference(old).finditer(value)]
    return sorted(found)


def _reference(old: OldName) -> re.Pattern[str]:
    return re.compile(rf"(?<!\$)((?:\$\$)*\$\{{){re.escape(old.key)}(?=[}}:?+-])")

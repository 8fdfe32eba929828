"""The text of a layer file, and differences of two, with the spans of secrets masked."""

from __future__ import annotations

import difflib
import re
from typing import Final

from synfinance_settings.errors import MASK, LayerError
from synfinance_settings.layers.excerpt import is_public, tells_no_secret
from synfinance_settings.layers.node import Source
from synfinance_settings.layers.outline import spans
from synfinance_settings.layers.text import outline_text, read_text
from synfinance_settings.sections.base import is_utf8

_MARK: Final = "\ufeff"
_CHANGED: Final = f"{MASK} (changed)"
_NO_SECRET: Final = ("", "null", "Null", "NULL", "~", "''", '""')
_COMMENT: Final = re.compile(r"(^|(?<=\s))#.*")


def masked_difference(name: str, before: str, after: str) -> list[str]:
    """The changed lines of a layer file as a unified diff without context; a secret that changed says so.

    `after` must parse; of a text before that does not, nothing is shown.
    """
    if before and not parses(name, before):
        return [f"--- {name} (does not parse, so it is not shown)", f"+++ {name}"]
    if before.startswith(_MARK) == after.startswith(_MARK):
        before, after = before.removeprefix(_MARK), after.removeprefix(_MARK)
    was, now = _secrets(name, before), _secrets(name, after)
    changed = frozenset(path for path in now if path in was and was[path] != now[path])
    old, new = _masked(name, before), _masked(name, after, changed)
    if before != after and old == new:
        return [f"--- {name} (only comments or blanks differ)", f"+++ {name}"]
    return list(difflib.unified_diff(old, new, name, name, n=0, lineterm=""))


def parses(name: str, text: str) -> bool:
    """True when `text` of the layer file `name` can be read at all."""
    if not is_utf8(text):
        return False
    try:
        read_text(text, Source(name))
    except LayerError:
        return False
    return True


def holds_secret(name: str, text: str) -> bool:
    """True when the layer file says the value of a secret itself, not where it comes from."""
    return any(piece not in _NO_SECRET for pieces in _secrets(name, text).values() for piece in pieces)


def _secrets(name: str, text: str) -> dict[tuple[str, ...], list[str]]:
    """What is not public in `text`: the texts that stand at each path."""
    found: dict[tuple[str, ...], list[str]] = {}
    outline = outline_text(text, name)
    for span in spans(outline) if outline else ():
        piece = text[span.start.offset : span.end.offset]
        if span.part == "value" and not is_public(span) and not tells_no_secret(piece):
            found.setdefault(span.path, []).append(piece)
    return found


def _masked(name: str, text: str, changed: frozenset[tuple[str, ...]] = frozenset()) -> list[str]:
    """The lines of `text` as anybody may see them."""
    outline = outline_text(text, name)
    shown, position = "", 0
    for span in spans(outline) if outline else ():
        start, end = span.start.offset, span.end.offset
        piece = text[start:end]
        if not (is_public(span) or tells_no_secret(piece)) and piece:
            tail = piece[len(piece.rstrip()) :]
            piece = (_CHANGED if span.path in changed else MASK) + tail
        shown += _quiet(text[position:start]) + piece
        position = end
    return (shown + _quiet(text[position:])).splitlines()


def _quiet(gap: str) -> str:
    """What stands between keys and values, without what comments say: it may be a secret that was put out of force."""
    return "\n".join(_COMMENT.sub("# ...", line) for line in gap.split("\n"))

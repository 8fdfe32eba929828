"""Differences of two texts of a layer file as anybody may see them, and whether a text holds a secret."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Final

from synfinance_settings.errors import MASK, LayerError
from synfinance_settings.layers.excerpt import Piece, pieces
from synfinance_settings.layers.fit import fit
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.text.expansion import is_braced
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.hidden import without_mark
from synfinance_settings.text.node import Node, Source, leaves

_Path = tuple[str | None, ...]

_MOST_COMPARED: Final = 500  # changed lines that are compared one by one
_CHANGED: Final = f"{MASK} (changed)"


def masked_difference(name: str, before: str, after: str, catalogue: Catalogue) -> list[str]:
    """The changed lines of a layer file as a unified diff without context; a secret that changed says so.

    `after` must parse; of a text before that does not, nothing is shown.
    """
    if before and not parses(name, before):
        return [f"--- {name} (does not parse, so it is not shown)", f"+++ {name}"]
    was, now = (pieces(without_mark(text), name, catalogue) for text in (before, after))
    if was is None or now is None:
        return [f"--- {name} (which parts are secret is not certain, so it is not shown)", f"+++ {name}"]
    texts = _masked_values(was, without_mark(before)), _masked_values(now, without_mark(after))
    changed = frozenset(path for path in texts[1] if path in texts[0] and texts[0][path] != texts[1][path])
    old, new = _lines(was), _lines(now, changed)
    if before != after and old == new:
        return [f"--- {name} (only comments or white space differ)", f"+++ {name}"]
    return _difference(name, old, new)


def _difference(name: str, old: list[str], new: list[str]) -> list[str]:
    """The unified diff without context; where much changed, all from the first change to the last as one.

    difflib takes four times as long for twice the lines, so it sees only the changed ones.
    """
    first = _alike(old, new)
    last = _alike(old[first:][::-1], new[first:][::-1])
    gone, come = old[first : len(old) - last], new[first : len(new) - last]
    changes = [(0, len(gone), 0, len(come))]
    if len(gone) + len(come) <= _MOST_COMPARED:
        opcodes = difflib.SequenceMatcher(None, gone, come).get_opcodes()
        changes = [(start, end, into, until) for tag, start, end, into, until in opcodes if tag != "equal"]
    lines = [f"--- {name}", f"+++ {name}"] if gone or come else []
    for start, end, into, until in changes if lines else ():
        lines.append(f"@@ -{_place(first + start, end - start)} +{_place(first + into, until - into)} @@")
        lines += [f"-{line}" for line in gone[start:end]]
        lines += [f"+{line}" for line in come[into:until]]
    return lines


def _alike(some: list[str], others: list[str]) -> int:
    """How many lines two texts begin with alike."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))


def _place(before: int, lines: int) -> str:
    """Where a hunk stands, as a unified diff says it: behind `before` lines, so many of them."""
    return f"{before + bool(lines)}" if lines == 1 else f"{before + bool(lines)},{lines}"


def parses(name: str, text: str) -> bool:
    """True when `text` of the layer file `name` can be read at all."""
    if not is_utf8(text):
        return False
    try:
        read_text(without_mark(text), Source(name))
    except LayerError:
        return False
    return True


def holds_secret(name: str, text: str, catalogue: Catalogue) -> bool:
    """True when the layer file says the value of a secret itself, not where it comes from."""
    entries = leaves(fit(read_text(without_mark(text), Source(name))[0], catalogue)[0])
    return any(catalogue.settings[key].is_secret and _tells(node) for key, node in entries)


def _tells(node: Node) -> bool:
    if isinstance(node.value, list):
        return any(map(_tells, node.value))
    return not (node.value is None or node.value == "" or (isinstance(node.value, str) and is_braced(node.value)))


def _masked_values(text_pieces: Iterable[Piece], text: str) -> dict[_Path, list[str]]:
    """What is masked in `text` although it is a value: the texts that stand at each path."""
    values: dict[_Path, list[str]] = {}
    for piece in text_pieces:
        if piece.span is not None and piece.span.part == "value" and piece.part == "masked":
            values.setdefault(piece.span.path, []).append(text[piece.start : piece.end])
    return values


def _lines(text_pieces: Iterable[Piece], changed: frozenset[_Path] = frozenset()) -> list[str]:
    """The lines that `text_pieces` show; the values at `changed` say that they changed."""

    def shown(piece: Piece) -> str:
        span = piece.span
        if piece.part == "masked" and span is not None and span.part == "value" and span.path in changed:
            return _CHANGED + piece.shown.removeprefix(MASK)
        return piece.shown

    return "".join(map(shown, text_pieces)).splitlines()

"""Values and models for people: in a line of text, and as a table that a notebook shows; secrets are masked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from pydantic import SecretStr

from synfinance_settings.errors import MASK, NOT_SET, printable
from synfinance_settings.model.plain_types import as_data

_WIDTH: Final = 100
"""Characters of a model in one line."""

_LONGEST: Final = 40
"""Characters of one value in it."""


_LEFT: Final = 'style="text-align: left"'


def is_set(value: Any) -> bool:
    """False for null, empty text and an empty list: for a secret, that there is none."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else value
    return not (text is None or text in ("", (), []))


def as_line(value: Any, most: int | None = 200) -> str:
    """A value in one line: a list in brackets, anything else as `as_text` has it."""
    if isinstance(value, list | tuple):
        return "[" + ", ".join(as_line(item, most) for item in value) + "]"
    return as_text(value, most)


def as_text(value: Any, most: int | None = 200) -> str:
    """A value that is not a list as the text that a layer would spell it with; a secret as the mask."""
    if isinstance(value, SecretStr):
        return MASK
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return printable(str(as_data(value)), most)


def in_one_line(name: str, fields: Iterable[tuple[str, Any]]) -> str:
    """A model as Python would make it, as far as one line goes: ``CartConfig(limit=20, currencies=('EUR',), ...)``."""
    parts: list[str] = []
    left = _WIDTH - len(name) - len("(, ...)")
    for field, value in fields:
        part = f"{field}={_as_python(value)}"
        left -= len(part) + len(", ")
        if left < 0:
            parts.append("...")
            break
        parts.append(part)
    return f"{name}({', '.join(parts)})"


def _as_python(value: Any) -> str:
    if hasattr(value, "model_dump"):
        return f"{type(value).__name__}(...)"
    said = repr(tuple(map(as_data, value)) if isinstance(value, list | tuple) else as_data(value))
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST - 1]}…"


def for_people(value: Any) -> str:
    """A value in a line, that of a secret as the mask, or as not set."""
    items = value if isinstance(value, list | tuple) else [value]
    if any(isinstance(item, SecretStr) for item in items):
        return MASK if any(map(is_set, items)) else NOT_SET
    return as_line(value)


def table(caption: str, head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in HTML; whoever wrote its texts, they are texts."""
    from html import escape  # a notebook asks for it, and no start

    def line(tag: str, cells: Iterable[str]) -> str:
        return f"<tr>{''.join(f'<{tag} {_LEFT}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    lines = [f"<caption>{escape(caption)}</caption>", line("th", head), *(line("td", row) for row in rows)]
    return "\n".join(("<table>", *lines, "</table>"))

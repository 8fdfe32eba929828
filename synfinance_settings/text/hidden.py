"""The bytes and the text of a file as values whose repr says nothing: a traceback with locals has nothing to show."""

from __future__ import annotations

from typing import Final


class Data(bytes):
    """Bytes of a file that may hold secrets."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class Text(str):
    """Text of a file that may hold secrets; a part of it is a plain text again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<text of {len(self)} characters>"


class KeptText(Text):
    """The text of a file that is edited, and so looked into again and again: what was made of it is kept with it."""

    __slots__ = ("readings",)

    readings: dict[str, object]
    """What was made of it, by the name that it was read under."""

    def __new__(cls, text: str) -> KeptText:
        """The text itself where it is kept already."""
        if isinstance(text, KeptText):
            return text
        kept = super().__new__(cls, text)
        kept.readings = {}
        return kept


_MARK: Final = "\ufeff"


def with_mark(text: str, like: str) -> str:
    """`text` with a byte order mark where the text `like` has one."""
    if not like.startswith(_MARK):
        return text
    marked = KeptText(_MARK + text)
    marked.readings[_MARK] = text
    return marked


def without_mark(text: str) -> str:
    """`text` without a byte order mark."""
    if not text.startswith(_MARK):
        return text
    if not isinstance(text, KeptText):
        return text[1:]
    body = text.readings.setdefault(_MARK, KeptText(text[1:]))
    assert isinstance(body, str)
    return body

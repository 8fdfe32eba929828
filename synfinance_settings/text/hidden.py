"""The bytes and the text of a file as values whose repr says nothing: a traceback with locals has nothing to show."""

from __future__ import annotations


class Data(bytes):
    """Bytes of a file that may hold secrets."""

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


class Text(str):
    """Text of a file that may hold secrets; a part of it is a plain text again."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<text of {len(self)} characters>"

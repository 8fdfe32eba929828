"""What a program shows of itself, as leaves by their paths, to be compared between processes and told to people.

A leaf is compared by a digest under a key of its own, so the value need not leave the process; what is told of it is
one short line, the mask where the text of a secret is in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import PurePath
from typing import Any, Final
from uuid import UUID

from synfinance_settings.errors import MASK, counted, printable
from synfinance_settings.layers.output import plain
from synfinance_settings.record import Record

_MOST: Final = 60
"""Characters that are told of a leaf."""

_DEEPEST: Final = 50

_SINGLE: Final = (str, bytes, bool, int, float, type(None), Enum, date, time, timedelta, Decimal, PurePath, UUID)


class Leaf(Record):
    """What stands at one path: comparable, and as people may see it."""

    digest: str
    shown: str


Leaves = dict[str, Leaf]
"""What a program shows, by paths like ``pool.sizes[0]``; the path of the whole is empty."""


def leaves_of(observed: Any, key: bytes, secrets: Collection[str]) -> Leaves:
    """The leaves of `observed`, with digests under `key`; the texts of `secrets` are not shown.

    Raises `TypeError` for what is neither plain data nor a single value that has an equal in another process.
    """
    return {path: _leaf(value, key, secrets) for path, value in _walk(observed, "", 0)}


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    value = plain(value, "reveal") if hasattr(value, "get_secret_value") else value
    if depth > _DEEPEST:
        raise TypeError(f"{_place(path)} is nested too deeply; observe returns a few plain values")
    if isinstance(value, Mapping):
        yield path, ("mapping", sorted(map(str, value)))
        for name, inner in value.items():
            yield from _walk(inner, f"{path}.{name}" if path else str(name), depth + 1)
    elif isinstance(value, list | tuple):
        yield path, ("list", len(value))
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{path}[{number}]", depth + 1)
    elif isinstance(value, set | frozenset):
        yield path, ("set", sorted(repr(plain(item, "reveal")) for item in value))
    elif isinstance(value, _SINGLE):
        yield path, value
    else:
        kind = type(value).__name__
        raise TypeError(f"{_place(path)} is a {kind}; observe returns mappings, lists, text, numbers and the like")


def _place(path: str) -> str:
    return f"what observe returns at {printable(path)}" if path else "what observe returns"


def _leaf(value: Any, key: bytes, secrets: Collection[str]) -> Leaf:
    said = f"{type(value).__name__} {value!r}"
    digest = hashlib.blake2b(said.encode(errors="surrogatepass"), key=key, digest_size=16).hexdigest()
    is_secret = any(secret in text for secret in secrets for text in (said, str(value)))
    return Leaf(digest, MASK if is_secret else _shown(value))


def _shown(value: Any) -> str:
    match value:
        case ("mapping", [*names]):
            return printable(f"the names {', '.join(names)}", _MOST)
        case ("list", number):
            return counted(number, "item")
        case ("set", [*items]):
            return printable(f"{{{', '.join(items)}}}", _MOST)
        case bytes():
            return counted(len(value), "byte")
        case str():
            return printable(repr(value), _MOST)
    return printable(str(value), _MOST)

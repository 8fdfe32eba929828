"""What the shared store said to one instance at one moment, made of what its script answered and of nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from synfinance_settings.record import Record
from synfinance_settings.remote.keyspace import digest_of

_NUMBER: Final = re.compile("[0-9]{1,15}")


class Stage(Record):
    """A staged change that is open: the revision it would be, which stage it is in, and what share of all runs it.

    `is_in` says whether this instance does.
    """

    candidate: int
    number: int
    share: float
    is_in: bool


@dataclass(frozen=True, slots=True)
class Reading:
    """What the store says to one instance: the `values` that it is to run, None where there is nothing at all.

    `revision` is None where the store has none. `is_forced` is true where the values are not those of the revision:
    somebody wrote them past the commands. Readings are equal that say the same values of the same revision.
    """

    values: Mapping[str, str] | None = field(repr=False)
    revision: int | None = None
    is_forced: bool = False
    counter: int | None = field(default=None, compare=False)
    """The highest number that the store has ever given."""
    stage: Stage | None = field(default=None, compare=False)
    mark: bytes = field(default=b"", repr=False, compare=False)
    """What the store answers instead of the values as long as they stay the same."""


class MisfitError(Exception):
    """The store holds what no store of ours does; the message reads on after its name, and quotes no value."""


def reading_of(answer: Sequence[Any], keys: Sequence[str], known: Reading | None) -> Reading:
    """What the script answered of `keys`, where `known` was what it was told to be known; raises `MisfitError`."""
    kind, at, *rest = answer
    if kind != b"read":
        found = (one.decode("ascii", "replace") if isinstance(one, bytes) else one for one in rest)
        raise MisfitError(_MISFITS[kind].format(keys[at - 1], *found))
    head, rollout, mark, *flat = rest
    fields, digest, revision, counter = head or [None] * 4
    stage = _stage(rollout, is_in=at == len(keys)) if rollout else None
    if stage is not None and stage.is_in:
        fields, digest, revision = rollout[:3]
    numbers = [_number(counter, "counter"), _number(revision, "revision"), stage.candidate if stage else None]
    highest = max((number for number in numbers if number is not None), default=None)
    values = _texts(flat[0]) if flat else (known and known.values) or {}
    if not values and _number(fields, "number of fields") != 0:
        return Reading(None, numbers[1], counter=highest, stage=stage, mark=mark)
    is_forced = digest is not None and digest.decode("ascii", "replace") != digest_of(values)
    return Reading(values, numbers[1], is_forced, highest, stage, mark)


_MISFITS: Final = {
    b"type": "cannot be used: {0} is a {1}, not a hash",
    b"many": "cannot be used: {0} holds {1:,} fields; it may hold {2:,}",
    b"large": "cannot be used: {0} takes {1:,} bytes; it may take {2:,}",
}


def _stage(rollout: Sequence[bytes | None], *, is_in: bool) -> Stage | None:
    """The staged change that is open, None without one."""
    _, _, candidate, share, number = rollout
    if candidate is None:
        return None
    with suppress(ValueError):
        opened = float(share or b"")
        if 0 <= opened <= 1:
            return Stage(_number(candidate, "candidate") or 0, _number(number, "stage") or 1, opened, is_in)
    raise MisfitError("cannot be used: the share of its rollout is no number from 0 to 1")


def _number(text: bytes | None, what: str) -> int | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text.decode("ascii", "replace")):
        raise MisfitError(f"cannot be used: what it says as the {what} is no number")
    return int(text)


def _texts(flat: Sequence[bytes]) -> dict[str, str]:
    """Keys and texts; what is not UTF-8 stays recognisable as such, and is found at its key."""
    texts = [text.decode("utf-8", "surrogateescape") for text in flat]
    return dict(sorted(zip(texts[::2], texts[1::2], strict=True)))

"""The revisions of the shared store: what was in force, who brought it and why; the only writer of what is in force.

A change rests on a reading, and is made in one step of the store that first looks whether that is still what there is,
so that of two editors the second one is told, and nothing is lost. Every revision gets a number of its own, a way back
too. A change may wait to be confirmed: the store's clock says when it goes back, and whichever process asks first after
that carries it out. What is a setting, and may be written, is not known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from synfinance_settings.errors import Origin, Problem, RemoteError
from synfinance_settings.record import Record
from synfinance_settings.remote.keyspace import Keyspace, digest_of
from synfinance_settings.remote.reading import Reading
from synfinance_settings.remote.scripts import COMMIT, CONFIRM, GO_BACK, KEPT, PROPOSE, Script
from synfinance_settings.remote.store import MOST_BYTES, Store

KEPT_REVISIONS: Final = 100
"""Revisions that the store keeps for an environment; the oldest go."""

MOST_KEPT_BYTES: Final = 16 * MOST_BYTES
"""Bytes that they may take together to be read."""


_MAY_BE_WRITTEN: Final = "it may have been written all the same: remote history tells"


class Note(Record):
    """What is kept of a change besides its values: who made it, by which command, why, and the keys it is about."""

    author: str
    command: str
    reason: str | None = None
    changed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Revision:
    """What was in force once: the `values` by their keys, since `when`, and what its editor noted.

    `before` is the number of the revision that it came after, None for the first one.
    """

    number: int
    when: datetime
    note: Note
    before: int | None
    values: Mapping[str, str] = field(repr=False)
    taken_back: str | None = None
    """Why a change that came in by stages went back; it was never in force as a whole."""


class Waiting(Record):
    """A change that goes back at `until` unless it is confirmed."""

    revision: int
    until: datetime


def commit(
    store: Store,
    base: Reading,
    values: Mapping[str, str],
    note: Note,
    *,
    confirm_within: float | None = None,
    goes_back: bool = False,
    above: int = 0,
) -> int:
    """Put `values` in force in the place of what `base`, of `Store.base`, says; returns the number of the revision.

    It is above `above`. With `confirm_within`, in seconds, `base` comes back unless `confirm` is called in that time.
    What waits to be confirmed may only be replaced by a change that `goes_back`. Raises `RemoteError`, and changes
    nothing, where anything else is in force by now, or a staged change is open.
    """
    wanted: dict[str, Any] = {"above": above, "goes_back": goes_back, **_put(values, note)}
    if confirm_within is not None:
        back = Note(note.author, "not confirmed", note.reason, note.changed)
        wanted |= {"seconds": round(confirm_within), "back": _json(_put(base.values or {}, back))}
    keys = store.keyspace
    names = (keys.values, keys.head, keys.log, keys.confirm, keys.rollout, keys.changes)
    return _written(store, COMMIT, names, base, wanted)


def stage(
    store: Store, base: Reading, values: Mapping[str, str], note: Note, terms: Mapping[str, str], *, above: int = 0
) -> int:
    """Keep `values` as a revision that is not in force yet, and open it to its first stage, by `terms` of a rollout.

    All else is as with `commit`.
    """
    keys = store.keyspace
    names = (keys.values, keys.head, keys.log, keys.confirm, keys.rollout, keys.candidate, keys.changes)
    return _written(store, PROPOSE, names, base, {"above": above, **_put(values, note), **terms})


def _written(store: Store, script: Script, names: Sequence[str], base: Reading, wanted: dict[str, Any]) -> int:
    """Run a script that writes what is `wanted` if `base` is still there; returns the number of the revision."""
    before = base.values or {}
    wanted["before"] = "" if base.revision is None else str(base.revision)
    if before and (base.is_forced or base.revision is None):
        wanted |= {"found": _entry(before, Note("", "found")), "found_digest": digest_of(before)}
    keys = store.keyspace
    try:
        outcome, *rest = store.run(script, names, _json(wanted), *_bytes(before))
    except RemoteError as error:
        if all(problem.code != "unreachable" for problem in error.problems):
            raise
        raise RemoteError([replace(problem, hint=_MAY_BE_WRITTEN) for problem in error.problems]) from None
    if outcome == b"put":
        return int(rest[0])
    raise RemoteError(_refusal(keys, outcome, rest))


def confirm(store: Store, revision: int | None = None) -> int:
    """Let the change that waits to be confirmed stay; returns its number.

    Raises `RemoteError` where none waits, or another one than `revision`.
    """
    keys = store.keyspace
    said = "" if revision is None else str(revision)
    outcome, *rest = store.run(CONFIRM, (keys.head, keys.confirm, keys.changes), said)
    if outcome == b"confirmed":
        return int(rest[0])
    if outcome == b"other":
        raise store.error("no-such-version", f"waits for revision {int(rest[0])} to be confirmed, not for {revision}")
    raise store.error("no-such-version", "has no change that waits to be confirmed", "it may have gone back: history")


def go_back_if_due(store: Store) -> tuple[int, int] | None:
    """Take back the change that nobody confirmed in time; returns its number and that of the revision that came of it.

    None where there is nothing to do. Every process may ask, at any time; one of them does it.
    """
    keys = store.keyspace
    outcome, *rest = store.run(GO_BACK, (keys.values, keys.head, keys.log, keys.confirm, keys.changes))
    return (int(rest[1]), int(rest[0])) if outcome == b"put" else None


def waiting(store: Store) -> Waiting | None:
    """The change that waits to be confirmed."""
    fields = ("revision", "until")
    revision, until = store.call(lambda client: client.hmget(store.keyspace.confirm, fields))
    if revision is None or until is None:
        return None
    with suppress(ValueError, OverflowError, OSError):
        return Waiting(int(revision), datetime.fromtimestamp(int(until), UTC))
    raise _unreadable(store.keyspace.confirm, store)


def revisions(store: Store) -> tuple[Revision, ...]:
    """The revisions that are kept, newest first."""
    kind, *rest = store.run(KEPT, (store.keyspace.log,), 2 * KEPT_REVISIONS, MOST_KEPT_BYTES)
    if kind != b"kept":
        raise _unreadable(store.keyspace.log, store)
    return tuple(sorted(_read(rest[0], store), key=lambda revision: -revision.number))


def _read(texts: Sequence[bytes], store: Store) -> Iterator[Revision]:
    for text in texts:
        revision = _entry_in(text)
        if revision is None:
            raise _unreadable(store.keyspace.log, store)
        yield revision


def _entry_in(text: bytes) -> Revision | None:
    """What an entry of the log says; None where none of ours wrote it."""
    with suppress(ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError, RecursionError):
        return _revision(json.loads(text))
    return None


def _revision(said: Mapping[str, Any]) -> Revision:
    note = Note(
        str(said["author"]),
        str(said["command"]),
        None if said["reason"] is None else str(said["reason"]),
        tuple(map(str, said["changed"])),
    )
    values = {str(key): str(text) for key, text in said["values"].items()}
    before = None if said["before"] is None else int(said["before"])
    when, taken_back = datetime.fromtimestamp(int(said["when"]), UTC), said.get("taken_back")
    return Revision(int(said["revision"]), when, note, before, values, None if taken_back is None else str(taken_back))


def _entry(values: Mapping[str, str], note: Note) -> str:
    """What the log keeps, less the brace before it and what the store knows: the numbers and the time."""
    author, command, reason, changed = note
    said = {"author": author, "command": command, "reason": reason, "changed": changed, "values": values}
    return _json(said).removeprefix("{")


def _put(values: Mapping[str, str], note: Note) -> dict[str, Any]:
    """What a script needs to put `values` in force."""
    flat = [text for pair in values.items() for text in pair]
    return {"flat": flat, "digest": digest_of(values), "entry": _entry(values, note)}


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, separators=(",", ":"))


def _bytes(values: Mapping[str, str]) -> Iterator[bytes]:
    """Keys and texts as the store has them."""
    return (text.encode("utf-8", "surrogateescape") for pair in values.items() for text in pair)


def _refusal(keys: Keyspace, outcome: bytes, rest: Sequence[Any]) -> Problem:
    """Why a change was not made, and what to do."""
    origin = Origin(keys.place)
    if outcome == b"staged":
        message = f"{keys.place}: revision {_number(rest[0])} is being brought in by stages; nothing was written"
        return Problem("changed-meanwhile", message, origin=origin, hint="wait for its end, or end it: remote rollback")
    if outcome == b"waits":
        message = f"{keys.place}: revision {_number(rest[0])} waits to be confirmed; nothing was written"
        hint = "remote confirm keeps it, remote rollback takes it back"
        return Problem("changed-meanwhile", message, origin=origin, hint=hint)
    message = f"{keys.place} was changed meanwhile{_by(rest[1])}; nothing was written"
    hint = "the same command once more plans it on what is there now"
    return Problem("changed-meanwhile", message, origin=origin, hint=hint)


def _by(entry: bytes) -> str:
    """Who made the change, where that can be told."""
    revision = _entry_in(entry)
    return (
        "" if revision is None else f": revision {revision.number}, {revision.note.command}, by {revision.note.author}"
    )


def _number(text: bytes) -> str:
    return text.decode("ascii", "replace")[:15]


def _unreadable(key: str, store: Store) -> RemoteError:
    return store.error("bad-store", f"cannot be used: what {key} says is none of ours", "remove that key")

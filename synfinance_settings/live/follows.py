"""All that follows the settings of one manager, and how it changes with them: all of it, or none.

Before other values come into force, each resource that is made of what changes is made anew and checked, outside all
locks and beside the one in use. Only when every one of them is there, all references are swapped, under the lock that
swaps the settings; where a single one fails, what was made is closed again and nothing has changed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.record import Record

if TYPE_CHECKING:  # a start follows nothing
    from synfinance_settings.live.held import Held
    from synfinance_settings.live.material import Material

Step = TypeVar("Step")


class Follower(Protocol):
    """What follows settings: what is asked of a `Follow` here."""

    material: Material

    def outdated(self, snapshot: Snapshot[Any]) -> Held[Any] | None:
        """What it holds, where that was made of other values than those of `snapshot`."""

    def made_anew(self, held: Held[Any], snapshot: Snapshot[Any]) -> Held[Any]:
        """What takes the place of `held`; raises `SettingsError`."""

    def swap(self, held: Held[Any]) -> None:
        """Have `held` be the current one."""

    def retire(self, held: Held[Any]) -> None:
        """Close what is current no more."""

    def drop(self, held: Held[Any]) -> None:
        """Let go of what is `held`."""

    def revive(self) -> None:
        """Hold nothing, as in the child of a fork."""


class _Change(Record):
    """What a follower holds, and what was made to take its place."""

    follower: Follower
    before: Held[Any]
    after: Held[Any]


class Turn:
    """The changes of all followers that one change of settings means; once it is in place, it is not discarded."""

    def __init__(self) -> None:
        self.changes: list[_Change] = []
        self.is_in_place = False

    def swap(self) -> None:
        """Put the new ones in place; each one before waits, since it may be asked back."""
        self.is_in_place = True
        for change in self.changes:
            change.follower.swap(change.after)

    def settle(self) -> None:
        """Have the ones before closed: nobody asks them back."""
        for change in self.changes:
            change.follower.retire(change.before)

    def take_back(self) -> None:
        """Put the ones before in place again, and have the new ones closed."""
        for change in self.changes:
            change.follower.swap(change.before)
            change.follower.retire(change.after)

    def discard(self) -> None:
        """Have the new ones closed, unless they are in place."""
        if not self.is_in_place:
            for change in self.changes:
                change.follower.retire(change.after)
            self.changes.clear()


class Follows:
    """The followers of one manager, in the order in which they began; `renewed` is told when there are others."""

    def __init__(self, renewed: Callable[[frozenset[str]], None]) -> None:
        self._renewed = renewed
        self._lock = threading.Lock()
        self._entries: tuple[Follower, ...] = ()
        self._calling = threading.local()

    def add(self, follower: Follower) -> None:
        """Have `follower` follow from now on."""
        with self._lock:
            self._entries = (*self._entries, follower)
        self._renewed(self._keys())

    def remove(self, follower: Follower) -> None:
        """Have it follow no more; one that does not is not an error."""
        with self._lock:
            self._entries = tuple(other for other in self._entries if other is not follower)
        self._renewed(self._keys())

    def _keys(self) -> frozenset[str]:
        return frozenset().union(*(follower.material.keys for follower in self._entries))

    def revive(self) -> None:
        """Hold nothing, as in the child of a fork: what the parent made is the parent's."""
        self._lock = threading.Lock()
        for follower in self._entries:
            follower.revive()

    def made_ready(self, lock: AbstractContextManager[Any], step: Callable[[Turn], Step | Snapshot[Any]]) -> Step:
        """What `step` comes to under `lock`. As long as it comes to a snapshot instead, what follows the settings is
        made for that, outside the lock, and it is called again.

        Raises `SettingsError` where that cannot be made.
        """
        turn = Turn()
        while True:
            try:
                with lock:
                    done = step(turn)
            finally:
                turn.discard()  # unless it is in place
            if not isinstance(done, Snapshot):
                return done
            turn = self._prepared(done)

    def _prepared(self, snapshot: Snapshot[Any]) -> Turn:
        """What must be made anew for the values of `snapshot`; where one cannot be made, the others are closed."""
        turn = Turn()
        try:
            for follower, held in self._outdated(snapshot):
                with self._called():
                    turn.changes.append(_Change(follower, held, follower.made_anew(held, snapshot)))
        except BaseException:
            turn.discard()
            raise
        return turn

    def is_ready(self, turn: Turn, snapshot: Snapshot[Any]) -> bool:
        """True where `turn` has all that must be made anew for the values of `snapshot`, and nothing else."""
        needed = {id(held): follower.material.values_in(snapshot) for follower, held in self._outdated(snapshot)}
        return needed == {id(change.before): change.after.values for change in turn.changes}

    def drop_outdated(self, snapshot: Snapshot[Any]) -> None:
        """Let go of what does not fit the values of `snapshot`, which come into force whatever follows them: it is
        made at its next use.
        """
        for follower, held in self._outdated(snapshot):
            follower.drop(held)

    def is_calling(self) -> bool:
        """True inside a function that makes or checks something, in this thread."""
        return getattr(self._calling, "now", False)

    @contextmanager
    def _called(self) -> Iterator[None]:
        self._calling.now = True
        try:
            yield
        finally:
            self._calling.now = False

    def _outdated(self, snapshot: Snapshot[Any]) -> list[tuple[Follower, Held[Any]]]:
        pairs = ((follower, follower.outdated(snapshot)) for follower in self._entries)
        return [(follower, held) for follower, held in pairs if held is not None]

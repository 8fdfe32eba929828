"""The states that were in force, in order: how each is numbered, which are kept, and which one is earlier.

A build knows nothing of the snapshots before it; only here does a snapshot get its number, and what is pending.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from synfinance_settings.errors import Problem, RollbackError
from synfinance_settings.layers.look import Look
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.record import Record


class State(Record):
    """A snapshot of the layers alone, and all that it was built from."""

    project: Project
    look: Look
    content: frozenset[str]
    snapshot: Snapshot


class Timeline:
    """The last `limit` states of one manager, at least one."""

    def __init__(self, limit: int) -> None:
        self._limit = max(1, limit)
        self._kept: tuple[State, ...] = ()  # replaced as a whole, since it may be read at any time
        self._numbers = itertools.count(1)
        self._at_start: Mapping[str, Any] = {}
        self._served: frozenset[str] = frozenset()

    @property
    def current(self) -> State | None:
        """The state in force; None before the first load."""
        states = self._kept
        return states[-1] if states else None

    def snapshots(self) -> tuple[Snapshot, ...]:
        """The snapshots that are kept, oldest first."""
        return tuple(state.snapshot for state in self._kept)

    def serve(self, keys: frozenset[str]) -> None:
        """Count the settings of `keys`, and no others, as followed: those that can be wait for no restart."""
        self._served = keys

    def is_served(self, key: str) -> bool:
        """True where something follows the setting `key`."""
        return key in self._served

    def follow(self, state: State) -> State:
        """`state` as the next one: with the number it gets, and the settings that wait for a restart.

        Where its values and environment are those in force, it keeps their number and time; what was rolled back to
        is always new.
        """
        snapshot, current = state.snapshot, self.current
        if not self._at_start:
            self._at_start = snapshot.catalogue.restart_values_of(snapshot.config)
        now = snapshot.catalogue.restart_values_of(snapshot.config)
        changed = (key for key, value in now.items() if value != self._at_start[key])
        settings = snapshot.catalogue.settings
        pending = tuple(key for key in changed if not (settings[key].unless_followed and self.is_served(key)))
        if current is not None and snapshot.restores is None and current.snapshot.agrees_with(snapshot):
            number, loaded_at = current.snapshot.number, current.snapshot.loaded_at
        else:
            number, loaded_at = next(self._numbers), snapshot.loaded_at
        snapshot = replace(snapshot, number=number, loaded_at=loaded_at, pending_restart=pending)
        return state._replace(snapshot=snapshot)

    def restored(self, state: State) -> State:
        """`state`, which was in force before, as the next one, while the files hold what it takes the place of."""
        earlier = state.snapshot
        number = earlier.restores or earlier.number
        snapshot = replace(earlier, loaded_at=datetime.now(UTC), pending_files=True, restores=number)
        return self.follow(state._replace(snapshot=snapshot))

    def overlaid(self, state: State, snapshot: Snapshot) -> Snapshot:
        """`snapshot`, which was built on top of `state`: with a number of its own, and what waits below it."""
        below = state.snapshot
        return replace(
            snapshot,
            number=next(self._numbers),
            loaded_at=datetime.now(UTC),
            pending_restart=below.pending_restart,
            pending_files=below.pending_files,
        )

    def keep(self, state: State) -> None:
        """Make `state` the current one; it takes the place of the one before where it has the same number."""
        is_same = self.current is not None and self.current.snapshot.number == state.snapshot.number
        self._kept = (*(self._kept[:-1] if is_same else self._kept), state)[-self._limit :]

    def earlier(self, version: int | None) -> State:
        """The state with number `version`, else the one before the current; raises `RollbackError` without one.

        Before a state that was rolled back to comes what was before the state that it restores.
        """
        states = self._kept
        current = states[-1].snapshot if states else None
        if version is not None:
            candidates = [state for state in states if state.snapshot.number == version]
        elif current is not None and current.restores:
            loaded = [state for state in states if not state.snapshot.restores]
            candidates = [state for state in loaded if state.snapshot.number < current.restores]
        else:
            candidates = list(states[:-1])
        if candidates:
            return candidates[-1]
        wanted = "no earlier snapshot" if version is None else f"no snapshot {version}"
        numbers = ", ".join(str(state.snapshot.number) for state in states)
        message = f"there is {wanted} to go back to; kept: {numbers or 'none'}"
        raise RollbackError(Problem("no-such-version", message))

"""Who leads: one process at a time, for as long as it says so again; whoever dies is followed by another.

That two may think for a moment that they lead does no harm: what a leader does is one step at a time, each of which
happens only where things are as they were when it was decided (`rollout`). The lease keeps the others from work.
"""

from __future__ import annotations

from typing import Final

from synfinance_settings.remote.scripts import LEASE, RELEASE
from synfinance_settings.remote.store import Store

SECONDS: Final = 5.0
"""How long a leader is waited for that is not heard of."""


class Lease:
    """The lease of `process`, a name that no other has, on what is to be led in its store."""

    def __init__(self, process: str, seconds: float = SECONDS) -> None:
        self._token = process
        self._milliseconds = max(1, int(seconds * 1000))

    def take(self, store: Store) -> bool:
        """Lead, or go on leading; False while somebody else does. Raises `RemoteError`."""
        return bool(store.run(LEASE, [store.keyspace.lease], self._token, self._milliseconds))

    def release(self, store: Store) -> None:
        """Lead no more; nothing happens where somebody else does. Raises `RemoteError`."""
        store.run(RELEASE, [store.keyspace.lease], self._token)

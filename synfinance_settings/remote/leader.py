"""What one process does that leads: it holds the lease, and does what is due, one step at a time.

Who has no right to write does not lead. Who has just begun to listen, or lost the store for a moment, does not judge
yet who fell silent: all seem to, after the store was away.
"""

from __future__ import annotations

from secrets import token_hex
from time import monotonic
from typing import Final

from synfinance_settings.errors import RemoteError
from synfinance_settings.remote import lease
from synfinance_settings.remote.answers import BEATS, Fleet, ToLead, fleet_of
from synfinance_settings.remote.revisions import go_back_if_due
from synfinance_settings.remote.rollout import Rollout, Step, carry_out, next_step, rollout_of
from synfinance_settings.remote.store import Store

TICK: Final = 0.5
"""Seconds between two steps of who leads."""

_WITHOUT_RIGHTS: Final = 60.0  # seconds until one who may not lead tries again


class Leader:
    """The process that is called so as one who may lead, which has another name than all others unless it has one.

    The lease is good for `seconds`, unless it goes on.
    """

    def __init__(self, process: str | None = None, seconds: float = lease.SECONDS) -> None:
        self._lease = lease.Lease(process or token_hex(8), seconds)
        self._since: float | None = None
        self._barred_until = 0.0

    def go_on(self, store: Store, to_lead: ToLead) -> bool:
        """Do what is due of what there is `to_lead`; True while it leads a staged change. Raises `RemoteError`."""
        if monotonic() < self._barred_until:
            return False
        try:
            if not self._takes(store):
                return False
            if to_lead.confirm:
                go_back_if_due(store)
            if to_lead.rollout:
                self._step(store)
        except RemoteError as error:
            self._since = None
            if any(problem.code == "refused-login" for problem in error.problems):
                self._barred_until = monotonic() + _WITHOUT_RIGHTS
                return False
            raise
        return to_lead.rollout

    def resign(self, store: Store) -> None:
        """Let somebody else lead; nothing happens where this does not. Raises `RemoteError`."""
        if self._since is not None:
            self._since = None
            self._lease.release(store)

    def stumble(self) -> None:
        """Know from now on only who is heard from now on."""
        self._since = None

    def _takes(self, store: Store) -> bool:
        if not self._lease.take(store):
            self._since = None
            return False
        if self._since is None:
            self._since = monotonic()
        return True

    def _step(self, store: Store) -> None:
        rollout = rollout_of(store)
        if rollout is not None:
            step = self.judged(rollout, fleet_of(store))
            if step is not None:
                carry_out(store, rollout, step)

    def judged(self, rollout: Rollout, fleet: Fleet) -> Step | None:
        """What is to be done next, by one who has listened for so long."""
        listened = monotonic() - self._since if self._since is not None else 0.0
        longest = max((one.answer.beat for one in fleet.heard), default=0.0) * BEATS
        return next_step(rollout, fleet, counts_silence=listened > longest)

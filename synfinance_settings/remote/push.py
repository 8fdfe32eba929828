"""Hears at once that the shared store changed: one thread, which subscribes, and subscribes anew whenever that breaks.

A message is a hint and nothing more; what it says is not read. A hint is given after each new subscription too, since
something may have changed before. Between two tries lies a time that grows, up to a bound, and is drawn by chance, so
that the processes of a fleet do not all come back in one moment.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from random import uniform
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.errors import SettingsError, forget
from synfinance_settings.log import logger
from synfinance_settings.remote.backoff import ceiling

if TYPE_CHECKING:
    from synfinance_settings.remote.client import Fault
    from synfinance_settings.remote.store import Store

QUIET_SECONDS: Final = 15.0
"""Seconds without a word from the store until it is asked whether it is there still."""

_SHORTEST_WAIT: Final = 0.05
_STABLE: Final = 10.0
"""Seconds that a subscription must last for the next one to be tried at once."""


class Subscription:
    """Calls `wake` whenever what `store` finds may have changed, from `start` until the function that it returns.

    `store` is asked anew for each subscription: the address may change with a password.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        wake: Callable[[], None],
        *,
        seconds: float,
        longest_wait: float,
        quiet: float = QUIET_SECONDS,
    ) -> None:
        self._store = store
        self._wake = wake
        self._seconds = seconds
        self._longest_wait = longest_wait
        self._quiet = quiet
        self._over = threading.Event()
        self._lines: Any = None
        self._told: Fault | None = None

    def start(self) -> Callable[[], None]:
        """Begin, and return what ends it; raises `RuntimeError` where the system has no thread to give."""
        threading.Thread(target=self._work, name="synfinance_settings subscription", daemon=True).start()
        return self._stop

    def _stop(self) -> None:
        """Hear nothing more; the thread ends by itself, as soon as what it waits for breaks."""
        self._over.set()
        self._hang_up()

    def _work(self) -> None:
        """Subscribe, and again, until told to stop; nothing that comes of it ends the thread."""
        failures = 0
        while not self._over.is_set():
            began = monotonic()
            try:
                self._hear()
            except Exception as error:  # noqa: BLE001 - whatever it is, the looks at intervals go on
                self._tell(error)
                forget(error)
            self._hang_up()
            failures = 0 if monotonic() - began > _STABLE else failures + 1
            longest = ceiling(failures, _SHORTEST_WAIT, self._longest_wait)
            self._over.wait(uniform(_SHORTEST_WAIT, max(_SHORTEST_WAIT, longest)))

    def _tell(self, error: Exception) -> None:
        """Say once that the store refuses to be listened to; that it is away is told by the looks."""
        from synfinance_settings.remote.client import fault_of

        fault = fault_of(error, self._seconds)
        if fault.code != "unreachable" and fault != self._told and not self._over.is_set():
            self._told = fault
            logger.warning("the shared store %s, so changes are seen by looks at intervals alone", fault.said)

    def _hear(self) -> None:
        """Subscribe, and pass every message on as a hint; raises whatever breaks it."""
        from synfinance_settings.remote.client import client_of

        with suppress(SettingsError):
            store = self._store()
            lines = self._lines = client_of(store.address, self._seconds).pubsub()  # type: ignore[no-untyped-call]
            lines.subscribe(store.keyspace.changes)
            is_asked = True
            while not self._over.is_set():
                message = lines.get_message(timeout=self._seconds if is_asked else self._quiet)
                if message is None and (is_asked or self._store() is not store):  # it is dead, or was moved
                    return
                is_asked = message is None
                if message is None:
                    lines.ping()
                elif message["type"] in ("subscribe", "message") and not self._over.is_set():
                    store.forgive()
                    self._told = None
                    self._wake()

    def _hang_up(self) -> None:
        """Break the connection, from whichever thread."""
        lines = self._lines
        if lines is not None:
            with suppress(Exception):  # it may be in any state
                lines.connection.disconnect()

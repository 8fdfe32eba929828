"""The shared store as one process sees it: what it says now, in one round trip, in a bounded time and memory.

Everything goes through `Store.call`: a thread of its own asks, and is given up after a few seconds, whatever hangs: a
name that is looked up, a server that is paused, one that drips. What failed at great length is not tried again at once,
so that a dead server does not make each look wait for it. Nothing is kept but what was read last.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from random import uniform
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, TypeVar

from synfinance_settings.errors import Origin, Problem, RemoteError, forget
from synfinance_settings.remote.address import Address
from synfinance_settings.remote.backoff import ceiling
from synfinance_settings.remote.keyspace import Keyspace, point_of
from synfinance_settings.remote.reading import Reading, reading_of
from synfinance_settings.remote.scripts import READ, Script

if TYPE_CHECKING:
    from redis import Redis

    from synfinance_settings.remote.client import Fault

SECONDS: Final = 2.0
"""How long the store is waited for."""

LONGEST_WAIT: Final = 30.0
"""Seconds until a store that does not answer is tried again, at most."""

MOST_FIELDS: Final = 10_000
"""Settings that the store may hold for an environment."""

MOST_BYTES: Final = 2 * 1024 * 1024
"""Bytes that they may take in the store."""

_IN_NO_STAGE: Final = 1.0
_DEAR: Final = 0.25  # of the time that there is: what fails sooner may be tried at each look

_Result = TypeVar("_Result")


class Store:
    """The settings of `keyspace` in the store at `address`. It may be used by several threads, and after a fork."""

    def __init__(
        self, address: Address, keyspace: Keyspace, *, seconds: float = SECONDS, longest_wait: float = LONGEST_WAIT
    ) -> None:
        self.address = address
        self.keyspace = keyspace
        self.latest: Reading | None = None
        """What was read last; None before the first time."""
        self._seconds = seconds
        self._longest_wait = longest_wait
        self._client: Redis | None = None
        self._highest = 0
        self._failures = 0
        self._failure: tuple[float, Fault] | None = None

    def read(self, instance: str) -> Reading:
        """What `instance` is to run now; raises `RemoteError` where that cannot be had, or is behind what was seen."""
        reading = self._read(point_of(instance), self.latest)
        self.see(reading)
        self.latest = reading
        return reading

    def base(self) -> Reading:
        """What is in force for who is in no stage, whatever was seen before: what a change rests on."""
        return self._read(_IN_NO_STAGE)

    def _read(self, point: float, known: Reading | None = None) -> Reading:
        """What there is for who stands at `point`; values that are still the `known` ones are not sent again."""
        keys = (self.keyspace.values, self.keyspace.head, self.keyspace.rollout, self.keyspace.candidate)
        arguments = (known.mark if known else b"", f"{point:.17g}", MOST_FIELDS, MOST_BYTES)
        return self.call(lambda client: reading_of(run_script(client, READ, keys, *arguments), keys, known))

    def hear(self) -> None:
        """Subscribe once to what is told of changes; raises `RemoteError` where that cannot be."""
        channel = self.keyspace.changes

        def subscribe(client: Redis) -> None:
            with client.pubsub() as lines:  # type: ignore[no-untyped-call]
                lines.subscribe(channel)
                lines.get_message(timeout=self._seconds)

        self.call(subscribe)

    def see(self, reading: Reading) -> None:
        """Take note of what was in force; raises `RemoteError` where its revisions are behind those seen before.

        A store that holds nothing has no revision to be behind.
        """
        counter = reading.counter or 0
        if counter < self._highest and (reading.values is not None or reading.counter is not None):
            there = f"is at revision {counter}" if reading.counter is not None else "has lost its revision"
            said = f"{there}, but {self._highest} was read before: it holds old data"
            mend = f"HSET {self.keyspace.head} counter {self._highest}"
            raise self.error("old-revision", said, f"restore it, or let its values count: a remote command, or {mend}")
        self._highest = max(self._highest, counter)

    def call(self, ask: Callable[[Redis], _Result]) -> _Result:
        """What `ask` gets from the store, in at most the seconds that there are; raises `RemoteError` for any failure.

        It runs in a thread of its own, so it must touch nothing that others use.
        """
        try:
            from synfinance_settings.remote.client import unanswered
        except ImportError:
            hint = "pip install 'synfinance-settings[redis]'"
            raise self.error("no-driver", "cannot be read: redis-py is missing", hint) from None
        remembered = self._failure  # once: another thread may forget it meanwhile
        if remembered is not None and monotonic() < remembered[0]:
            raise self.error(*remembered[1])
        client, started = self._ready(), monotonic()
        outcome: SimpleQueue[tuple[_Result | None, Fault | None]] = SimpleQueue()
        try:
            threading.Thread(target=_ask, args=(ask, client, self._seconds, outcome), daemon=True).start()
            result, fault = outcome.get(timeout=self._seconds)
        except Empty:
            result, fault = None, unanswered(self._seconds)
            _cut(client)
        except RuntimeError:  # the system has no more threads to give
            result, fault = None, unanswered(0)._replace(said="cannot be asked: there are no more threads")
        if fault is not None:
            self._client = None  # of what failed nobody knows how far it came
            self._remember(fault, monotonic() - started)
            raise self.error(*fault)
        self.forgive()
        return result  # type: ignore[return-value]

    def run(self, script: Script, keys: Sequence[str], *arguments: bytes | str | float) -> Any:
        """What a script answers; raises `RemoteError` for any failure."""
        return self.call(lambda client: run_script(client, script, keys, *arguments))

    def forgive(self) -> None:
        """Ask again at the next call, whatever failed before."""
        self._failures, self._failure = 0, None

    def error(self, code: str, said: str, hint: str | None = None) -> RemoteError:
        """The error of this store that reads on after its name."""
        place = self.keyspace.place
        return RemoteError(Problem(code, f"{place} {said}", origin=Origin(place), hint=hint))

    def _ready(self) -> Redis:
        """The client, made at the first use; after a fork it connects anew by itself."""
        client = self._client
        if client is None:
            from synfinance_settings.remote.client import client_of

            client = self._client = client_of(self.address, self._seconds)
        return client

    def _remember(self, fault: Fault, cost: float) -> None:
        """Put the next try off where this one took long: longer each time, and by chance, so that not all come back
        at once.
        """
        if cost < self._seconds * _DEAR:
            return
        self._failures += 1
        longest = ceiling(self._failures, self._seconds, self._longest_wait)
        self._failure = (monotonic() + uniform(longest / 2, longest), fault)


def run_script(client: Redis, script: Script, keys: Sequence[str], *arguments: bytes | str | float) -> Any:
    """What a script answers, in one round trip where the server knows it already."""
    from redis.exceptions import NoScriptError

    suffix = "_RO" if script.only_reads else ""
    execute: Callable[..., Any] = client.execute_command
    try:
        return execute(f"EVALSHA{suffix}", script.digest, len(keys), *keys, *arguments)
    except NoScriptError:
        return execute(f"EVAL{suffix}", script.text, len(keys), *keys, *arguments)


def _cut(client: Redis) -> None:
    """Break what still waits, so that its thread ends."""
    with suppress(Exception):  # whatever state it was left in
        client.connection_pool.disconnect(inuse_connections=True)


def _ask(
    ask: Callable[[Redis], Any], client: Redis, seconds: float, outcome: SimpleQueue[tuple[Any, Fault | None]]
) -> None:
    """Put what `ask` gets into `outcome`, or what its failure means."""
    from synfinance_settings.remote.client import fault_of

    try:
        result = ask(client)
    except Exception as error:  # noqa: BLE001 - whatever a server answers, the outcome is a located error
        fault = fault_of(error, seconds)
        forget(error)
        outcome.put((None, fault))
    else:
        outcome.put((result, None))

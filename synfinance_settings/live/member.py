"""What a watched process does as one of a fleet: it answers to the shared store, and leads where nobody else does.

One thread, for as long as a watch lasts and there is a store; without one nothing is imported and nothing runs. What
is answered and what a leader does is of `remote`; here is only when: at intervals that are drawn by chance, and at once
when a load has ended or the program feels otherwise. Nothing that goes wrong here touches the settings in force.
"""

from __future__ import annotations

import os
import secrets
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from random import uniform
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.errors import SettingsError, forget
from synfinance_settings.layers.layer import Finding
from synfinance_settings.layers.look import Look
from synfinance_settings.layers.remote_layer import RemoteLayer, finding_in, instance_of, is_named
from synfinance_settings.live.announcer import ConfigEvent
from synfinance_settings.live.current import Current
from synfinance_settings.log import logger
from synfinance_settings.record import Record
from synfinance_settings.remote.answers import DIGITS, Answer, answer, problem_told, say_goodbye
from synfinance_settings.remote.keyspace import digest_of
from synfinance_settings.remote.leader import TICK, Leader

if TYPE_CHECKING:
    from synfinance_settings.remote.reading import Reading
    from synfinance_settings.remote.store import Store

_JITTER: Final = 0.25  # of a beat, to both sides
_LEISURE: Final = 4  # times as long as a step of a leader took lie between two: a large fleet is much to read


class Member:
    """One watched manager as a member of the fleet that reads the store of `layer`."""

    def __init__(self, current: Current, layer: RemoteLayer) -> None:
        self._current = current
        self._layer = layer
        self._process = secrets.token_hex(8)
        self._pid = os.getpid()
        self._inbox: SimpleQueue[None] = SimpleQueue()
        self._is_over = False
        self._verdict = _verdict(current, layer)
        self._leader = Leader(self._process)
        self._fault: str | None = None
        self._thread = threading.Thread(target=self._work, name="synfinance_settings member", daemon=True)
        self._ends: tuple[Callable[[], None], ...] = ()

    def start(self) -> None:
        """Begin to answer; raises `RuntimeError` where the system has no more threads to give."""
        self._thread.start()
        self._current.announcer.listen(self._hear)
        self._ends = (
            self._current.observe(lambda result, seconds: self._judge()),
            self._current.health.listen(self._wake),
        )

    def stop(self, patience: float) -> None:
        """Say goodbye to the fleet, and end; waits no longer than `patience` seconds."""
        self._is_over = True
        self._current.announcer.unlisten(self._hear)
        for end in self._ends:
            end()
        self._inbox.put(None)
        self._thread.join(patience)

    def _judge(self) -> None:
        """Note what a load has come to, now that it has: while one goes on, what it looks at is not judged yet."""
        self._verdict = _verdict(self._current, self._layer)
        self._wake()

    def _wake(self) -> None:
        """Answer now; may be called by any thread, and in the child of a fork, where nobody answers."""
        if os.getpid() == self._pid:
            self._inbox.put(None)

    def _hear(self, event: ConfigEvent, data: Any) -> None:
        """The listener: a state that a program goes back to by itself is not loaded."""
        if event is ConfigEvent.ROLLED_BACK:
            self._judge()

    def _work(self) -> None:
        """Answer, lead where nobody else does, and wait; whatever fails is tried again at the next beat."""
        store: Store | None = None
        while not self._is_over:
            is_leading, began = False, monotonic()
            try:
                store = self._store()
                is_leading = store is not None and self._beat(store)
            except Exception as error:  # noqa: BLE001 - whatever it is, the next beat may succeed
                forget(error)
                self._leader.stumble()
                self._tell_fault(error)
            else:
                self._fault = None
            tick = max(TICK, _LEISURE * (monotonic() - began))
            self._await(min(tick, self._layer.beat) if is_leading else self._layer.beat)
        if store is not None:
            with suppress(SettingsError):
                say_goodbye(store, self._process)
                self._leader.resign(store)

    def _await(self, seconds: float) -> None:
        """Wait to be woken, or for about as long."""
        with suppress(Empty):
            self._inbox.get(timeout=uniform(1 - _JITTER, 1 + _JITTER) * seconds)
        while not self._inbox.empty():
            with suppress(Empty):
                self._inbox.get_nowait()

    def _beat(self, store: Store) -> bool:
        """Answer, and lead where there is something to lead; True for who leads a staged change."""
        to_lead = answer(store, self._said(store.latest))
        if any(to_lead):
            return self._leader.go_on(store, to_lead)
        self._leader.resign(store)
        return False

    def _said(self, latest: Reading | None) -> Answer:
        """What there is to say of the settings in force, and of those that were found last."""
        state, verdict, feeling = self._current.timeline.current, self._verdict, self._current.health.feeling
        assert state is not None, "who watches has loaded"
        finding = _finding(state.look, self._layer)
        reading: Reading | None = finding.data if finding is not None else None
        stage = latest.stage if latest is not None else None
        return Answer(
            process=self._process,
            instance=instance_of(state.project),
            host=socket.gethostname(),
            pid=os.getpid(),
            revision=reading.revision if reading is not None else None,
            digest=digest_of(reading.values)[:DIGITS] if reading is not None and reading.values is not None else "",
            fingerprint=self._current.snapshot.fingerprint,
            stage=stage.number if stage is not None and stage.is_in else None,
            refuses=verdict.refuses,
            refused=verdict.refused,
            problems=verdict.problems,
            is_well=feeling.is_well,
            reason=feeling.reason,
            beat=self._layer.beat,
        )

    def _store(self) -> Store | None:
        """The store, which may be another one after a load with other variables, or none any more."""
        state = self._current.timeline.current
        assert state is not None, "who watches has loaded"
        return self._layer.store(state.project) if is_named(state.project) else None

    def _tell_fault(self, error: Exception) -> None:
        """Log why the fleet does not hear of this process, once for each reason; that the store is away is told by the
        looks.
        """
        code = error.problems[0].code if isinstance(error, SettingsError) else type(error).__name__
        if code != self._fault:
            self._fault = code
            if not isinstance(error, SettingsError):
                logger.error("this process could not answer to the shared store: %s", code)
            elif code != "unreachable":
                logger.warning("this process cannot answer to the shared store: %s", error.problems[0].message)


class _Verdict(Record):
    """What a load has come to: whether what was found is refused, as which revision, and why."""

    refuses: bool
    refused: int | None
    problems: tuple[str, ...]


def _verdict(current: Current, layer: RemoteLayer) -> _Verdict:
    """What the last load has come to; that the store is away is no refusal."""
    failure = current.last_failure
    found = _finding(current.looked, layer) if current.looked is not None else None
    fault = found.failure if found is not None else None
    if failure is None or (fault is not None and fault.code == "unreachable"):
        return _Verdict(False, None, ())
    reading: Reading | None = found.data if found is not None and fault is None else None
    problems = tuple(map(problem_told, failure.problems))
    return _Verdict(True, reading.revision if reading is not None else None, problems)


def _finding(look: Look, layer: RemoteLayer) -> Finding | None:
    return finding_in(look.found.get(layer.name, ()))

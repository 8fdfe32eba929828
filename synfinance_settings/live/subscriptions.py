"""Who wants to hear of a change of values, of all of them or of one section."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.announcer import check_callback
from synfinance_settings.sections.keys import SECTIONS, unknown_section

Subscriber = Callable[[Any, Any], object]
"""Gets the old and the new: two snapshots, or two models of one section."""

OnError = Literal["log", "rollback"]


@dataclass(frozen=True, slots=True, eq=False)
class _Subscription:
    callback: Subscriber
    section: str | None
    on_error: OnError

    def view(self, snapshot: Snapshot) -> Any:
        """What this subscriber sees of `snapshot`."""
        if self.section is None:
            return snapshot
        part: Any = snapshot.config
        for name in self.section.split("."):
            part = getattr(part, name)
        return part


class Subscriptions:
    """The subscribers of one manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: tuple[_Subscription, ...] = ()
        self._calling = threading.local()

    def revive(self) -> None:
        """Take a new lock, as in the child of a fork."""
        self._lock = threading.Lock()

    def add(self, callback: Subscriber, section: str | None, on_error: OnError) -> Callable[[], None]:
        """Add a subscriber; the function that is returned takes it out again."""
        check_callback(callback)
        if section is not None and section not in SECTIONS:
            raise unknown_section(section)
        if on_error not in ("log", "rollback"):
            raise ValueError("on_error must be 'log' or 'rollback'")
        entry = _Subscription(callback, section, on_error)
        with self._lock:
            self._entries = (*self._entries, entry)

        def remove() -> None:
            with self._lock:
                self._entries = tuple(other for other in self._entries if other is not entry)

        return remove

    def concerned(self, old: Snapshot, new: Snapshot, on_error: OnError) -> Iterator[tuple[Subscriber, Any, Any]]:
        """The subscribers of a kind whose part of the settings differs, with the old and the new of that part."""
        for entry in self._entries:
            before, after = entry.view(old), entry.view(new)
            if entry.on_error == on_error and (entry.section is None or before != after):
                yield entry.callback, before, after

    def is_calling(self) -> bool:
        """True inside a subscriber that `call` runs in this thread."""
        return getattr(self._calling, "now", False)

    def call(self, callback: Subscriber, old: Any, new: Any) -> None:
        """Call a subscriber here and now; what it raises comes through."""
        self._calling.now = True
        try:
            callback(old, new)
        finally:
            self._calling.now = False

"""Who wants to hear of a change of values, of all of them or of one section."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal

from synfinance_settings.errors import Problem, SettingsError, printable
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.announcer import check_callback
from synfinance_settings.log import logger
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.record import Record

Subscriber = Callable[[Any, Any], object]
"""Gets the old and the new: two snapshots, or two models of one section."""

OnError = Literal["log", "rollback"]

_KINDS: Final[tuple[OnError, ...]] = ("log", "rollback")


class _Subscription(Record):
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
    """The subscribers of one manager, whose settings `catalogue` has."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._lock = threading.Lock()
        self._entries: tuple[_Subscription, ...] = ()
        self._calling = threading.local()

    def revive(self) -> None:
        """Take a new lock, as in the child of a fork."""
        self._lock = threading.Lock()

    def add(self, callback: Subscriber, section: str | None, on_error: OnError) -> Callable[[], None]:
        """Add a subscriber; the function that is returned takes it out again."""
        check_callback(callback)
        if section is not None and section not in self._catalogue.sections:
            raise self._catalogue.unknown_section(section)
        if on_error not in _KINDS:
            raise ValueError("on_error must be 'log' or 'rollback'")
        entry = _Subscription(callback, section, on_error)
        with self._lock:
            self._entries = (*self._entries, entry)

        def remove() -> None:
            with self._lock:
                self._entries = tuple(other for other in self._entries if other is not entry)

        return remove

    def _concerned(self, old: Snapshot, new: Snapshot, on_error: OnError) -> Iterator[tuple[Subscriber, Any, Any]]:
        """The subscribers of a kind whose part of the settings differs, with the old and the new of that part."""
        for entry in self._entries:
            before, after = entry.view(old), entry.view(new)
            if entry.on_error == on_error and (entry.section is None or before != after):
                yield entry.callback, before, after

    def tell(self, old: Snapshot, new: Snapshot, deliver: Callable[..., None], *, all_kinds: bool) -> None:
        """Have `deliver` call the subscribers; those that can refuse a load only with `all_kinds`."""
        for kind in _KINDS if all_kinds else _KINDS[:1]:
            for callback, before, after in self._concerned(old, new, kind):
                deliver(callback, before, after)

    def refusal(self, old: Snapshot, new: Snapshot) -> SettingsError | None:
        """Call the subscribers that can refuse a load, here and now, until one does; returns how it did."""
        for callback, before, after in self._concerned(old, new, "rollback"):
            self._calling.now = True
            try:
                callback(before, after)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                    raise  # a person's, not the subscriber's
                name = getattr(callback, "__qualname__", type(callback).__name__)
                logger.exception("the subscriber %s refused what was loaded; it is rolled back", name)
                return _refusal(name, type(error).__name__)
            finally:
                self._calling.now = False
        return None

    def is_calling(self) -> bool:
        """True inside a subscriber that `refusal` calls in this thread."""
        return getattr(self._calling, "now", False)


def _refusal(subscriber: str, kind: str) -> SettingsError:
    """What a subscriber raised may hold a secret, so its kind alone is told."""
    message = f"{subscriber} refused what was loaded ({kind}), and the previous values are in force again"
    hint = "the log has what it raised; the layers are tried again when a file changes, or by load_config()"
    return SettingsError.of([Problem("refused-values", printable(message), hint=hint)])

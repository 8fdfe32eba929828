"""How the program feels under the settings in force, by its own checks; whoever wants to know is told at once."""

from __future__ import annotations

from collections.abc import Callable

from synfinance_settings.foreign import printable
from synfinance_settings.record import Record

_LONGEST = 200  # characters of a reason


class Feeling(Record):
    """Well or not, and why not."""

    is_well: bool = True
    reason: str = ""


class Health:
    """What a program said last of itself: well until it says otherwise."""

    def __init__(self) -> None:
        self.feeling = Feeling()
        self._ears: list[Callable[[], None]] = []

    def report(self, ok: bool, reason: str) -> None:
        """Feel well, or not, for `reason`, which may be any text."""
        feeling = Feeling(bool(ok), "" if ok else printable(str(reason), _LONGEST))
        is_news, self.feeling = feeling != self.feeling, feeling
        for tell in tuple(self._ears) if is_news else ():
            tell()

    def listen(self, tell: Callable[[], None]) -> Callable[[], None]:
        """Call `tell`, which must not wait, whenever that changes, until the function that is returned is called."""
        self._ears.append(tell)
        return lambda: self._ears.remove(tell)

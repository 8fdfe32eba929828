"""Calls for the worker of a watch: whoever wants a look or a reload leaves one, and the worker takes the next.

Calls for a look that come close together are one. The worker waits in one place for whatever may call it.
"""

from __future__ import annotations

import os
from enum import Enum, auto
from queue import SimpleQueue
from time import monotonic, time
from typing import Final

from synfinance_settings.live.hints import Bell

_LONGEST_DEBOUNCE: Final = 10  # times the debounce: a storm of events may not put a look off for longer

_LATEST: Final = 1.0  # seconds after a change that its hint may be heard; what is older was not just changed


class Call(Enum):
    """What the worker is woken for."""

    LOOK = auto()
    IDLE = auto()
    """To look although nobody called."""
    RELOAD = auto()
    STOP = auto()


class Calls:
    """The calls that were left; a look begins once nothing has called for one for `debounce` seconds.

    Another `bell` may take the place of the first one as long as nobody waits.
    """

    def __init__(self, debounce: float) -> None:
        self.bell = Bell()
        self._debounce = debounce
        self._left: SimpleQueue[Call] = SimpleQueue()
        self._hinted = ""
        self._hinted_at = 0.0
        self._is_called = False  # to look, and has not begun to

    def leave(self, call: Call) -> None:
        """Leave `call`; a signal's handler may, since a SimpleQueue may be put to while it is being put to."""
        self._left.put(call)
        self.bell.ring()

    def look_soon(self) -> None:
        """Call for a look."""
        self.hint("")
        self.bell.ring()

    def hint(self, path: str) -> None:
        """Call for a look, in the thread that waits: something happened to `path`. Only the first call is left."""
        self._hinted, self._hinted_at = path, monotonic()
        if not self._is_called:
            self._is_called = True
            self._left.put(Call.LOOK)

    def next(self, seconds: float) -> Call:
        """Wait for the next call; `IDLE` where none comes within `seconds`."""
        call = self._taken(seconds)
        if call is None:
            return Call.IDLE
        until = monotonic() + self._debounce * _LONGEST_DEBOUNCE
        while call is Call.LOOK and (left := min(self._debounce - self._quiet(), until - monotonic())) > 0:
            call = self._taken(left) or call
        self._is_called = False  # from here on, who calls wants another look
        return call

    def received(self, seconds: float) -> Call | None:
        """The next call as it comes, for who looks soon anyway; None where none comes within `seconds`."""
        call = self._taken(seconds)
        self._is_called = self._is_called and call is not Call.LOOK
        return call

    def _taken(self, seconds: float) -> Call | None:
        until = monotonic() + seconds
        while self._left.empty() and (left := until - monotonic()) > 0:
            self.bell.wait(left)
        return None if self._left.empty() else self._left.get_nowait()

    def _quiet(self) -> float:
        """Seconds since the last hint; since the change itself, where that is heard late, as beside busy threads."""
        if self._hinted:  # asked once, before the wait: each question may cost a turn
            self._hinted_at = min(self._hinted_at, monotonic() - _age(self._hinted))
            self._hinted = ""
        return monotonic() - self._hinted_at


def _age(path: str) -> float:
    """Seconds since the change at `path` that was just told of; 0 where that cannot be seen."""
    try:
        age = time() - os.lstat(path).st_ctime
    except (OSError, ValueError):
        return 0.0
    return age if age < _LATEST else 0.0

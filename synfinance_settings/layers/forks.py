"""What a fork must not cut in two: in the child no thread would bring it to its end.

SQLite keeps in memory which of its locks this process holds, and Python which module is being imported, so a child that
is forked meanwhile would wait for its parent's threads. A fork waits for them instead, before there is a child.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.RLock()


@contextmanager
def whole() -> Iterator[None]:
    """Let no other thread fork until the block has ended; keep it short."""
    lock = _lock  # the one that is held, in the child of a fork too
    with lock:
        yield


def _renew() -> None:
    global _lock
    _lock = threading.RLock()


os.register_at_fork(
    before=lambda: _lock.acquire() and None, after_in_parent=lambda: _lock.release(), after_in_child=_renew
)

"""The events of a watch as an asynchronous iterator, which takes them out of the delivery thread into an event loop."""

from __future__ import annotations

import asyncio
from typing import Any, Self

from synfinance_settings.live.announcer import Announcer, ConfigEvent


class Stream:
    """The events of `announcer` from the moment that this is made, ``(event, data)``, until it is closed."""

    def __init__(self, announcer: Announcer) -> None:
        """Begin to hear; raises `RuntimeError` where no event loop runs."""
        self._announcer = announcer
        self._loop = asyncio.get_running_loop()
        self._queue: asyncio.Queue[tuple[ConfigEvent, Any] | None] = asyncio.Queue()
        self._hear_this = self._hear  # one object, so that it can be removed again
        self.is_over = False
        announcer.listen(self._hear_this)

    def leave(self) -> None:
        """Hear no more; whoever iterates waits for ever, as in the child of a fork, which has no loop."""
        self.is_over = True
        self._announcer.unlisten(self._hear_this)

    def close(self) -> None:
        """End the iteration after what was heard so far."""
        self.leave()
        self._put(None)

    def _hear(self, event: ConfigEvent, data: Any) -> None:
        self._put((event, data))

    def _put(self, item: tuple[ConfigEvent, Any] | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._queue.put_nowait, item)
        except RuntimeError:  # the loop is closed, and nobody waits any more
            self.leave()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> tuple[ConfigEvent, Any]:
        item = await self._queue.get()
        if item is None:
            self._queue.put_nowait(None)
            raise StopAsyncIteration
        return item

    async def aclose(self) -> None:
        """Hear no more."""
        self.close()

"""What a program makes of settings and keeps, a pool or a client: it is made anew when these settings change.

The current one is one reference. How it is made is the business of `Recipe`, when it must be made anew that of
`Follows`, how the one before ends that of `Closer`. A child of a fork makes its own and leaves its parent's alone.
"""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, Self

from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.current import Current
from synfinance_settings.live.held import Closer, Held, Made
from synfinance_settings.live.making import Recipe, refusal
from synfinance_settings.live.material import Material
from synfinance_settings.log import logger

if TYPE_CHECKING:
    import asyncio

CLOSE_SECONDS: Final = 10.0
"""How long the end of a follow waits for what it closes."""

_INHERITED: Final[list[Held[Any]]] = []
"""What a parent made, in the child of a fork: neither closed here nor collected, since either would end connections
that the parent uses.
"""


class Use(Generic[Made]):
    """A block in which one resource stays open, whatever takes its place meanwhile."""

    def __init__(self, follow: Follow[Made]) -> None:
        self._follow = follow
        self._held: list[Held[Made]] = []

    def __enter__(self) -> Made:
        while (held := self._follow.enter()) is None:
            self._follow.first()
        self._held.append(held)
        return held.resource

    def __exit__(self, kind: object, error: object, traceback: TracebackType | None) -> None:
        self._follow.leave(self._held.pop())

    async def __aenter__(self) -> Made:
        await self._follow.first_soon()
        while (held := self._follow.enter()) is None:
            await self._follow.first_soon()
        self._held.append(held)
        return held.resource

    async def __aexit__(self, kind: object, error: object, traceback: TracebackType | None) -> None:
        self.__exit__(kind, error, traceback)


class Follow(Generic[Made]):
    """What is made of settings: ``pool()`` is the current one, ``with pool.use() as current:`` says when it is done.

    The first one is made at the first use, and what is raised then is raised there. As a context manager, ``async
    with`` too, it is made at the start and closed at the end.
    """

    def __init__(
        self, current: Current, section: str | None, recipe: Recipe[Made], names: tuple[str, ...], grace: float
    ) -> None:
        if not grace >= 0:  # nan is no number of seconds either
            raise ValueError("grace must be at least 0 seconds")
        catalogue = current.choice.application.catalogue
        if recipe.fields is not None and not names:
            names = recipe.fields(catalogue.sections.get(section, catalogue.model) if section else catalogue.model)
        self.material = Material(catalogue, section, names)
        self._current = current
        self._recipe = recipe
        self._grace = grace
        self._is_closed = False
        self._parents: Held[Made] | None = None
        self._renew()
        current.follows.add(self)

    def _renew(self) -> None:
        self._held: Held[Made] | None = None
        self._making = threading.RLock()
        self._changed = threading.Condition()
        self._turns: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None
        self._closer = Closer(str(self.material), self._recipe.closed, self._changed)

    def __repr__(self) -> str:
        state = "closed" if self._is_closed else "not made yet" if self._held is None else "made"
        return f"<Follow of {self.material}: {self._recipe.title}, {state}>"

    def __call__(self) -> Made:
        """The current one, made now if there is none; it stays open for `grace` seconds after another took its place.

        Raises `RuntimeError` where the follow is closed, or where there is none yet and it takes an event loop to make
        it.
        """
        held = self._held
        while held is None or not held.is_handed_out:
            with self._changed:
                held = self._held
                if held is not None:
                    held.is_handed_out = True
            if held is None:
                held = self.first()
        return held.resource

    def use(self) -> Use[Made]:
        """The current one, which is not closed before the block is left: ``with`` or ``async with``."""
        return Use(self)

    async def ready(self) -> Made:
        """The current one, as a call gives it, made in the running event loop if there is none."""
        await self.first_soon()
        return self()

    def close(self) -> None:
        """Follow no more, and close what was made, whoever uses it; waits for that, but no longer than ten seconds.

        Raises `RuntimeError` in the event loop that the resource belongs to: there, ``await pool.aclose()``.
        """
        held = self._held
        if held is not None and held.loop is not None:
            from synfinance_settings.live.loops import runs_here

            if runs_here(held.loop):
                raise RuntimeError("close() waits for the event loop that it is called in: await aclose() instead")
        self._end()
        self._closer.wait(CLOSE_SECONDS)

    async def aclose(self) -> None:
        """The same, while the event loop goes on."""
        import asyncio

        self._end()
        await asyncio.to_thread(self._closer.wait, CLOSE_SECONDS)

    def __enter__(self) -> Self:
        if self._held is None:
            self.first()
        return self

    def __exit__(self, kind: object, error: object, traceback: TracebackType | None) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        await self.first_soon()
        return self

    async def __aexit__(self, kind: object, error: object, traceback: TracebackType | None) -> None:
        await self.aclose()

    # what uses of it ask

    def enter(self) -> Held[Made] | None:
        """Count one more user of the current one, if there is one."""
        with self._changed:
            if self._held is not None:
                self._held.users += 1
            return self._held

    def leave(self, held: Held[Made]) -> None:
        """Count one user less."""
        with self._changed:
            held.users -= 1
            if not held.users:
                self._changed.notify_all()

    # what the follows of the manager ask

    def outdated(self, snapshot: Snapshot[Any]) -> Held[Made] | None:
        """What is held, or in the child of a fork what its parent held, where it was made of other values than those of
        `snapshot`.
        """
        held = self._held or self._parents
        is_dead = held is not None and held.loop is not None and held.loop.is_closed()
        return held if held is not None and not is_dead and held.values != self.material.values_in(snapshot) else None

    def made_anew(self, held: Held[Made], snapshot: Snapshot[Any]) -> Held[Made]:
        """Another one for the values of `snapshot`, where what is `held` belongs; raises `SettingsError`."""
        try:
            if held.loop is None:
                return self._recipe.made(self.material, snapshot)
            return self._recipe.made_in(held.loop, self.material, snapshot)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                raise  # a person's, not the recipe's
            failure = refusal(self._recipe.title, self.material, error)
        raise failure

    def swap(self, held: Held[Made], *, is_first: bool = False) -> None:
        """Have `held` be the current one; where the follow is closed meanwhile, it is closed too."""
        with self._changed:
            if self._is_closed:
                self._closer.retire(held, 0)
                return
            if held is self._parents:  # which is asked back, and not used here
                self._held = None
                return
            self._held = held
        self._recipe.placed(held.resource, self.material)
        if not is_first:
            logger.info("what follows %s (%s) is another one now", self.material, self._recipe.title)

    def retire(self, held: Held[Made]) -> None:
        """Close what is current no more, once its users are done."""
        self._closer.retire(held, self._grace)

    def drop(self, held: Held[Made]) -> None:
        """Let go of what is `held`: another one is made at the next use."""
        with self._changed:
            self._held = self._parents = None
        self.retire(held)

    def revive(self) -> None:
        """Hold nothing, as in the child of a fork, which refuses all the same what its parent would refuse."""
        _INHERITED.extend(filter(None, (self._held, *self._closer.waiting)))
        if self._held is not None and self._held.loop is None:
            self._parents = self._held
            self._parents.until = 0  # not closed here
        self._renew()

    # how there comes to be a first one

    def first(self) -> Held[Made]:
        """What is held, which is made if there is nothing."""
        if self._recipe.is_async:
            raise RuntimeError(f"{self!r}: in its event loop, await ready() or use `async with` first")
        _ = self._current.snapshot  # what may load asks for locks of its own
        with self._making:
            while (held := self._held) is None:
                self._check_open()
                snapshot = self._current.snapshot
                self._publish(self._recipe.made(self.material, snapshot))
            return held

    async def first_soon(self) -> None:
        """Make one where there is none, in the running event loop where it takes one."""
        import asyncio

        if not self._recipe.is_async:
            if self._held is None:
                await asyncio.to_thread(self.first)
            return
        loop = asyncio.get_running_loop()
        while not self._is_held_in(loop):
            async with self._turn_in(loop):
                if not self._is_held_in(loop):
                    self._check_open()
                    snapshot = self._current.snapshot
                    self._publish(await self._recipe.made_here(self.material, snapshot))

    def _is_held_in(self, loop: asyncio.AbstractEventLoop) -> bool:
        """True where there is one in `loop`; one whose loop is closed can neither be used nor closed any more."""
        held = self._held
        if held is None or held.loop is loop:
            return held is not None
        if held.loop is not None and not held.loop.is_closed():
            raise RuntimeError(
                f"{self!r} belongs to another event loop, which still runs: each takes a follow of its own"
            )
        with self._changed:
            if self._held is held:
                self._held = None
        return self._is_held_in(loop)

    def _turn_in(self, loop: asyncio.AbstractEventLoop) -> asyncio.Lock:
        """The lock of those who would make the first one in `loop`."""
        import asyncio

        with self._changed:
            if self._turns is None or self._turns[0] is not loop:
                self._turns = (loop, asyncio.Lock())
            return self._turns[1]

    def _publish(self, held: Held[Made]) -> None:
        """Have what was made be the first one, if the settings still say so; else close it."""

        def is_fit(snapshot: Snapshot[Any]) -> bool:
            return not self._is_closed and bool(self.material.values_in(snapshot) == held.values)

        if not self._current.agree(is_fit, lambda: self.swap(held, is_first=True)):
            self.retire(held)
            self._check_open()

    def _check_open(self) -> None:
        if self._is_closed:
            raise RuntimeError(f"{self!r} makes nothing any more")

    def _end(self) -> None:
        self._current.follows.remove(self)
        with self._changed:
            held, self._held, self._is_closed = self._held, None, True
        if held is not None:
            self.retire(held)
        self._closer.hurry()

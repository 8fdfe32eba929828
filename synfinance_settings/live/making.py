"""How a resource is made of settings, checked and closed: by functions of a program's own, or of a recipe.

A fault is told by its kind and its place alone: what foreign code says may hold a secret, such as a URL that does not
parse. Only a `SettingsError`, which never holds one, is told in its own words.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Generic, TypedDict, TypeVar

from synfinance_settings.errors import Problem, SettingsError, printable
from synfinance_settings.layers.forks import whole
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.announcer import check_callback
from synfinance_settings.live.held import Held, Made, said
from synfinance_settings.live.material import Material
from synfinance_settings.log import logger
from synfinance_settings.model.section import Section

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class Recipe(Generic[Made]):
    """How a resource is made of the model of a section, and what else is done with it.

    `make` gets the model, everything else the resource: `check` raises, or returns False, for one that cannot be used;
    `place` is told of each one that takes its place, the first too, and must not wait; `close` ends one. Any of `make`,
    `check` and `close` may be a coroutine function, and then all three run in the event loop of the program. `fields`
    gives, for the model's class, the fields that the resource is made of; without it, that is all of them. `name` is
    what messages call it, else they call it as `make`.
    """

    make: Callable[[Any], Any]
    check: Callable[[Made], object] | None = None
    close: Callable[[Made], object] | None = None
    place: Callable[[Made], object] | None = None
    fields: Callable[[type[Section]], tuple[str, ...]] | None = None
    name: str = ""
    timeout: float = 30.0
    """Seconds that an event loop has for `make` and `check` together, and for `close`."""

    def __post_init__(self) -> None:
        functions: tuple[object, ...] = (self.make, self.check, self.close, self.place)
        for number, function in enumerate(functions):
            if not callable(function) and (function is not None or number == 0):
                raise TypeError(f"what makes, checks or closes must be a function, not {type(function).__name__}")
        if not self.timeout > 0:
            raise ValueError("timeout must be more than 0 seconds")
        if self.place is not None:
            check_callback(self.place)

    @property
    def is_async(self) -> bool:
        """True where it takes an event loop to follow it."""
        return any(map(_is_coroutine_function, (self.make, self.check, self.close)))

    @property
    def title(self) -> str:
        """What messages call it."""
        return printable(self.name or getattr(self.make, "__qualname__", type(self.make).__name__))

    def made(self, material: Material, snapshot: Snapshot[Any]) -> Held[Made]:
        """A resource that is made and checked; what is raised is raised, and what was made is closed then."""
        resource: Made = _plain(self.make(material.part_of(snapshot)), "make")
        try:
            if self.check is not None and _plain(self.check(resource), "check") is False:
                raise _refused_by_check()
        except BaseException:
            self._close_quietly(resource)
            raise
        return Held(resource, material.values_in(snapshot))

    def made_in(self, loop: AbstractEventLoop, material: Material, snapshot: Snapshot[Any]) -> Held[Made]:
        """The same in `loop`, from a thread that it does not run in."""
        return self._in(loop, lambda: self.made_here(material, snapshot))

    async def made_here(self, material: Material, snapshot: Snapshot[Any]) -> Held[Made]:
        """The same in the running event loop, in `timeout` seconds at most."""
        import asyncio

        async with asyncio.timeout(self.timeout):
            resource: Made = await _awaited(self.make(material.part_of(snapshot)))
            try:
                if self.check is not None and await _awaited(self.check(resource)) is False:
                    raise _refused_by_check()
            except BaseException:
                await self._close_here(resource, quietly=True)
                raise
        return Held(resource, material.values_in(snapshot), asyncio.get_running_loop())

    def closed(self, held: Held[Made]) -> None:
        """Close what is `held`, from a thread that no event loop runs in."""
        if self.close is not None:
            if held.loop is None:
                _plain(self.close(held.resource), "close")
            else:
                self._in(held.loop, lambda: self._close_here(held.resource))

    def _in(self, loop: AbstractEventLoop, work: Callable[[], Coroutine[Any, Any, _Result]]) -> _Result:
        with whole():  # the thread is one of many
            from synfinance_settings.live.loops import in_loop

        return in_loop(loop, work, self.timeout)

    def placed(self, resource: Made, material: Material) -> None:
        """Tell `place` that this is the one now; it may not refuse."""
        try:
            if self.place is not None:
                self.place(resource)
        except BaseException as error:  # noqa: BLE001 - the settings are in force
            logger.error("placing what follows %s failed: %s", material, said(error))

    async def _close_here(self, resource: Made, *, quietly: bool = False) -> None:
        try:
            if self.close is not None:
                await _awaited(self.close(resource))
        except Exception as error:
            if not quietly:
                raise
            self._say_unclosed(error)

    def _close_quietly(self, resource: Made) -> None:
        try:
            if self.close is not None:
                self.close(resource)
        except Exception as error:  # noqa: BLE001 - what matters is why it could not be used
            self._say_unclosed(error)

    def _say_unclosed(self, error: Exception) -> None:
        logger.warning("%s could not be closed after it was refused: %s", self.title, said(error))


class Options(TypedDict, Generic[Made], total=False):
    """What else may be said of something that follows, as `ConfigManager.follow` takes it; for type checkers."""

    check: Callable[[Made], object] | None
    close: Callable[[Made], object] | None
    place: Callable[[Made], object] | None
    keys: Iterable[str]
    grace: float
    timeout: float


def refusal(title: str, material: Material, error: BaseException) -> SettingsError:
    """That what follows `material` could not be made, told without a word of `error`, unless it is ours."""
    name = f"what follows {material} ({title})"
    place = _place(error.__traceback__)
    hint = f"{f'raised at {place}; ' if place else ''}a watcher tries again, and so does reload_config()"
    return SettingsError(
        Problem("refused-resource", f"{name} could not be made anew: {said(error)}", key=material.section, hint=hint)
    )


def _place(traceback: TracebackType | None) -> str | None:
    """Where in the functions of the program it was raised."""
    while traceback is not None:
        code = traceback.tb_frame.f_code
        if not code.co_filename.startswith(_PACKAGE):
            return printable(f"{code.co_filename}:{traceback.tb_lineno}")
        traceback = traceback.tb_next
    return None


_PACKAGE: Final = __file__.removesuffix("making.py").removesuffix("live/")


def _refused_by_check() -> SettingsError:
    return SettingsError(Problem("refused-resource", "its check returned False"))


def _is_coroutine_function(function: Callable[..., object] | None) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _plain(value: Any, what: str) -> Any:
    """`value`, which nobody can await here."""
    if inspect.isawaitable(value):
        if inspect.iscoroutine(value):
            value.close()
        raise TypeError(f"{what} returned an awaitable: hand over a coroutine function, which is seen to be one")
    return value


async def _awaited(value: Any) -> Any:
    return await value if inspect.isawaitable(value) else value

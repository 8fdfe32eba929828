"""Other settings for a while, for tests: in a block, a function of any kind, or a class of tests.

A decorator refuses what would still run when its values no longer hold: as it decorates where that can be seen, else at
the call.
"""

from __future__ import annotations

import functools
import inspect
import unittest
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import AsyncContextDecorator, ContextDecorator, ExitStack, aclosing
from types import TracebackType
from typing import Any, Final, Generic, TypeVar

from synfinance_settings.choice import Config_co
from synfinance_settings.errors import SettingsError, door
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.model.application import Application
from synfinance_settings.model.variables import SEPARATOR
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.node import Branch, Node, Source, put

_SOURCE = Source("override")
_OF_CLASS: Final = "_settings_overrides"
_UNFINISHED: Final = (Awaitable, Generator, AsyncGenerator, ContextDecorator, AsyncContextDecorator, map, filter)
_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


class Override(Generic[Config_co]):
    """Other values of `application` for a while, as `override` has them for SynFinance's."""

    @door
    def __init__(self, application: Application[Config_co], /, **keys: Any) -> None:
        catalogue = application.catalogue
        self._application = application
        self._branch: Branch = {}
        for spelled, value in keys.items():
            key = spelled.replace(SEPARATOR, ".")
            if key not in catalogue.settings:
                inside = [f"{key}.{name}" for name in value] if isinstance(value, Mapping) else []
                raise catalogue.unknown_key(key, SEPARATOR, [name for name in inside if name in catalogue.settings])
            put(self._branch, key, _node(value))
        self._undo: list[Callable[[], None]] = []

    @door
    def __enter__(self) -> Config_co:
        """Put the values in force; returns the settings that hold them."""
        current = ConfigManager.shared(self._application).current
        self._undo.append(current.override(dict(self._branch)))
        config: Config_co = current.snapshot.config
        return config

    @door
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.pop()()

    def __call__(self, decorated: _Decorated) -> _Decorated:
        """Decorate a function of any kind, or a class of tests: the values hold while it, or a test of it, runs.

        Of a generator function they hold from its first step to its end, so a fixture is decorated below
        ``@pytest.fixture``. Of a `unittest.TestCase` they hold for each test with its `setUp` and `tearDown`; of
        another class, which pytest must run, for all tests with the fixtures in it; and so in the classes below it.
        Raises `TypeError` for what cannot be decorated.
        """
        if isinstance(decorated, staticmethod | classmethod):
            return type(decorated)(self(decorated.__func__))
        if isinstance(decorated, type):
            return self._of_class(decorated)  # type: ignore[return-value]
        is_fixture = type(decorated).__module__.startswith("_pytest.") or hasattr(decorated, "_pytestfixturefunction")
        if is_fixture or not callable(decorated):
            kind = type(decorated).__name__
            raise TypeError(f"override decorates functions and classes, not a {kind}: put it below what made that")
        wrap = next((wrap for is_kind, wrap in _WRAPPERS if is_kind(decorated)), _wrapped)
        return functools.wraps(decorated)(wrap(self, decorated))  # type: ignore[return-value]

    def _of_class(self, tests: type) -> type:
        """Have the values hold for each test of the class `tests`; raises `TypeError` where it has none."""
        setattr(tests, _OF_CLASS, (self, *vars(tests).get(_OF_CLASS, ())))  # as with functions, the nearest one wins
        if issubclass(tests, unittest.TestCase):
            if not hasattr(tests.run, _OF_CLASS):
                tests.run = _run(tests.run)  # type: ignore[method-assign]
        elif any(name.lower().startswith("test") for name in dir(tests)):
            tests._settings_override = _class_fixture(tests)  # type: ignore[attr-defined]
        else:
            raise TypeError(
                f"override decorates classes of tests, and {tests.__name__} has none: decorate its functions"
            )
        return tests


class override(Override[AppConfig]):  # noqa: N801 - reads as a verb: with override(...)
    """Other values while a block, a function or a test of a class runs: ``with override(server__port=9001):``.

    Keys are spelled with ``__`` between the levels. The values are validated with all others, are seen by all
    threads, stay on top of reloads and are gone at the end; blocks nest. The environment does not change. Raises
    `UnknownKeyError` for a key that is not a setting, and `SettingsError` for values that do not fit; then nothing
    changes.
    """

    @door
    def __init__(self, **keys: Any) -> None:
        super().__init__(SYNFINANCE, **keys)


def _wrapped(values: Override[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` under `values`; raises `TypeError` where it returns something that has yet to run."""

    def inner(*args: Any, **kwargs: Any) -> Any:
        with values:
            result = function(*args, **kwargs)
        if isinstance(result, _UNFINISHED):
            getattr(result, "close", lambda: None)()  # else Python warns that nobody awaited it
            raise TypeError(f"{function!r} is not done when it returns: put override below what wraps it")
        return result

    return inner


def _wrapped_coroutine(values: Override[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    async def inner(*args: Any, **kwargs: Any) -> Any:
        with values:
            return await function(*args, **kwargs)

    return inner


def _wrapped_generator(values: Override[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    def inner(*args: Any, **kwargs: Any) -> Any:
        with values:
            return (yield from function(*args, **kwargs))

    return inner


def _wrapped_async_generator(values: Override[Any], function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` under `values`; what is sent or thrown into it reaches the generator, as `yield from` would do."""

    async def inner(*args: Any, **kwargs: Any) -> Any:
        with values:
            async with aclosing(function(*args, **kwargs)) as steps:
                step = steps.asend(None)
                while True:
                    try:
                        item = await step
                    except StopAsyncIteration:
                        return
                    try:
                        step = steps.asend((yield item))
                    except GeneratorExit:
                        raise
                    except BaseException as error:  # noqa: BLE001 - thrown in by the caller, and handed on
                        step = steps.athrow(error)

    return inner


_WRAPPERS: Final = (
    (inspect.iscoroutinefunction, _wrapped_coroutine),
    (inspect.isgeneratorfunction, _wrapped_generator),
    (inspect.isasyncgenfunction, _wrapped_async_generator),
)


def _overrides_of(*classes: type) -> Iterator[Override[Any]]:
    """Those that decorate `classes` and the classes above them, in the order to enter them."""
    for above in dict.fromkeys(above for tests in classes for above in reversed(tests.__mro__)):
        yield from vars(above).get(_OF_CLASS, ())


def _run(run: Callable[..., Any]) -> Callable[..., Any]:
    """`TestCase.run` under the overrides of the class; values that do not fit are an error of the test."""

    @functools.wraps(run)
    def inner(self: unittest.TestCase, result: Any = None) -> Any:
        with ExitStack() as stack:
            try:
                for values in _overrides_of(type(self)):
                    stack.enter_context(values)
            except SettingsError as error:
                failure = error.with_traceback(None)

                def fail() -> None:
                    raise failure

                self.setUp = fail  # type: ignore[method-assign]
            return run(self, result)

    setattr(inner, _OF_CLASS, True)
    return inner


def _class_fixture(owner: type) -> Any:
    """A fixture that every test of `owner`, and of the classes in it and below it, has without asking."""
    try:
        import pytest
    except ModuleNotFoundError:
        raise TypeError(
            f"{owner.__name__} is not a unittest.TestCase, so pytest must run it, which is missing"
        ) from None

    def hold(cls: type, request: pytest.FixtureRequest) -> Iterator[None]:
        with ExitStack() as stack:
            for values in _overrides_of(owner, request.cls):
                stack.enter_context(values)
            yield

    return pytest.fixture(scope="class", autouse=True)(classmethod(hold))  # type: ignore[arg-type]


def _node(value: Any) -> Node:
    """A value of a test as a layer would hold it."""
    if isinstance(value, list | tuple):
        return Node([_node(item) for item in value], _SOURCE)
    if isinstance(value, Mapping):
        return Node({str(name): _node(item) for name, item in value.items()}, _SOURCE)
    return Node(value, _SOURCE)

"""Other settings for a while, for tests."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any, TypeVar

from synfinance_settings.errors import door
from synfinance_settings.layers.node import Branch, Node, Source, put
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.keys import SETTINGS, unknown_key
from synfinance_settings.sections.variables import SEPARATOR

_SOURCE = Source("override")
_Function = TypeVar("_Function", bound=Callable[..., Any])


class override(ContextDecorator):  # noqa: N801 - reads as a verb: with override(...)
    """Other values while a block or a function runs: ``with override(server__port=9001):``.

    Keys are spelled with ``__`` between the levels. The values are validated with all others, are seen by all
    threads, stay on top of reloads and are gone at the end; blocks nest. The environment does not change. Raises
    `UnknownKeyError` for a key that is no setting, and `SettingsError` for values that do not fit; then nothing
    changes.
    """

    def __init__(self, **keys: Any) -> None:
        self._branch: Branch = {}
        for spelled, value in keys.items():
            key = spelled.replace(SEPARATOR, ".")
            if key not in SETTINGS:
                inside = [f"{key}.{name}" for name in value] if isinstance(value, Mapping) else []
                raise unknown_key(key, SEPARATOR, [name for name in inside if name in SETTINGS])
            put(self._branch, key, _node(value))
        self._undo: list[Callable[[], None]] = []

    @door
    def __enter__(self) -> AppConfig:
        """Put the values in force; returns the settings that hold them."""
        manager = ConfigManager()
        self._undo.append(manager._override(dict(self._branch)))
        return manager.get_config()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._undo.pop()()

    def __call__(self, function: _Function) -> _Function:
        """Decorate a function, or a coroutine function: the values hold while it runs."""
        if not inspect.iscoroutinefunction(function):
            return super().__call__(function)

        @functools.wraps(function)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return inner  # type: ignore[return-value]


def _node(value: Any) -> Node:
    """A value of a test as a layer would hold it."""
    if isinstance(value, list | tuple):
        return Node([_node(item) for item in value], _SOURCE)
    if isinstance(value, Mapping):
        return Node({str(name): _node(item) for name, item in value.items()}, _SOURCE)
    return Node(value, _SOURCE)

"""How libraries are imported of which little is used: the rest runs when it is asked for.

A start pays for what modules do as they run, and for each expression that they compile; most of a library that we use
one class of is never looked at. All of it is there nevertheless: whoever uses the library directly finds what he would
find without us.
"""

from __future__ import annotations

import re
import sys
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any, Final

from synfinance_settings.pattern import pattern


@contextmanager
def lean_import(
    unused: Collection[str] = (), uncalled: Collection[str] = (), compiling: Collection[str] = ()
) -> Iterator[None]:
    """Of what is imported meanwhile, modules in `unused` do not run until something in them is asked for; to ask for
    one of their functions in `uncalled` is to call it. Expressions of those in `compiling` are compiled at their first
    use.
    """
    finder = _Finder(unused, compiling)
    sys.meta_path.insert(0, finder)
    _importing[threading.get_ident()] = uncalled
    try:
        yield
    finally:
        _importing.pop(threading.get_ident(), None)
        sys.meta_path.remove(finder)


_importing: Final[dict[int, Collection[str]]] = {}  # the threads that import so, with what they will not call
_running: Final[set[str]] = set()
_lock: Final = threading.RLock()


class _Finder(MetaPathFinder):
    """Finds modules as others do, and has those that it is told of run otherwise."""

    def __init__(self, unused: Collection[str], compiling: Collection[str]) -> None:
        self._unused = unused
        self._compiling = compiling

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in self._unused and name not in self._compiling:
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = (_Deferring if name in self._unused else _CompilingLate)(spec.loader)
        return spec


class _Instead(Loader):
    """Runs a module in another way than its own loader would, which is the module's all the same."""

    def __init__(self, loader: SourceFileLoader) -> None:
        self.loader = loader

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self.loader


class _Deferring(_Instead):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        module.__class__ = _Deferred


class _CompilingLate(_Instead):
    def exec_module(self, module: ModuleType) -> None:
        super().exec_module(module)
        code = self.loader.get_code(module.__name__)
        assert code is not None
        exec(code, module.__dict__, _Bindings(module.__dict__))  # what any loader does, but for the bindings
        module.__dict__["re"] = re


class _Bindings(dict[str, Any]):
    """What a running module binds, which goes to its names; but for `re` it gets one that compiles late."""

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__()
        self._names = names

    def __setitem__(self, name: str, value: Any) -> None:
        self._names[name] = _LATE if value is re else value

    def __delitem__(self, name: str) -> None:
        del self._names[name]


_LATE: Final = ModuleType("re")
_LATE.__dict__.update(re.__dict__, compile=pattern)


class _Deferred(ModuleType):
    """A module that runs when something that it does not have is first asked for; then it is like any other."""

    def __getattr__(self, name: str) -> Any:
        uncalled = _importing.get(threading.get_ident())
        if uncalled is not None and f"{self.__name__}.{name}" in uncalled:
            return _found_when_called(self, name)
        if uncalled is not None and self._has_module(name):
            return import_module(f"{self.__name__}.{name}")  # which is all of the package that is asked for
        with _lock:
            if name not in self.__dict__ and self.__name__ not in _running:
                self._run()
            return self.__getattribute__(name)

    def _has_module(self, name: str) -> bool:
        path = self.__dict__.get("__path__")
        return path is not None and PathFinder.find_spec(f"{self.__name__}.{name}", path) is not None

    def _run(self) -> None:
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        _running.add(self.__name__)
        try:
            self.__spec__.loader.exec_module(self)
            self.__class__ = ModuleType  # type: ignore[assignment]
        finally:
            _running.discard(self.__name__)


def _found_when_called(module: ModuleType, name: str) -> Callable[..., Any]:
    def function(*arguments: Any, **named: Any) -> Any:
        return getattr(module, name)(*arguments, **named)

    function.__name__ = name
    return function

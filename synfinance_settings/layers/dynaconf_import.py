"""How dynaconf is imported: deaf to its options in the process environment, and no more of it than a merge needs.

What a merge does not need is there all the same, and runs when something in it is asked for: whoever uses dynaconf
directly finds all of it.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any, Final

_OWN_NAMES: Final = frozenset(
    [
        "DYNACONF_ALWAYS_FRESH_VARS",
        "DYNACONF_NAMESPACE",
        "DYNACONF_SETTINGS",
        "DYNACONF_SETTINGS_MODULE",
        "DYNACONF_SILENT_ERRORS",
        "PROJECT_ROOT",
        "SETTINGS_MODULE",
    ]
)
_UNUSED: Final = frozenset(
    [
        "dynaconf",  # its face alone: the extensions for Flask and Django, the inspection, and what these import
        "dynaconf.loaders.env_loader",
        "dynaconf.loaders.ini_loader",
        "dynaconf.loaders.json_loader",
        "dynaconf.loaders.py_loader",
        "dynaconf.loaders.toml_loader",
        "dynaconf.loaders.yaml_loader",
        "dynaconf.validator_conditions",
        "dynaconf.vendor.box",
        "dynaconf.vendor.box.converters",
        "dynaconf.vendor.dotenv.cli",  # with a click of its own
        "dynaconf.vendor.ruamel.yaml",
        "dynaconf.vendor.toml",
        "dynaconf.vendor.tomllib",
    ]
)


@contextmanager
def deaf_import() -> Iterator[None]:
    """While dynaconf is imported, `os.environ` is a view without its options; nothing in the environment changes."""
    real = os.environ
    if "dynaconf.base" in sys.modules or not any(map(_is_own, list(real))):
        yield
        return
    view = _WithoutDynaconf.__new__(_WithoutDynaconf)
    view.__dict__.update(real.__dict__)
    os.environ = view  # noqa: B003 - a view of the same environment; nothing is to be cleared
    try:
        yield
    finally:
        os.environ = real  # noqa: B003


def _is_own(name: str) -> bool:
    return name.endswith("_FOR_DYNACONF") or name in _OWN_NAMES


class _WithoutDynaconf(type(os.environ)):  # type: ignore[misc]
    """The process environment itself, less the names that dynaconf takes for its options."""

    def __getitem__(self, name: str) -> str:
        if _is_own(name):
            raise KeyError(name)
        value: str = super().__getitem__(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in super().__iter__() if not _is_own(name))


@contextmanager
def lean_import() -> Iterator[None]:
    """What dynaconf imports meanwhile, and a merge does not need, does not run until something in it is asked for."""
    finder = _Finder()
    sys.meta_path.insert(0, finder)
    _importing.add(threading.get_ident())
    try:
        yield
    finally:
        _importing.discard(threading.get_ident())
        sys.meta_path.remove(finder)


_importing: Final[set[int]] = set()  # the threads that import dynaconf so
_running: Final[set[str]] = set()
_lock: Final = threading.RLock()


class _Finder(MetaPathFinder):
    """Finds what is not needed as others do, and puts off that it runs."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name in _UNUSED else None
        if spec is not None and spec.loader is not None:
            spec.loader = _Deferring(spec.loader)
        return spec


class _Deferring(Loader):
    def __init__(self, loader: Loader) -> None:
        self._loader = loader

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__loader__ = module.__spec__.loader = self._loader
        module.__class__ = _Deferred


class _Deferred(ModuleType):
    """A module that runs when something that it does not have is first asked for; then it is like any other."""

    def __getattr__(self, name: str) -> Any:
        with _lock:
            if name not in self.__dict__ and self.__name__ not in _running and not self._leads_to(name):
                self._run()
            return self.__getattribute__(name)

    def _leads_to(self, name: str) -> bool:
        """True where dynaconf, which is being imported, is about to import `name` from this package."""
        path = self.__dict__.get("__path__")
        is_importing = path is not None and threading.get_ident() in _importing
        return is_importing and PathFinder.find_spec(f"{self.__name__}.{name}", path) is not None

    def _run(self) -> None:
        assert self.__spec__ is not None
        assert self.__spec__.loader is not None
        _running.add(self.__name__)
        try:
            self.__spec__.loader.exec_module(self)
            self.__class__ = ModuleType  # type: ignore[assignment]
        finally:
            _running.discard(self.__name__)

"""Layers into one: the only door to dynaconf.

dynaconf merges sections key by key; everything else that it does is off, and nothing asks it for more. It would read
options from the process environment when it is imported and when it starts, so it sees none of them (docs/why.md).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.layers.node import Branch

_ROOT: Final = "LAYERS"  # one root key, since dynaconf upper-cases the names at the top
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
_OPTIONS: Final = {
    "AUTO_CAST_FOR_DYNACONF": False,
    "DYNABOXIFY": False,
    "DOTTED_LOOKUP_FOR_DYNACONF": False,
    "INDEX_SEPARATOR_FOR_DYNACONF": None,
    "MERGE_ENABLED_FOR_DYNACONF": False,
    "NESTED_SEPARATOR_FOR_DYNACONF": None,
    "VALIDATE_ON_UPDATE_FOR_DYNACONF": False,
}


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
def _deaf_import() -> Iterator[None]:
    """While dynaconf is imported, `os.environ` is a view without its options; nothing in the environment changes."""
    real = os.environ
    if "dynaconf" in sys.modules or not any(map(_is_own, list(real))):
        yield
        return
    view = _WithoutDynaconf.__new__(_WithoutDynaconf)
    view.__dict__.update(real.__dict__)
    os.environ = view  # noqa: B003 - a view of the same environment; nothing is to be cleared
    try:
        yield
    finally:
        os.environ = real  # noqa: B003


with _deaf_import():
    from dynaconf.base import DynaconfCore, Settings
    from dynaconf.loaders.base import SourceMetadata

if TYPE_CHECKING:
    _Base = Any
else:
    _Base = Settings


class _Merger(_Base):  # type: ignore[misc]
    """A dynaconf that is given everything: it looks at no file, no variable and no option but these."""

    def __init__(self) -> None:
        """Start empty; dynaconf's own start sets 66 options one by one and then searches for files."""
        self.__dict__["__core__"] = DynaconfCore("main", box_settings=self, dynaboxify=False)

    @property
    def environ(self) -> dict[str, str]:
        return {}

    def get(self, key: str, default: Any = None, **_: Any) -> Any:
        """Every option that dynaconf asks itself for while it merges; unasked, it would look in the environment."""
        return _OPTIONS.get(key, default)


def load(merger: _Merger, layer: str, branch: Branch) -> None:
    """The loader of one layer, as dynaconf's loaders do it: hand over the data and say where it is from."""
    source = SourceMetadata(loader="synfinance_settings", identifier=layer, env="global", merged=True)
    merger.update({_ROOT: _copied(branch)}, loader_identifier=source, merge=True, dotted_lookup=False, validate=False)


def merge(layers: Iterable[tuple[str, Branch]]) -> Branch:
    """The layers merged, lowest first: sections key by key, everything else as a whole."""
    merger = _Merger()
    for name, branch in layers:
        load(merger, name, branch)
    merged: Branch = merger.store.get(_ROOT, {})
    return merged


def _copied(branch: Branch) -> Branch:
    """`branch` with sections of its own, since dynaconf merges into what it is given."""
    return {key: _copied(value) if type(value) is dict else value for key, value in branch.items()}

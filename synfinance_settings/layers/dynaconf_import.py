"""How dynaconf is imported: deaf to its options in the process environment, and no more of it than a merge needs."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

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
UNUSED: Final = frozenset(
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
        "dynaconf.vendor.dotenv",
        "dynaconf.vendor.dotenv.cli",  # with a click of its own
        "dynaconf.vendor.ruamel.yaml",
        "dynaconf.vendor.toml",
        "dynaconf.vendor.tomllib",
    ]
)
"""What no merge needs."""

UNCALLED: Final = ("dynaconf.vendor.dotenv.load_dotenv",)
"""What is imported from there by its name, and would be called for a ``.env``, which is ours to read."""

COMPILING: Final = ("dynaconf.utils.files", "dynaconf.utils.parse_conf")
"""What compiles expressions that no merge needs."""


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

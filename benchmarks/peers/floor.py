"""The floor: the least that any settings library must do to turn the trial project's layers into an `AppConfig`.

libyaml, a dict merge, a look at the environment, python-dotenv's parser, one `model_validate`. No origins, no
references, no unknown keys, no good messages; and the files' names are known beforehand.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from dotenv import dotenv_values
from project import LAYERS, TYPED

from synfinance_settings import AppConfig

PREFIX: Final = "SYNFINANCE_"
NOT_SETTINGS: Final = ("SYNFINANCE_ENV", "SYNFINANCE_SETTINGS_DIR")


def load(root: Path) -> AppConfig:
    return AppConfig.model_validate(merged(root))


def merged(root: Path) -> dict[str, Any]:
    """What all layers say, before it is validated."""
    values: dict[str, Any] = {}
    for name in LAYERS:
        with (root / "settings" / name).open("rb") as file:
            merge(values, yaml.load(file, Loader=yaml.CSafeLoader))
    merge(values, nested(dotenv_values(root / ".env", interpolate=False)))
    merge(values, nested(os.environ))
    return values


def variables(root: Path) -> dict[str, Any]:
    """The typed variables of the trial, by their names."""
    texts = {**dotenv_values(root / ".env", interpolate=False), **os.environ}
    read: dict[type, Callable[[str], Any]] = {bool: lambda text: text == "true", int: int, float: float, str: str}
    return {name: read[kind](texts[PREFIX + name] or "") for name, kind in TYPED.items()}


def merge(values: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merge(values[key], value)
        else:
            values[key] = value


def nested(variables: Mapping[str, str | None]) -> dict[str, Any]:
    """The variables that set settings, as a tree."""
    tree: dict[str, Any] = {}
    for name, value in variables.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            *path, last = name.removeprefix(PREFIX).lower().split("__")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = value
    return tree

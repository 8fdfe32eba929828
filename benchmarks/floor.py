"""The floor: the least that any settings library must do to turn the trial project's layers into an `AppConfig`.

libyaml, a dict merge, a look at the environment, python-dotenv's parser, one `model_validate`. No origins, no
references, no unknown keys, no good messages.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values

from synfinance_settings.sections.app import AppConfig

PREFIX = "SYNFINANCE_"
NOT_SETTINGS = ("SYNFINANCE_ENV", "SYNFINANCE_SETTINGS_DIR")


def load(root: Path, environment: str, environ: Mapping[str, str]) -> AppConfig:
    """The settings of the project in `root`."""
    merged = _read_yaml(root / "settings" / "default.yaml")
    _merge(merged, _read_yaml(root / "settings" / f"{environment}.yaml"))
    _merge(merged, _nested(dotenv_values(root / ".env", interpolate=False)))
    _merge(merged, _nested(environ))
    return AppConfig.model_validate(merged)


def _read_yaml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        data: dict[str, Any] = yaml.load(file, Loader=yaml.CSafeLoader)
    return data


def _merge(merged: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            _merge(merged[key], value)
        else:
            merged[key] = value


def _nested(variables: Mapping[str, str | None]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for name, value in variables.items():
        if name.startswith(PREFIX) and name not in NOT_SETTINGS:
            *path, last = name.removeprefix(PREFIX).lower().split("__")
            branch = tree
            for part in path:
                branch = branch.setdefault(part, {})
            branch[last] = value
    return tree

"""OmegaConf with structured configs, made from the models once, then one `model_validate`."""

from __future__ import annotations

import os
from dataclasses import field, make_dataclass
from functools import cache
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from omegaconf import OmegaConf
from project import LAYERS
from pydantic import BaseModel

from peers.floor import nested
from synfinance_settings import AppConfig


def load(root: Path) -> AppConfig:
    files = [OmegaConf.load(root / "settings" / name) for name in LAYERS]
    variables = (nested(dotenv_values(root / ".env", interpolate=False)), nested(os.environ))
    merged = OmegaConf.merge(OmegaConf.structured(structure()), *files, *variables)
    return AppConfig.model_validate(OmegaConf.to_container(merged, resolve=True))


@cache
def structure() -> type:
    """The models as dataclasses; what OmegaConf has no type for is anything."""
    return _dataclass(AppConfig())


def _dataclass(model: BaseModel) -> type:
    return make_dataclass(type(model).__name__, [_field(name, value) for name, value in model])


def _field(name: str, value: Any) -> tuple[str, Any, Any]:
    if isinstance(value, BaseModel):
        section = _dataclass(value)
        return name, section, field(default_factory=section)
    if isinstance(value, tuple):
        return name, list[str], field(default_factory=lambda: list(value))
    if type(value) in (bool, int, float, str):
        return name, type(value), field(default=value)
    return name, Any, field(default=None)

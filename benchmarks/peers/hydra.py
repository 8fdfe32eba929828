"""Hydra's compose with structured configs, then one `model_validate`; variables become its overrides."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dotenv import dotenv_values
from hydra import compose, initialize_config_dir
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf
from project import LAYERS

from peers.floor import merge, nested
from peers.omegaconf import structure
from synfinance_settings import AppConfig


def load(root: Path) -> AppConfig:
    store = ConfigStore.instance()
    store.store("structure", structure())
    store.store("trial", {"defaults": ["structure", *(name.removesuffix(".yaml") for name in LAYERS), "_self_"]})
    variables = nested(dotenv_values(root / ".env", interpolate=False))
    merge(variables, nested(os.environ))
    with initialize_config_dir(str(root / "settings"), version_base=None):
        composed = compose("trial", [f"{key}={_quoted(text)}" for key, text in _flat(variables)])
    return AppConfig.model_validate(OmegaConf.to_container(composed, resolve=True))


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value


def _quoted(text: str) -> str:
    return f"'{text}'"

"""This package, as its README shows it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from project import TYPED

from synfinance_settings import AppConfig, ConfigManager, EnvLoader

PROGRAM: Final = "from synfinance_settings import settings; print(settings.server.port)"


def load(root: Path) -> AppConfig:
    return manager(root).load_config()


def reloader(root: Path) -> Callable[[], Any]:
    loaded = manager(root)
    loaded.load_config()
    return loaded.reload_config


def variables(root: Path) -> dict[str, Any]:
    """The typed variables of the trial, by their names."""
    env = EnvLoader(root / ".env")
    read: dict[type, Callable[[str], Any]] = {
        bool: env.get_bool,
        int: env.get_int,
        float: env.get_float,
        str: env.get,
    }
    return {name: read[kind](f"SYNFINANCE_{name}") for name, kind in TYPED.items()}


def manager(root: Path) -> ConfigManager:
    return ConfigManager(settings_dir=root / "settings")

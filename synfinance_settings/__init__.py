"""Layered, validated settings for the programs of SynFinance.

    from synfinance_settings import settings
    settings.server.port

Importing the package reads no file and loads none of its libraries; each name is resolved at its first use. Nor does
it import anything that an interpreter has not loaded by then, `typing` included: `__main__` comes after it.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Final

    from synfinance_settings.application import Application
    from synfinance_settings.env_loader import EnvLoader
    from synfinance_settings.environment import Environment, EnvironmentKind, LogLevel
    from synfinance_settings.errors import (
        EditError,
        EnvironmentNameError,
        ExpansionError,
        HistoryError,
        InvalidSettingsError,
        LayerError,
        Origin,
        Problem,
        RollbackError,
        SettingsError,
        UnknownKeyError,
        VariableError,
        WatchError,
    )
    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.layers.snapshot import Explanation, Snapshot
    from synfinance_settings.live.announcer import ConfigEvent
    from synfinance_settings.live.manager import ConfigManager
    from synfinance_settings.live.watcher import ConfigWatcher
    from synfinance_settings.model.forms import (
        Boolean,
        Bytes,
        Choice,
        Date,
        Number,
        Seconds,
        Secret,
        SecretList,
        SecretUrl,
        Text,
        TextList,
        UpperChoice,
        Whole,
    )
    from synfinance_settings.model.rule import Rule
    from synfinance_settings.model.section import Contradiction, Section, setting
    from synfinance_settings.sections.app import AppConfig
    from synfinance_settings.sections.cache import CacheConfig
    from synfinance_settings.sections.database import DatabaseConfig
    from synfinance_settings.sections.generation import GenerationConfig
    from synfinance_settings.sections.ml import FeatureEngineeringConfig, MLConfig
    from synfinance_settings.sections.monitoring import MonitoringConfig
    from synfinance_settings.sections.security import SecurityConfig
    from synfinance_settings.sections.server import ServerConfig
    from synfinance_settings.synfinance import check_config, get_config, settings
    from synfinance_settings.testing import override

_HOMES: Final = {
    "application": ("Application",),
    "env_loader": ("EnvLoader",),
    "environment": ("Environment", "EnvironmentKind", "LogLevel"),
    "errors": (
        "EditError",
        "EnvironmentNameError",
        "ExpansionError",
        "HistoryError",
        "InvalidSettingsError",
        "LayerError",
        "Origin",
        "Problem",
        "RollbackError",
        "SettingsError",
        "UnknownKeyError",
        "VariableError",
        "WatchError",
    ),
    "layers.report": ("ValidationReport",),
    "layers.snapshot": ("Explanation", "Snapshot"),
    "live.announcer": ("ConfigEvent",),
    "live.manager": ("ConfigManager",),
    "live.watcher": ("ConfigWatcher",),
    "model.forms": (
        "Boolean",
        "Bytes",
        "Choice",
        "Date",
        "Number",
        "Secret",
        "SecretList",
        "SecretUrl",
        "Seconds",
        "Text",
        "TextList",
        "UpperChoice",
        "Whole",
    ),
    "model.rule": ("Rule",),
    "model.section": ("Contradiction", "Section", "setting"),
    "sections.app": ("AppConfig",),
    "sections.cache": ("CacheConfig",),
    "sections.database": ("DatabaseConfig",),
    "sections.generation": ("GenerationConfig",),
    "sections.ml": ("FeatureEngineeringConfig", "MLConfig"),
    "sections.monitoring": ("MonitoringConfig",),
    "sections.security": ("SecurityConfig",),
    "sections.server": ("ServerConfig",),
    "synfinance": ("check_config", "get_config", "settings"),
    "testing": ("override",),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "AppConfig",
    "Application",
    "Boolean",
    "Bytes",
    "CacheConfig",
    "Choice",
    "ConfigEvent",
    "ConfigManager",
    "ConfigWatcher",
    "Contradiction",
    "DatabaseConfig",
    "Date",
    "EditError",
    "EnvLoader",
    "Environment",
    "EnvironmentKind",
    "EnvironmentNameError",
    "ExpansionError",
    "Explanation",
    "FeatureEngineeringConfig",
    "GenerationConfig",
    "HistoryError",
    "InvalidSettingsError",
    "LayerError",
    "LogLevel",
    "MLConfig",
    "MonitoringConfig",
    "Number",
    "Origin",
    "Problem",
    "RollbackError",
    "Rule",
    "Seconds",
    "Secret",
    "SecretList",
    "SecretUrl",
    "Section",
    "SecurityConfig",
    "ServerConfig",
    "SettingsError",
    "Snapshot",
    "Text",
    "TextList",
    "UnknownKeyError",
    "UpperChoice",
    "ValidationReport",
    "VariableError",
    "WatchError",
    "Whole",
    "check_config",
    "get_config",
    "override",
    "setting",
    "settings",
]


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

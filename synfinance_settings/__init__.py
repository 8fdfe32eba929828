"""Layered, validated settings for the programs of SynFinance.

    from synfinance_settings import settings
    settings.server.port

Importing the package reads no file and loads none of its libraries; each name is resolved at its first use. Nor does
it import anything that an interpreter has not loaded by then, `typing` included: `__main__` comes after it.
"""

from __future__ import annotations

from importlib import import_module

# false; editors on jedi take the literal at its word, and find no export
TYPE_CHECKING = bool()  # noqa: UP018
if TYPE_CHECKING:
    from typing import Any, Final

    from synfinance_settings.application import Application as Application
    from synfinance_settings.env_loader import EnvLoader as EnvLoader
    from synfinance_settings.environment import EnvironmentKind as EnvironmentKind
    from synfinance_settings.errors import EditError as EditError
    from synfinance_settings.errors import EnvironmentNameError as EnvironmentNameError
    from synfinance_settings.errors import ExpansionError as ExpansionError
    from synfinance_settings.errors import HistoryError as HistoryError
    from synfinance_settings.errors import InvalidSettingsError as InvalidSettingsError
    from synfinance_settings.errors import LayerError as LayerError
    from synfinance_settings.errors import Origin as Origin
    from synfinance_settings.errors import Problem as Problem
    from synfinance_settings.errors import RemoteError as RemoteError
    from synfinance_settings.errors import RollbackError as RollbackError
    from synfinance_settings.errors import SettingsError as SettingsError
    from synfinance_settings.errors import UnknownKeyError as UnknownKeyError
    from synfinance_settings.errors import VariableError as VariableError
    from synfinance_settings.errors import WatchError as WatchError
    from synfinance_settings.layers.report import ValidationReport as ValidationReport
    from synfinance_settings.layers.snapshot import Explanation as Explanation
    from synfinance_settings.layers.snapshot import Snapshot as Snapshot
    from synfinance_settings.live.announcer import ConfigEvent as ConfigEvent
    from synfinance_settings.live.follow import Follow as Follow
    from synfinance_settings.live.making import Recipe as Recipe
    from synfinance_settings.live.manager import ConfigManager as ConfigManager
    from synfinance_settings.live.watcher import ConfigWatcher as ConfigWatcher
    from synfinance_settings.model.checks import ApplicationError as ApplicationError
    from synfinance_settings.model.forms import Boolean as Boolean
    from synfinance_settings.model.forms import Bytes as Bytes
    from synfinance_settings.model.forms import Choice as Choice
    from synfinance_settings.model.forms import Date as Date
    from synfinance_settings.model.forms import Number as Number
    from synfinance_settings.model.forms import Seconds as Seconds
    from synfinance_settings.model.forms import Secret as Secret
    from synfinance_settings.model.forms import SecretList as SecretList
    from synfinance_settings.model.forms import SecretUrl as SecretUrl
    from synfinance_settings.model.forms import Text as Text
    from synfinance_settings.model.forms import TextList as TextList
    from synfinance_settings.model.forms import UpperChoice as UpperChoice
    from synfinance_settings.model.forms import Whole as Whole
    from synfinance_settings.model.resource import Certificate as Certificate
    from synfinance_settings.model.resource import Credential as Credential
    from synfinance_settings.model.resource import File as File
    from synfinance_settings.model.resource import Folder as Folder
    from synfinance_settings.model.resource import Listener as Listener
    from synfinance_settings.model.resource import Server as Server
    from synfinance_settings.model.rule import Rule as Rule
    from synfinance_settings.model.section import Contradiction as Contradiction
    from synfinance_settings.model.section import Section as Section
    from synfinance_settings.model.section import setting as setting
    from synfinance_settings.sections.app import AppConfig as AppConfig
    from synfinance_settings.sections.cache import CacheConfig as CacheConfig
    from synfinance_settings.sections.database import DatabaseConfig as DatabaseConfig
    from synfinance_settings.sections.environment import Environment as Environment
    from synfinance_settings.sections.generation import GenerationConfig as GenerationConfig
    from synfinance_settings.sections.ml import FeatureEngineeringConfig as FeatureEngineeringConfig
    from synfinance_settings.sections.ml import MLConfig as MLConfig
    from synfinance_settings.sections.monitoring import MonitoringConfig as MonitoringConfig
    from synfinance_settings.sections.security import SecurityConfig as SecurityConfig
    from synfinance_settings.sections.server import LogLevel as LogLevel
    from synfinance_settings.sections.server import ServerConfig as ServerConfig
    from synfinance_settings.synfinance import check_config as check_config
    from synfinance_settings.synfinance import follow as follow
    from synfinance_settings.synfinance import get_config as get_config
    from synfinance_settings.synfinance import settings as settings
    from synfinance_settings.testing import override as override

# each export a second time: where it is imported from at its first use
_HOMES: Final = {
    "application": ("Application",),
    "env_loader": ("EnvLoader",),
    "environment": ("EnvironmentKind",),
    "errors": (
        "EditError",
        "EnvironmentNameError",
        "ExpansionError",
        "HistoryError",
        "InvalidSettingsError",
        "LayerError",
        "Origin",
        "Problem",
        "RemoteError",
        "RollbackError",
        "SettingsError",
        "UnknownKeyError",
        "VariableError",
        "WatchError",
    ),
    "layers.report": ("ValidationReport",),
    "layers.snapshot": ("Explanation", "Snapshot"),
    "live.announcer": ("ConfigEvent",),
    "live.follow": ("Follow",),
    "live.making": ("Recipe",),
    "live.manager": ("ConfigManager",),
    "live.watcher": ("ConfigWatcher",),
    "model.checks": ("ApplicationError",),
    "model.forms": (
        "Boolean",
        "Bytes",
        "Choice",
        "Date",
        "Number",
        "Seconds",
        "Secret",
        "SecretList",
        "SecretUrl",
        "Text",
        "TextList",
        "UpperChoice",
        "Whole",
    ),
    "model.resource": ("Certificate", "Credential", "File", "Folder", "Listener", "Server"),
    "model.rule": ("Rule",),
    "model.section": ("Contradiction", "Section", "setting"),
    "sections.app": ("AppConfig",),
    "sections.cache": ("CacheConfig",),
    "sections.database": ("DatabaseConfig",),
    "sections.environment": ("Environment",),
    "sections.generation": ("GenerationConfig",),
    "sections.ml": ("FeatureEngineeringConfig", "MLConfig"),
    "sections.monitoring": ("MonitoringConfig",),
    "sections.security": ("SecurityConfig",),
    "sections.server": ("LogLevel", "ServerConfig"),
    "synfinance": ("check_config", "follow", "get_config", "settings"),
    "testing": ("override",),
}
_HOME_OF: Final = {name: module for module, names in _HOMES.items() for name in names}

if not TYPE_CHECKING:  # to type checkers, what is imported above by its own name is exported
    __all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> Any:
    module = _HOME_OF.get(name)
    if module is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{module}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOME_OF})

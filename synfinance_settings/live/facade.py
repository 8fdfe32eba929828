"""The `settings` object: reads like an `AppConfig`, always shows the current snapshot, costs what a plain attribute
costs.

Its `__dict__` is replaced as a whole at every reload, one reference assignment. Before the first load its class is
one with a `__getattr__` that loads; afterwards its class has none, since that would make every read slower.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from inspect import getattr_static
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final, NoReturn

from synfinance_settings.errors import Problem, SettingsError, counted, door, number_of
from synfinance_settings.layers.report import ValidationReport, judged, log_problems
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.layers.trial import validate
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.sections.keys import SECTIONS, SETTINGS, suggestion

_READ_ONLY: Final = (
    "settings are read only: set {name} in a layer file or a variable, or, for a while in a test, with override(...)"
)


class _OfConfig:
    """An attribute of the current `AppConfig` under its own name."""

    def __init__(self, name: str) -> None:
        self._name = name

    @door
    def __get__(self, instance: object, owner: type) -> Any:
        """That attribute as it is now."""
        return self if instance is None else getattr(ConfigManager().get_config(), self._name)


class _Loaded:
    """The settings of this process, as they are in force now.

    They read like an `AppConfig` (`model_dump`, `model_copy`, iteration, ...), and by key as well.
    """

    @door
    def snapshot(self) -> Snapshot[AppConfig]:
        """The whole immutable state, for work that must see one state from start to end."""
        return ConfigManager().snapshot

    @door
    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key` (``server.port``) or the model of a section; `default` for a key that is none."""
        return ConfigManager().get_config()[key] if key in self else default

    @door
    def as_dict(self) -> dict[str, Any]:
        """All values as plain data that JSON can say, secrets masked."""
        return ConfigManager().get_config().model_dump(mode="json")

    @door
    def from_env(self, environment: str) -> AppConfig:
        """The settings of another environment, loaded apart: nothing of it comes into force or is recorded.

        Raises `SettingsError` where they do not validate.
        """
        report = validate(ConfigManager().current.project(environment=environment))
        config: AppConfig = report.require().config
        log_problems(report.warnings)
        return config

    def load_or_exit(self) -> None:
        """Load, or print on stderr what ``synfinance-settings validate`` prints and end the process with 1.

        For the first line of a program: there is no traceback.
        """
        failure: SettingsError | None = None
        try:
            ConfigManager().current.mirror(_show)
        except SettingsError as error:
            failure = error
        if failure is not None:
            sys.stderr.write(_report(failure.problems))
            raise SystemExit(1)

    @door
    def __getitem__(self, key: str) -> Any:
        """The value of `key` (``server.port``), or the model of a section; raises `KeyError` for any other key."""
        if key not in self:
            near = suggestion(key) if isinstance(key, str) else None
            raise KeyError(f"{key!r:.100} is not a setting" + (f"; did you mean {near!r}?" if near else ""))
        return ConfigManager().get_config()[key]

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and (key in SETTINGS or key in SECTIONS)

    @door
    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(ConfigManager().get_config())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        del value  # a traceback shows locals
        raise AttributeError(_READ_ONLY.format(name=name))

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(_READ_ONLY.format(name=name))

    def __setitem__(self, key: str, value: object) -> NoReturn:
        del value  # a traceback shows locals
        raise TypeError(_READ_ONLY.format(name=key))

    def __delitem__(self, key: str) -> NoReturn:
        raise TypeError(_READ_ONLY.format(name=key))

    @door
    def __eq__(self, other: object) -> bool:
        return other is self or (isinstance(other, AppConfig) and ConfigManager().get_config() == other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        return repr(ConfigManager().get_config())

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("settings show what is in force and cannot be pickled or copied; take settings.snapshot()")


for _name in dir(AppConfig):
    if _name.startswith("model_"):  # of the class what is the class's, of the current config what is an instance's
        _of_instance = isinstance(getattr_static(AppConfig, _name), FunctionType | property)
        setattr(_Loaded, _name, _OfConfig(_name) if _of_instance else getattr(AppConfig, _name))


class _Unloaded(_Loaded):
    @door
    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        ConfigManager().current.mirror(_show)
        return getattr(settings, name)

    def __repr__(self) -> str:
        return super().__repr__() if ConfigManager().history() else "<settings, not loaded yet>"

    def __dir__(self) -> list[str]:
        return sorted({*object.__dir__(self), *AppConfig.model_fields})


_Loaded.__name__ = _Unloaded.__name__ = "Settings"  # what an AttributeError calls them


def _show(snapshot: Snapshot) -> None:
    """Let `settings` show `snapshot`."""
    object.__setattr__(settings, "__dict__", dict(snapshot.config.__dict__))
    object.__setattr__(settings, "__class__", _Loaded)


def _report(problems: tuple[Problem, ...]) -> str:
    """What ``synfinance-settings validate`` prints, where it finds `problems`; else they alone."""
    report: ValidationReport | None = None
    with suppress(SettingsError):  # no environment, or no folder: that is the failure then
        report = validate(ConfigManager().current.project())
    if report is None or report.problems != problems:
        found = "".join(f"{problem}\n\n" for problem in problems)
        return f"{found}{counted(number_of(problems), 'error')}\n"
    note = f"in {report.environment}"
    texts = [text for found in (*problems, *report.warnings) for _, text in (*found.lines(note), ("", ""))]
    return "\n".join((*texts, f"invalid  {report.environment}  {report.verdict()}", ""))


if TYPE_CHECKING:

    class Settings(AppConfig):
        """The type of `settings`: an `AppConfig` that also hands out its snapshot."""

        def snapshot(self) -> Snapshot[AppConfig]:
            """The whole immutable state, for work that must see one state from start to end."""

        def get(self, key: str, default: Any = None) -> Any:
            """The value of `key` (``server.port``) or the model of a section; `default` for a key that is none."""

        def as_dict(self) -> dict[str, Any]:
            """All values as plain data that JSON can say, secrets masked."""

        def from_env(self, environment: str) -> AppConfig:
            """The settings of another environment, loaded apart."""

        def load_or_exit(self) -> None:
            """Load, or print on stderr what ``validate`` prints and end the process with 1."""

    settings: Settings
else:
    settings = _Unloaded()


def check_config(config: AppConfig) -> ValidationReport:
    """What a load would say of a config that was built by hand: the rules of its environment, told and not raised.

    The model itself checks each value, and the values of a section against one another, when it is built; the rules of
    an environment (docs/settings.md) it does not know. They are asked anew here, all of them.
    """
    return judged(SYNFINANCE, config)


@door
def get_config() -> AppConfig:
    """The current state of the process-wide manager, loaded at the first use."""
    return ConfigManager().get_config()

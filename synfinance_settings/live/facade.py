"""The settings object of an application: reads like its model, always shows the current snapshot, costs what a plain
attribute costs.

Its `__dict__` is replaced as a whole at every reload, one reference assignment. Before the first load its class is
one with a `__getattr__` that loads; afterwards its class has none, since that would make every read slower.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cached_property
from inspect import getattr_static
from types import FunctionType
from typing import Any, ClassVar, Final, NoReturn

from synfinance_settings.errors import Problem, SettingsError, counted, door, number_of
from synfinance_settings.layers.report import ValidationReport, log_problems
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.manager import Config, ConfigManager
from synfinance_settings.model.application import Application
from synfinance_settings.model.section import Section, added_names, dir_of

_READ_ONLY: Final = (
    "settings are read-only: set {name} in a layer file or a variable, or, temporarily in a test, with override(...)"
)
_MADE: Final[dict[Application[Any], Any]] = {}


def settings_of(application: Application[Config]) -> Config:
    """The settings of `application` as they are in force in this process: one object, which loads at its first read.

    It reads like the model, and has what `Settings` has besides.
    """
    settings: Config | None = _MADE.get(application)
    if settings is None:
        settings = _MADE.setdefault(application, _made(application))
    return settings


def load_or_exit(manager: ConfigManager[Any]) -> None:
    """Load what `manager` manages where that has not been done, or print on stderr what ``validate`` prints, with what
    a server's worker could do, and end the process with 1.
    """
    failure: SettingsError | None = None
    try:
        _ = manager.snapshot
    except SettingsError as error:
        failure = error
    if failure is not None:
        notes: list[str] = getattr(failure, "__notes__", [])
        sys.stderr.write(_validate_output(manager, failure.problems) + "".join(f"{note}\n" for note in notes))
        raise SystemExit(1)


class Settings:
    """The settings of this process, as they are in force now.

    They read like their model (`model_dump`, `model_copy`, iteration, ...), and by key as well.
    """

    _application: ClassVar[Application[Any]]
    _manager: ClassVar[ConfigManager[Any]]
    _loaded: ClassVar[type[Settings]]

    @door
    def snapshot(self) -> Snapshot[Any]:
        """The whole immutable state, for work that must see one state from start to end."""
        return self._manager.snapshot

    @door
    def get(self, key: str, default: Any = None) -> Any:
        """The value of `key` (``cart.limit``) or the model of a section; `default` for any other key."""
        return self._manager.get_config()[key] if key in self else default

    @door
    def as_dict(self) -> dict[str, Any]:
        """All values as plain data that JSON can say, secrets masked."""
        plain: dict[str, Any] = self._manager.get_config().model_dump(mode="json")
        return plain

    @door
    def from_env(self, environment: str) -> Any:
        """The settings of another environment, loaded apart: nothing of it comes into force or is recorded.

        Raises `SettingsError` where they do not validate.
        """
        report = _trial(self._manager, environment)
        config = report.require().config
        log_problems(report.warnings)
        return config

    def load_or_exit(self) -> None:
        """Load, or print on stderr what ``synfinance-settings validate`` prints and end the process with 1.

        For the first line of a program: there is no traceback.
        """
        load_or_exit(self._manager)
        self._load()

    def _load(self) -> None:
        _ = self._manager.snapshot

    @door
    def __getitem__(self, key: str) -> Any:
        """The value of `key` (``cart.limit``), or the model of a section; raises `KeyError` for any other key."""
        if key not in self:
            near = self._application.catalogue.suggestion(key) if isinstance(key, str) else None
            raise KeyError(f"{key!r:.100} is not a setting" + (f"; did you mean {near!r}?" if near else ""))
        return self._manager.get_config()[key]

    def __contains__(self, key: object) -> bool:
        catalogue = self._application.catalogue
        return isinstance(key, str) and (key in catalogue.settings or key in catalogue.sections)

    @door
    def __iter__(self) -> Iterator[tuple[str, Any]]:
        return iter(self._manager.get_config())

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
        return other is self or (isinstance(other, self._application.model) and self._manager.get_config() == other)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        snapshot = self._manager.snapshot
        return f"<settings {snapshot.environment}, snapshot {snapshot.number}>"

    def _repr_html_(self) -> str | None:
        """All settings as a table with their origins, for notebooks; None before they are loaded."""
        if not self._manager.history():
            return None
        from synfinance_settings.model.lines import table  # no start shows one

        snapshot = self._manager.snapshot
        values, origins = snapshot.catalogue.values_of(snapshot.config), snapshot.origins
        rows = ((key, snapshot.catalogue.shown(key, value), str(origins[key])) for key, value in values.items())
        return table(repr(self), ("setting", "value", "from"), rows)

    def __dir__(self) -> list[str]:
        ours = (name for name in vars(Settings) if not name.startswith("_"))
        return sorted({*dir_of(self._application.model), *ours})

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("settings show what is in force and cannot be pickled or copied; take settings.snapshot()")


class _Unloaded(Settings):
    @door
    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # no setting's; tools ask for many of them
            raise AttributeError(name)
        self._load()
        return getattr(self, name)

    def _load(self) -> None:
        self._manager.current.mirror(self._show)

    def _show(self, snapshot: Snapshot) -> None:
        """Show `snapshot` from now on."""
        object.__setattr__(self, "__dict__", dict(snapshot.config.__dict__))
        object.__setattr__(self, "__class__", self._loaded)

    def __repr__(self) -> str:
        return super().__repr__() if self._manager.history() else "<settings, not loaded yet>"


class _Borrowed:
    """An attribute of the model under its own name: of the class what is the class's, else of the current config."""

    def __init__(self, name: str, *, of_class: bool) -> None:
        self._name = name
        self._of_class = of_class

    @door
    def __get__(self, instance: Settings | None, owner: type[Settings]) -> Any:
        """That attribute as it is now."""
        if instance is None:
            return self
        return getattr(owner._application.model if self._of_class else owner._manager.get_config(), self._name)


def _made(application: Application[Any]) -> Any:
    """A settings object, of a class that has what the model adds to a section.

    A field of the name of a method here is in the way only until the first load: then it goes first.
    """
    model = application.model
    ours = {"__doc__": Settings.__doc__, "_application": application, "_manager": ConfigManager.shared(application)}
    hidden = {name: _Borrowed(name, of_class=False) for name in model.model_fields if hasattr(Settings, name)}
    loaded: type[Settings] = type("Settings", (Settings,), {**ours, **dict(_borrowed(model))})
    loaded._loaded = loaded
    return type("Settings", (_Unloaded, loaded), {"__doc__": Settings.__doc__, **hidden})()


def _borrowed(model: type[Section]) -> Iterator[tuple[str, _Borrowed]]:
    of_pydantic = (name for name in dir(model) if name.startswith("model_"))
    for name in {*added_names(model), *of_pydantic}:
        if name not in model.model_fields:
            of_instance = isinstance(getattr_static(model, name), FunctionType | property | cached_property)
            yield name, _Borrowed(name, of_class=not of_instance)


def _trial(manager: ConfigManager[Any], environment: str | None = None) -> ValidationReport:
    from synfinance_settings.layers.trial import validate  # no start needs it that goes well

    return validate(manager.current.project(environment=environment))


def _validate_output(manager: ConfigManager[Any], problems: tuple[Problem, ...]) -> str:
    """What ``synfinance-settings validate`` prints, where it finds `problems`; else they alone."""
    report: ValidationReport | None = None
    with suppress(SettingsError):  # no environment, or no folder: that is the failure then
        report = _trial(manager)
    if report is None or report.problems != problems:
        alone = "".join(f"{problem}\n\n" for problem in problems)
        return f"{alone}{counted(number_of(problems), 'error')}\n"
    note = f"in {report.environment}"
    texts = [text for problem in (*problems, *report.warnings) for _, text in (*problem.lines(note), ("", ""))]
    return "\n".join((*texts, f"invalid  {report.environment}  {report.verdict()}", ""))

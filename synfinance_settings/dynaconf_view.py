"""What is in force as a dynaconf object, for dynaconf's tools and for code that expects one.

`settings` reads like any settings object of dynaconf: ``settings.SERVER.PORT``, ``dynaconf -i ... list``, `inspect`,
FlaskDynaconf. It shows the application that SYNFINANCE_SETTINGS_APP names, else SynFinance's; ``DynaconfView(manager)``
shows another. It is read only, follows reloads as a whole, and is deaf to what else dynaconf would hear: files, hooks,
variables and options. A secret is a `SecretStr` here as everywhere, and the mask in dynaconf's outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from typing import Any, Final, NoReturn

from synfinance_settings.choice import chosen_application
from synfinance_settings.errors import DEFAULT, Origin, SettingsError, door, printable
from synfinance_settings.layers.dynaconf_import import deaf_import
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.model.application import Application
from synfinance_settings.model.section import Section
from synfinance_settings.model.variables import SEPARATOR
from synfinance_settings.text.node import leaves, plain_of

with deaf_import():
    from dynaconf.base import UPPER_DEFAULT_SETTINGS, DynaconfCore, LazySettings, Settings
    from dynaconf.loaders.base import SourceMetadata
    from dynaconf.nodes import DataDict, DataList
    from dynaconf.utils.functional import empty
    from dynaconf.utils.inspect import EnvNotFoundError
    from dynaconf.validator import ValidatorList
    from dynaconf.vendor.click import ClickException

__all__ = ["DynaconfView", "settings"]

_OPTIONS: Final[Mapping[str, Any]] = {
    **dict.fromkeys(UPPER_DEFAULT_SETTINGS),  # off, whatever the process environment said when dynaconf was imported
    **dict.fromkeys((name for name in UPPER_DEFAULT_SETTINGS if "_ENABLED_" in name), False),
    "AUTO_CAST_FOR_DYNACONF": False,
    "CORE_LOADERS_FOR_DYNACONF": (),
    "DEFAULT_ENV_FOR_DYNACONF": "default",
    "DOTTED_LOOKUP_FOR_DYNACONF": True,
    "ENCODING_FOR_DYNACONF": "utf-8",
    "ENVIRONMENTS_FOR_DYNACONF": True,
    "FRESH_VARS_FOR_DYNACONF": (),
    "GLOBAL_ENV_FOR_DYNACONF": "global",
    "INCLUDES_FOR_DYNACONF": (),
    "LOADERS_FOR_DYNACONF": (),
    "LOWERCASE_READ_FOR_DYNACONF": True,
    "MAIN_ENV_FOR_DYNACONF": "main",
    "NESTED_SEPARATOR_FOR_DYNACONF": SEPARATOR,
    "PRELOAD_FOR_DYNACONF": (),
    "RENAMED_VARS": (),
    "SETTINGS_FILE_FOR_DYNACONF": (),
    "SKIP_FILES_FOR_DYNACONF": (),
    "SYSENV_FALLBACK_FOR_DYNACONF": False,
}
_UNLISTED: Final = ("DEFAULT_SETTINGS_PATHS", "LOAD_DOTENV")  # options as well, though dynaconf has no default for them
_MODELS: Final = "models"  # the loader of the models' own values, in the history

_READ_ONLY: Final = "this dynaconf object shows what is in force and is read-only: {instead}"
_CHANGE: Final = "set the value in a layer file or a variable, or, temporarily in a test, with override(...)"
_LOADED: Final = "only the layers are loaded; reload() reads them again"
_VARIABLES: Final = "ask os.environ, or an EnvLoader"
_VALIDATE: Final = "write a rule of the settings, or call Validator(...).validate(settings)"
_NO_COPY: Final = "ConfigManager().snapshot is a state that does not change, and can be copied"


class OtherEnvironmentError(EnvNotFoundError, ClickException):  # type: ignore[misc]
    """The view shows the environment of its process; dynaconf's commands tell this in one line."""

    def __init__(self, application: Application[Any], asked: str, current: str) -> None:
        hint = f"; start it with {application.variables.environment}={asked}, or call settings.from_env({asked!r})"
        message = f"this process runs in {current}, not in {printable(asked)}"
        is_known = asked in application.kinds
        ClickException.__init__(self, message + (hint if is_known else ", which is not an environment"))


def _refusal(instead: str) -> TypeError:
    return TypeError(_READ_ONLY.format(instead=instead))


def _refused(instead: str) -> Callable[..., NoReturn]:
    """A method that says what to do instead."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        del args, kwargs  # a traceback shows locals
        raise _refusal(instead)

    return refuse


def _refuse(owner: type, instead: str, *names: str) -> None:
    for name in names:
        setattr(owner, name, _refused(instead))


class _Section(DataDict):  # type: ignore[misc]
    """A section as dynaconf has it, ``.PORT`` and ``.port`` alike, which cannot be changed."""

    def __setattr__(self, name: str, value: Any) -> None:
        if name != "__meta__":
            del value  # a traceback shows locals
            raise AttributeError(_READ_ONLY.format(instead=_CHANGE))
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(_READ_ONLY.format(instead=_CHANGE))


class _List(DataList):  # type: ignore[misc]
    """A list as dynaconf has it, which cannot be changed."""


_refuse(_Section, _CHANGE, "__setitem__", "__delitem__", "__ior__", "clear", "merge_update", "pop", "popitem")
_refuse(_Section, _CHANGE, "setdefault", "update")
_refuse(_List, _CHANGE, "__setitem__", "__delitem__", "__iadd__", "__imul__", "append", "clear", "extend", "insert")
_refuse(_List, _CHANGE, "pop", "remove", "reverse", "sort")


class _Validators(ValidatorList):  # type: ignore[misc]
    """No validators: what is in force has been validated by its models and rules."""


_refuse(_Validators, _VALIDATE, "append", "extend", "insert", "register")


class _InForce(Settings):  # type: ignore[misc]
    """One snapshot as dynaconf's settings object."""

    settings_module = settings_file = None  # dynaconf would ask the process environment
    _manager: ConfigManager[Any]
    _snapshot: Snapshot

    def __init__(self, manager: ConfigManager[Any], snapshot: Snapshot) -> None:
        """Start without dynaconf's own start, which looks for files and variables."""
        variables = manager.current.choice.application.variables
        options = {name: _read_only(value) for name, value in _OPTIONS.items()}
        options["ENVVAR_PREFIX_FOR_DYNACONF"] = variables.prefix.rstrip("_")
        options["ENV_SWITCHER_FOR_DYNACONF"] = variables.environment
        options["ENV_FOR_DYNACONF"] = str(snapshot.environment)
        values = {name.upper(): _read_only(value) for name, value in snapshot.config}
        core = DynaconfCore("main", box_settings=self, _store=_Section({**options, **values}))
        self.__dict__.update(options, _manager=manager, _snapshot=snapshot, __core__=core)

    @property
    def environ(self) -> dict[str, str]:
        return {}

    @property
    def validators(self) -> ValidatorList:
        return _Validators(self)

    @property
    def loaded_by_loaders(self) -> dict[SourceMetadata, Any]:
        """What each place of each layer says, lowest layer first: dynaconf's tools draw the history from it."""
        return _history(self._snapshot)  # a new one each time, since these tools write into it

    def get(self, key: Any, default: Any = None, cast: Any = None, fresh: bool = False, **others: Any) -> Any:
        """The value of `key`; what is in force is always fresh."""
        del fresh
        return super().get(key, default, cast, **others)

    def set(self, key: Any, value: Any, *_: Any, **__: Any) -> None:
        """Take no notice of the value that is in force, which dynaconf's validators put back; refuse another."""
        is_other = self.get(key, empty) != value
        del value  # a traceback shows locals
        if is_other:
            raise _refusal(_CHANGE)

    def setdefault(self, item: str, default: Any, apply_default_on_none: bool = False, env: str = "") -> Any:
        """The value of `item`, as dynaconf's validators ask for it; refuses to set a default."""
        del env
        value = self.get(item, empty)
        if default is not empty and (value is empty or (value is None and apply_default_on_none)):
            del default, value  # a traceback shows locals
            raise _refusal(_CHANGE)
        return value

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """Do nothing: what is in force is always fresh."""
        yield

    def as_dict(self, env: str | None = None, internal: bool = False) -> dict[str, Any]:
        """All values as plain data that JSON can say, secrets masked; with `internal` dynaconf's options too."""
        self.setenv(env)
        values = {name.upper(): value for name, value in self._snapshot.config.model_dump(mode="json").items()}
        return {**(self._options() if internal else {}), **values}

    to_dict = as_dict

    def setenv(self, env: str | None = None, *_: Any, **__: Any) -> None:
        """Do nothing for the environment of this process; raises `OtherEnvironmentError` for another."""
        application, current = self._manager.current.choice.application, self.__dict__["ENV_FOR_DYNACONF"]
        asked = env or current
        with suppress(SettingsError):
            asked = str(application.environment(asked.lower(), Origin("the argument")))
        if asked != current:
            raise OtherEnvironmentError(application, asked, current)

    namespace = setenv

    @contextmanager
    def using_env(self, env: str, *_: Any, **__: Any) -> Iterator[None]:
        """Do nothing for the environment of this process; raises `OtherEnvironmentError` for another."""
        self.setenv(env)
        yield

    using_namespace = using_env

    def from_env(self, env: str = "", *_: Any, **__: Any) -> _InForce:
        """These settings, for the environment of this process; raises `OtherEnvironmentError` for another."""
        self.setenv(env)
        return self

    def reload(self, env: str | None = None, silent: bool | None = None) -> None:
        """Have the manager reload; raises `SettingsError`, and changes nothing, where the layers do not validate."""
        del silent
        self.setenv(env)
        self._manager.reload_config()

    def update(self, data: Mapping[str, Any] | None = None, *_: Any, **values: Any) -> None:
        """Take no notice of options of dynaconf, which FlaskDynaconf sets; refuse values."""
        is_refused = values or not all(map(_is_option, data or {}))
        del data, values  # a traceback shows locals
        if is_refused:
            raise _refusal(_CHANGE)

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        del value  # a traceback shows locals
        raise AttributeError(_READ_ONLY.format(instead=_CHANGE))

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(_READ_ONLY.format(instead=_CHANGE))

    def _options(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name.isupper()}


_refuse(_InForce, _CHANGE, "__setitem__", "__delitem__", "clean", "unset", "unset_all")
_refuse(_InForce, _LOADED, "execute_loaders", "load_extra_yaml", "load_file", "load_includes", "pre_load")
_refuse(_InForce, _VARIABLES, "exists_in_environ", "get_environ")
_refuse(_InForce, _NO_COPY, "__copy__", "__deepcopy__", "__reduce_ex__", "dynaconf_clone")


def _read_only(value: Any) -> Any:
    """A value of the models as dynaconf has it."""
    if isinstance(value, Section):
        return _Section({name: _read_only(inner) for name, inner in value})
    if isinstance(value, tuple | list):
        return _List(map(_read_only, value))
    return value.value if isinstance(value, Enum) else value


def _is_option(name: str) -> bool:
    """True for what dynaconf takes as an option, by its long or its short name."""
    upper = name.upper()
    return not {upper, f"{upper}_FOR_DYNACONF"}.isdisjoint((*UPPER_DEFAULT_SETTINGS, *_UNLISTED))


def _history(snapshot: Snapshot) -> dict[SourceMetadata, dict[str, Any]]:
    """What the models and each place of each layer say, as dynaconf keeps it; secrets masked."""
    catalogue = snapshot.catalogue
    history: dict[SourceMetadata, dict[str, Any]] = {}
    environment = str(snapshot.environment)

    def note(loader: str, origin: Origin, key: str, value: Any) -> None:
        mapping = history.setdefault(SourceMetadata(loader, str(origin), environment), {})
        first, *rest = key.split(".")
        *path, name = (first.upper(), *rest)
        for part in path:
            mapping = mapping.setdefault(part, {})
        mapping[name] = catalogue.shown(key, value) if catalogue.settings[key].is_secret else value

    for key, setting in catalogue.settings.items():
        note(_MODELS, DEFAULT, key, _read_only(setting.default))
    for layer, branch in snapshot.layers:
        for key, node in leaves(branch):
            note(layer, node.origin, key, node.value if catalogue.settings[key].is_secret else plain_of(node))
    return history


class DynaconfView(LazySettings):  # type: ignore[misc]
    """What is in force in `manager`, else in this process, as a dynaconf object that follows each reload.

    dynaconf reads through to an object that this one wraps; here that is always the one of the current snapshot. The
    first read loads.
    """

    def __init__(self, manager: ConfigManager[Any] | None = None) -> None:
        super().__init__()
        self.__dict__["_manager"] = manager
        self.__dict__["_shown"] = None

    @property
    @door
    def _wrapped(self) -> _InForce:
        manager = self.__dict__["_manager"]
        if manager is None:
            manager = self.__dict__["_manager"] = ConfigManager.shared(chosen_application())
        snapshot = manager.snapshot
        cached: tuple[Snapshot, _InForce] | None = self.__dict__["_shown"]
        if cached is None or cached[0] is not snapshot:
            cached = self.__dict__["_shown"] = (snapshot, _InForce(manager, snapshot))
        return cached[1]

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        """What it wraps, for those who ask for a type; without a load."""
        return _InForce

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__") and name != "__core__":
            raise AttributeError(name)  # whoever looks at what this is loads nothing
        return super().__getattr__(name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of what is in force>"


_refuse(DynaconfView, _LOADED, "configure")
_refuse(DynaconfView, _NO_COPY, "__copy__", "__deepcopy__", "__reduce_ex__")


settings: Final = DynaconfView()

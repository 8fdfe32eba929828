"""Which application is meant: the one that ``module:object`` names, else SynFinance's.

A module is looked for where Python looks for modules, and nowhere else: no folder is added, so nothing that lies in a
working directory runs unless whoever started Python put that directory there.
"""

from __future__ import annotations

import os
from functools import cache
from importlib import import_module
from operator import attrgetter
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from synfinance_settings.errors import Origin, Problem, SettingsError, printable

if TYPE_CHECKING:  # the TypeVar of `typing` takes no default before Python 3.13
    from typing_extensions import TypeVar

    from synfinance_settings.model.application import Application
    from synfinance_settings.model.section import Section
    from synfinance_settings.sections.app import AppConfig
    from synfinance_settings.sections.environment import Environment as Environment

    Config_co = TypeVar("Config_co", bound=Section, covariant=True, default=AppConfig)
else:
    from typing import TypeVar

    Config_co = TypeVar("Config_co", covariant=True)  # the model of an application, SynFinance's where none is chosen

APP_VARIABLE: Final = f"{__name__.partition('.')[0].upper()}_APP"
"""The variable of the process that names the application of commands, fixtures and views."""


def chosen_application(otherwise: str | None = None, source: str = "the argument") -> Application[Any]:
    """The application that the process environment names, else the one that `otherwise`, which comes from `source`,
    names, else SynFinance's.

    Raises `SettingsError` where what is named is not an application.
    """
    name = os.environ.get(APP_VARIABLE)
    if name:
        return application_named(name, Origin(f"env {APP_VARIABLE}"))
    if otherwise:
        return application_named(otherwise, Origin(source))
    return shipped_application()


@cache
def shipped_application() -> Application[Any]:
    """SynFinance's application; imported when asked for, since programs with settings of their own do not need it."""
    from synfinance_settings.sections.application import SYNFINANCE

    return SYNFINANCE


def application_named(name: str, origin: Origin = Origin("the argument")) -> Application[Any]:  # noqa: B008 - frozen
    """The application that `name` spells as ``module:object``, ``shop.settings:app``; imports the module.

    Raises `SettingsError` for another spelling, for a module that is not there or imports what is not, and for an
    object that is not there or is not an application. Whatever else the module raises is left as it is.
    """
    module_name, colon, path = name.partition(":")
    if not colon or not all(part.isidentifier() for part in (*module_name.split("."), *path.split("."))):
        message = f"{printable(name)!r} does not name an application"
        raise _error(message, origin, "name the module and the object in it: shop.settings:app")
    module, failure = _imported(module_name, origin)
    if failure is not None:
        raise failure
    try:
        target = attrgetter(path)(module)
    except AttributeError:
        raise _error(f"{module_name} has no {path}", origin, "name the object that is the Application") from None
    if not _is_application(target):
        message = f"{module_name}:{path} is of type {type(target).__name__}, not an Application"
        raise _error(message, origin, "name the object that Application(...) made")
    return target


def _imported(name: str, origin: Origin) -> tuple[ModuleType | None, SettingsError | None]:
    """The module, or why there is none."""
    try:
        return import_module(name), None
    except ImportError as error:
        missing = error.name or ""
        if isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{missing}."):
            hint = "install what it belongs to, or put its folder into PYTHONPATH"
            return None, _error(f"there is no module {missing}", origin, hint)
        return None, _error(f"{name} cannot be imported: {printable(str(error))}", origin)


def _is_application(target: object) -> TypeGuard[Application[Any]]:
    from synfinance_settings.model.application import Application

    return isinstance(target, Application)


def _error(message: str, origin: Origin, hint: str | None = None) -> SettingsError:
    return SettingsError(Problem("no-application", message, origin=origin, hint=hint))

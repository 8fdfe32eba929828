"""Any loader that was written for dynaconf as a layer: its Redis and Vault loaders, or a company's own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from importlib import import_module
from typing import Any, Final

from synfinance_settings.errors import Problem
from synfinance_settings.layers.dynaconf_import import deaf_import
from synfinance_settings.layers.layer import Finding, Glance, Said, nothing_lent
from synfinance_settings.layers.merge import Loader, loaded_alone
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.values import ValuesLayer
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Failure
from synfinance_settings.text.node import leaves

_SEPARATOR: Final = "__"


class DynaconfLayer(ValuesLayer):
    """What `loader` puts into a dynaconf object that is made for it alone, as a layer that is called `name`.

    `loader` has dynaconf's ``load(obj, env, silent, key)``, or is the name of a module that has: it is then imported
    at the first look. It finds in `obj` the `options` that it is given (``REDIS_FOR_DYNACONF``, ``VAULT_FOR_DYNACONF``,
    ...), the environment as ``current_env``, and the application's prefix as ``ENVVAR_PREFIX_FOR_DYNACONF``; dynaconf's
    variables change nothing. The names at the top, which dynaconf puts in capitals, are keys in lower case; a dot or
    ``__`` in them leads into a section. Every value has the origin `name`, tokens are text, and what the loader raises
    is an error of the layer: nothing is silently left out. The settings that `secret_keys` names must be secrets of the
    model, which is an error where one is not: what comes from a vault is not to be shown.

    A loader that parses texts has done so before anybody else sees them: dynaconf's Redis loader takes them for TOML,
    so that ``1e3`` arrives as ``1000.0``. With ``"decode_responses": False`` in ``REDIS_FOR_DYNACONF`` it cannot, and
    every text arrives as it is. Nor do loaders bound the time that they wait, unless an option does
    (``"socket_timeout"`` and ``"socket_connect_timeout"`` there): loads, reloads and the watcher wait with them.
    """

    def __init__(
        self,
        loader: Loader | str,
        name: str,
        secret_keys: Iterable[str] = (),
        *,
        options: Mapping[str, Any] | None = None,
        may_vanish: bool = True,
        counts_beside: bool = True,
    ) -> None:
        self.name = name
        self.may_vanish = may_vanish
        self.counts_beside = counts_beside
        self._loader = loader
        self._secret_keys = frozenset(secret_keys)
        self._options = dict(options or {})

    def look(self, glance: Glance) -> Iterable[Finding]:
        """Run the loader."""
        project = glance.project
        options = {"ENVVAR_PREFIX_FOR_DYNACONF": project.application.prefix.rstrip("_"), **self._options}
        try:
            loaded = loaded_alone(self._loaded(), options, str(project.environment))
            data = {_key(name): _plain(value) for name, value in loaded.items() if not _is_option(name)}
        except Exception as error:  # noqa: BLE001 - a foreign loader may raise anything, and quote what it read
            message = f"cannot be read: {type(error).__name__}"
            return [
                Finding(
                    self.name,
                    failure=Failure("unreadable", message, "check that what it loads from exists and is running"),
                )
            ]
        return [Finding(self.name, data or None)]

    def origin(self, key: str) -> str:
        """The layer's name; loaders do not tell more."""
        return self.name

    def say(self, found: Sequence[Finding], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that it loaded, and a problem of each that should be a secret and is not one."""
        said = super().say(found, project, lend)
        return said._replace(problems=(*said.problems, *self._shown(said, project)))

    def _shown(self, said: Said, project: Project) -> Iterator[Problem]:
        settings = project.application.catalogue.settings
        for key, node in leaves(said.branch):
            if key in self._secret_keys and not settings[key].is_secret:
                message = f"{key} is a secret of {self.name}, but {project.application.model.__name__} would show it"
                yield Problem("inconsistent", message, key, node.origin, hint="make it a Secret of the model")

    def _loaded(self) -> Loader:
        if not isinstance(self._loader, str):
            return self._loader
        with deaf_import():
            return import_module(self._loader)

    def __repr__(self) -> str:  # options may hold a password
        return f"<DynaconfLayer {self.name!r}>"


def _is_option(name: object) -> bool:
    return isinstance(name, str) and name.endswith("_FOR_DYNACONF")


def _key(name: object) -> str:
    """A name at the top as a key."""
    text = name.decode() if isinstance(name, bytes) else str(name)
    return text.lower().replace(_SEPARATOR, ".")


def _plain(value: object) -> object:
    """A value as a layer says it: bytes are text in UTF-8, and a date that was parsed is the text that spells it."""
    match value:
        case Mapping():
            return {str(key): _plain(item) for key, item in value.items()}
        case list() | tuple():
            return [_plain(item) for item in value]
        case bytes():
            return value.decode()
        case date() | time():
            return value.isoformat()
    return value

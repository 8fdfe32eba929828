"""Variables for code that needs more than settings: ``.env`` and the process environment behind typed getters."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Self, TypeVar, cast, overload

from synfinance_settings.choice import shipped_application
from synfinance_settings.errors import (
    ExpansionError,
    LayerError,
    Origin,
    Problem,
    SettingsError,
    VariableError,
    printable,
)
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.project import find_dotenv, parse_dotenv, place
from synfinance_settings.model.application import Application
from synfinance_settings.model.forms import (
    read_boolean,
    read_number,
    read_texts,
    read_whole_number,
    split_text,
    try_form,
)
from synfinance_settings.model.template import env_template
from synfinance_settings.text.atomic import write_atomically
from synfinance_settings.text.bounds import LEVELS
from synfinance_settings.text.dotenv import DotEnv
from synfinance_settings.text.expansion import DOLLAR, InheritedFault, ReferenceFault, Scope, UnsetNameFault, expand
from synfinance_settings.text.files import read_file

T = TypeVar("T")


class EnvLoader:
    """The process environment over the lines of one ``.env`` file; the file never changes the environment.

    `env_file` is the project root's ``.env`` unless given; a missing one is an empty one. `environ` is a copy of
    `os.environ` unless given, taken whenever the file is read. `application` says whose project and whose variables
    these are, SynFinance's unless given. Raises `LayerError` for a file that cannot be read or holds a broken line.
    """

    def __init__(
        self,
        env_file: str | os.PathLike[str] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        application: Application[Any] | None = None,
    ) -> None:
        self._application = shipped_application() if application is None else application
        self._given_environ = None if environ is None else Environ(environ)
        self._environ = self._variables()
        path, guard = find_dotenv(self._application, self._environ)
        self._path, self._guard = (path, guard) if env_file is None else (Path(env_file).absolute(), None)
        self._file = DotEnv(place(path.parent, self._path))
        self._loaded = False
        self.load_env_file()

    @classmethod
    def from_env_file(
        cls,
        path: str | os.PathLike[str],
        environ: Mapping[str, str] | None = None,
        *,
        application: Application[Any] | None = None,
    ) -> Self:
        """A loader of the file at `path`, which must exist; raises `LayerError` where it does not."""
        loader = cls(path, environ, application=application)
        if not loader.is_loaded():
            name = loader._file.name
            raise LayerError(Problem("missing-layer", f"{name} does not exist", origin=Origin(name)))
        return loader

    def load_env_file(self) -> bool:
        """Read the file anew; False where it does not exist. Raises `LayerError`, and then keeps what was read
        before.
        """
        content, environ = read_file(self._path, self._guard), self._variables()
        parsed = parse_dotenv(self._application, content, self._file.name, environ)
        if parsed.problems:
            raise SettingsError.of(parsed.problems)
        self._environ, self._file, self._loaded = environ, parsed, content.exists
        return self._loaded

    def is_loaded(self) -> bool:
        """True when the file existed at the last reading."""
        return self._loaded

    @overload
    def get(self, key: str, default: str) -> str: ...

    @overload
    def get(self, key: str, default: None = None) -> str | None: ...

    def get(self, key: str, default: str | None = None) -> str | None:
        """The value of the variable `key`, `default` where it is unset.

        Raises `ExpansionError` where its line refers to a name that is set nowhere.
        """
        value: str | Problem | None = self._environ.get(key)
        if value is None:
            value = self._file.values.get(key)
        if isinstance(value, Problem):
            raise SettingsError.of([value])
        return default if value is None else value

    @overload
    def get_int(self, key: str, default: int) -> int: ...

    @overload
    def get_int(self, key: str, default: None = None) -> int | None: ...

    def get_int(self, key: str, default: int | None = None) -> int | None:
        """The value as a whole number (``[+-]?[0-9]+``); raises `VariableError` where it is not one."""
        return self._typed(key, default, read_whole_number)

    @overload
    def get_float(self, key: str, default: float) -> float: ...

    @overload
    def get_float(self, key: str, default: None = None) -> float | None: ...

    def get_float(self, key: str, default: float | None = None) -> float | None:
        """The value as a finite number; raises `VariableError` where it is not one."""
        return self._typed(key, default, lambda text: float(read_number(text)))

    @overload
    def get_bool(self, key: str, default: bool) -> bool: ...

    @overload
    def get_bool(self, key: str, default: None = None) -> bool | None: ...

    def get_bool(self, key: str, default: bool | None = None) -> bool | None:
        """The value as a boolean: true, yes, on, 1, false, no, off or 0, in any case; raises `VariableError`."""
        return self._typed(key, default, read_boolean)

    def get_list(self, key: str, separator: str = ",", default: Iterable[str] = ()) -> list[str]:
        """The items between the separators, stripped, empty ones dropped; with commas, a JSON array too.

        A `default` that is text is split as well. Raises `VariableError` for a text that starts with ``[`` and is not a
        JSON array of texts, numbers and booleans.
        """

        def split(text: str) -> list[str]:
            if separator == ",":
                return read_texts(text)
            return split_text(text, separator)

        return self._typed(key, split(default) if isinstance(default, str) else list(default), split)

    def require(self, key: str) -> str:
        """The value of the variable `key`; raises `VariableError` where it is unset."""
        value = self.get(key)
        if value is None:
            raise VariableError(_missing(key))
        return value

    def validate_required(self, names: Iterable[str]) -> None:
        """Raise one `VariableError` that names every variable of `names`, or the one given, that is unset or empty."""
        missing = [_missing(name) for name in ([names] if isinstance(names, str) else names) if not self.get(name)]
        if missing:
            raise VariableError(missing)

    def substitute_in_config(self, data: Any) -> Any:
        """A new structure like `data` (mappings, lists, tuples) in which the references in every text are replaced.

        Keys, and values that are not text, stay as they are. Raises `ExpansionError` with every reference that cannot
        be replaced.
        """
        problems: list[Problem] = []
        result = self._substituted(data, "", Scope(self._environ, self._file.values), problems)
        if problems:
            data = result = None  # a traceback shows locals, and these may hold secrets
            raise ExpansionError(problems)
        return result

    def create_env_template(self, path: str | os.PathLike[str]) -> Path:
        """Write the template of all variables to `path`; raises `SettingsError` where something is there already."""
        target = Path(path)
        if os.path.lexists(target):
            message = f"{printable(str(target))} exists already; nothing was written"
            raise SettingsError(Problem("invalid", message, origin=Origin(str(target))))
        write_atomically(target, env_template(self._application).encode(), 0o600)  # people will write secrets into it
        return target

    def get_all(self) -> dict[str, str]:
        """Every variable: those of the file, and over them the process environment."""
        return {name: self.require(name) for name in (*self._file.values, *self._environ)}

    def _variables(self) -> Environ:
        return Environ(os.environ) if self._given_environ is None else self._given_environ

    def _typed(self, key: str, default: T, read: Callable[[str], T]) -> T:
        text = self.get(key)
        if text is None:
            return default
        value, fault = try_form(read, text)
        if fault is None:
            return cast("T", value)
        text = None  # a traceback shows locals
        raise VariableError(Problem("wrong-variable", f"{printable(key)} {fault}", key, self._origin(key)))

    def _origin(self, key: str) -> Origin:
        return Origin(f"env {key}") if key in self._environ else Origin(self._file.name, self._file.lines.get(key))

    def _substituted(self, data: Any, path: str, scope: Scope, problems: list[Problem], depth: int = 0) -> Any:
        """`data` anew with the references in its texts replaced; faults go to `problems`."""
        if depth > LEVELS:
            problems.append(Problem("too-deep", f"{path} is nested deeper than {LEVELS} levels", path))
            return None
        if isinstance(data, str):
            try:
                return expand(data, scope)
            except InheritedFault as inherited:
                problems.append(inherited.problem)
            except ReferenceFault as fault:
                where = f"{printable(path)}: " if path else ""
                problems.append(Problem(fault.code, f"{where}{_told(fault)}", path or None))
            return None
        if isinstance(data, Mapping):
            inner = f"{path}." if path else ""
            return {k: self._substituted(v, f"{inner}{k}", scope, problems, depth + 1) for k, v in data.items()}
        if isinstance(data, list | tuple):
            items = (self._substituted(v, f"{path}[{i}]", scope, problems, depth + 1) for i, v in enumerate(data))
            return list(items) if isinstance(data, list) else tuple(items)
        return data


def _told(fault: ReferenceFault) -> str:
    """What is wrong with a text that may be a secret."""
    is_sayable = not isinstance(fault, UnsetNameFault) or fault.is_plain
    return fault.told if is_sayable else f"{fault.message}; {DOLLAR}"


def _missing(name: str) -> Problem:
    return Problem("missing-variable", f"{printable(name)} is not set", name)

"""Where the layers are and for which environment: decided once, at the first load."""

from __future__ import annotations

import os
from collections.abc import Container, Hashable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from synfinance_settings.environment import EnvironmentKind
from synfinance_settings.errors import LayerError, Origin, Problem, SettingsError, door, printable
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.secret_files import target
from synfinance_settings.model.application import Application
from synfinance_settings.record import Record
from synfinance_settings.text.dotenv import DotEnv, read_dotenv
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Content, keeping, read_file
from synfinance_settings.text.formats import layer_suffixes
from synfinance_settings.text.trust import Distrust, Guard, Trusted, ours

NO_FOLDER: Final = "none"
"""What the variable of the settings folder says where there are no layer files on purpose; a folder is ``./none``."""

_BORDERS: Final = (".git", "pyproject.toml")


class Project(Record):
    """The application, the folder of the layers, the project root, the environment, and the variables that hold."""

    application: Application
    root: Path
    settings_dir: Path | None
    env_file: Path
    env_file_required: bool
    environment: str
    environment_origin: Origin
    environ: Environ
    config_path: Path | None = None
    passed_over: Distrust | None = None
    """The folder at which the search for the layers ended because somebody else could have written it."""
    guards: Mapping[Path, Guard] = MappingProxyType({})
    """What holds the files of a folder that was not named to be such as nobody else could have written."""
    named: frozenset[Path] = frozenset()
    """The files that were named, which are read whoever could have written them."""
    is_bare: bool = False
    """True where it was said on purpose that there are no layer files."""
    arguments: Mapping[str, Any] = MappingProxyType({})
    """What the program hands over for its own command line, by the keys of the settings."""
    lends: bool = False
    """True where names that references need and nothing sets are lent placeholders: it is a trial, which nothing of
    the program may keep."""

    seen: dict[tuple[Path, Guard | None], Content] | None = None
    """What was read, where each file is read once."""

    def __repr__(self) -> str:  # never the arguments: they may be secrets
        return f"<Project {self.root}, {self.environment}>"

    def at_one_moment(self) -> Project:
        """The same, but it reads each file once, in whichever environment: for an edit, so that the texts are kept."""
        return self._replace(seen={})

    def read(self, path: Path) -> Content:
        """Look at a layer file or ``.env``; a failure where it was not named and others could have written it."""
        return self._read(path, None if path in self.named else self.guards.get(path.parent))

    def _read(self, path: Path, guard: Guard | None) -> Content:
        if self.seen is None:
            return read_file(path, guard)
        if (path, guard) not in self.seen:
            self.seen[path, guard] = keeping(read_file(path, guard))
        return self.seen[path, guard]

    def read_target(self, named: str) -> Content:
        """Look at the file that a ``..._FILE`` variable names: a relative path counts from the root.

        Below a root that was found it is held to what holds for ``.env``.
        """
        path = target(self.root, named)
        guard = self.guards.get(self.root) if self.is_found and not Path(named).is_absolute() else None
        return self._read(path, guard and guard._replace(otherwise="name it by its absolute path"))

    @property
    def kind(self) -> EnvironmentKind:
        """What the environment is like."""
        return self.application.kinds[self.environment]

    @property
    def is_found(self) -> bool:
        """False when the folder of the layers was named."""
        return self.settings_dir is None or self.settings_dir in self.guards

    def layer_name(self, stem: str) -> str:
        """How messages call the file that the layer `stem` would have; without a folder, that in the one to be."""
        folder = self.name(self.settings_dir) if self.settings_dir else self.application.settings_dir_name
        return f"{folder}/{stem}{layer_suffixes()[0]}"

    def missing_hint(self, stem: str = "default") -> str:
        """What to do where the layer `stem`, or the whole settings folder, is missing."""
        variable = self.application.variables.settings_dir
        if self.is_bare:
            return f"{variable} says {NO_FOLDER}: set it to the folder of the layers"
        passed = self.passed_over
        ways = f"{passed}, so it is passed over; {passed.mend}" if passed else f"create {self.layer_name(stem)}"
        return f"{ways}, or set {variable} to the folder of the layers"

    def name(self, where: Hashable) -> str:
        """How messages call `where`: a path relative to the root with ``/``, absolute outside it; all else as it is."""
        return place(self.root, where) if isinstance(where, Path) else str(where)

    def candidates(self, stem: str, present: Container[str] | None = None) -> tuple[Path, ...]:
        """The paths that the layer file `stem` may have, whether they exist or not; only those among `present`."""
        if self.settings_dir is None:
            return ()
        names = (stem + suffix for suffix in layer_suffixes())
        return tuple(self.settings_dir / name for name in names if present is None or name in present)


def place(root: Path, path: Path) -> str:
    """`path` relative to `root`, absolute where it lies outside."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return path.as_posix()


@door
def find_project(
    application: Application,
    *,
    environ: Mapping[str, str],
    settings_dir: str | os.PathLike[str] | None = None,
    environment: str | None = None,
    env_file: str | os.PathLike[str] | None = None,
    config_path: str | os.PathLike[str] | None = None,
    arguments: Mapping[str, Any] | None = None,
) -> Project:
    """Decide where everything of `application` is; arguments go before variables, variables before searching.

    Raises `EnvironmentNameError` for a name that is not known, `LayerError` for a folder or file that was named and
    is not there.
    """
    environ = environ if isinstance(environ, Environ) else Environ(environ)
    fault: OSError
    try:
        project = _found(application, environ, settings_dir, environment, env_file, config_path)
        return project._replace(arguments=arguments or {})
    except OSError as error:
        fault = error
    where = Origin(str(fault.filename) if fault.filename else "the working directory")
    raise LayerError(Problem("unreadable", f"cannot search for the settings: {fault.strerror}", origin=where))


def _found(
    application: Application,
    environ: Environ,
    settings_dir: str | os.PathLike[str] | None,
    environment: str | None,
    env_file: str | os.PathLike[str] | None,
    config_path: str | os.PathLike[str] | None,
) -> Project:
    """The project that arguments, variables and the working directory lead to."""
    cwd = Path.cwd()
    where = _where(application, environ, settings_dir, cwd)
    variable = application.variables.env_file
    root = where.root
    named_file = env_file if env_file is not None else environ.get(variable)
    dotenv_path = cwd / named_file if named_file is not None else root / ".env"
    config_file = cwd / config_path if config_path is not None else None
    if config_file is not None and not config_file.is_file():
        raise _missing(str(config_path), "file given for the environment", None)
    required = env_file is None and named_file is not None
    if required and not (named_file and dotenv_path.exists()):
        raise _missing(str(named_file), "env file", variable)
    named = frozenset(path for path in (config_file, dotenv_path if named_file is not None else None) if path)
    guard = None if dotenv_path in named else where.guards.get(root)
    name, origin = _environment_name(application, environ, environment, dotenv_path, place(root, dotenv_path), guard)
    return Project(
        application=application,
        root=root,
        settings_dir=where.settings_dir,
        env_file=dotenv_path,
        env_file_required=required,
        environment=application.environment(name, origin, is_inserted=origin.line is not None),
        environment_origin=origin,
        environ=environ,
        config_path=config_file,
        passed_over=where.passed_over,
        guards=where.guards,
        named=named,
        is_bare=where.is_bare,
    )


class _Where(Record):
    """The project root, the folder of the layers where there is one, and what holds the files in both to be ours."""

    root: Path
    settings_dir: Path | None
    guards: Mapping[Path, Guard]
    passed_over: Distrust | None = None
    is_bare: bool = False


def find_dotenv(application: Application, environ: Mapping[str, str]) -> tuple[Path, Guard | None]:
    """The place of the project's ``.env``, in the working directory where there is no project, and what guards it."""
    where = _where(application, environ, None, Path.cwd())
    return where.root / ".env", where.guards.get(where.root)


def _where(
    application: Application, environ: Mapping[str, str], argument: str | os.PathLike[str] | None, cwd: Path
) -> _Where:
    """The folder of the layers, named or found, and what may stand in it and beside it."""
    variable = application.variables.settings_dir
    named = argument if argument is not None else environ.get(variable)
    if named is None:
        nearest = _nearest(application, cwd, environ)
        return nearest if isinstance(nearest, _Where) else _without_layers(application, cwd, nearest)
    if argument is None and named == NO_FOLDER:
        return _without_layers(application, cwd, None)._replace(is_bare=True)
    folder = Path(os.path.normpath(cwd / named))
    if not os.fspath(named) or not folder.is_dir():
        raise _missing(str(named), "settings folder", None if argument is not None else variable)
    # whoever owns the root could put another folder in the place of the one that was named
    root = folder.parent
    status = root.stat()
    guard = Guard.of(root, status, ours(status.st_uid, folder.stat().st_uid), _name_dotenv(application))
    return _Where(root, folder, {root: guard})


def _missing(named: str, what: str, variable: str | None) -> SettingsError:
    """The error of a folder or file that an argument or a variable names and that is not there."""
    origin = Origin(f"env {variable}" if variable else "the argument")
    return LayerError(Problem("no-such-file", f"the {what} {printable(named)!r} does not exist", origin=origin))


def _nearest(application: Application, cwd: Path, environ: Mapping[str, str]) -> _Where | Distrust | None:
    """The nearest settings folder with a default layer, from the working directory upward within its borders.

    The working directory counts whoever owns it: one works where one went on purpose.
    """
    home = environ.get("HOME")
    for folder in (cwd, *cwd.parents):
        try:
            status = folder.stat()
        except OSError as error:
            return Distrust(folder, f"cannot be read ({error.strerror})", "make it readable")
        trusted = ours(status.st_uid) if folder == cwd else ours()
        passed_over = trusted.distrust(folder, status)
        if any((folder / application.settings_dir_name / f"default{suffix}").exists() for suffix in layer_suffixes()):
            return passed_over or _in(application, folder, status, trusted)
        if status.st_uid not in trusted.users:
            return passed_over
        if any((folder / border).exists() for border in _BORDERS) or (home and folder == Path(os.path.realpath(home))):
            return None
    return None


def _without_layers(application: Application, cwd: Path, passed_over: Distrust | None) -> _Where:
    """The working directory as the root of a project that has no layers."""
    status = cwd.stat()
    trusted = ours(status.st_uid)
    guard = Guard.of(cwd, status, trusted, _name_dotenv(application))
    return _Where(cwd, None, {cwd: guard._replace(fault=trusted.distrust(cwd, status, is_above=True))}, passed_over)


def _in(application: Application, root: Path, status: os.stat_result, trusted: Trusted) -> _Where | Distrust:
    """The folder of the layers in `root`, unless somebody else than `trusted` could have written it."""
    folder = root / application.settings_dir_name
    guard = Guard.of(root, status, trusted, _name_dotenv(application))
    distrust = guard.distrusted_way(folder)
    if distrust is not None:
        return distrust
    there = folder.stat()
    mend = f"set {application.variables.settings_dir} to the folder to use"
    layers = Guard.of(folder, there, ours(*trusted.users, there.st_uid), mend)
    return _Where(root, folder, {root: guard, folder: layers})


def _name_dotenv(application: Application) -> str:
    return f"set {application.variables.env_file} to the file to use"


def _environment_name(
    application: Application,
    environ: Mapping[str, str],
    argument: str | None,
    dotenv_path: Path,
    dotenv_name: str,
    guard: Guard | None,
) -> tuple[str, Origin]:
    """What the environment is called, and by whom: the argument, a variable, ``.env`` or the default."""
    variable = application.variables.environment
    if argument is not None:
        return str(argument), Origin("the argument")
    if variable in environ:
        return environ[variable], Origin(f"env {variable}")
    dotenv = read_file(dotenv_path, guard)
    if dotenv.exists:
        parsed = parse_dotenv(application, dotenv, dotenv_name, environ)
        value = parsed.values.get(variable)
        if parsed.problems or isinstance(value, Problem):
            raise SettingsError.of([*parsed.problems, *([value] if isinstance(value, Problem) else [])])
        if dotenv.data == b"":
            hint = f"restore it, or remove it if no {variable} is intended; a comment in it is enough to keep it"
            otherwise = application.environments[0].name
            message = f"{dotenv_name} has zero bytes, as after a power cut, and would mean {otherwise}"
            raise SettingsError.of([Problem("became-empty", message, origin=Origin(dotenv_name), hint=hint)])
        if value is not None:
            return value, Origin(dotenv_name, parsed.lines[variable])
    return application.environments[0].name, Origin("default")


def parse_dotenv(
    application: Application,
    content: Content,
    name: str,
    environ: Mapping[str, str],
    lend: Lend = lambda wanted: None,
) -> DotEnv:
    """The parsed ``.env``, empty where the file does not exist; a file that cannot be read is a problem of it."""
    if not content.exists:
        return DotEnv(name)
    problems: tuple[Problem, ...]
    try:
        return read_dotenv(content.text(name), name, environ, lend, application.sets_secret)
    except LayerError as error:
        problems = error.problems
    return DotEnv(name, problems=problems)

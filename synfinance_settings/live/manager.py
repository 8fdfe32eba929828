"""The face of what is in force: all that users do with settings as a whole, each in a sentence.

What is in force, and how another takes its place, is the business of `Current`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine, Iterable, Mapping
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, Unpack, overload

from synfinance_settings.choice import Config_co, shipped_application
from synfinance_settings.errors import SettingsError, door
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.look import refuse_read_place
from synfinance_settings.layers.report import ValidationReport, log_problems
from synfinance_settings.layers.snapshot import Explanation, Snapshot, explain
from synfinance_settings.live.current import Choice, Current, PathLike
from synfinance_settings.live.state_folder import state_folder
from synfinance_settings.live.subscriptions import OnError, Subscriber
from synfinance_settings.model.application import Application
from synfinance_settings.model.section import Section
from synfinance_settings.text.files import read_file

if TYPE_CHECKING:
    from synfinance_settings.choice import Environment
    from synfinance_settings.environment import EnvironmentKind
    from synfinance_settings.live.follow import Follow
    from synfinance_settings.live.held import Made
    from synfinance_settings.live.making import Options, Recipe

Config = TypeVar("Config", bound=Section)


class ConfigManager(Generic[Config_co]):
    """The settings of one project, loaded, kept and replaced as a whole.

    Without arguments it is the process-wide manager that `settings` shows: ``ConfigManager() is ConfigManager()``; a
    subclass has a process-wide one of its own, which `settings` does not show. With any argument, whatever its value,
    it is a new one. `application` says whose settings these are, SynFinance's unless given; `settings_dir` is the
    folder of the layers, `environment` the environment's name, `environ` the
    variables (else a copy of `os.environ`, taken at the first load and at each `load_config`), `env_file` a file that
    takes the place of ``.env``, `state_dir` the folder that keeps accepted versions of the layer files on disk,
    `history_limit` how many snapshots are kept in memory (at least 1), `arguments` settings by their keys, which go
    before all variables: what the program's own command line says.
    """

    _shared: ClassVar[dict[Application[Any], Any]] = {}  # of the class itself, never of a class below it
    _lock: ClassVar[threading.Lock] = threading.Lock()

    current: Current
    """What is in force, for the parts of this package; its interface may change with any release."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls._shared = {}

    @door
    def __init__(
        self,
        application: Application[Config_co] | None = None,
        *,
        settings_dir: PathLike | None = None,
        environment: str | None = None,
        environ: Mapping[str, str] | None = None,
        env_file: PathLike | None = None,
        state_dir: PathLike | None = None,
        history_limit: int = 10,
        arguments: Mapping[str, Any] | None = None,
    ) -> None:
        if hasattr(self, "current"):
            return  # it is the process-wide one, asked for again
        variables = None if environ is None else Environ(environ)
        chosen = shipped_application() if application is None else application
        choice = Choice(chosen, settings_dir, environment, variables, env_file, state_dir, deepcopy(arguments))
        current = Current(choice, history_limit)
        with ConfigManager._lock:
            if not hasattr(self, "current"):  # somebody may ask for it for the first time at the same time
                self.current = current

    if not TYPE_CHECKING:  # to a type checker __init__ alone counts

        @door
        def __new__(cls, *positional: Any, **keywords: Any) -> Self:
            """The process-wide manager where no argument is given, else a new one."""
            if positional or keywords:
                return super().__new__(cls)
            shipped = shipped_application()
            manager: Self | None = cls._shared.get(shipped)
            return cls._shared.setdefault(shipped, super().__new__(cls)) if manager is None else manager

        __new__.__wrapped__ = __init__  # what help() and inspect show

    @classmethod
    @door
    def shared(cls, application: Application[Config]) -> ConfigManager[Config]:
        """The process-wide manager of `application`, the same each time: that of SynFinance is ``ConfigManager()``."""
        manager: ConfigManager[Config] = cls._shared.setdefault(application, super().__new__(cls))
        ConfigManager.__init__(manager, application)
        return manager

    @door
    def load_config(self, config_path: PathLike | None = None, environment: str | None = None) -> Config_co:
        """Load all layers and make them current; raises `SettingsError` and changes nothing where they do not
        validate.

        Folder, environment and root are decided at the first load and kept; an argument decides them anew. The
        variables are copied anew each time, unless they were handed over. `config_path` is a file that takes the
        place of the environment's layer. While the process runs on the last accepted layers, that state is returned
        as long as the files that could not be loaded are as they were.
        """
        self.current.load(config_path, environment)
        return self.get_config()

    @door
    def get_config(self) -> Config_co:
        """The current state, loaded at the first use."""
        config: Config_co = self.current.snapshot.config
        return config

    @door
    def reload_config(self) -> Config_co:
        """Read all layers anew; the new state becomes current only if it validates, else this raises and nothing
        changes.

        A default or environment layer that had content and is now empty or gone does not validate. What was rolled
        back from is not loaded again until a file changes. Asked for by a listener, the reload is queued and the
        current state returned.
        """
        self.current.reload()
        return self.get_config()

    def validate_config(self, path: PathLike) -> ValidationReport:
        """Validate the file at `path` as the environment's layer, on the default layer; nothing becomes current.

        A file that is named as the default layer or as a local one is validated as that layer.
        """
        from synfinance_settings.layers.trial import judge, layer_of  # few processes ever judge a file

        project = self.current.project(path)
        assert project.config_path is not None
        content = read_file(project.config_path)
        return judge(project._replace(config_path=None), layer_of(project.application, content.path)[0], content)

    @door
    def export_config(self, path: PathLike, format: str = "yaml", reveal_secrets: bool = False) -> tuple[str, ...]:
        """Write the current state to `path` as a layer that reads back; the keys of the secrets left out are
        returned.

        With `reveal_secrets` they are written too, and the file is readable by its owner only. A file whose name says
        another format than YAML gets that, since it is read as that; ``json`` is YAML too. Raises `EditError` for a
        file that a load reads, such as a layer.
        """
        from synfinance_settings.layers.output import exported  # few processes ever write a file
        from synfinance_settings.text.atomic import write_atomically
        from synfinance_settings.text.formats import layer_format

        file = Path(path)
        form = layer_format(file.name).name if format == "yaml" else format
        text, left_out = exported(self.snapshot.config, form, reveal=reveal_secrets)
        refuse_read_place(self.current.project(), file)
        write_atomically(file, text.encode(), mode=0o600 if reveal_secrets else None)
        return left_out.get("secrets", ())

    @door
    def import_config(self, path: PathLike, environment: str | None = None) -> Config_co:
        """Replace the environment's layer file by what the file at `path` says that differs from the default layer.

        It is validated first, as the reload would find it; secrets may stand in it. The replaced file is kept where a
        state folder is set. Then the settings are reloaded, unless `environment` is another one than this manager's.
        """
        # every start of a process would pay for what edits files, and few processes ever do
        from synfinance_settings.editing.changes import LayerFiles
        from synfinance_settings.editing.import_edit import import_edit
        from synfinance_settings.editing.plan import Plan

        project = self.current.project()
        target = project.application.environment(environment) if environment is not None else project.environment
        state_dir = state_folder(project.application, project.environ, self.current.choice.state_dir)
        files = LayerFiles(project, state_dir)
        is_ours = target == project.environment

        def approve(plan: Plan) -> bool:
            if is_ours:
                self.current.check(project, plan.changes[0].content)
            return True

        edit = import_edit(project, target, Path(path), full=False, allow_secret=True)
        files.change({target: edit}, f"import {Path(path).name}", approve)
        log_problems(files.warnings)
        return self.reload_config() if is_ours else self.get_config()

    @overload
    def get_environment(self: ConfigManager) -> Environment: ...  # of SynFinance's settings

    @overload
    def get_environment(self) -> str: ...

    def get_environment(self) -> str:
        """The environment that was decided at the first load."""
        return self.current.snapshot.environment

    def is_production(self) -> bool:
        """True in production, and of another application in an environment that is like it: strict, without the
        local layers of developers.
        """
        return _kind(self.current).is_production

    def is_development(self) -> bool:
        """True in development, and of another application in the first of its environments."""
        return _kind(self.current) is self.current.choice.application.environments[0]

    @property
    @door
    def snapshot(self) -> Snapshot[Config_co]:
        """The current snapshot, loaded at the first use."""
        return self.current.snapshot

    @property
    def version(self) -> int:
        """The number of the current snapshot."""
        return self.current.snapshot.number

    @property
    def last_failure(self) -> SettingsError | None:
        """Why the last load or reload failed, or what refused it; None after one that succeeded."""
        return self.current.last_failure

    @property
    def degraded(self) -> bool:
        """True while the process runs on the last accepted layers because those on disk were broken when it
        started.
        """
        return self.current.fallen_from is not None

    @door
    def explain(self, key: str) -> Explanation:
        """Where the value of `key` comes from, what it hides and what the field means; raises `UnknownKeyError`."""
        application = self.current.choice.application
        if key not in application.catalogue.settings:
            raise application.catalogue.unknown_key(key)
        snapshot = self.current.snapshot
        found = explain(application, snapshot.layers, key, snapshot)
        is_spared = found.unless_followed and self.current.timeline.is_served(key)
        return found._replace(needs_restart=False) if is_spared else found

    def history(self) -> tuple[Snapshot[Config_co], ...]:
        """The snapshots of the layers that are kept in memory, oldest first; the last one is current."""
        return self.current.timeline.snapshots()

    def rollback(self, version: int | None = None) -> Config_co:
        """Put the values of an earlier snapshot in force as a new snapshot: of number `version`, else of the one
        before.

        It holds until a file changes: what was rolled back from is not loaded again, and `snapshot.pending_files` is
        true. Raises `RollbackError` where there is no such snapshot, and `SettingsError` where what follows the
        settings cannot be made of its values.
        """
        self.current.rollback(version)
        return self.get_config()

    def subscribe(
        self, callback: Subscriber, *, section: str | None = None, on_error: OnError = "log"
    ) -> Callable[[], None]:
        """Call ``callback(old, new)`` after each change of values, until the function that is returned is called.

        It gets the two snapshots, or the two models of `section` (``database``, ``ml.feature_engineering``), and then
        only where that section changed. With ``on_error="log"`` it is called from the delivery thread; with
        ``"rollback"`` before the reload returns, and a callback that raises brings the earlier values back. Raises
        `UnknownKeyError` for a section that does not exist.
        """
        return self.current.subscriptions.add(callback, section, on_error)

    @overload
    def follow(self, section: str | None, make: Recipe[Made], **options: Unpack[Options[Made]]) -> Follow[Made]: ...

    @overload
    def follow(
        self, section: str | None, make: Callable[[Any], Coroutine[Any, Any, Made]], **options: Unpack[Options[Made]]
    ) -> Follow[Made]: ...

    @overload
    def follow(
        self, section: str | None, make: Callable[[Any], Made], **options: Unpack[Options[Made]]
    ) -> Follow[Made]: ...

    def follow(
        self,
        section: str | None,
        make: Recipe[Made] | Callable[[Any], Any],
        *,
        check: Callable[[Made], object] | None = None,
        close: Callable[[Made], object] | None = None,
        place: Callable[[Made], object] | None = None,
        keys: Iterable[str] = (),
        grace: float = 30.0,
        timeout: float = 30.0,
    ) -> Follow[Made]:
        """Something that is made of the model of `section`, of all settings where that is None, and made anew when they
        change: ``pool()`` is the current one.

        ``make(section)`` is called at the first use. At a change it is called before the new values come into force,
        which it finds in its argument alone, then ``check(new)``; where either raises, or the check returns False, the
        reload fails and nothing changes.
        ``close(old)`` is called once its users are done, in `grace` seconds at the latest. ``place(new)`` is told of
        each one that takes its place, and must not wait. `keys` are the names in the section that matter, else all do.
        Where one of the first three is a coroutine function, they run in the event loop of the first use, and have
        `timeout` seconds. A recipe of `synfinance_settings.following` says all of it, and goes alone. Raises
        `UnknownKeyError`, `ValueError` for a number of seconds that is none, and `TypeError` for what is no function.
        """
        from synfinance_settings.live.follow import Follow  # a program that follows nothing does not need it
        from synfinance_settings.live.making import Recipe

        recipe = make if isinstance(make, Recipe) else Recipe(make, check, close, place, timeout=timeout)
        if recipe is make and (check or close or place or timeout != 30.0):
            raise TypeError("a recipe says itself how its resource is checked, closed and placed, and in what time")
        return Follow(self.current, section, recipe, (keys,) if isinstance(keys, str) else tuple(keys), grace)

    def report_health(self, ok: bool, reason: str = "") -> None:
        """Say how the program feels under the settings in force, by its own checks; it counts as well until it is
        said otherwise.

        Where the settings come from a shared store and are watched, a fleet sees it, and a staged change that was to
        go on to others goes back. Returns at once. Of `reason`, which operators read, 200 characters are kept; it must
        hold no secret.
        """
        self.current.health.report(ok, reason)

    def __repr__(self) -> str:
        state = self.current.timeline.current
        if state is None:
            return f"<{type(self).__name__}, not loaded yet>"
        project = state.project
        return f"<{type(self).__name__}: {project.environment}, {project.settings_dir}, snapshot {self.version}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a manager is what is in force here and cannot be pickled or copied; take its snapshot")


def _kind(current: Current) -> EnvironmentKind:
    """What the environment is like that was decided at the first load."""
    return current.choice.application.kinds[current.snapshot.environment]


def _renew_lock() -> None:
    ConfigManager._lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)

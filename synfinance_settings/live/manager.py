"""What is in force in this process: the current snapshot, and how another takes its place.

A load builds a whole new snapshot and validates it; only then is one reference assigned, under a lock that readers
never take. Whatever goes wrong, the current snapshot stays. Listeners and subscribers are called outside the lock.
"""

from __future__ import annotations

import logging
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from time import perf_counter
from typing import Any, ClassVar, Final, Literal, NoReturn, Self

from synfinance_settings.environment import Environment, parse_environment
from synfinance_settings.errors import LayerError, Problem, SettingsError, door, printable
from synfinance_settings.layers.comparison import changed_keys
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.files import Content, read_file
from synfinance_settings.layers.loading import build
from synfinance_settings.layers.merge import merge
from synfinance_settings.layers.node import Branch
from synfinance_settings.layers.output import exported
from synfinance_settings.layers.project import Project, find_project
from synfinance_settings.layers.report import ValidationReport, log_problems
from synfinance_settings.layers.snapshot import Explanation, Snapshot, explain
from synfinance_settings.layers.sources import Sources, candidates, read_sources, refuse_read_place
from synfinance_settings.layers.trial import judge, layer_of
from synfinance_settings.layers.writing import write_atomically
from synfinance_settings.live.announcer import Announcer, ConfigEvent
from synfinance_settings.live.last_good import LastGood
from synfinance_settings.live.subscriptions import OnError, Subscriber, Subscriptions
from synfinance_settings.live.timeline import State, Timeline
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.keys import SETTINGS, unknown_key

logger: Final = logging.getLogger("synfinance_settings")

PathLike = str | os.PathLike[str]
ReloadResult = Literal["success", "unchanged", "failure"]


class _NotGiven:
    """The default of arguments whose None says something."""

    def __repr__(self) -> str:
        return "<not given>"


_NOT_GIVEN: Final[Any] = _NotGiven()


@dataclass(frozen=True, slots=True)
class _Loaded:
    """A load that validated: the state before it, the new one, and what is shown where values changed."""

    command: str
    before: State | None
    state: State
    change: tuple[Snapshot, Snapshot] | None


class ConfigManager:
    """The settings of one project, loaded, kept and replaced as a whole.

    Without arguments it is the process-wide manager that `settings` shows: ``ConfigManager() is ConfigManager()``; a
    subclass has a process-wide one of its own, which `settings` does not show. With any argument, whatever its value,
    it is a new one. `settings_dir` is the folder of the layers, `environment` the environment's name, `environ` the
    variables (else a copy of `os.environ`, taken at the first load and at each `load_config`), `env_file` a file that
    takes the place of ``.env``, `state_dir` the folder that keeps accepted versions of the layer files on disk,
    `history_limit` how many snapshots are kept in memory (at least 1).
    """

    _shared: ClassVar[ConfigManager]  # of the class itself, never of a class below it
    _shared_lock: ClassVar[threading.Lock] = threading.Lock()
    _all: ClassVar[weakref.WeakSet[ConfigManager]] = weakref.WeakSet()

    def __new__(
        cls,
        *,
        settings_dir: PathLike | None = _NOT_GIVEN,
        environment: str | None = _NOT_GIVEN,
        environ: Mapping[str, str] | None = _NOT_GIVEN,
        env_file: PathLike | None = _NOT_GIVEN,
        state_dir: PathLike | None = _NOT_GIVEN,
        history_limit: int = _NOT_GIVEN,
    ) -> Self:
        """The process-wide manager where no argument is given, else a new one."""
        arguments: dict[str, Any] = {
            "settings_dir": settings_dir,
            "environment": environment,
            "environ": environ,
            "env_file": env_file,
            "state_dir": state_dir,
            "history_limit": history_limit,
        }
        given = {name: value for name, value in arguments.items() if value is not _NOT_GIVEN}
        if given:
            return cls._isolated(**given)
        with ConfigManager._shared_lock:
            if "_shared" not in vars(cls):
                cls._shared = cls._isolated()
            return cls._shared  # type: ignore[return-value]

    @classmethod
    def _isolated(
        cls,
        settings_dir: PathLike | None = None,
        environment: str | None = None,
        environ: Mapping[str, str] | None = None,
        env_file: PathLike | None = None,
        state_dir: PathLike | None = None,
        history_limit: int = 10,
    ) -> Self:
        self = super().__new__(cls)
        self._settings_dir = settings_dir
        self._environment = environment
        self._given_environ = None if environ is None else Environ(environ)
        self._env_file = env_file
        self._state_dir = state_dir
        self._timeline = Timeline(history_limit)
        self._announcer = Announcer()
        self._subscriptions = Subscriptions()
        self._lock = threading.RLock()
        self._recording = threading.Lock()
        ConfigManager._all.add(self)
        return self

    _settings_dir: PathLike | None
    _environment: str | None
    _given_environ: Environ | None
    _env_file: PathLike | None
    _state_dir: PathLike | None
    _timeline: Timeline
    _announcer: Announcer
    _subscriptions: Subscriptions
    _lock: threading.RLock
    _recording: threading.Lock

    _snapshot: Snapshot | None = None
    _looked: Sources | None = None
    _refused: frozenset[object] = frozenset()
    _overrides: tuple[Branch, ...] = ()
    _mirrors: tuple[Callable[[Snapshot], None], ...] = ()
    _observers: tuple[Callable[[ReloadResult, float], None], ...] = ()
    _last_failure: SettingsError | None = None
    _last_good: LastGood | None = None
    _fallen_from: Sources | None = None

    @door
    def load_config(self, config_path: PathLike | None = None, environment: str | None = None) -> AppConfig:
        """Load all layers and make them current; raises `SettingsError` and changes nothing where they do not
        validate.

        Folder, environment and root are decided at the first load and kept; an argument decides them anew. The
        variables are copied anew each time, unless they were handed over. `config_path` is a file that takes the
        place of the environment's layer. While the process runs on the last accepted layers, that state is returned
        as long as the files that could not be loaded are as they were.
        """
        self._change(lambda: self._attempt("load", *self._chosen(config_path, environment)))
        return self.get_config()

    @door
    def get_config(self) -> AppConfig:
        """The current state, loaded at the first use."""
        return self.snapshot.config

    @door
    def reload_config(self) -> AppConfig:
        """Read all layers anew; the new state becomes current only if it validates, else this raises and nothing
        changes.

        A default or environment layer that had content and is now empty or gone does not validate. What was rolled
        back from is not loaded again until a file changes. Asked for by a listener, the reload is queued and the
        current state returned.
        """
        return self._asked(manual=False)

    def validate_config(self, path: PathLike) -> ValidationReport:
        """Validate the file at `path` as the environment's layer, on the default layer; nothing becomes current.

        A file that is named as the default layer or as a local one is validated as that layer.
        """
        project = self._find(path, None)
        assert project.config_path is not None
        content = read_file(project.config_path)
        return judge(replace(project, config_path=None), layer_of(content.path)[0], content)

    def export_config(
        self, path: PathLike, format: Literal["yaml", "json"] = "yaml", reveal_secrets: bool = False
    ) -> tuple[str, ...]:
        """Write the current state to `path` as a layer that reads back; the keys of the secrets left out are
        returned.

        With `reveal_secrets` they are written too, and the file is readable by its owner only. A ``.json`` file is
        read as JSON, so it gets JSON, which is YAML too. Raises `EditError` for a file that a load reads, such as a
        layer.
        """
        file = Path(path)
        form = "json" if format == "yaml" and file.suffix == ".json" else format
        text, left_out = exported(self.snapshot.config, form, reveal=reveal_secrets)
        refuse_read_place(self._find(None, None), file)
        write_atomically(file, text.encode(), mode=0o600 if reveal_secrets else None)
        return left_out.get("secrets", ())

    @door
    def import_config(self, path: PathLike, environment: str | None = None) -> AppConfig:
        """Replace the environment's layer file by what the file at `path` says that differs from the default layer.

        It is validated first, as the reload would find it; secrets may stand in it. The replaced file is kept where a
        state folder is set. Then the settings are reloaded, unless `environment` is another one than this manager's.
        """
        # every start of a process would pay for what edits files, and few processes ever do
        from synfinance_settings.editing.changes import Change, LayerFile
        from synfinance_settings.editing.importing import import_edit

        project = self._find(None, None)
        target = parse_environment(environment) if environment is not None else project.environment
        kept = self._last_good or LastGood(project.environ, self._state_dir)
        layer = LayerFile(project, target, kept.folder)
        is_ours = target is project.environment

        def approve(change: Change) -> bool:
            if is_ours:
                self._require_good(project, change.content)
            return True

        edit = import_edit(layer, Path(path), full=False, allow_secret=True)
        layer.change(edit, f"import {Path(path).name}", approve)
        log_problems(layer.warnings)
        return self.reload_config() if is_ours else self.get_config()

    def get_environment(self) -> Environment:
        """The environment that was decided at the first load."""
        return self.get_config().environment

    def is_production(self) -> bool:
        """True in production."""
        return self.get_environment() is Environment.PRODUCTION

    def is_development(self) -> bool:
        """True in development."""
        return self.get_environment() is Environment.DEVELOPMENT

    @property
    def _state(self) -> State | None:
        """What is in force below the overrides; None before the first load."""
        return self._timeline.current

    @property
    @door
    def snapshot(self) -> Snapshot:
        """The current snapshot, loaded at the first use."""
        if self._snapshot is None:
            with self._lock:
                if self._snapshot is None:
                    self.load_config()
        assert self._snapshot is not None
        return self._snapshot

    @property
    def version(self) -> int:
        """The number of the current snapshot."""
        return self.snapshot.number

    @property
    def last_failure(self) -> SettingsError | None:
        """Why the last load or reload failed, or why a subscriber refused it; None after one that succeeded."""
        return self._last_failure

    @property
    def degraded(self) -> bool:
        """True while the process runs on the last accepted layers because those on disk were broken when it
        started.
        """
        return self._fallen_from is not None

    @door
    def explain(self, key: str) -> Explanation:
        """Where the value of `key` comes from, what it hides and what the field means; raises `UnknownKeyError`."""
        if key not in SETTINGS:
            raise unknown_key(key)
        return explain(self.snapshot.layers, key, self.snapshot.config)

    def history(self) -> tuple[Snapshot, ...]:
        """The snapshots of the layers that are kept in memory, oldest first; the last one is current."""
        return self._timeline.snapshots()

    def rollback(self, version: int | None = None) -> AppConfig:
        """Put the values of an earlier snapshot in force as a new snapshot: of number `version`, else of the one
        before.

        It holds until a file changes: what was rolled back from is not loaded again, and `snapshot.pending_files` is
        true. Raises `RollbackError` where there is no such snapshot.
        """
        with self._lock:
            self._go_back(self._timeline.earlier(version))
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
        return self._subscriptions.add(callback, section, on_error)

    def __repr__(self) -> str:
        state = self._state
        if state is None:
            return f"<{type(self).__name__}, not loaded yet>"
        project = state.project
        return f"<{type(self).__name__}: {project.environment}, {project.settings_dir}, snapshot {self.version}>"

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a manager is what is in force here and cannot be pickled or copied; take its snapshot")

    def _find(self, config_path: PathLike | None, environment: str | None) -> Project:
        """The project that the arguments decide, with the variables that were loaded; before a load, those of now."""
        running = self._state.project if self._state else None
        return self._decided(config_path, environment, running.environ if running else self._variables())

    def _variables(self) -> Environ:
        """The variables that were handed over, else a copy of those that the process has now."""
        return Environ(os.environ) if self._given_environ is None else self._given_environ

    def _decided(self, config_path: PathLike | None, environment: str | None, environ: Environ) -> Project:
        decided = self._environment if self._state is None else str(self._state.project.environment)
        return find_project(
            environ=environ,
            settings_dir=self._settings_dir,
            environment=environment if environment is not None else decided,
            env_file=self._env_file,
            config_path=config_path,
        )

    def _chosen(self, config_path: PathLike | None, environment: str | None) -> tuple[Project, Sources]:
        """What `load_config` reads: what was decided before, or what its arguments decide."""
        environ = self._variables()
        if self._state is None or config_path is not None or environment is not None:
            project = self._decided(config_path, environment, environ)
        else:
            project = replace(self._state.project, environ=environ)
        return project, read_sources(project)

    def _require_good(self, project: Project, content: Content) -> None:
        """Raise what a reload would raise that found `content` as the environment's layer of `project`."""
        before = self._state
        sources = read_sources(project, self._looked).with_layer("environment", content)
        report = build(project, sources, required=before.content if before else frozenset())
        self._overlaid(State(project, sources, report.content, report.require()))

    def _asked(self, *, manual: bool) -> AppConfig:
        """Reload because somebody asks for it: at once, or later where a listener does."""
        if self._announcer.is_delivering() or self._subscriptions.is_calling():
            self._announcer.deliver(self._reload_later, manual)
            return self.get_config()
        return self._reload(manual=manual)

    def _reload(
        self,
        sources: Sources | None = None,
        since: Sources | None = None,
        *,
        manual: bool = False,
        again: bool = False,
    ) -> AppConfig:
        """Reload from `sources`, where nobody has looked after `since` when they were read, else from a new look.

        Where it is tried `again`, nothing is told of a failure that is the one before.
        """

        def attempt() -> _Loaded | None:
            if self._state is None:
                return self._attempt("load", *self._chosen(None, None))
            project = self._state.project
            is_newest = sources is not None and sources.project is project and self._looked is since
            read = sources if is_newest and sources is not None else read_sources(project, self._looked)
            return self._attempt("reload", project, read, manual=manual)

        self._change(attempt, again=again)
        return self.get_config()

    def _look(self) -> Sources:
        """What the files say now, for the project of the current state."""
        self.get_config()  # loads at the first use
        assert self._state is not None
        return read_sources(self._state.project, self._looked)

    def _candidates(self) -> tuple[Path, ...]:
        """The paths that may give values, whether they exist or not."""
        assert self._state is not None, "a watcher loads before it looks"
        return candidates(self._state.project, self._looked or self._state.sources)

    def _record(self, loaded: _Loaded) -> None:
        """Keep on disk what was loaded, unless something newer is in force, which records itself."""
        with self._recording:
            if self._last_good and self._state is not None and self._state.sources is loaded.state.sources:
                self._last_good.record(loaded.state.project, loaded.state.sources, loaded.command)

    def _reload_later(self, manual: bool) -> None:
        """The reload that a listener asked for; its failure has been told like any other."""
        with suppress(SettingsError):
            self._reload(manual=manual)

    def _change(self, attempt: Callable[[], _Loaded | None], *, again: bool = False) -> None:
        """Make an attempt under the lock; tell of its outcome, and raise its failure.

        Where nothing new was loaded, the outcome is that of the attempt before: what failed is still there.
        """
        started = perf_counter()
        failure: SettingsError | None = None
        loaded: _Loaded | None = None
        with self._lock:
            running, fallen_from = self._state is not None, self._fallen_from
            try:
                loaded = attempt()
            except SettingsError as error:
                failure = error
            except MemoryError:
                failure = LayerError(_NO_MEMORY)
            if failure is not None:
                is_known = again and self._last_failure and self._last_failure.problems == failure.problems
                self._last_failure = failure
                if running and not is_known:
                    self._tell_failure(failure)
            is_good = self._last_failure is None
        if loaded is not None:
            is_good = self._is_welcome(loaded, fallen_from)
        changed = loaded is not None and (loaded.change is not None or not running)
        result: ReloadResult = "failure" if not is_good else "success" if changed else "unchanged"
        for observer in self._observers:
            observer(result, perf_counter() - started)
        if failure is not None:
            raise failure.with_traceback(None)
        if loaded is not None and is_good:
            self._record(loaded)

    def _attempt(self, command: str, project: Project, sources: Sources, *, manual: bool = False) -> _Loaded | None:
        """Build from `sources` and make the result current; the lock is held."""
        is_reload = command == "reload"
        self._looked = sources
        if is_reload and self._refused and sources.digest in self._refused:
            if manual:
                self._announcer.announce(ConfigEvent.MANUAL_RELOAD, self.get_config())
            return None
        self._refused = frozenset()
        before = self._state
        last_good = self._last_good if is_reload and self._last_good else LastGood(project.environ, self._state_dir)
        last_good.check()
        report = build(project, sources, required=before.content if before and is_reload else frozenset())
        if report.snapshot is None:
            failure = SettingsError.of(report.problems)
            if is_reload or not self._runs_instead_of(sources):
                self._fall_back(last_good, sources, failure)
            return None
        state = State(project, sources, report.content, report.snapshot)
        prepared = self._prepared(state)
        recovered = self._last_failure is not None and before is not None
        self._last_good, self._fallen_from, self._last_failure = last_good, None, None
        change = self._adopt(*prepared, ConfigEvent.CONFIG_RELOADED, manual=manual)
        if change is not None and logger.isEnabledFor(logging.INFO):
            keys = ", ".join(changed_keys(change[0].config, change[1].config))
            logger.info("snapshot %d is in force; changed: %s", change[1].number, keys)
        elif change is None and recovered:
            logger.info("the layers validate again; nothing changed")
        known = before.snapshot.warnings if before else ()
        log_problems(warning for warning in report.warnings if warning not in known)
        return _Loaded(command, before, state, change)

    def _go_back(self, target: State) -> None:
        """Put the values of `target` in force again, and refuse what is current until a file changes; lock held."""
        assert self._state is not None
        state = self._timeline.restored(target)
        refused = frozenset(looked.digest for looked in (self._state.sources, self._looked) if looked)
        self._adopt(state, self._overlaid(state), ConfigEvent.ROLLED_BACK)
        self._refused = refused

    def _prepared(self, state: State) -> tuple[State, Snapshot]:
        """`state` as the next one, and what it shows with the overrides on top; raises where these do not validate."""
        state = self._timeline.follow(state)
        return state, self._overlaid(state)

    def _adopt(
        self, state: State, shown: Snapshot, event: ConfigEvent, *, manual: bool = False
    ) -> tuple[Snapshot, Snapshot] | None:
        """Make `state` current as a whole, and tell of it; returns the old and the new of a change of values."""
        old = self._snapshot
        self._timeline.keep(state)
        self._show(shown)
        if manual:
            self._announcer.announce(ConfigEvent.MANUAL_RELOAD, shown.config)
        if old is None or (old.config == shown.config and event is not ConfigEvent.ROLLED_BACK):
            return None
        self._announcer.announce(event, shown.config)
        self._tell_subscribers(old, shown, all_kinds=event is ConfigEvent.ROLLED_BACK)
        return old, shown

    def _show(self, snapshot: Snapshot) -> None:
        """Let readers see `snapshot`: one reference, here and in each mirror."""
        self._snapshot = snapshot
        for mirror in self._mirrors:
            mirror(snapshot)

    def _overlaid(self, state: State) -> Snapshot:
        """The snapshot of `state` with the overrides on top; raises `SettingsError` where they do not validate."""
        if not self._overrides:
            return state.snapshot
        layer = merge([("override", branch) for branch in self._overrides])
        return self._timeline.overlaid(state, build(state.project, state.sources, overrides=layer).require())

    def _tell_subscribers(self, old: Snapshot, new: Snapshot, *, all_kinds: bool) -> None:
        """Queue the calls of the subscribers; of those that can refuse a load only where it is not one:
        `all_kinds`.
        """
        for kind in ("log", "rollback") if all_kinds else ("log",):
            for callback, before, after in self._subscriptions.concerned(old, new, kind):
                self._announcer.deliver(callback, before, after)

    def _tell_failure(self, failure: SettingsError) -> None:
        assert self._snapshot is not None
        logger.error("reload failed; snapshot %d stays in force", self._snapshot.number)
        log_problems(failure.problems)
        unread = any(LayerError.covers(problem) for problem in failure.problems)
        event = ConfigEvent.RELOAD_FAILED if unread else ConfigEvent.VALIDATION_FAILED
        self._announcer.announce(event, failure)

    def _is_welcome(self, loaded: _Loaded, fallen_from: Sources | None) -> bool:
        """Call the subscribers that can refuse, outside the lock; where one does, bring the state before back."""
        if loaded.change is None or loaded.before is None:
            return True
        for callback, old, new in self._subscriptions.concerned(*loaded.change, "rollback"):
            try:
                self._subscriptions.call(callback, old, new)
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
                    raise  # a person's, not the subscriber's
                name = getattr(callback, "__qualname__", type(callback).__name__)
                logger.exception("the subscriber %s refused what was loaded, which is rolled back", name)
                failure = _refusal(name, type(error).__name__)
            else:
                continue
            with self._lock:
                if self._snapshot is loaded.change[1]:
                    self._last_failure, self._fallen_from = failure, fallen_from
                    self._announcer.announce(ConfigEvent.RELOAD_FAILED, failure)
                    self._go_back(loaded.before)
            return False
        return True

    def _runs_instead_of(self, sources: Sources) -> bool:
        """True while the last accepted layers are in force because `sources`, as they are, could not be loaded."""
        was = self._fallen_from
        if was is None:
            return False
        return was.digest == sources.digest and was.project == replace(sources.project, environ=was.project.environ)

    def _fall_back(self, last_good: LastGood, sources: Sources, failure: SettingsError) -> None:
        """Start on the last accepted layers where that is asked for and possible; else raise `failure`."""
        project = sources.project
        found = last_good.candidates(project, sources) if self._state is None else iter(())
        for restored, name in found:
            report = build(project, restored)
            if report.snapshot is not None:
                logger.critical("the layers are broken; running on %s", name)
                log_problems(failure.problems)
                prepared = self._prepared(State(project, restored, report.content, report.snapshot))
                self._last_good, self._fallen_from, self._last_failure = last_good, sources, failure
                self._adopt(*prepared, ConfigEvent.CONFIG_RELOADED)
                return
        raise failure

    def _mirror(self, mirror: Callable[[Snapshot], None]) -> None:
        """Show every snapshot to `mirror`, the current one at once."""
        with self._lock:
            mirror(self.snapshot)
            self._mirrors = (*self._mirrors, mirror)

    def _observe(self, observer: Callable[[ReloadResult, float], None]) -> None:
        """Tell `observer` the result and the duration, in seconds, of every load from now on."""
        with self._lock:
            self._observers = (*self._observers, observer)

    def _override(self, branch: Branch) -> Callable[[], None]:
        """Put `branch` on top of all layers until the function that is returned is called."""
        with self._lock:
            self.get_config()  # loads at the first use, before anything is put on top
            before = self._overrides
            self._overrides = (*before, branch)
            try:
                self._overlay()
            except BaseException:
                self._overrides = before
                raise

        def undo() -> None:
            with self._lock:
                self._overrides = tuple(other for other in self._overrides if other is not branch)
                self._overlay()

        return undo

    def _overlay(self) -> None:
        """Show the current state with the overrides as they are now."""
        assert self._state is not None
        old, shown = self.snapshot, self._overlaid(self._state)
        self._show(shown)
        if old.config != shown.config:
            self._tell_subscribers(old, shown, all_kinds=True)

    def _revive(self) -> None:
        """Take new locks and an empty queue, in the child of a fork."""
        self._lock = threading.RLock()
        self._recording = threading.Lock()
        self._announcer.revive()
        self._subscriptions.revive()


_NO_MEMORY: Final = Problem(
    "no-memory",
    "the layers cannot be loaded: the system has no memory to give",
    hint="a watcher tries again by itself; else reload when there is memory",
)


def _refusal(subscriber: str, kind: str) -> SettingsError:
    """What a subscriber raised may hold a secret, so its kind alone is told."""
    said = f"{subscriber} refused what was loaded ({kind}), and the values before are in force again"
    hint = "the log has what it raised; the layers are tried again when a file changes, or by load_config()"
    return SettingsError.of([Problem("refused-values", printable(said), hint=hint)])


def _revive_all() -> None:
    ConfigManager._shared_lock = threading.Lock()
    for manager in tuple(ConfigManager._all):
        manager._revive()


os.register_at_fork(after_in_child=_revive_all)

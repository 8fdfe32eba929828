"""What is in force in this process: the current snapshot, and how another takes its place.

A load builds a whole new snapshot and validates it; then what follows these settings is made anew; only then is one
reference assigned, under a lock that readers never take. Whatever goes wrong, the current snapshot stays. Listeners and
subscribers are called, and resources made, outside the lock.

`Current` is what the parts of the package that look, tell, measure and test stand on; users have `ConfigManager`.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Mapping
from contextlib import suppress
from time import perf_counter
from typing import Any, Final, Literal

from synfinance_settings.errors import LayerError, Problem, SettingsError
from synfinance_settings.layers.build import build
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.look import Look, look_at
from synfinance_settings.layers.merge import merge
from synfinance_settings.layers.project import Project, find_project
from synfinance_settings.layers.report import log_problems
from synfinance_settings.layers.snapshot import Snapshot
from synfinance_settings.live.announcer import Announcer, ConfigEvent
from synfinance_settings.live.follows import Follows, Turn
from synfinance_settings.live.health import Health
from synfinance_settings.live.last_good import LastGood
from synfinance_settings.live.subscriptions import Subscriptions
from synfinance_settings.live.timeline import State, Timeline
from synfinance_settings.log import INFO, logger
from synfinance_settings.model.application import Application
from synfinance_settings.record import Record
from synfinance_settings.text.files import Content
from synfinance_settings.text.node import Branch

PathLike = str | os.PathLike[str]
ReloadResult = Literal["success", "unchanged", "failure"]


class Choice(Record):
    """What the maker of a manager chose; what is None the variables decide, and a search where these are silent."""

    application: Application
    settings_dir: PathLike | None = None
    environment: str | None = None
    environ: Environ | None = None
    env_file: PathLike | None = None
    state_dir: PathLike | None = None
    arguments: Mapping[str, Any] | None = None
    lends: bool = False
    """Whether placeholders are lent; what rests on them is never recorded, nor replaced by what was accepted last."""

    def __repr__(self) -> str:  # never the arguments: they may be secrets
        return f"<Choice of {self.application!r}>"

    def variables(self) -> Environ:
        """The variables that were chosen, else a copy of those that the process has now."""
        return Environ(os.environ) if self.environ is None else self.environ

    def project(self, environ: Environ, config_path: PathLike | None, environment: str | None) -> Project:
        """The project that is meant with these variables, and with a file or an environment that goes first."""
        project = find_project(
            self.application,
            environ=environ,
            settings_dir=self.settings_dir,
            environment=environment if environment is not None else self.environment,
            env_file=self.env_file,
            config_path=config_path,
            arguments=self.arguments,
        )
        return project._replace(lends=True) if self.lends else project


class _Asked(Record):
    """A load that is asked for: what the layers said, and how it came to be asked."""

    command: str
    look: Look
    is_manual: bool = False


class _Validated(Record):
    """A load that validated: the state before it, the new one, what is shown where values changed, and what follows."""

    command: str
    before: State | None
    state: State
    change: tuple[Snapshot, Snapshot] | None
    turn: Turn


class _Outcome(Record):
    """What a load came to, or how it failed, and what was in force before."""

    loaded: _Validated | None
    failure: SettingsError | None
    is_first: bool
    fallen_from: Look | None


class Current:
    """What is in force for one manager: look, load, reload, override, and who sees it.

    Its parts are public: the `choice` that it goes by, the `timeline` of what was in force, the `announcer` that tells
    listeners, the `subscriptions`, what `follows`, and the `health` of the program. Others read, and never assign,
    `looked` (what the last load that was tried has read), `last_failure` (why the last one failed, or what refused it;
    None after one that succeeded) and `fallen_from` (what could not be loaded while the process runs on the last
    accepted layers, else None). Who only looks on, and serves nobody, sets `joins` to False before a watch starts: it
    is then no member of a fleet.
    """

    def __init__(self, choice: Choice, history_limit: int = 10) -> None:
        self.choice = choice
        self.timeline = Timeline(history_limit)
        self.announcer = Announcer()
        self.subscriptions = Subscriptions(choice.application.catalogue)
        self.follows = Follows(self.timeline.serve)
        self.health = Health()
        self.joins = True
        self.looked: Look | None = None
        self.last_failure: SettingsError | None = None
        self.fallen_from: Look | None = None
        self._snapshot: Snapshot | None = None
        self._refused: tuple[Look, ...] = ()
        self._overrides: tuple[Branch, ...] = ()
        self._mirrors: tuple[Callable[[Snapshot], None], ...] = ()
        self._observers: list[Callable[[ReloadResult, float], None]] = []
        self._last_good: LastGood | None = None
        self._lock = threading.RLock()
        self._recording = threading.Lock()
        _ALL.add(self)

    @property
    def snapshot(self) -> Snapshot:
        """The current snapshot, loaded at the first use."""
        if self._snapshot is None:
            with self._lock:
                if self._snapshot is None:
                    self.load()
        assert self._snapshot is not None
        return self._snapshot

    def project(self, config_path: PathLike | None = None, environment: str | None = None) -> Project:
        """The project that the arguments decide, with the variables that were loaded; before a load, those of now.

        An environment that was decided by a load stays decided.
        """
        state = self.timeline.current
        if state is None:
            return self.choice.project(self.choice.variables(), config_path, environment)
        decided = environment if environment is not None else str(state.project.environment)
        return self.choice.project(state.project.environ, config_path, decided)

    def load(self, config_path: PathLike | None = None, environment: str | None = None) -> None:
        """Load all layers, with the variables of now, and make them current.

        Folder, environment and root are decided at the first load and kept; an argument decides them anew. Raises
        `SettingsError`, and changes nothing, where they do not validate and nothing accepted before takes their place.
        """

        def ask() -> _Asked:
            environ, state = self.choice.variables(), self.timeline.current
            if state is None:
                project = self.choice.project(environ, config_path, environment)
            elif config_path is None and environment is None:
                project = state.project._replace(environ=environ)
            else:
                decided = environment if environment is not None else str(state.project.environment)
                project = self.choice.project(environ, config_path, decided)
            return _Asked("load", look_at(project))

        self._change(ask)

    def reload(self, look: Look | None = None, since: int = 0, *, manual: bool = False, again: bool = False) -> None:
        """Read all layers anew and make them current; raises `SettingsError`, and changes nothing, where they do not
        validate.

        A `look` that was taken already is loaded where what was loaded last is of generation `since` still, as when it
        was taken. A `manual` reload is announced as one. Where it is tried `again`, nothing is told of a failure that
        is the one before. Asked for by a listener or a subscriber, it is queued.
        """

        def ask() -> _Asked:
            state = self.timeline.current
            if state is None:
                return _Asked("load", look_at(self.project()))
            is_newest = self.looked is not None and self.looked.generation == since
            if look is not None and is_newest and look.project == state.project:
                return _Asked("reload", look, manual)
            return _Asked("reload", look_at(state.project, self.looked), manual)

        def queued() -> None:
            with suppress(SettingsError):  # told like any other
                self._change(ask, again=again)

        if self.announcer.is_delivering() or self.subscriptions.is_calling() or self.follows.is_calling():
            self.announcer.deliver(queued)
        else:
            self._change(ask, again=again)

    def look(self, names: frozenset[str] | None = None) -> Look:
        """What the layers say now, whether it validates or not; nothing comes into force.

        With `names`, those in the settings folder, the system is believed that a file has not changed.
        """
        _ = self.snapshot  # loads at the first use
        assert self.timeline.current is not None
        return look_at(self.timeline.current.project, self.looked, names)

    def check(self, project: Project, content: Content) -> None:
        """Raise what a reload would raise that found `content` as the environment's layer of `project`."""
        before = self.timeline.current
        look = look_at(project, self.looked).with_layer("environment", content)
        report = build(look, required=before.content if before else frozenset())
        _shown(State(project, look, report.content, report.require()), self._overrides)

    def rollback(self, version: int | None = None) -> None:
        """Put the values of snapshot number `version`, else of the one before, in force as a new snapshot.

        It holds until a file changes. Raises `RollbackError` where there is no such snapshot, and `SettingsError` where
        what follows the settings cannot be made of its values; nothing changes then.
        """

        def step(turn: Turn) -> Turn | Snapshot:
            target = self.timeline.earlier(version)
            shown = _shown(target, self._overrides)
            if not self.follows.is_ready(turn, shown):
                return shown
            self._go_back(target, turn)
            return turn

        self.follows.made_ready(self._lock, step).settle()

    def mirror(self, mirror: Callable[[Snapshot], None]) -> None:
        """Show every snapshot to `mirror`, the current one at once; it is called under a lock, and must not wait."""
        with self._lock:
            mirror(self.snapshot)
            if mirror not in self._mirrors:  # two threads may have found at once that nothing was loaded
                self._mirrors = (*self._mirrors, mirror)

    def observe(self, observer: Callable[[ReloadResult, float], None]) -> Callable[[], None]:
        """Tell `observer` the result and the duration, in seconds, of every load, until the function that is returned
        is called.
        """
        self._observers.append(observer)  # a load may hang, and hold the lock, when it is to be taken out again
        return lambda: self._observers.remove(observer)

    def override(self, branch: Branch) -> Callable[[], None]:
        """Put `branch` on top of all layers until the function that is returned is called."""
        _ = self.snapshot  # loads at the first use, before anything is put on top

        def undo() -> None:
            def without() -> tuple[Branch, ...]:
                return tuple(other for other in self._overrides if other is not branch)

            try:
                self.follows.made_ready(self._lock, lambda turn: self._lay(without(), turn)).settle()
            except SettingsError as error:
                log_problems(error.problems)
                with self._lock:
                    self._lay(without(), None)

        self.follows.made_ready(self._lock, lambda turn: self._lay((*self._overrides, branch), turn)).settle()
        return undo

    def go_by(self, choice: Choice, project: Project | None = None) -> Callable[[], None]:
        """Go by another choice until the function that is returned is called; what is loaded is loaded anew, each time.

        What is loaded is `project`, else what the choice decides; before the first load nothing is read yet. Raises
        `SettingsError`, and changes nothing, where the settings do not validate.
        """
        with self._lock:
            before, failure, state = self.choice, self.last_failure, self.timeline.current
            if state is None:
                self.choice = choice

        def ask() -> _Asked:
            self.choice = choice
            return _Asked("load", look_at(project or choice.project(choice.variables(), None, None)))

        try:
            if state is not None:
                self._change(ask)
                if self.last_failure is not None:  # a subscriber refused it
                    raise self.last_failure
        except SettingsError:
            self.choice, self.last_failure = before, failure
            raise

        def undo() -> None:
            self.go_by(before, state.project if state else None)

        return undo

    def revive(self) -> None:
        """Take new locks and an empty queue, in the child of a fork."""
        self._lock = threading.RLock()
        self._recording = threading.Lock()
        self.announcer.revive()
        self.subscriptions.revive()
        self.follows.revive()

    def agree(self, is_fit: Callable[[Snapshot], bool], action: Callable[[], object]) -> bool:
        """Whether `is_fit` holds of the current snapshot; if so, `action` is done before there can be another one."""
        with self._lock:
            fits = is_fit(self.snapshot)
            if fits:
                action()
            return fits

    def _change(self, ask: Callable[[], _Asked], *, again: bool = False) -> None:
        """Load what is asked for; tell of the outcome, and raise its failure.

        Where nothing new was loaded, the outcome is that of the attempt before: what failed is still there.
        """
        started = perf_counter()
        load = _Load(self, ask, again=again)
        loaded, failure, is_first, fallen_from = load.outcome()
        is_good = self.last_failure is None if loaded is None else load.is_welcome(loaded, fallen_from)
        is_new = loaded is not None and (loaded.change is not None or is_first)
        result: ReloadResult = "failure" if not is_good else "success" if is_new else "unchanged"
        for observer in tuple(self._observers):
            observer(result, perf_counter() - started)
        if failure is not None:
            raise failure.with_traceback(None)
        if loaded is not None and is_good:
            self._record(loaded)

    def _attempt(self, asked: _Asked, turn: Turn) -> _Validated | Snapshot | None:
        """Build from a look and make the result current; the lock is held.

        Where more follows it than `turn` has made ready, nothing comes into force, and the result is returned.
        """
        command, look, manual = asked
        is_reload = command == "reload"
        project = look.project
        self.looked = look
        if is_reload and any(not look.changed(refused) for refused in self._refused):
            if manual:
                self.announcer.announce(ConfigEvent.MANUAL_RELOAD, self.snapshot.config)
            return None
        self._refused = ()
        before = self.timeline.current
        known = self._last_good if is_reload else None
        last_good = known or LastGood(project.application, project.environ, self.choice.state_dir)
        last_good.check()
        report = build(look, required=before.content if before and is_reload else last_good.had(look))
        if report.snapshot is None:
            failure = SettingsError.of(report.problems)
            if is_reload or not _is_still(self.fallen_from, look):
                self._fall_back(last_good, look, failure)
            return None
        built = State(project, look, report.content, report.snapshot)
        shown = _shown(built, self._overrides)
        if not self.follows.is_ready(turn, shown):
            return shown
        state = self.timeline.follow(built)
        snapshot = _numbered(self.timeline, state, shown, self._overrides)
        recovered = self.last_failure is not None and before is not None
        self._last_good, self.fallen_from, self.last_failure = last_good, None, None
        change = self._adopt(state, snapshot, ConfigEvent.CONFIG_RELOADED, turn, manual=manual)
        _log_change(change, recovered=recovered)
        known_warnings = before.snapshot.warnings if before else ()
        log_problems(warning for warning in report.warnings if warning not in known_warnings)
        return _Validated(command, before, state, change, turn)

    def _fall_back(self, last_good: LastGood, look: Look, failure: SettingsError) -> None:
        """Start on the last accepted layers where that is asked for and possible; else raise `failure`."""
        is_start = self.timeline.current is None and not look.project.lends
        accepted = last_good.accepted(look) if is_start else None
        if accepted is None:
            if is_start and (advice := last_good.advice()):
                failure.add_note(advice)
            raise failure
        name, restored = accepted
        logger.critical("the layers are broken; running on %s", name)
        log_problems(failure.problems)
        state = self.timeline.follow(restored)
        snapshot = _numbered(self.timeline, state, _shown(state, self._overrides), self._overrides)
        self._last_good, self.fallen_from, self.last_failure = last_good, look, failure
        self._adopt(state, snapshot, ConfigEvent.CONFIG_RELOADED, Turn())

    def _go_back(self, target: State, turn: Turn) -> None:
        """Put the values of `target` in force again, and refuse what is current until a file changes; lock held."""
        assert self.timeline.current is not None
        refused = tuple(filter(None, (self.timeline.current.look, self.looked)))
        state = self.timeline.restored(target)
        snapshot = _numbered(self.timeline, state, _shown(state, self._overrides), self._overrides)
        self._adopt(state, snapshot, ConfigEvent.ROLLED_BACK, turn)
        self._refused = refused

    def _lay(self, overrides: tuple[Branch, ...], turn: Turn | None) -> Turn | Snapshot:
        """Show the current state with `overrides`; the lock is held.

        Where more follows it than `turn` has made ready, the result is returned. Without a turn it comes into force
        whatever follows it.
        """
        state = self.timeline.current
        assert state is not None
        shown = _shown(state, overrides)
        if turn is not None and not self.follows.is_ready(turn, shown):
            return shown
        self._overrides = overrides
        self._adopt(state, _numbered(self.timeline, state, shown, overrides), None, turn or Turn())
        self.follows.drop_outdated(shown)
        return turn or Turn()

    def _adopt(
        self, state: State, snapshot: Snapshot, event: ConfigEvent | None, turn: Turn, *, manual: bool = False
    ) -> tuple[Snapshot, Snapshot] | None:
        """Make `state` current as a whole: one reference, here and in each mirror, and one for all that follows it.
        Tell of it; returns the old and the new of a change of values.
        """
        old = self._snapshot
        self.timeline.keep(state)
        self._snapshot = snapshot
        for mirror in self._mirrors:
            mirror(snapshot)
        turn.swap()
        if manual:
            self.announcer.announce(ConfigEvent.MANUAL_RELOAD, snapshot.config)
        if old is None or (old.agrees_with(snapshot) and event is not ConfigEvent.ROLLED_BACK):
            return None
        if event is not None:
            self.announcer.announce(event, snapshot.config)
        may_refuse = event is ConfigEvent.CONFIG_RELOADED  # these are called later, before the load returns
        self.subscriptions.tell(old, snapshot, self.announcer.deliver, all_kinds=not may_refuse)
        return old, snapshot

    def _record(self, loaded: _Validated) -> None:
        """Keep on disk what was loaded, unless something newer is in force, which records itself."""
        if loaded.state.project.lends:
            return
        with self._recording:
            state = self.timeline.current
            if self._last_good and state is not None and state.look.generation == loaded.state.look.generation:
                self._last_good.record(loaded.state.project, loaded.state.look, loaded.command)


class _Load:
    """One load, from being asked for to its outcome: it is attempted until what follows the settings is ready."""

    def __init__(self, current: Current, ask: Callable[[], _Asked], *, again: bool) -> None:
        self._current = current
        self._ask = ask
        self._again = again
        self._asked: _Asked | None = None

    def outcome(self) -> _Outcome:
        """What it comes to, or how it fails, before subscribers are asked."""
        current = self._current
        try:
            return current.follows.made_ready(current._lock, self._step)
        except SettingsError as error:
            with current._lock:
                self._note(error)
            return _Outcome(None, error, False, None)

    def _step(self, turn: Turn) -> _Outcome | Snapshot:
        """An attempt, with what `turn` has made ready; the lock is held."""
        current = self._current
        running, fallen_from = current._snapshot, current.fallen_from

        def attempt() -> _Validated | Snapshot | None:
            if self._asked is None or current.looked is not self._asked.look:  # somebody else has loaded meanwhile
                self._asked = self._ask()
            return current._attempt(self._asked, turn)

        loaded, failure = _tried(attempt)
        if isinstance(loaded, Snapshot):
            return loaded
        if failure is not None:
            self._note(failure)
        return _Outcome(loaded, failure, running is None, fallen_from)

    def _note(self, failure: SettingsError) -> None:
        """Keep why it failed, and tell it, unless it was tried again and is known; the lock is held."""
        current = self._current
        is_known = self._again and current.last_failure and current.last_failure.problems == failure.problems
        current.last_failure = failure
        if current._snapshot is not None and not is_known:
            _tell_failure(current.announcer, failure, current._snapshot.number)

    def is_welcome(self, loaded: _Validated, fallen_from: Look | None) -> bool:
        """Call the subscribers that can refuse, outside the lock; where one does, bring the state before back."""
        current, before, turn = self._current, loaded.before, loaded.turn
        failure = current.subscriptions.refusal(*loaded.change) if loaded.change and before else None
        if failure is None or loaded.change is None or before is None:
            turn.settle()
            return True
        with current._lock:
            if current._snapshot is not loaded.change[1]:  # somebody else has changed it meanwhile
                turn.settle()
                return False
            current.last_failure, current.fallen_from = failure, fallen_from
            current.announcer.announce(ConfigEvent.RELOAD_FAILED, failure)
            current._go_back(before, Turn())
            turn.take_back()
            current.follows.drop_outdated(current.snapshot)
        return False


def _tried(
    attempt: Callable[[], _Validated | Snapshot | None],
) -> tuple[_Validated | Snapshot | None, SettingsError | None]:
    """What an attempt comes to, or how it failed."""
    try:
        return attempt(), None
    except SettingsError as error:
        return None, error
    except MemoryError:
        return None, LayerError(_NO_MEMORY)


_NO_MEMORY: Final = Problem(
    "no-memory",
    "the layers cannot be loaded: the system is out of memory",
    hint="a watcher tries again by itself; otherwise reload when there is memory",
)
_REFUSED: Final = "refused-resource"


def _shown(state: State, overrides: tuple[Branch, ...]) -> Snapshot:
    """The values of `state` with the overrides on top; raises `SettingsError` where they do not validate."""
    if not overrides:
        return state.snapshot
    layer = merge([("override", branch) for branch in overrides])
    return build(state.look, overrides=layer).require()


def _numbered(timeline: Timeline, state: State, shown: Snapshot, overrides: tuple[Branch, ...]) -> Snapshot:
    """What is shown of `state`, the next one, with a number of its own where overrides are on top."""
    return timeline.overlaid(state, shown) if overrides else state.snapshot


def _is_still(earlier: Look | None, look: Look) -> bool:
    """True where `look` is what was seen before, whatever the other variables of the process say now."""
    if earlier is None:
        return False
    return not look.changed(earlier) and earlier.project == look.project._replace(environ=earlier.project.environ)


def _tell_failure(announcer: Announcer, failure: SettingsError, number: int) -> None:
    logger.error("reload failed; snapshot %d stays in force", number)
    log_problems(failure.problems)
    unread = any(LayerError.covers(problem) or problem.code == _REFUSED for problem in failure.problems)
    announcer.announce(ConfigEvent.RELOAD_FAILED if unread else ConfigEvent.VALIDATION_FAILED, failure)


def _log_change(change: tuple[Snapshot, Snapshot] | None, *, recovered: bool) -> None:
    if change is not None and logger.isEnabledFor(INFO):
        from synfinance_settings.layers.comparison import changed_keys  # no start changes anything

        keys = ", ".join(changed_keys(change[0].config, change[1].config))
        logger.info("snapshot %d is in force; changed: %s", change[1].number, keys)
    elif change is None and recovered:
        logger.info("the layers validate again; nothing changed")


_ALL: Final[weakref.WeakSet[Current]] = weakref.WeakSet()


def _revive_all() -> None:
    for current in tuple(_ALL):
        current.revive()


os.register_at_fork(after_in_child=_revive_all)

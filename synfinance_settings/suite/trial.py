"""The settings of this process on trial under another environment, and what is other there than in its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter
from typing import Any, Final, TypeGuard

from synfinance_settings.errors import Origin
from synfinance_settings.layers.build import build
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.output import line
from synfinance_settings.layers.overrides import OVERRIDES
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.layers.snapshot import Snapshot, trail
from synfinance_settings.live.current import Choice
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.model.application import Application
from synfinance_settings.model.lines import is_set
from synfinance_settings.record import Record
from synfinance_settings.suite.stand_ins import STAND_INS, StandIns, own_project

_NOTHING: Final = object()
_MANY: Final = 10


class Other(Record):
    """A setting that has another value than in the tests' own environment: both as people may see them, and where
    they were written; the own ones are None where that environment does not validate.

    One that `is_far` is a number many times greater or smaller than the own one, or has nothing left of it.
    """

    key: str
    value: str
    origin: Origin
    own_value: str | None
    own_origin: Origin | None
    is_far: bool


class Trial:
    """`application` under `environment`: the process-wide settings, from `start` to `stop`.

    `kept` are patterns of the keys whose values stay those of the own environment; None means those of servers.
    Raises `EnvironmentNameError` for a name that means no environment.
    """

    def __init__(self, application: Application[Any], environment: str, kept: Iterable[str] | None = None) -> None:
        self.environment = application.environment(environment)
        self._current = ConfigManager.shared(application).current
        self._own = _own(self._current.choice)
        self._stand_ins = StandIns(self._own, kept)
        layers = (*(layer for layer in layers_of(application) if layer is not OVERRIDES), self._stand_ins)
        tried = replace(application, layers=layers)
        self._choice = self._own._replace(application=tried, environment=self.environment, lends=True)
        self._undo: Callable[[], None] | None = None
        self._report: ValidationReport | None = None

    def start(self) -> None:
        """Put the other values in force; where nothing is loaded yet, the first load finds them."""
        self._undo = self._current.go_by(self._choice)

    def stop(self) -> None:
        """Put in force again what was before."""
        if self._undo is not None:
            self._undo()

    @property
    def own_environment(self) -> str:
        """The environment that the tests have of themselves."""
        return str(own_project(self._own, self._current.project()).environment)

    @property
    def kept(self) -> tuple[str, ...]:
        """The settings whose values stay those of the own environment."""
        return self._stand_ins.kept

    def others(self) -> dict[str, Other]:
        """The settings whose values are other now than in the own environment, by their keys; none before a load.

        What a test puts on top is its own, and none of them.
        """
        state = self._current.timeline.current
        if state is None:
            return {}
        now, own = state.snapshot, self._before(state.project)
        values, on_top = (now.catalogue.values_of(snapshot.config) for snapshot in (now, self._current.snapshot))
        before = now.catalogue.values_of(own.config) if own else {}
        changed = [key for key in values if on_top[key] == values[key] and before.get(key, _NOTHING) != values[key]]
        return {key: _other(key, now, own) for key in changed}

    def _before(self, project: Project) -> Snapshot | None:
        """The state of the own environment; None where it does not validate, and all is other than there."""
        if self._report is None:
            self._report = build(look_at(own_project(self._own, project)), placeholders=True)
        return self._report.snapshot


def _own(choice: Choice) -> Choice:
    """The choice below a trial that is going on, else `choice`."""
    layers = choice.application.layers or ()
    return next((layer.own for layer in layers if isinstance(layer, StandIns)), choice)


def _other(key: str, now: Snapshot, own: Snapshot | None) -> Other:
    setting, value = now.catalogue.settings[key], attrgetter(key)(now.config)
    if own is None:
        return Other(key, line(setting, value), _written(now, key), None, None, is_far=False)
    before = attrgetter(key)(own.config)
    sides = line(setting, value), _written(now, key), line(setting, before), own.origins[key]
    return Other(key, *sides, is_far=_is_far(value, before))


def _is_far(value: object, own: object) -> bool:
    if _is_number(value) and _is_number(own):
        least, most = sorted((abs(value), abs(own)))
        return own != 0 and most > _MANY * least
    return not is_set(value) and is_set(own)


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _written(snapshot: Snapshot, key: str) -> Origin:
    """Where the environment says `key`: of a placeholder, what it stands for."""
    origin = snapshot.origins[key]
    if not origin.source.startswith(STAND_INS):
        return origin
    below = tuple(layer for layer in snapshot.layers if layer[0] != STAND_INS)
    return next((node.origin for node in trail(below, key)), origin)

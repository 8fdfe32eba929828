"""The layers that were accepted last, kept on disk, and a start on them when those in the folder are broken."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from synfinance_settings.errors import HistoryError, InvalidSettingsError, Origin, Problem
from synfinance_settings.layers.build import build
from synfinance_settings.layers.forks import whole
from synfinance_settings.layers.layer import Finding, Found, Layer
from synfinance_settings.layers.look import Look, layer_stems, stored_look
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import log_problems
from synfinance_settings.live.state_folder import state_folder
from synfinance_settings.live.timeline import State
from synfinance_settings.model.application import Application

if TYPE_CHECKING:
    from synfinance_settings.editing.history import History

_SECONDS: Final = 1.0  # to wait for another process that holds the store; it writes for a few milliseconds
_SECONDS_OF_A_START: Final = 0.2


class LastGood:
    """The history on disk as a running process uses it; without a state folder it keeps nothing."""

    def __init__(
        self, application: Application, environ: Mapping[str, str], state_dir: str | os.PathLike[str] | None
    ) -> None:
        self._variables = application.variables
        self.folder = state_folder(application, environ, state_dir)
        self._fallback = environ.get(self._variables.fallback, "")
        self._is_checked = False

    def _history(self, project: Project, wait: float) -> History | None:
        """The store of the project's folder; None where nothing is kept, or a file was given in the layer's place."""
        settings_dir = project.root if project.is_bare else project.settings_dir
        if self.folder is None or settings_dir is None or project.config_path is not None:
            return None
        with whole():
            from synfinance_settings.editing.history import History  # brings sqlite3, which few processes need

        return History(self.folder, settings_dir, project.application.kinds, wait)

    def record(self, project: Project, look: Look, command: str) -> None:
        """Keep layer files, and what layers keep beside them, that were just accepted; where that cannot be, work goes
        on with a warning.
        """
        history = self._history(project, _SECONDS if command == "reload" else _SECONDS_OF_A_START)
        if history is None:
            return
        from synfinance_settings.editing.history import Entry
        from synfinance_settings.layers.comparison import changed_in_files

        environment, files = str(project.environment), look.layer_files
        try:
            latest = history.latest(environment)
            before = latest.files if latest else {}
            if not project.is_bare and (latest is None or before != files):
                changed = changed_in_files(before, files, layer_stems(project).values(), project.application.catalogue)
                history.record(Entry(environment, files, command, changed))
            _keep(history, project, look)
        except HistoryError as error:
            log_problems([replace(error.problems[0], severity="warning")])

    def had(self, now: Look) -> frozenset[str]:
        """The layers that said something when they were accepted last, and say nothing `now`: they must have lost it.

        None where nobody asks to fall back.
        """
        findings = {
            layer.name: [one for one in found if isinstance(one, Finding)] for layer, found in _kept_layers(now)
        }
        silent = {name for name, found in findings.items() if not any(one.exists for one in found)}
        history = self._history(now.project, _SECONDS) if silent and self._fallback else None
        if history is None:
            return frozenset()
        try:
            return frozenset(silent & history.kept(now.project.environment).keys())
        except HistoryError as error:
            log_problems(error.problems)
            return frozenset()

    def accepted(self, now: Look) -> tuple[str, State] | None:
        """The newest version accepted before that still validates, with all else as it is in `now`, and its name.

        None where there is none, or it is not asked for.
        """
        for look, name in self._candidates(now.project, now):
            report = build(look)
            if report.snapshot is not None:
                return name, State(now.project, look, report.content, report.snapshot)
        return None

    def _candidates(self, project: Project, now: Look) -> Iterator[tuple[Look, str]]:
        """What `now` would be with what was accepted before, and the name of that: what layers kept, then the versions
        of the files, newest first, each with what is there now of those layers and then with what they kept.
        """
        history = self._history(project, _SECONDS) if self._fallback else None
        if history is None:
            return
        try:
            kept = dict(_kept(history, now))
            if kept:
                yield _with_kept(now, kept), _named(kept)
            for version in history.versions(str(project.environment), valid_only=True):
                stored = stored_look(now, version.files)
                name = f"version {version.number}, accepted {version.when.isoformat(' ', 'seconds')}"
                yield stored, name
                if kept:
                    yield _with_kept(stored, kept), f"{name}, and {_named(kept)}"
        except HistoryError as error:
            log_problems(error.problems)

    def advice(self) -> str | None:
        """What to set so that a worker of a server starts whatever its layers say; None where that is done, or where
        no server starts this process again.
        """
        if self._fallback or not _is_worker():
            return None
        return (
            f"to have a worker start on the layers that were accepted last, set {self._variables.fallback}=last-good"
            "; gunicorn can do without, with gunicorn_hooks of synfinance_settings.servers"
        )

    def check(self) -> None:
        """Raise `InvalidSettingsError` for a ``..._FALLBACK`` that is not understood or has no state folder.

        Raises `HistoryError` where a start would fall back to what others could have put into that folder.
        """
        fault, variable = None, self._variables.fallback
        if self._fallback not in ("", "last-good"):
            fault = f"{variable} must be last-good, or not set"
        elif self._fallback and self.folder is None:
            fault = f"{variable} needs a state folder, and this user has no home: set {self._variables.state_dir}"
        if fault:
            raise InvalidSettingsError(Problem("inconsistent", fault, origin=Origin(f"env {variable}")))
        if self._fallback and self.folder is not None and not self._is_checked:
            from synfinance_settings.editing.history import check_folder

            check_folder(self.folder)
            self._is_checked = True


_SERVERS: Final = ("gunicorn.arbiter", "billiard.pool")
"""Modules that are there in the workers of gunicorn and Celery, and hardly ever elsewhere."""


def _is_worker() -> bool:
    """True where a server has most likely started this process, and starts another one should it end."""
    multiprocessing = sys.modules.get("multiprocessing")  # uvicorn's workers are its children
    is_child = multiprocessing is not None and multiprocessing.parent_process() is not None
    return is_child or any(name in sys.modules for name in _SERVERS)


_Kept = Mapping[str, tuple[str, Sequence[Found]]]
"""What layers kept in the place of what they say now, by their names: how it is called, and what was found then."""


def _keep(history: History, project: Project, look: Look) -> None:
    """Keep what layers keep of what a look found, where it is not what they kept before."""
    saying = {layer.name: layer.keep(found, project) for layer, found in _kept_layers(look)}
    keeping = {name: data for name, data in saying.items() if data is not None}
    if keeping:
        before = history.kept(project.environment)
        changed = {name: data for name, data in keeping.items() if name not in before or before[name].data != data}
        if changed:
            history.keep(project.environment, changed)


def _kept(history: History, now: Look) -> Iterator[tuple[str, tuple[str, Sequence[Found]]]]:
    """What layers kept, where it is not what they say now; nothing is asked where none reads anything now."""
    project = now.project
    reading = {layer.name: layer for layer, _ in _kept_layers(now)}
    for name, kept in history.kept(project.environment).items():
        if name not in reading:
            continue
        found = now.found[name]
        try:
            called, restored = reading[name].restore(kept.data, found, project)
        except ValueError:
            log_problems([Problem("no-history", f"what the {name} layer kept is damaged", severity="warning")])
        else:
            if tuple(restored) != found:
                yield name, (f"{called}, accepted {kept.when.isoformat(' ', 'seconds')}", restored)


def _kept_layers(look: Look) -> Iterator[tuple[Layer, tuple[Found, ...]]]:
    """The layers that are kept and that read anything, and what the look found of them."""
    for layer in layers_of(look.project.application):
        if layer.is_kept and look.found.get(layer.name):
            yield layer, look.found[layer.name]


def _with_kept(look: Look, kept: _Kept) -> Look:
    for name, (_, found) in kept.items():
        look = look.with_layer(name, *found)
    return look


def _named(kept: _Kept) -> str:
    return ", and ".join(called for called, _ in kept.values())

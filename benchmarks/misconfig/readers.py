"""Those who load the layers: the package first, then its peers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Final

from findings import VARIABLES, Finding, Load, Loading, has_mend
from mutants import ENVIRONMENTS, SETTINGS_DIR
from peers import peer, plain, settings_source, with_validators

from synfinance_settings import ConfigManager, Problem, SettingsError, Snapshot
from synfinance_settings.editing.remarks import remarks
from synfinance_settings.layers.project import find_project
from synfinance_settings.layers.trial import validate
from synfinance_settings.probing.report import probed
from synfinance_settings.sections.application import SYNFINANCE

Flagger = Callable[[Snapshot | None, Snapshot], Iterable[Problem]]


def new_warnings(before: Snapshot | None, after: Snapshot) -> Iterable[Problem]:
    """The warnings of a load that the one before had not."""
    known = {warning.message for warning in before.warnings} if before else set()
    return (warning for warning in after.warnings if warning.message not in known)


def planned(before: Snapshot | None, after: Snapshot) -> Iterable[Problem]:
    """What `plan` remarks on beside the layers as they are shipped."""
    return remarks(SYNFINANCE, before, after, _shipped()) if before else ()


@cache
def _shipped() -> Mapping[str, Snapshot]:
    managers = {
        name: ConfigManager(settings_dir=SETTINGS_DIR, environ={**VARIABLES, "SYNFINANCE_ENV": name})
        for name in ENVIRONMENTS
    }
    return {name: manager.snapshot for name, manager in managers.items() if manager.load_config()}


FLAGGERS: Final[tuple[Flagger, ...]] = (new_warnings, planned)
"""Whatever remarks on settings that do load, knowing what was in force before them."""


def ours(variables: Mapping[str, str]) -> Load:
    def load(folder: Path, environment: str, before: Snapshot | None) -> Loading:
        manager = ConfigManager(settings_dir=folder, environ={**variables, "SYNFINANCE_ENV": environment})
        try:
            config = manager.load_config()
        except SettingsError as error:
            return Loading(refusal=tuple(map(_of_problem, error.problems)))
        after = manager.snapshot
        remarks = tuple(_of_problem(problem) for flagger in FLAGGERS for problem in flagger(before, after))
        return Loading(SYNFINANCE.catalogue.values_of(config), remarks=remarks, snapshot=after)

    return load


def with_probes(variables: Mapping[str, str]) -> Load:
    """What `validate --probe` refuses, besides."""
    load_alone = ours(variables)

    def load(folder: Path, environment: str, before: Snapshot | None) -> Loading:
        loading = load_alone(folder, environment, before)
        if loading.refusal or (before and loading.snapshot and loading.snapshot.agrees_with(before)):
            return loading
        environ = {**variables, "SYNFINANCE_ENV": environment, "SYNFINANCE_SETTINGS_DIR": str(folder)}
        report = validate(find_project(SYNFINANCE, environ=environ))
        (probe,) = probed(SYNFINANCE, [report], seconds=_PROBE_SECONDS)
        if probe.problems:
            return Loading(refusal=tuple(map(_of_problem, probe.problems)))
        warnings = tuple(map(_of_problem, probe.warnings[len(report.warnings) :]))
        return replace(loading, remarks=(*loading.remarks, *warnings))

    return load


def _of_problem(problem: Problem) -> Finding:
    text = f"{problem.message}{f' ({problem.hint})' if problem.hint else ''}"
    origin = problem.origin
    places = frozenset([(Path(origin.source).name, origin.line)]) if origin and origin.line else frozenset()
    return Finding(text, problem.key, places, bool(problem.hint) or has_mend(problem.message))


READERS: Final[Mapping[str, Load]] = {
    "synfinance_settings": ours(VARIABLES),
    "Pydantic": peer(plain),
    "pydantic-settings": peer(settings_source),
    "dynaconf": peer(with_validators),
}
"""Who is measured."""

OURS: Final = next(iter(READERS))
PROBING: Final = "with --probe"
_PROBE_SECONDS: Final = 10.0


def world_readers(variables: Mapping[str, str]) -> Mapping[str, Load]:
    """Who is measured where the world is there: the package, without probes and with them."""
    return {OURS: ours(variables), PROBING: with_probes(variables)}


def set_variables() -> None:
    """Make this process, which must be a worker of its own, one of production: two of the peers know no other way."""
    for name in [
        name for name in os.environ if name.startswith(("SYNFINANCE_", "DYNACONF_")) or name.endswith("_FOR_DYNACONF")
    ]:
        del os.environ[name]
    os.environ.update(VARIABLES)

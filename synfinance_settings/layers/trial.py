"""What a start would find, told instead of raised; and a file on trial as a layer: which layer it would be, in which
environments it counts, and what is wrong with it.

A file is judged by itself: developers' own layers are left out, and what a variable of this machine hides is looked at
all the same. The default layer is judged in every environment of the project, each with its layer on top.
"""

from __future__ import annotations

import os
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.layers.build import build
from synfinance_settings.layers.look import Look, look_at
from synfinance_settings.layers.precedence import layer_named, layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.model.application import Application
from synfinance_settings.text.files import Content
from synfinance_settings.text.node import Branch

_MISFITS: Final = ("wrong-type", "out-of-range", "not-a-choice", "null")


def validate(project: Project, *, placeholders: bool = False) -> ValidationReport:
    """Do all that a start in `project` would do, and report instead of raising.

    A file given in place of the environment's is judged by itself: developers' own layers are left out, and no
    variable hides what it says. With `placeholders`, names that references need and nothing sets are lent a
    `placeholder`.
    """
    look = look_at(project)
    if project.config_path is None:
        return build(look, placeholders=placeholders)
    return build(look.beside(), placeholders=placeholders, judged="environment")


def layer_of(application: Application, path: Path) -> tuple[str, str | None]:
    """The layer that a file would be by its name, the environment's unless it tells another; and its environment."""
    known = application.environment_names
    for layer in layers_of(application):
        named = next((known[name] for name in known if layer.stem(name) == path.stem), None)
        if named is not None:
            is_of_all = layer.stem("") == path.stem
            return layer.name, None if is_of_all else named
    return "environment", None


def environments_of(project: Project) -> tuple[str, ...]:
    """The environments that `project` is used in: those with a layer file, and the one that was decided.

    Where there is none, the one that a start would take by default.
    """
    known = project.application.environment_names.values()
    used = [name for name in known if any(map(os.path.lexists, project.candidates(name)))]
    if not used or project.environment_origin.source != "default":
        used = [name for name in known if name in used or name == project.environment]
    return tuple(used)


def without_layer(application: Application, environments: Container[str]) -> str | None:
    """A note on the environments that are not among `environments`; None where all are."""
    others = [name for name in application.kinds if name not in environments]
    if not others:
        return None
    return f"passed over: {listed(others)}, which {'has' if len(others) == 1 else 'have'} no layer file here"


def listed(names: Sequence[str]) -> str:
    """The names in a sentence: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def in_environment(project: Project, environment: str) -> Project:
    """`project` as it is when asked for in `environment`."""
    return project._replace(environment=environment, environment_origin=Origin("the argument"))


def judge(
    project: Project, layer: str, content: Content, *, placeholders: bool = False, kept: Branch | None = None
) -> ValidationReport:
    """Validate `content` in the place of the file of `layer`, with what is `kept` of that file.

    The default layer is judged by what all layers together say.
    """
    look = look_at(project)
    if not layer_named(project.application, layer).is_local:
        look = look.with_layer(layer, content).beside()
    elif not project.kind.local_layers:
        look = look._replace(ignored=tuple({**dict.fromkeys(look.ignored), project.name(content.path): None}))
    else:
        look = look.with_layer(layer, content)
    judged = None if layer == "default" else layer
    return build(look, placeholders=placeholders, judged=judged, kept={layer: kept or {}})


def judge_together(
    project: Project, contents: Mapping[str, Content], environments: Iterable[str], *, kept: Branch | None = None
) -> list[ValidationReport]:
    """Validate layer files in the places of those that there are, in each of `environments`; names that nothing sets
    are lent placeholders.

    `contents` are by their layers: an environment's name, or ``default``, in which a value that no field could take is
    a fault although every environment hides it today. `kept` is what the only one of them keeps of the old file.
    """
    default = contents.get("default")
    reports = []
    for name, before in looks_in(project, environments).items():
        look = placed(before, contents).beside()
        judged = "environment" if name in contents else None
        reports.append(build(look, placeholders=True, judged=judged, kept={judged or "default": kept or {}}))
    if default is None:
        return reports
    alone = look_at(project).only("default").with_layer("default", default)
    problems = build(alone, placeholders=True, judged="default", kept={"default": kept or {}}).problems
    misfits = [problem for problem in problems if problem.code in _MISFITS]
    places = {_place(problem) for report in reports for problem in report.problems}
    hidden = tuple(problem for problem in misfits if _place(problem) not in places)
    return [report._replace(problems=(*report.problems, *hidden)) for report in reports]


def looks_in(project: Project, environments: Iterable[str]) -> dict[str, Look]:
    """A look at `project` in each of `environments`; what is the same in several of them is read once."""
    looks: dict[str, Look] = {}
    look = None
    for name in environments:
        look = looks[name] = look_at(in_environment(project, name), look)
    return looks


def placed(look: Look, contents: Mapping[str, Content]) -> Look:
    """`look` with `contents`, by their layers, in the places of the files that there are."""
    environment = look.project.environment
    if "default" in contents:
        look = look.with_layer("default", contents["default"])
    return look.with_layer("environment", contents[environment]) if environment in contents else look


def told_once(reports: Iterable[ValidationReport]) -> Iterator[tuple[Problem, tuple[str, ...]]]:
    """Every problem of `reports`, each once, with the environments where it was found."""
    by_problem: dict[Problem, dict[str, None]] = {}
    for report in reports:
        for problem in report.problems:
            by_problem.setdefault(problem, {})[report.environment] = None
    return ((problem, tuple(environments)) for problem, environments in by_problem.items())


def _place(problem: Problem) -> tuple[str, Origin | None]:
    return problem.code, problem.origin

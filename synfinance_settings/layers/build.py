"""From what was found to one validated snapshot; a pure function, which never looks at anything.

It does not raise for bad input: a `ValidationReport` carries a snapshot or the problems.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from synfinance_settings.errors import Origin, Problem, SettingsError, told
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.layer import Finding, Layer, nothing_lent
from synfinance_settings.layers.look import Look, layer_stems
from synfinance_settings.layers.merge import merge
from synfinance_settings.layers.overrides import OVERRIDES
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.referred import without_referred
from synfinance_settings.layers.report import Lender, ValidationReport
from synfinance_settings.layers.snapshot import Layers, Snapshot
from synfinance_settings.layers.stray_files import stray
from synfinance_settings.layers.validation import Validation, with_excerpt
from synfinance_settings.layers.variables import DOTENV
from synfinance_settings.text.expansion import InheritedFault, ReferenceFault, Scope, expand
from synfinance_settings.text.node import Branch, Node, Pending, Source, leaves, put

if TYPE_CHECKING:
    from synfinance_settings.layers.waivers import Waiver


class _Build:
    """One build: what the layers are asked with, and what they said."""

    def __init__(self, look: Look, required: frozenset[str], placeholders: bool) -> None:
        self.look = look
        self.project = look.project
        self.required = required
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.texts: dict[str, SourceText] = {}
        self.content: set[str] = set()
        self.waivers: dict[str, Waiver | None] = {}
        self.complete = True
        self.left_out: list[str] = []
        self.doubted: set[str] = set()
        self.lender = Lender(self.project.application.catalogue) if placeholders else None
        self.lend = self.lender.lend if self.lender else nothing_lent
        self.dotenv = DOTENV.parsed(look.found.get(DOTENV.name, ()), self.project, self.lend)
        self.scope = Scope(self.project.environ, self.dotenv.values, self.lend)

    def branch(self, layer: Layer) -> Branch:
        """What `layer` says, less what was wrong with it."""
        contents = self.look.found.get(layer.name, ())
        is_required = layer.name in self.required
        if is_required and not any(one.exists for one in contents):
            message = f"the {layer.name} layer is gone"
            self.note([Problem("became-empty", message, origin=layer.where(self.project))])
            return {}
        said = layer.say(contents, self.project, self.lend)
        self.texts.update(said.texts)
        self.note(said.problems)
        self.complete = self.complete and said.is_whole
        self.left_out += said.left_out
        self.waivers.update(said.waivers)
        if not said.is_empty:
            self.content |= set() if layer.may_vanish else {layer.name}
        elif is_required and not said.left_out:
            place = contents[0].place
            mend = "; write {} if that is intended" if isinstance(place, Path) else ""
            message = f"the {layer.name} layer became empty{mend}"
            self.note([Problem("became-empty", message, origin=Origin(self.project.name(place)))])
        return said.branch

    def note(self, problems: Iterable[Problem]) -> None:
        """Take note of problems, each where its severity belongs, with the line that it names.

        What an error was told of is in doubt: what rests on its value is not judged.
        """
        for problem in problems:
            located = with_excerpt(problem, self.texts)
            if problem.key and problem.severity == "error":
                self.doubted.add(problem.key)
            (self.problems if problem.severity == "error" else self.warnings).append(located)


def build(
    look: Look,
    *,
    overrides: Branch | None = None,
    required: frozenset[str] = frozenset(),
    placeholders: bool = False,
    judged: str | None = None,
    kept: Mapping[str, Branch] | None = None,
    bare: Collection[str] = (),
) -> ValidationReport:
    """Merge and validate what was read.

    `required` are layers that must have content, because they had; with `placeholders`, or in a project that lends
    them, names that references need and nothing sets are lent a `placeholder`; what the layer `judged` says is
    validated even where a higher layer would hide it. `kept` is what layers say beside their files, where these are
    silent on it; of the settings that are `bare` only layer files, and the layer that is judged, tell.
    """
    project = look.project
    if overrides is not None:
        look = look.with_layer(OVERRIDES.name, Finding(OVERRIDES.name, overrides))
    run = _Build(look, required, placeholders or project.lends)
    layers: Layers = tuple(
        (layer.name, _checked_environment(run, run.branch(layer))) for layer in layers_of(project.application)
    )
    if kept:
        layers = tuple(
            layer for name, branch in layers for layer in ((f"{name}, kept", kept.get(name, {})), (name, branch))
        )
    if judged is not None:
        layers = _uncovered(layers, judged)
    if bare:
        telling = {*layer_stems(project), judged}
        layers = tuple((name, branch if name in telling else _less(branch, bare)) for name, branch in layers)
    layers = (_environment_layer(project), *((name, branch) for name, branch in layers if branch))
    if look.ignored:
        run.note(_ignored_local(name, project.environment) for name in look.ignored)
    if look.strays:
        folder = project.name(project.settings_dir)
        application = project.application
        run.note(stray(name, wanted, folder, application) for name, wanted in look.strays)
    watch = run.lender.watch if run.lender else None
    validation = Validation(project.application, layers, run.scope, run.texts, run.doubted, watch)
    config = validation.run(
        merge(layers, str(project.environment)),
        complete=run.complete,
        environment=project.environment,
        waivers=run.waivers,
        today=look.looked_at.date(),
    )
    problems = told((*run.problems, *validation.problems))
    lent = run.lender.lent if run.lender else {}
    of_values = (one for one in validation.warnings if one.key not in lent)  # a placeholder is nobody's slip
    warnings = told((*without_referred(run.warnings, layers, run.dotenv), *of_values))
    snapshot, waived = None, tuple(validation.waived)
    if config is not None and not problems:
        snapshot = Snapshot(
            config, project.environment, look.looked_at, layers, warnings, taken=validation.taken, waived=waived
        )
    return ValidationReport(
        project.environment,
        problems,
        warnings,
        waived=waived,
        lent=lent,
        snapshot=snapshot,
        layers=layers,
        left_out=tuple(run.left_out),
        content=frozenset(run.content),
        texts=run.texts,
    )


def _uncovered(layers: Layers, judged: str) -> Layers:
    """`layers` without what hides a value of the layer `judged`."""
    at = [name for name, _ in layers].index(judged)
    return (*layers[: at + 1], *((name, _without(branch, layers[at][1])) for name, branch in layers[at + 1 :]))


def _without(branch: Branch, other: Branch) -> Branch:
    left: Branch = {}
    for key, value in branch.items():
        hidden = other.get(key)
        if isinstance(value, dict) and isinstance(hidden, dict):
            left[key] = _without(value, hidden)
        elif hidden is None:
            left[key] = value
    return left


def _less(branch: Branch, keys: Collection[str]) -> Branch:
    """`branch` without what it says of the settings `keys`."""
    left: Branch = {}
    for key, node in leaves(branch):
        if key not in keys:
            put(left, key, node)
    return left


def _ignored_local(name: str, environment: str) -> Problem:
    return Problem("ignored", f"{name} is ignored in {environment}", origin=Origin(name), severity="warning")


def _environment_layer(project: Project) -> tuple[str, Branch]:
    """The decided environment as the lowest layer, where it is a setting; the others may only agree."""
    origin = project.environment_origin
    if "environment" not in project.application.catalogue.settings:
        return "decided environment", {}
    node = Node(str(project.environment), Source(origin.source), origin.line)
    return "decided environment", {"environment": node} if origin.source != "default" else {}


def _checked_environment(run: _Build, branch: Branch) -> Branch:
    """`branch` without its ``environment``, which must be the one that was decided."""
    node = branch.get("environment")
    if not isinstance(node, Node):
        return branch
    problems: list[Problem] = []
    value: Any = node.value
    try:
        if isinstance(value, str):
            refers = node.source.expands and "$" in value
            text = expand(value, run.scope) if refers else value
            environment = run.project.application.environment(
                text, node.origin, is_inserted=refers or node.source.is_inserted
            )
            if environment != run.project.environment:
                message = f"this layer is for {text}, but the environment is {run.project.environment}"
                hint = f"that was decided by {run.project.environment_origin}"
                problems.append(Problem("other-environment", message, "environment", node.origin, hint=hint))
        elif isinstance(value, Problem | Pending):
            problems.append(value.problem if isinstance(value, Pending) else value)
        else:
            problems.append(Problem("wrong-type", "environment must be text", "environment", node.origin))
    except SettingsError as error:
        problems += error.problems
    except InheritedFault as inherited:
        problems.append(inherited.problem)
    except ReferenceFault as fault:
        problems.append(Problem(fault.code, f"environment: {fault.told}", "environment", node.origin))
    run.note(problems)
    return {key: value for key, value in branch.items() if key != "environment"}

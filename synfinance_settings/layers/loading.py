"""From what was read to one validated snapshot; a pure function, which never looks at a file.

It does not raise for bad input: a `ValidationReport` carries a snapshot or the problems. `LAYER_ORDER` is the order of
precedence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from synfinance_settings.errors import LayerError, Origin, Problem, SettingsError, Severity, told
from synfinance_settings.layers.environ import (
    Variable,
    Variables,
    dotenv_variables,
    read_variables,
)
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.fitting import fit
from synfinance_settings.layers.look import Look
from synfinance_settings.layers.merge import merge
from synfinance_settings.layers.project import Project, parse_dotenv, place
from synfinance_settings.layers.report import Lender, ValidationReport
from synfinance_settings.layers.secret_files import secret_value, target
from synfinance_settings.layers.snapshot import Layers, Snapshot
from synfinance_settings.layers.stray_files import stray
from synfinance_settings.layers.validation import Validation, with_excerpt
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.variables import FILE_SUFFIX
from synfinance_settings.text.expansion import InheritedFault, ReferenceFault, Scope, expand
from synfinance_settings.text.files import Content
from synfinance_settings.text.format import read_text
from synfinance_settings.text.node import Branch, Node, Pending, Source

_LASTING: Final = ("default", "environment")  # layers that a reload may not lose


class _Build:
    """One build: what the layer readers need, and what they found."""

    def __init__(
        self,
        project: Project,
        look: Look,
        overrides: Branch,
        required: frozenset[str],
        placeholders: bool,
    ) -> None:
        self.project = project
        self.look = look
        self.overrides = overrides
        self.required = required
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.texts: dict[str, SourceText] = {}
        self.content: set[str] = set()
        self.complete = True
        self.left_out: list[str] = []
        self.doubted: set[str] = set()
        self.lender = Lender(project.application.catalogue) if placeholders else None
        lend = self.lender.lend if self.lender else _nothing_lent
        parsed = None if placeholders else look.parsed
        self.dotenv = parsed or parse_dotenv(look.dotenv, project.name(project.env_file), project.environ, lend)
        self.scope = Scope(project.environ, self.dotenv.values, lend)

    def report(self, problems: Iterable[Problem]) -> None:
        """Take note of problems, each where its severity belongs, with the line that it names.

        What an error was told of is in doubt: what rests on its value is not judged.
        """
        for problem in problems:
            found = with_excerpt(problem, self.texts)
            if problem.key and problem.severity == "error":
                self.doubted.add(problem.key)
            (self.problems if problem.severity == "error" else self.warnings).append(found)

    def read_secret(self, variable: Variable) -> str | Problem:
        """The value behind a ``..._FILE`` variable."""
        named = str(variable.value)
        content = self.look.secrets.get(named) or Content(target(self.project.root, named))
        return secret_value(content, variable.name, named)


def _nothing_lent(name: str) -> None:
    """Lend no name a value."""


def _file(layer: str) -> Callable[[_Build], Branch]:
    return lambda build: _read_layer(build, layer)


def _dotenv(build: _Build) -> Branch:
    if build.project.env_file_required and not build.look.dotenv.exists:
        name = build.dotenv.name
        build.report([Problem("missing-layer", f"{name} was named but does not exist", origin=Origin(name))])
        build.left_out.append(name)
    if build.dotenv.problems:
        build.report(build.dotenv.problems)
        build.complete = False
        if not build.dotenv.values:
            build.left_out.append(build.dotenv.name)
    return _variables(build, dotenv_variables(build.dotenv, build.project.application.prefix))


def _process(build: _Build) -> Branch:
    return _variables(build, build.project.environ.variables(build.project.application.prefix))


def _variables(build: _Build, variables: Variables) -> Branch:
    branch, problems = read_variables(build.project.application, variables, build.read_secret)
    build.report(problems)
    return branch


def _overrides(build: _Build) -> Branch:
    return build.overrides


LAYER_ORDER: Final[tuple[tuple[str, Callable[[_Build], Branch]], ...]] = (
    ("default", _file("default")),
    ("environment", _file("environment")),
    ("default.local", _file("default.local")),
    ("environment.local", _file("environment.local")),
    (".env", _dotenv),
    ("process environment", _process),
    ("override", _overrides),
)
"""The layers, lowest first, and what reads each; below all of them are the models' own defaults."""


def build(
    project: Project,
    look: Look,
    *,
    overrides: Branch | None = None,
    required: frozenset[str] = frozenset(),
    placeholders: bool = False,
    judged: str | None = None,
    kept: Mapping[str, Branch] | None = None,
) -> ValidationReport:
    """Merge and validate what was read.

    `required` are layers that must have content, because they had; with `placeholders`, names that references need and
    nothing sets are lent a `placeholder`; what the layer `judged` says is validated even where a higher layer would
    hide it. `kept` is what layers say beside their files, where these are silent on it.
    """
    run = _Build(project, look, overrides or {}, required, placeholders)
    layers: Layers = tuple((name, _checked_environment(run, read(run))) for name, read in LAYER_ORDER)
    if kept:
        layers = tuple(
            layer for name, branch in layers for layer in ((f"{name}, kept", kept.get(name, {})), (name, branch))
        )
    if judged is not None:
        layers = _uncovered(layers, judged)
    layers = (_environment_layer(project), *((name, branch) for name, branch in layers if branch))
    if look.ignored:
        run.report(_ignored_local(name, project.environment) for name in look.ignored)
    if look.strays:
        folder = _folder(project).source
        application = project.application
        run.report(stray(name, wanted, folder, application) for name, wanted in look.strays)
    watch = run.lender.watch if run.lender else None
    validation = Validation(project.application, layers, run.scope, run.texts, run.doubted, watch)
    config = validation.run(
        merge(layers, str(project.environment)), complete=run.complete, environment=project.environment
    )
    problems = told((*run.problems, *validation.problems))
    warnings = told((*run.warnings, *validation.warnings))
    snapshot = None
    if config is not None and not problems:
        snapshot = Snapshot(config, look.looked_at, layers, warnings, taken=validation.taken)
    return ValidationReport(
        project.environment,
        problems,
        warnings,
        lent=run.lender.lent if run.lender else {},
        snapshot=snapshot,
        layers=layers,
        left_out=tuple(run.left_out),
        content=frozenset(run.content),
    )


def _uncovered(layers: Layers, judged: str) -> Layers:
    """`layers` without what hides a value of the layer `judged`."""
    at = [name for name, _ in layers].index(judged)
    return (*layers[: at + 1], *((name, _without(branch, layers[at][1])) for name, branch in layers[at + 1 :]))


def _without(branch: Branch, other: Branch) -> Branch:
    kept: Branch = {}
    for key, value in branch.items():
        hidden = other.get(key)
        if isinstance(value, dict) and isinstance(hidden, dict):
            kept[key] = _without(value, hidden)
        elif hidden is None:
            kept[key] = value
    return kept


def _read_layer(run: _Build, layer: str) -> Branch:
    """The settings of one layer file, if it is there."""
    contents = run.look.files.get(layer, ())
    if len(contents) > 1:
        names = [run.project.name(content.path) for content in contents]
        message = f"one layer in two files: {' and '.join(names)}"
        run.report([Problem("two-files", message, origin=Origin(names[1]), hint="keep one of them")])
        run.complete = False
        run.left_out += names
        return {}
    if not contents:
        _report_absence(run, layer)
        return {}
    name = run.project.name(contents[0].path)
    faults: tuple[Problem, ...]
    try:
        reading = _reading(contents[0], name, run.project.application.catalogue)
    except LayerError as error:
        faults = error.problems
    else:
        run.complete = run.complete and all(fault.key for fault in reading.faults)
        run.texts[name] = SourceText(reading.text, name, run.project.application.catalogue)
        run.report((*reading.faults, *reading.misfits))
        if reading.says_something and layer in _LASTING:
            run.content.add(layer)
        elif layer in run.required:
            message = f"the {layer} layer became empty; write {{}} where that is meant"
            run.report([Problem("became-empty", message, origin=Origin(name))])
        return reading.branch
    run.report(faults)
    run.complete = False
    run.left_out.append(name)
    return {}


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a layer file says."""

    text: str = field(repr=False)
    says_something: bool
    faults: tuple[Problem, ...]
    branch: Branch
    misfits: tuple[Problem, ...]


def _reading(content: Content, name: str, catalogue: Catalogue) -> _Reading:
    """Read a layer file; content that is the same object as before has been read already."""
    kept = content.readings.get(name)
    if isinstance(kept, _Reading):
        return kept
    text = content.text(name)
    root, faults = read_text(text, Source(name, expands=True))
    branch, misfits = fit(root, catalogue)
    reading = content.readings[name] = _Reading(text, root is not None, tuple(faults), branch, tuple(misfits))
    return reading


def _report_absence(run: _Build, layer: str) -> None:
    """Say that the default or the environment's layer is missing: an error where the environment is strict."""
    if layer in run.required:
        run.report([Problem("became-empty", f"the {layer} layer is gone", origin=_folder(run.project))])
        return
    if layer not in ("default", "environment") or run.project.is_bare:
        return
    strict = run.project.kind.strict
    if run.project.settings_dir is None:
        if layer == "environment":
            return  # said once, for the default layer
        message = "no settings folder was found" + ("" if strict else ", so the defaults alone hold")
        stem = "default"
    else:
        stem = "default" if layer == "default" else run.project.environment
        name = run.project.layer_name(stem)
        message = f"{name} is missing"
        run.left_out += [name] if strict else []
    hint = run.project.missing_hint(stem)
    severity: Severity = "error" if strict else "warning"
    run.report([Problem("missing-layer", message, origin=_folder(run.project), hint=hint, severity=severity)])
    run.complete = run.complete and not strict


def _folder(project: Project) -> Origin:
    return Origin(place(project.root, project.settings_dir) if project.settings_dir else project.root.as_posix())


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
    found: list[Problem] = []
    value: Any = node.value
    try:
        if isinstance(value, str):
            refers = node.source.expands and "$" in value
            text = expand(value, run.scope) if refers else value
            found_for = run.project.application.environment(
                text, node.origin, is_inserted=refers or _is_from_afar(node)
            )
            if found_for != run.project.environment:
                message = f"this layer is for {text}, but the environment is {run.project.environment}"
                hint = f"it was decided by {run.project.environment_origin}"
                found.append(Problem("other-environment", message, "environment", node.origin, hint=hint))
        elif isinstance(value, Problem | Pending):
            found.append(value.problem if isinstance(value, Pending) else value)
        else:
            found.append(Problem("wrong-type", "environment must be text", "environment", node.origin))
    except SettingsError as error:
        found += error.problems
    except InheritedFault as inherited:
        found.append(inherited.problem)
    except ReferenceFault as fault:
        found.append(Problem(fault.code, f"environment: {fault.told}", "environment", node.origin))
    run.report(found)
    return {key: value for key, value in branch.items() if key != "environment"}


def _is_from_afar(node: Node) -> bool:
    """True for a value that may have been inserted before it came here: of a line of ``.env``, or of a file."""
    return not node.source.expands and (node.line is not None or node.source.name.endswith(FILE_SUFFIX))

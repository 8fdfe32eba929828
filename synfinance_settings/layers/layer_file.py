"""The layers that are files of the settings folder: the default one, the environment's, and those of developers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from synfinance_settings.errors import LayerError, Origin, Problem, Severity
from synfinance_settings.layers.excerpt import SourceText, unread_excerpt
from synfinance_settings.layers.fit import fit
from synfinance_settings.layers.layer import Glance, Layer, Said, nothing_lent
from synfinance_settings.layers.project import Project
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.rule import WAIVE, Rule
from synfinance_settings.record import Record
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Content
from synfinance_settings.text.formats import outlined, read_text
from synfinance_settings.text.node import Branch, Node, Source

if TYPE_CHECKING:
    from synfinance_settings.layers.waivers import Waivers

_ENVIRONMENT: Final = "{environment}"


class FileLayer(Layer):
    """A file of the settings folder that is called `stem` before its suffix, ``{environment}`` being put in.

    A developer's own may vanish, and counts for nobody else; the others must be there where an environment is strict.
    """

    expands = True

    def __init__(self, name: str, stem: str, *, is_local: bool = False) -> None:
        self.name = name
        self.is_local = is_local
        self.may_vanish = is_local
        self.counts_beside = not is_local
        self._stem = stem
        self._may_be_given = stem == _ENVIRONMENT

    def stem(self, environment: str) -> str:
        """The name of its file before the suffix."""
        return self._stem.replace(_ENVIRONMENT, environment)

    def paths(self, project: Project) -> tuple[Path, ...]:
        """One with each suffix, and the file that was given in the place of the environment's."""
        config_paths = (project.config_path,) if self._may_be_given and project.config_path else ()
        return (*project.candidates(self.stem(project.environment)), *config_paths)

    def look(self, glance: Glance) -> Iterable[Content]:
        """The files that are there; more than one is for `say` to complain of."""
        project = glance.project
        paths = project.candidates(self.stem(project.environment), glance.present)
        if self._may_be_given and project.config_path is not None:
            paths = (project.config_path,)
        return [content for content in map(glance.read, paths) if content.exists]

    def rests_on_files(self, project: Project) -> bool:
        """Always."""
        return True

    def say(self, found: Sequence[Content], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings of the file, if it is there."""
        names = tuple(project.name(content.path) for content in found)
        if len(found) > 1:
            message = f"two files for one layer: {' and '.join(names)}"
            problem = Problem("two-files", message, origin=Origin(names[1]), hint="keep one of them")
            return Said({}, problems=(problem,), is_empty=True, is_whole=False, left_out=names)
        if not found:
            return Said({}, is_empty=True) if self.is_local or project.is_bare else self._absent(project)
        faults: tuple[Problem, ...]
        try:
            return _read(found[0], self.source(names[0]), project.application)
        except LayerError as error:
            faults = error.problems
        return Said({}, problems=faults, is_empty=True, is_whole=False, left_out=names)

    def where(self, project: Project) -> Origin:
        """The settings folder, else the root."""
        folder = project.settings_dir
        return Origin(project.name(folder) if folder else project.root.as_posix())

    def _absent(self, project: Project) -> Said:
        """That the layer is missing: an error where the environment is strict."""
        strict, stem = project.kind.strict, self.stem(project.environment)
        left_out: tuple[str, ...] = ()
        if project.settings_dir is None:
            if stem != "default":
                return Said({}, is_empty=True)  # said once, for the default layer
            message = "no settings folder was found" + ("" if strict else ", so only the defaults apply")
        else:
            name = project.layer_name(stem)
            message = f"{name} is missing"
            left_out = (name,) if strict else ()
        severity: Severity = "error" if strict else "warning"
        hint = project.missing_hint(stem)
        problem = Problem("missing-layer", message, origin=self.where(project), hint=hint, severity=severity)
        return Said({}, problems=(problem,), is_empty=True, is_whole=not strict, left_out=left_out)


class _FileReading(Record):
    """What a layer file says; the text as it may be shown is made anew for each load, since it counts what it shows."""

    text: str
    branch: Branch
    problems: tuple[Problem, ...]
    is_empty: bool
    is_whole: bool
    waivers: Waivers

    def __repr__(self) -> str:  # never the text: secrets stand in it
        return f"<Reading with {len(self.problems)} problems>"


def _read(content: Content, source: Source, application: Application) -> Said:
    """Read a layer file; content that is the same object as before has been read already."""
    name, catalogue = source.name, application.catalogue
    reading = content.readings.get(name)
    if not isinstance(reading, _FileReading):
        text = content.text(name)
        try:
            root, faults = read_text(text, source, catalogue.public_path)
        except LayerError as error:
            mended = outlined(text, name).mended
            raise LayerError(_shown(problem, text, mended, name, catalogue) for problem in error.problems) from None
        branch, misfits = fit(root, catalogue, application.gone_names)
        waivers, refusals = _waivers(root, application.rules)
        problems = (*faults, *misfits, *refusals)
        is_whole = all(fault.key for fault in faults)
        reading = content.readings[name] = _FileReading(text, branch, problems, root is None, is_whole, waivers)
    texts = {name: SourceText(reading.text, name, catalogue)}
    return Said(
        reading.branch, reading.problems, reading.is_empty, reading.is_whole, texts=texts, waivers=reading.waivers
    )


def _waivers(root: Node | None, rules: Sequence[Rule]) -> tuple[Waivers, list[Problem]]:
    """The waivers of a layer file, and what is wrong with them."""
    if root is None or not isinstance(root.value, dict) or WAIVE not in root.value:
        return {}, []
    from synfinance_settings.layers.waivers import waivers_of  # few layers waive anything

    return waivers_of(root, rules)


def _shown(problem: Problem, text: str, mended: str | None, name: str, catalogue: Catalogue) -> Problem:
    """A fault of syntax with its line, where that certainly holds no secret."""
    origin = problem.origin
    if problem.code != "syntax" or mended is None or origin is None or not origin.line or not origin.column:
        return problem
    return replace(problem, excerpt=unread_excerpt(text, mended, name, origin.line, origin.column, catalogue))

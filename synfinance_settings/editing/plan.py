"""A plan: what a change would write, and what that would mean in every environment that it touches.

It is made of texts alone and writes nothing; `changes` writes what layer files are to say, `remote_change` what the
shared store is. It is one value for all commands, of one key or of several whole layers. What this machine sets besides
(variables, developers' own layers) does not hide what would be said: of that `Row.hidden_by` tells.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from synfinance_settings.editing.remarks import remarks
from synfinance_settings.errors import Origin, Problem, SettingsError
from synfinance_settings.layers.build import build
from synfinance_settings.layers.comparison import changed_keys
from synfinance_settings.layers.look import Look
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.layers.snapshot import Explanation, Snapshot, explain, trail
from synfinance_settings.layers.trial import environments_of, judge_together, listed, looks_in, placed, told_once
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.text.files import Content
from synfinance_settings.text.formats import layer_format
from synfinance_settings.text.hidden import Data, KeptText
from synfinance_settings.text.node import Branch, text_of

Target = str
"""The layer that is changed: an environment's, or the default one."""

Edit = Callable[[str, str], str]
"""The new text of a layer file, from the old one and the file's name."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one layer file: what it is."""

    target: Target
    path: Path
    name: str
    before: str | None = field(repr=False)
    after: str = field(repr=False)
    difference: tuple[str, ...]
    changed: tuple[str, ...]
    mode: int | None = None
    """The mode to write the file with: for its owner alone where it is new and says a secret."""
    found: Content = field(init=False, repr=False, compare=False)
    """The file as it was read, or an empty layer where there was none."""
    content: Content = field(init=False, repr=False, compare=False)
    """The file as it would be read after the change."""

    def __post_init__(self) -> None:
        before = layer_format(self.name).nothing if self.before is None else self.before
        object.__setattr__(self, "found", file_content(self.path, before))
        object.__setattr__(self, "content", file_content(self.path, self.after))

    @property
    def is_empty(self) -> bool:
        """True when the file would stay as it is."""
        return self.before == self.after


@dataclass(frozen=True, slots=True)
class Row:
    """One setting that a plan changes in one environment: all that is known of it before and after.

    `hidden_by` is the place of what hides the layer files on this machine; `is_lent` is true where a placeholder stands
    for the new value.
    """

    before: Explanation
    after: Explanation
    is_moved: bool
    """True where the value that counts changes."""
    hidden_by: Origin | None = None
    is_lent: bool = False

    @property
    def key(self) -> str:
        """The key of the setting."""
        return self.after.key


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a plan means in one environment: whether that validates, what changes, and what is worth a look.

    `here` is what a start on this machine would find, with all else that is set on it.
    """

    environment: str
    report: ValidationReport
    here: ValidationReport
    rows: tuple[Row, ...]
    remarks: tuple[Problem, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """What a change means: an outlook on every environment that it touches.

    `problems` is what stands against it: what is planned with any is never written. `notes` is what an operator should
    know: higher layers that hide a change, placeholders that were lent.
    """

    project: Project = field(repr=False)
    outlooks: tuple[Outlook, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def differences(self) -> tuple[tuple[str, ...], ...]:
        """What would be written, the lines of a unified diff for each place."""
        raise NotImplementedError

    @property
    def remarks(self) -> Iterator[tuple[Problem, str]]:
        """Every remark once, with the environments where it holds, unless these are all that are touched."""
        environments: dict[Problem, list[str]] = {}
        for outlook in self.outlooks:
            for remark in outlook.remarks:
                environments.setdefault(replace(remark, excerpt=None), []).append(outlook.environment)
        for remark, where in environments.items():
            yield remark, "" if len(where) == len(self.outlooks) else listed(where)

    def require(self) -> None:
        """Raise the `SettingsError` of all problems, where there are any."""
        if self.problems:
            raise SettingsError.of(self.problems)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan(Planned):
    """What would be written into layer files, one change a layer."""

    changes: tuple[Change, ...]

    @property
    def differences(self) -> tuple[tuple[str, ...], ...]:
        """The changed lines of every file."""
        return tuple(change.difference for change in self.changes)

    @property
    def is_empty(self) -> bool:
        """True when all files would stay as they are."""
        return all(change.is_empty for change in self.changes)

    @property
    def names(self) -> str:
        """The files, in a sentence."""
        return listed([change.name for change in self.changes])


def touched(project: Project, targets: Collection[Target]) -> tuple[str, ...]:
    """The environments that a change of these layers touches: of the default layer, all that there are."""
    if "default" not in targets:
        return tuple(name for name in project.application.kinds if name in targets)
    known = {*environments_of(project), *targets}
    return tuple(name for name in project.application.environment_names.values() if name in known)


def faults(project: Project, contents: Mapping[Target, Content], kept: Branch | None = None) -> list[Problem]:
    """All that stands against `contents` in the places of the layers, with what is `kept` of the only one of them.

    An environment's layer is judged by what it says itself, without what happens to be set on this machine; the
    default layer in every environment of the project.
    """
    reports = judge_together(project, contents, touched(project, contents), kept=kept)
    return [_named(problem, where, among=len(reports)) for problem, where in told_once(reports)]


def _named(problem: Problem, where: tuple[str, ...], among: int) -> Problem:
    """`problem` with the environments where it was found, unless it was found in all of `among`."""
    return problem if len(where) == among else replace(problem, message=f"in {listed(where)}: {problem.message}")


def outlooks(project: Project, changes: Iterable[Change]) -> tuple[Outlook, ...]:
    """What the changes mean in every environment that they touch."""
    changes = tuple(changes)
    contents = {change.target: change.content for change in changes}
    keys = {
        name: {key for change in changes if change.target in ("default", name) for key in change.changed}
        for name in project.application.kinds
    }
    looks = looks_in(project, keys)
    after = {name: _view(placed(look, contents), keys[name]) for name, look in looks.items()}
    others = {name: report.snapshot for name, report in after.items() if report.snapshot is not None}
    return tuple(
        _outlook(looks[name], contents, keys[name], after[name], others) for name in touched(project, contents)
    )


def _view(look: Look, keys: set[str]) -> ValidationReport:
    """The settings as the layer files of `look` have them: of `keys` nothing else tells."""
    return build(look.beside(), placeholders=True, bare=keys)


def _outlook(
    look: Look,
    contents: Mapping[Target, Content],
    keys: set[str],
    after: ValidationReport,
    others: Mapping[str, Snapshot[Any]],
) -> Outlook:
    """What `contents` mean where there is what `look` found, and they come to `after`; `others` are all environments
    after them.
    """
    return outlook(
        _view(look, keys), after, build(placed(look, contents), placeholders=True), look.project, keys, others
    )


def outlook(
    before: ValidationReport,
    after: ValidationReport,
    here: ValidationReport,
    project: Project,
    keys: set[str],
    others: Mapping[str, Snapshot[Any]],
) -> Outlook:
    """What it means in the environment of `project` that the reports `before` and `after` a change differ.

    `keys` are the settings that the change is about; `here` is what a start on this machine would find after it.
    """
    warnings: tuple[Problem, ...] = ()
    if before.snapshot is not None and after.snapshot is not None:
        keys = keys | {*changed_keys(before.snapshot.config, after.snapshot.config)}
        warnings = remarks(project.application, before.snapshot, after.snapshot, others, after.lent)
    rows = [_row(project, key, before, after, here) for key in project.application.catalogue.settings if key in keys]
    return Outlook(project.environment, after, here, tuple(rows), warnings)


def _row(project: Project, key: str, before: ValidationReport, after: ValidationReport, here: ValidationReport) -> Row:
    """The setting `key` before and after a change, and what hides the layer files on this machine."""
    snapshots = (before.snapshot, after.snapshot) if before.snapshot and after.snapshot else (None, None)
    was, now = (
        explain(project.application, report.layers, key, snapshot)
        for report, snapshot in zip((before, after), snapshots, strict=True)
    )
    texts = [[text_of(node) for node in trail(report.layers, key)][:1] for report in (before, after)]
    is_moved = was.value != now.value if snapshots[0] else texts[0] != texts[1]
    winner = next((node.origin for node in trail(here.layers, key)), None)
    files = next((node.origin for node in trail(after.layers, key)), None)
    return Row(was, now, is_moved, winner if winner != files else None, key in after.lent)


def file_text(data: bytes) -> KeptText:
    """A layer file as text, to be edited; bytes that are not UTF-8 stand in it as lone surrogates."""
    return KeptText(data.decode("utf-8", "surrogateescape"))


def file_content(path: Path, text: str) -> Content:
    """What a look at `path` finds where it holds `text`."""
    return Content(path, file_bytes(text), kept=KeptText(text) if is_utf8(text) else None)


def file_bytes(text: str) -> bytes:
    """The bytes of `file_text`, those that are not UTF-8 among them too."""
    return Data(text.encode("utf-8", "surrogateescape"))

"""Changing layer files: validate, announce, write, settle. The only writer of layer files.

A change is worked out and validated as a whole before anything is written: for an environment's layer as that
environment would load it, for the default layer in all environments. References that nothing sets are lent a
placeholder, since an editor's machine has no production secrets. One lock of the settings folder covers reading,
validating and writing, so of two changes the later one builds on the earlier.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from synfinance_settings.editing import lock
from synfinance_settings.editing.history import Entry, History, this_user
from synfinance_settings.editing.masking import holds_secret, masked_difference
from synfinance_settings.editing.splice import with_content
from synfinance_settings.errors import EditError, HistoryError, LayerError, Origin, Problem, SettingsError, door
from synfinance_settings.layers.comparison import changed_in_files
from synfinance_settings.layers.loading import build
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.layers.snapshot import Snapshot, trail
from synfinance_settings.layers.trial import (
    environments_of,
    in_environment,
    judge,
    judge_default,
    listed,
    told_once,
    without_layer,
)
from synfinance_settings.text.atomic import write_atomically
from synfinance_settings.text.files import Content
from synfinance_settings.text.formats import layer_format
from synfinance_settings.text.hidden import Data, Text
from synfinance_settings.text.node import Branch

logger: Final = logging.getLogger("synfinance_settings")

Target = str
"""The layer that is changed: an environment's, or the default one."""


_SECRET_MODE: Final = 0o600


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one layer file that validates: what it is, and what it would mean."""

    path: Path
    name: str
    before: str | None = field(repr=False)
    after: str = field(repr=False)
    difference: tuple[str, ...]
    changed: tuple[str, ...]
    notes: tuple[str, ...]
    """What an operator should know: higher layers that hide the change, placeholders that were lent."""
    mode: int | None = None
    """The mode to write the file with: for its owner alone where it is new and says a secret."""

    @property
    def content(self) -> Content:
        """The file as it would be read after the change."""
        return Content(self.path, file_bytes(self.after))

    @property
    def is_empty(self) -> bool:
        """True when the file would stay as it is."""
        return self.before == self.after


class LayerFile:
    """The layer file of `target` in the settings folder of `project`, and its history in `state_dir`.

    A change waits up to `wait` seconds for another one in the folder; `tell` hears whom it waits for.
    """

    def __init__(
        self,
        project: Project,
        target: Target,
        state_dir: Path | None,
        wait: float = lock.SECONDS,
        tell: Callable[[str], None] = logger.warning,
    ) -> None:
        if project.settings_dir is None:
            raise EditError(Problem("refused-edit", "there is no settings folder", hint=project.missing_hint()))
        self.project = project
        self.target = target
        self._folder = project.settings_dir
        self._wait, self._tell = wait, tell
        self.warnings: tuple[Problem, ...] = ()
        self.history = History(state_dir, self._folder, project.application.kinds) if state_dir else None

    @door
    def change(
        self, edit: Callable[[str, str], str], command: str, approve: Callable[[Change], bool] = lambda change: True
    ) -> Change:
        """Work out ``edit(text, name)``, validate, ask `approve` and write; returns the change, written or not.

        Raises `SettingsError` with nothing written where the edit is refused, does not validate, or the file cannot
        be written.
        """
        with lock.locked(self._folder, command, self._wait, self._tell):
            change = self.proposed(edit)
            if not change.is_empty and approve(change):
                self.write(change, command)
            return change

    @door
    def read(self) -> tuple[Path, str | None]:
        """The file of the layer and its text; None where it does not exist yet.

        Bytes that are no UTF-8 stand in the text as lone surrogates, so that nothing of the file is lost.
        """
        found = [
            content for path in self.project.candidates(self.target) if (content := self.project.read(path)).exists
        ]
        if len(found) > 1:
            names = " and ".join(self.project.name(content.path) for content in found)
            raise LayerError(Problem("two-files", f"two files for one layer: {names}"))
        if not found:
            return self.project.candidates(self.target)[0], None
        if found[0].failure:
            found[0].text(self.project.name(found[0].path))  # raises its failure
        return found[0].path, file_text(found[0].data or b"")

    @door
    def proposed(self, edit: Callable[[str, str], str]) -> Change:
        """What `change` would write; nobody is waited for, since nothing is written. Raises what that would raise."""
        path, before = self.read()
        name = self.project.name(path)
        after = Text(with_content(edit(new_text(path) if before is None else before, name), name))
        content = Content(path, file_bytes(after))
        problems = self.faults(content)
        if problems:
            raise SettingsError.of(problems)
        catalogue = self.project.application.catalogue
        files = ({path.name: file_bytes(before or "")}, {path.name: file_bytes(after)})
        changed = changed_in_files(*files, [self.target], catalogue)
        return Change(
            path=path,
            name=name,
            before=before,
            after=after,
            difference=tuple(masked_difference(name, before or "", after, catalogue)),
            changed=changed,
            notes=tuple(self._notes(content, changed)),
            mode=_SECRET_MODE if before is None and holds_secret(name, after, catalogue) else None,
        )

    @door
    def respelled(self, edit: Callable[[str, str], str], keys: Callable[[str, str], tuple[str, ...]]) -> Change:
        """What an `edit` that changes no value comes to: it is not validated, since it leaves things as they are.

        ``keys(text, name)`` are the settings whose spelling it changes.
        """
        path, before = self.read()
        if before is None:
            raise LayerError(Problem("missing-layer", f"{self.project.name(path)} is missing"))
        name = self.project.name(path)
        after = Text(edit(before, name))
        difference = tuple(masked_difference(name, before, after, self.project.application.catalogue))
        return Change(path, name, before, after, difference, keys(before, name), notes=())

    @door
    def faults(self, content: Content, kept: Branch | None = None) -> list[Problem]:
        """All that stands against `content` in the place of the layer, with what is `kept` of that.

        An environment's layer is judged by what it says itself, without what happens to be set on this machine; the
        default layer in every environment of the project.
        """
        if self.target != "default":
            return list(judge(self._here(self.target), "environment", content, placeholders=True, kept=kept).problems)
        reports = judge_default(self.project, content, self._environments(), kept=kept)
        return [_named(problem, where, among=len(reports)) for problem, where in told_once(reports)]

    def here(self, change: Change) -> ValidationReport:
        """What a start here would find after `change`, with all else that is set here; of the default layer, in the
        environment that a start would decide.
        """
        environment = self.project.environment if self.target == "default" else self.target
        return self._after(change.content, environment)

    def _after(self, content: Content, environment: str) -> ValidationReport:
        look = look_at(self._here(environment)).with_layer(self._layer, content)
        return build(look, placeholders=True)

    @property
    def _layer(self) -> str:
        return "default" if self.target == "default" else "environment"

    def _environments(self) -> tuple[str, ...]:
        return environments_of(self.project) if self.target == "default" else (self.target,)

    def _here(self, environment: str) -> Project:
        return in_environment(self.project, environment)

    def _notes(self, content: Content, changed: tuple[str, ...]) -> Iterator[str]:
        """What hides the change here, where developers' own layers and the variables of this machine count too."""
        reports = [self._after(content, environment) for environment in self._environments()]
        yield from _hiding(reports, changed, self.project.name(content.path))
        if self.project.environment_origin.source != "the argument":  # else it is not what runs here
            here = (report for report in reports if report.environment == self.project.environment)
            yield from _broken(next(here, None))
        if self.target == "default":
            note = without_layer(self.project.application, self._environments())
            yield from [note] if note else []

    @door
    def write(self, change: Change, command: str) -> None:
        """Write the file; announce the version that it is to be just before it is, and settle afterwards whether.

        Only for the one who holds the lock on the settings folder.
        """
        if self.history is None:
            write_atomically(change.path, file_bytes(change.after), change.mode, like_folder=True)
            return
        before = file_bytes(layer_format(change.name).nothing if change.before is None else change.before)
        others = {} if self.target == "default" else self._beside(self._here(self.target))
        was_valid = not self.faults(Content(change.path, before))
        found = Entry(self.target, {**others, change.path.name: before}, "found", is_valid=was_valid)
        after = {**others, change.path.name: file_bytes(change.after)}
        is_valid = was_valid or not self.faults(change.content)
        coming = Entry(self.target, after, command, change.changed, is_valid, this_user())
        with self._announcing(found, coming, change.path.name) as announce:
            write_atomically(change.path, file_bytes(change.after), change.mode, like_folder=True, ready=announce)

    def _beside(self, project: Project) -> dict[str, bytes]:
        """The layer files of the environment; raises `LayerError` where one cannot be read, as no version says."""
        look = look_at(project)
        for content in look.layer_contents:
            if content.failure:
                content.text(project.name(content.path))  # raises its failure
        return look.layer_files

    @contextmanager
    def _announcing(self, found: Entry, coming: Entry, name: str) -> Iterator[Callable[[], None]]:
        """What announces a version in the history; what was announced is settled at the end, however that comes."""
        announced = False

        def announce() -> None:
            nonlocal announced
            announced = self._kept(lambda history: history.announce(found, coming, name))

        try:
            yield announce
        finally:
            if announced:
                self._kept(History.settle)

    def _kept(self, record: Callable[[History], None]) -> bool:
        """Whether the history could be used; where it cannot be, work goes on with a warning."""
        if self.history is None:
            return False
        try:
            record(self.history)
        except HistoryError as error:
            warning = replace(error.problems[0], severity="warning")
            self.warnings = (*(known for known in self.warnings if known != warning), warning)
            return False
        return True


def new_text(path: Path) -> str:
    """How the layer file `path` begins when it is made: where its format can say so, with the schema beside it."""
    line = layer_format(path.name).schema_line
    return line if line and (path.parent / "schema.json").is_file() else ""


def file_text(data: bytes) -> str:
    """A layer file as text; bytes that are no UTF-8 stand in it as lone surrogates."""
    return Text(data.decode("utf-8", "surrogateescape"))


def file_bytes(text: str) -> bytes:
    """The bytes of `file_text`, what was no UTF-8 among them too."""
    return Data(text.encode("utf-8", "surrogateescape"))


def _named(problem: Problem, where: tuple[str, ...], among: int) -> Problem:
    """`problem` with the environments where it was found, unless it was found in all of `among`."""
    return problem if len(where) == among else replace(problem, message=f"in {listed(where)}: {problem.message}")


def _broken(report: ValidationReport | None) -> Iterator[str]:
    """A note where the change validates by itself, but not with what else is set here."""
    if report is not None and report.problems:
        first, *others = report.problems
        more = f", and {len(others)} more" if others else ""
        where = f" ({first.origin})" if first.origin else ""
        with_all = f"together with what else is set here, {report.environment}"
        yield f"{with_all} does not validate: {first.message}{where}{more}"


def _hiding(reports: list[ValidationReport], changed: tuple[str, ...], name: str) -> Iterator[str]:
    for report in reports:
        where = f" in {report.environment}" if len(reports) > 1 else ""
        for key in changed:
            hidden_by = _shadow(report.snapshot, key, name)
            if hidden_by:
                yield f"{key} is overridden{where} by {hidden_by}"
    lent = sorted({placeholder for report in reports for placeholder in report.placeholders})
    if lent:
        yield f"validated with placeholders for {', '.join(lent)}"


def _shadow(snapshot: Snapshot | None, key: str, name: str) -> Origin | None:
    """The place that hides what the file `name` says of `key`; None where nothing does."""
    said = list(trail(snapshot.layers, key)) if snapshot else []
    if said and said[0].source.name != name and any(node.source.name == name for node in said):
        return said[0].origin
    return None

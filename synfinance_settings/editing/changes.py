"""Changing layer files: plan, validate, announce, write, settle. The only writer of layer files.

A change, of one file or of several, is planned and validated as a whole before anything is written. References that
nothing sets are lent a placeholder, since an editor's machine has no production secrets. One lock of the settings
folder covers reading, validating and writing, so of two changes the later one builds on the earlier.

Several files are renamed one after the other. What is announced in the history makes them one change all the same: a
failure between two of them is undone, and what a kill left begun the next change carries out first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from synfinance_settings.editing import lock
from synfinance_settings.editing.history import Begun, Entry, History, Step, this_user
from synfinance_settings.editing.masked_difference import holds_secret, masked_difference, parses
from synfinance_settings.editing.plan import (
    Change,
    Edit,
    Outlook,
    Plan,
    Target,
    faults,
    file_bytes,
    file_text,
    outlooks,
)
from synfinance_settings.editing.splice import with_content
from synfinance_settings.errors import EditError, HistoryError, LayerError, Origin, Problem, door
from synfinance_settings.layers.build import build
from synfinance_settings.layers.comparison import changed_in_file
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.layers.snapshot import Snapshot, trail
from synfinance_settings.layers.trial import in_environment, listed, looks_in, placed, without_layer
from synfinance_settings.log import logger
from synfinance_settings.text.atomic import staged, write_atomically
from synfinance_settings.text.files import Content
from synfinance_settings.text.formats import layer_format
from synfinance_settings.text.hidden import Data, KeptText

_SECRET_MODE: Final = 0o600


class LayerFiles:
    """The layer files in the settings folder of `project`, and their history in `state_dir`.

    A change waits up to `wait` seconds for another one in the folder; `tell` hears whom it waits for, and what a killed
    one left begun.
    """

    def __init__(
        self,
        project: Project,
        state_dir: Path | None,
        wait: float = lock.SECONDS,
        tell: Callable[[str], None] = logger.warning,
    ) -> None:
        if project.settings_dir is None:
            raise EditError(Problem("refused-edit", "there is no settings folder", hint=project.missing_hint()))
        self.project = project
        self._folder = project.settings_dir
        self._wait, self._tell = wait, tell
        self.warnings: tuple[Problem, ...] = ()
        self.history = History(state_dir, self._folder, project.application.kinds) if state_dir else None

    @door
    def change(
        self,
        edits: Mapping[Target, Edit],
        command: str,
        approve: Callable[[Plan], bool] = lambda plan: True,
        reason: str | None = None,
    ) -> Plan:
        """Plan ``edits[target](text, name)``, validate, ask `approve` and write; returns the plan, written or not.

        Raises `SettingsError` with nothing written where an edit is refused, does not validate, or a file cannot be
        written.
        """
        with lock.locked(self._folder, command, self._wait, self._tell):
            self._carry_out_begun()
            plan = self.plan(edits)
            plan.require()
            if not plan.is_empty and approve(plan):
                self.write(plan.changes, command, reason, plan.project)
            return plan

    @door
    def plan(self, edits: Mapping[Target, Edit]) -> Plan:
        """What `change` would write; nobody is waited for, since nothing is written.

        Raises `SettingsError` where an edit is refused; what does not validate is in the plan itself.
        """
        project = self.project.at_one_moment()
        changes = tuple(self._changed(target, edit, project) for target, edit in edits.items())
        contents = {change.target: change.content for change in changes}
        views = outlooks(project, changes)
        problems = tuple(faults(project, contents))
        notes = tuple(self._notes(changes, views))
        return Plan(project=project, changes=changes, outlooks=views, problems=problems, notes=notes)

    @door
    def read(self, target: Target) -> tuple[Path, str | None]:
        """The file of a layer and its text; None where it does not exist yet.

        Bytes that are not UTF-8 stand in the text as lone surrogates, so that nothing of the file is lost.
        """
        return _file_of(self.project, target)

    @door
    def respelled(self, target: Target, edit: Edit, keys: Callable[[str, str], tuple[str, ...]]) -> Change:
        """What an `edit` that changes no value comes to: it is not validated, since it leaves things as they are.

        ``keys(text, name)`` are the settings whose spelling it changes.
        """
        path, before = self.read(target)
        if before is None:
            raise LayerError(Problem("missing-layer", f"{self.project.name(path)} is missing"))
        name = self.project.name(path)
        after = KeptText(edit(before, name))
        difference = tuple(masked_difference(name, before, after, self.project.application.catalogue))
        return Change(target, path, name, before, after, difference, keys(before, name))

    def here(self, plan: Plan) -> list[ValidationReport]:
        """What a start here would find after `plan`, with all else that is set here: in the environments whose layer it
        changes, for the default layer in the one that a start would choose.
        """
        contents = {change.target: change.content for change in plan.changes}
        environments = {self.project.environment if target == "default" else target: None for target in contents}
        known = {outlook.environment: outlook.here for outlook in plan.outlooks}
        others = looks_in(plan.project, [name for name in environments if name not in known])
        built = {name: build(placed(look, contents), placeholders=True) for name, look in others.items()}
        return [{**known, **built}[name] for name in environments]

    def _changed(self, target: Target, edit: Edit, project: Project) -> Change:
        """What `edit` makes of the layer of `target`, which is left as it is."""
        path, before = _file_of(project, target)
        name = project.name(path)
        after = KeptText(with_content(edit(new_text(path) if before is None else before, name), name))
        catalogue = project.application.catalogue
        is_sound = parses(name, after)
        return Change(
            target=target,
            path=path,
            name=name,
            before=before,
            after=after,
            difference=tuple(masked_difference(name, before or "", after, catalogue)) if is_sound else (),
            changed=changed_in_file(name, before or "", after, catalogue),
            mode=_SECRET_MODE if before is None and is_sound and holds_secret(name, after, catalogue) else None,
        )

    def _notes(self, changes: tuple[Change, ...], views: tuple[Outlook, ...]) -> Iterator[str]:
        """What hides the changes here, where developers' own layers and the variables of this machine count too."""
        reports = [outlook.here for outlook in views]
        for change in changes:
            yield from _hiding(
                [report for report in reports if change.target in ("default", report.environment)],
                change,
                is_alone=len(reports) == 1,
            )
        yield from lending(reports)
        if self.project.environment_origin.source != "the argument":  # else it is not what runs here
            here = (report for report in reports if report.environment == self.project.environment)
            yield from _broken(next(here, None))
        if any(change.target == "default" for change in changes):
            note = without_layer(self.project.application, [outlook.environment for outlook in views])
            yield from [note] if note else []

    @door
    def write(
        self, changes: Iterable[Change], command: str, reason: str | None = None, project: Project | None = None
    ) -> None:
        """Write the files; their versions are announced in the history just before, and settled afterwards.

        Only for a caller that holds the lock on the settings folder. Where `project` is given, it has read the other
        layer files. Raises `EditError` where a file is not any more as it was read.
        """
        written = [change for change in changes if not change.is_empty]
        project = project or self.project.at_one_moment()
        steps = self._steps(project, written, command, reason) if self.history is not None else []
        with self._announcing(steps) as announce, ExitStack() as stack:
            puts = [
                stack.enter_context(staged(change.path, change.content.data or b"", change.mode, like_folder=True))
                for change in written
            ]
            if not announce() and len(written) > 1:
                hint = "change one layer after the other, or make the state folder writable"
                message = "several layers can be written as one change only if the history can be written"
                raise EditError(Problem("refused-edit", message, hint=hint))
            for change in written:
                self._require_unmoved(change)
            _put_all(written, puts)

    def _require_unmoved(self, change: Change) -> None:
        """Raise `EditError` where the file is not as it was read: whoever edits by hand takes no lock."""
        now = self.project.read(change.path)
        if now.failure or now.data != (None if change.before is None else change.found.data):
            message = f"{change.name} has changed since it was read, and stays as it is now"
            raise EditError(Problem("refused-edit", message, origin=Origin(change.name), hint="do it again"))

    def _steps(self, project: Project, changes: list[Change], command: str, reason: str | None) -> list[Step]:
        """What the history is to be told of each file: with the layer files beside it, as they were and will be."""
        before = {change.path.name: change.found.data or Data() for change in changes}
        after = {change.path.name: change.content.data or Data() for change in changes}
        was_valid = not faults(project, {change.target: change.found for change in changes})
        is_valid = was_valid or not faults(project, {change.target: change.content for change in changes})
        steps = []
        for change in changes:
            name, target = change.path.name, change.target
            others = {} if target == "default" else self._beside(in_environment(project, target))
            names = {name, *others}
            files_before = {**others, **{other: data for other, data in before.items() if other in names}}
            files_after = {**others, **{other: data for other, data in after.items() if other in names}}
            made = Entry(target, files_after, command, change.changed, is_valid, this_user(), reason)
            steps.append(Step(Entry(target, files_before, "found", is_valid=was_valid), made, name))
        return steps

    def _beside(self, project: Project) -> dict[str, bytes]:
        """The layer files of the environment; raises `LayerError` where one cannot be read."""
        look = look_at(project)
        for content in look.layer_contents:
            if content.failure:
                content.text(project.name(content.path))  # raises its failure
        return look.layer_files

    @contextmanager
    def _announcing(self, steps: list[Step]) -> Iterator[Callable[[], bool]]:
        """A function that announces versions in the history; they are settled when the block ends, however it does."""
        announced, written = False, []

        def announce() -> bool:
            nonlocal announced
            announced = self._kept(lambda history: history.announce(*steps))
            return announced

        try:
            yield announce
            written = [step.name for step in steps]
        finally:
            if announced:
                self._kept(lambda history: history.settle(written))

    def _carry_out_begun(self) -> None:
        """Write what a killed change of several files left to be written, where that still validates."""
        unfinished: list[Begun | None] = []
        if not self._kept(lambda history: unfinished.append(history.begun())) or unfinished[0] is None:
            return
        begun = unfinished[0]
        names = listed([self.project.name(self._folder / name) for name in begun.names])
        left = {Path(name).stem: Content(self._folder / name, data) for name, data in begun.left.items()}
        if faults(self.project, left):
            rest = listed([self.project.name(self._folder / name) for name in begun.left])
            self._tell(f"{begun.command} was killed, and would no longer validate: {rest} of {names} stayed as it was")
            return
        for content in left.values():
            write_atomically(content.path, content.data or b"", like_folder=True)
        self._kept(History.settle)
        self._tell(f"{begun.command} was killed while it wrote {names}; it is carried out now")

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


def _put_all(changes: list[Change], puts: list[Callable[[], None]]) -> None:
    """Put the files in place; where one cannot be, those before it are put back."""
    done: list[Change] = []
    try:
        for change, put in zip(changes, puts, strict=True):
            put()
            done.append(change)
    except BaseException as failure:
        for change in reversed(done):
            try:
                _put_back(change)
            except LayerError:
                failure.add_note(f"{change.name} is new already, and the rest is not; the next change carries it out")
        raise


def _put_back(change: Change) -> None:
    if change.before is None:
        with suppress(FileNotFoundError):
            change.path.unlink()
    else:
        write_atomically(change.path, file_bytes(change.before), like_folder=True)


def _file_of(project: Project, target: Target) -> tuple[Path, str | None]:
    """The file of the layer `target` and its text; None where it does not exist yet."""
    contents = [content for path in project.candidates(target) if (content := project.read(path)).exists]
    if len(contents) > 1:
        names = " and ".join(project.name(content.path) for content in contents)
        raise LayerError(Problem("two-files", f"two files for one layer: {names}"))
    if not contents:
        return project.candidates(target)[0], None
    content = contents[0]
    if content.failure:
        content.text(project.name(content.path))  # raises its failure
    return content.path, content.kept or file_text(content.data or b"")


def new_text(path: Path) -> str:
    """How a new layer file `path` begins: where its format can, it names the schema beside it."""
    line = layer_format(path.name).schema_line
    return line if line and (path.parent / "schema.json").is_file() else ""


def lending(reports: Iterable[ValidationReport]) -> Iterator[str]:
    """A note on the placeholders that were lent."""
    lent = sorted({placeholder for report in reports for placeholder in report.placeholders})
    if lent:
        yield f"validated with placeholders for {', '.join(lent)}"


def _broken(report: ValidationReport | None) -> Iterator[str]:
    """A note where the change validates by itself, but not with what else is set here."""
    if report is not None and report.problems:
        first, *others = report.problems
        more = f", and {len(others)} more" if others else ""
        where = f" ({first.origin})" if first.origin else ""
        with_all = f"together with what else is set here, {report.environment}"
        yield f"{with_all} does not validate: {first.message}{where}{more}"


def _hiding(reports: list[ValidationReport], change: Change, *, is_alone: bool) -> Iterator[str]:
    for report in reports:
        where = "" if is_alone else f" in {report.environment}"
        for key in change.changed:
            hidden_by = _shadow(report.snapshot, key, change.name)
            if hidden_by:
                yield f"{key} is overridden{where} by {hidden_by}"


def _shadow(snapshot: Snapshot | None, key: str, name: str) -> Origin | None:
    """The place that hides what the file `name` says of `key`; None where nothing does."""
    nodes = list(trail(snapshot.layers, key)) if snapshot else []
    if nodes and nodes[0].source.name != name and any(node.source.name == name for node in nodes):
        return nodes[0].origin
    return None

"""Changing the shared store: plan, validate against the layers here, write in one step; who decides what stands in it.

What is in the store is text by the keys of settings, as a variable would give it, and nothing in it is expanded. A
change is planned on one reading, and written only if the store still says that; what it would come to is looked at as
with a layer file, remarks and all. No secret is written that is not allowed by name.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from synfinance_settings.editing.changes import lending
from synfinance_settings.editing.edits import secret_refusal, values_meant
from synfinance_settings.editing.history import this_user
from synfinance_settings.editing.plan import Outlook, Planned, outlook
from synfinance_settings.editing.splice import as_written
from synfinance_settings.errors import MASK, EditError, LayerError, Origin, Problem, SettingsError, door
from synfinance_settings.layers.build import build
from synfinance_settings.layers.fit import fit
from synfinance_settings.layers.layer import Finding
from synfinance_settings.layers.look import Look, look_at
from synfinance_settings.layers.output import agree, layer_text, means, plain, typed
from synfinance_settings.layers.precedence import remote_layer_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.remote_layer import RemoteLayer, is_named
from synfinance_settings.layers.report import ValidationReport
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.remote.answers import Fleet, fleet_of
from synfinance_settings.remote.reading import Reading
from synfinance_settings.remote.revisions import Note, Revision, commit, go_back_if_due, revisions
from synfinance_settings.remote.rollout import Plan as Stages
from synfinance_settings.remote.rollout import propose
from synfinance_settings.remote.store import Store
from synfinance_settings.text.expansion import is_reference
from synfinance_settings.text.files import Content, read_file
from synfinance_settings.text.format import Written, items_of
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.node import Node, Source, leaves

Values = Mapping[str, str]

_WHO: Final = "a process does as long as a ConfigWatcher runs in it; without stages it is written at once"

RemoteEdit = Callable[[Values], Values]
"""What the store is to say, from what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemotePlan(Planned):
    """What would be written into the shared store in the place of what was read, `base`."""

    place: str
    base: Reading
    values: Values = field(repr=False)
    changed: tuple[str, ...]

    @property
    def differences(self) -> tuple[tuple[str, ...], ...]:
        """The changed settings."""
        catalogue, before = self.project.application.catalogue, self.base.values or {}
        lines = [line for key in self.changed for line in _changed_lines(catalogue, key, before, self.values)]
        return ((f"--- {self.place}", f"+++ {self.place}", *lines),) if lines else ()

    @property
    def is_empty(self) -> bool:
        """True when the store would stay as it is."""
        return not self.changed


def _changed_lines(catalogue: Catalogue, key: str, before: Values, after: Values) -> Iterator[str]:
    """A setting that changes; what is none may be a secret in the place of one, and is not named."""
    is_secret = key not in catalogue.settings or catalogue.settings[key].is_secret
    name = catalogue.public_path(key)
    for sign, values in (("-", before), ("+", after)):
        if key in values:
            changed = " (changed)" if is_secret and sign == "+" and key in before else ""
            yield f"{sign}{name}: {catalogue.shown(key, values[key], None)}{changed}"


class RemoteSettings:
    """What the shared store of `project` says in its environment; `author` is who changes it, else this user here.

    Raises `EditError` where there is none.
    """

    def __init__(self, project: Project, author: str | None = None) -> None:
        self.project = project
        self._application = project.application
        layer = remote_layer_of(self._application)
        if layer is None or not is_named(project):
            variable = self._application.variables.remote_url
            hint = f"set {variable}, as in redis://:password@host:6379/0" if layer else "give it a RemoteLayer"
            raise EditError(Problem("refused-edit", "there is no shared store here", hint=hint))
        self._layer: RemoteLayer = layer
        self.author = author or f"{this_user()}@{socket.gethostname()}"
        self.store: Store = layer.store(project)

    @door
    def plan(self, edit: RemoteEdit) -> RemotePlan:
        """What `change` would write; raises `SettingsError` where the store cannot be read, or the edit is refused.

        What does not validate is in the plan itself.
        """
        base = self.store.base()
        before, values = base.values or {}, dict(edit(base.values or {}))
        places = self._application.catalogue.places
        changed = {key for key in before.keys() | values.keys() if before.get(key) != values.get(key)}
        view, report = self._outlook(base, values, changed)
        notes = (*_hidden(view), *_unexpanded(values, changed), *lending([view.here]))
        return RemotePlan(
            project=self.project,
            outlooks=(view,),
            problems=report.problems,
            notes=notes,
            place=self.store.keyspace.place,
            base=base,
            values=values,
            changed=tuple(sorted(changed, key=lambda key: (places.get(key, len(places)), key))),
        )

    @door
    def change(
        self,
        edit: RemoteEdit,
        command: str,
        approve: Callable[[RemotePlan], bool] = lambda plan: True,
        *,
        reason: str | None = None,
        confirm_within: float | None = None,
        stages: Stages | None = None,
        goes_back: bool = False,
    ) -> tuple[RemotePlan, int | None]:
        """Plan `edit`, validate, ask `approve` and write; returns the plan, and the revision where it was written.

        With `confirm_within`, in seconds, what was there comes back unless it is confirmed in that time. With `stages`
        it only begins to come into force, by these. Raises `SettingsError`, with nothing written, where the edit is
        refused, does not validate, the store cannot be reached or was changed meanwhile, and where nobody answers who
        could try a stage, or one is not well before it. What was not confirmed in time goes back first.
        """
        if not goes_back:
            go_back_if_due(self.store)  # perhaps nobody watches who would have done it
        plan = self.plan(edit)
        plan.require()
        if plan.is_empty or not approve(plan):
            return plan, None
        note = Note(self.author, command, reason, tuple(filter(self._is_setting, plan.changed)))
        fleet = fleet_of(self.store)
        if stages is not None:
            _require_triers(fleet)
            points = [answer.point for answer in fleet.present]
            return plan, propose(self.store, plan.base, plan.values, note, stages, points, fleet.highest)
        how: dict[str, Any] = {"confirm_within": confirm_within, "goes_back": goes_back, "above": fleet.highest}
        return plan, commit(self.store, plan.base, plan.values, note, **how)

    def _is_setting(self, key: str) -> bool:
        return key in self._application.catalogue.settings

    def _outlook(self, base: Reading, values: Values, changed: set[str]) -> tuple[Outlook, ValidationReport]:
        """What it means that the store says `values`, and what stands against it."""
        look, name, place = look_at(self.project), self._layer.name, self.store.keyspace.place
        keys = set(filter(self._is_setting, changed))
        before, after = (_saying(look.beside(), name, place, reading) for reading in (base, Reading(values)))
        was, will = (build(one, placeholders=True, judged=name, bare=keys) for one in (before, after))
        here = build(_saying(look, name, place, Reading(values)), placeholders=True)
        report = build(after, placeholders=True, judged=name)
        return outlook(was, will, here, self.project, keys, {}), report

    @door
    def below(self) -> Mapping[str, Any]:
        """The values that the layers below the store give; none where these do not validate without it."""
        settings = self._application.catalogue.settings
        look = _saying(look_at(self.project).beside(), self._layer.name, self.store.keyspace.place, Reading({}))
        report = build(look, placeholders=True, judged=self._layer.name, bare=settings)
        return {} if report.snapshot is None else self._application.catalogue.values_of(report.snapshot.config)


def _require_triers(fleet: Fleet) -> None:
    """Raise `EditError` where nobody could try a stage, or one is unwell already: that could not be told from harm."""
    if not fleet.present:
        raise EditError(Problem("refused-edit", "nobody answers who could try a stage", hint=_WHO))
    for answer in fleet.present:
        if not answer.is_well:
            message = (
                f"{answer.instance} (process {answer.pid}) is not well as it is: {answer.reason or 'no reason said'}"
            )
            hint = "a change by stages would go back for that; without stages it is written at once"
            raise EditError(Problem("refused-edit", message, hint=hint))


def _saying(look: Look, layer: str, place: str, reading: Reading) -> Look:
    """`look` with a store that says `reading`."""
    kept = (one for one in look.found.get(layer, ()) if isinstance(one, Content))
    return look.with_layer(layer, *kept, Finding(place, replace(reading, values=reading.values or {})))


def _hidden(view: Outlook) -> Iterator[str]:
    for row in view.rows:
        if row.hidden_by is not None:
            yield f"{row.key} is overridden here by {row.hidden_by}"


def _unexpanded(values: Values, changed: set[str]) -> Iterator[str]:
    for key in sorted(changed & values.keys()):
        if is_reference(values[key]):
            yield f"{key}: the reference stays as it is written, since nothing in the shared store is expanded"


@door
def setting(application: Application, key: str, literal: str, *, allow_secret: bool, from_stdin: bool) -> RemoteEdit:
    """Let the store say of `key` what `literal` means, as `values_meant` has it, which says what is raised."""
    meant = values_meant(application, key, literal, allow_secret=allow_secret, from_stdin=from_stdin, expands=False)
    values = {name: stored(written) for name, written in meant.items()}
    is_section = key in application.catalogue.sections
    return lambda before: {**(_outside(before, key) if is_section else before), **values}


def _outside(values: Values, section: str) -> Values:
    """`values` without those inside of `section`."""
    return {name: text for name, text in values.items() if not name.startswith(f"{section}.")}


@door
def unsetting(application: Application, key: str) -> RemoteEdit:
    """Let the store say nothing of `key`, a setting, a section or anything else that stands in it.

    The edit raises `UnknownKeyError` for what is none of these.
    """
    catalogue = application.catalogue

    def edit(before: Values) -> Values:
        if key not in before and key not in catalogue.settings and key not in catalogue.sections:
            raise catalogue.unknown_key(key)
        return {name: text for name, text in _outside(before, key).items() if name != key}

    return edit


@door
def importing(remote: RemoteSettings, path: Path, *, full: bool, allow_secret: bool) -> RemoteEdit:
    """Let the store say what the file at `path` says: what differs from the layers below it, or with `full` all of it.

    Secrets in the store that the file leaves out stay. Raises `LayerError` where there is no file or it cannot be read,
    `SettingsError` for what is not a setting, a secret that may not be written, and a reference.
    """
    project = remote.project
    application, catalogue = project.application, project.application.catalogue
    content = read_file(path.absolute())
    name = project.name(content.path)
    if not content.exists:
        raise LayerError(Problem("no-such-file", f"{path} does not exist", origin=Origin("the argument")))
    root, problems = read_text(content.text(name), Source(name, expands=True), catalogue.public_path)
    branch, misfits = fit(root, catalogue)
    nodes = {key: node for key, node in leaves(branch) if key != "environment"}
    refused = [*problems, *misfits, *_refusals(application, nodes, allow_secret=allow_secret)]
    if refused:
        raise SettingsError.of(refused)
    below = {} if full else remote.below()
    said = {key: stored(_plain(as_written(key, node))) for key, node in nodes.items()}

    def edit(before: Values) -> Values:
        secrets = {key: text for key, text in before.items() if key not in said and _is_secret(catalogue, key)}
        new = {key: text for key, text in said.items() if key in before or not _is_same(catalogue, key, text, below)}
        return {**secrets, **{key: _respelled(catalogue, key, text, before.get(key)) for key, text in new.items()}}

    return edit


def _refusals(application: Application, nodes: Mapping[str, Node], *, allow_secret: bool) -> Iterator[Problem]:
    """What may not go into the store: secrets, and what would only be expanded in a file."""
    for key, node in nodes.items():
        written = as_written(key, node)
        refusal = secret_refusal(
            application, key, written, allow_secret=allow_secret, origin=node.origin, expands=False
        )
        if refusal:
            yield refusal
        elif any(is_reference((item or "").replace("$$", "")) for item in items_of(written)):
            message = f"{key} refers to a variable, and nothing in the shared store is expanded"
            yield Problem("refused-edit", message, key, node.origin, hint="write the value itself, or leave it out")


def _plain(written: Written) -> Written:
    """What a layer file says, without the second dollar of two."""
    if isinstance(written, list):
        return [item.replace("$$", "$") if item else item for item in written]
    return written.replace("$$", "$") if written else written


def _is_secret(catalogue: Catalogue, key: str) -> bool:
    return key in catalogue.settings and catalogue.settings[key].is_secret


def _is_same(catalogue: Catalogue, key: str, text: str, values: Mapping[str, Any]) -> bool:
    """True where `text` means the value that is there anyway."""
    return key in values and means(catalogue, key, text, plain(values[key], "reveal"))


def _respelled(catalogue: Catalogue, key: str, text: str, before: str | None) -> str:
    """`text` as it was spelled before, where that means the same."""
    return before if before is not None and agree(catalogue, key, text, before) else text


def bringing_back(store: Store, number: int | None) -> tuple[RemoteEdit, Revision]:
    """What revision `number` says, by default the newest one in force that said something else, and that revision.

    Raises `RemoteError` where there is none.
    """
    kept = revisions(store)
    now = store.base().values or {}
    were_in_force = (one for one in kept if one.taken_back is None and one.values != now)
    wanted = were_in_force if number is None else (one for one in kept if one.number == number)
    revision = next(wanted, None)
    if revision is None:
        said = "keeps no revision that says something else" if number is None else f"keeps no revision {number}"
        raise store.error("no-such-version", said, "remote history lists them")
    return (lambda before: revision.values), revision


def exported_values(catalogue: Catalogue, values: Values, format: str) -> tuple[str, tuple[str, ...]]:
    """What the store says as the text of a layer file, and what is left out: secrets, and what is no setting."""
    left_out = tuple(key for key in values if key not in catalogue.settings or catalogue.settings[key].is_secret)
    kept = {
        key: typed(catalogue, key, values[key]) for key in catalogue.settings if key in values and key not in left_out
    }
    return layer_text(kept, format), left_out


def stored(written: Written) -> str:
    """A value as the store has it: as a variable would say it."""
    if written is None or isinstance(written, str):
        return written or ""
    texts = [item for item in written if item]
    joined = ",".join(texts)
    is_plain = len(texts) == len(written) > 0 and not any("," in item or item != item.strip() for item in texts)
    return joined if is_plain and not joined.startswith("[") else json.dumps(written, ensure_ascii=False)


def masked_values(catalogue: Catalogue, values: Values) -> Iterator[tuple[str, str]]:
    """What the store says as people may see it, in the order of the models; what is no setting comes last."""
    for key in [key for key in catalogue.settings if key in values]:
        yield key, catalogue.shown(key, values[key], None)
    for key in values:
        if key not in catalogue.settings:
            yield catalogue.public_path(key), MASK

"""A plan on disk: what `apply` needs to write exactly what was planned, and to refuse where the files have moved since.

It says what each layer is to say differently, key by key, and never a secret: one that would have to stand in it is
refused. Files may hold secrets, so they are known again by slow, salted digests. Who gave the file is not trusted: what
it says goes through all that an edit goes through.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any, Final

from synfinance_settings.editing.changes import new_text
from synfinance_settings.editing.edits import said_in, secret_refusal
from synfinance_settings.editing.history import this_user
from synfinance_settings.editing.plan import Edit, Plan, Target, file_bytes, touched
from synfinance_settings.editing.renames import with_new_names
from synfinance_settings.editing.splice import as_written, layer_of, set_value, unset_value, with_content
from synfinance_settings.errors import EditError, LayerError, Origin, Problem, door, printable
from synfinance_settings.layers.project import Project
from synfinance_settings.model.application import Application
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.text.files import read_file
from synfinance_settings.text.format import Written, items_of

FORMAT: Final = 1
_SALT_BYTES: Final = 16
_ROUNDS: Final = 20_000
_LONGEST_NAME: Final = 200
_MOST_KEYS: Final = 100_000


class _ShapeError(Exception):
    """What a plan file says does not have the shape of a plan."""


@dataclass(frozen=True, slots=True)
class LayerPlan:
    """What one layer is to say differently: the settings with their new values, and those that go.

    `anew` is true where the file is written anew, because it cannot be edited. `result` is the digest of the new file.
    """

    target: Target
    values: Mapping[str, Written] = field(repr=False)
    gone: tuple[str, ...]
    anew: bool
    result: str = ""

    def text(self, project: Project, text: str, name: str) -> str:
        """The new text of the layer file `name`; raises `EditError` where it cannot be made of the old one."""
        catalogue = project.application.catalogue
        if self.anew:
            return new_text(project.root / name) + layer_of(catalogue, self.values, name)
        for key, value in self.values.items():
            text = with_new_names(catalogue, text, name, key)
            text = set_value(catalogue, text, name, key, value)
        for key in self.gone:
            text = unset_value(catalogue, with_new_names(catalogue, text, name, key), name, key)
        return text


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan as it was read: who made it, the digests of the files that it was made of, and its layers."""

    name: str
    author: str
    salt: bytes
    base: Mapping[str, str]
    layers: tuple[LayerPlan, ...]

    def edits(self, project: Project) -> dict[Target, Edit]:
        """What to do with each layer; an edit raises `EditError` where a file has moved since the plan was made."""
        return {layer.target: self._edit(project, layer) for layer in self.layers}

    def _edit(self, project: Project, layer: LayerPlan) -> Edit:
        def edit(text: str, name: str) -> str:
            self._require_fresh(project)
            new = with_content(layer.text(project, text, name), name)
            if _digest(file_bytes(new), self.salt) != layer.result:
                message = f"{self.name}: {name} would become another file than was planned"
                raise EditError(Problem("stale-plan", message, hint="make the plan again"))
            return new

        return edit

    def _require_fresh(self, project: Project) -> None:
        now = _base(project, [layer.target for layer in self.layers], self.salt)
        moved = [name for name in now.keys() | self.base.keys() if now.get(name) != self.base.get(name)]
        if moved:
            named = ", ".join(printable(name) for name in sorted(moved))
            message = f"{self.name} is stale: {named} changed since it was made"
            raise EditError(Problem("stale-plan", message, hint="make the plan again, and review it"))


def storable(project: Project, target: Target, edit: Edit) -> Edit:
    """`edit`, done key by key as `apply` will do it: what is planned is what a plan file can say."""
    return lambda text, name: _derived(project, target, text, edit(text, name), name).text(project, text, name)


def stored(plan: Plan) -> dict[str, Any]:
    """What `read_plan` reads, as plain data; raises `EditError` for a plan that a file cannot say."""
    salt = os.urandom(_SALT_BYTES)
    layers = []
    for change in plan.changes:
        before = new_text(change.path) if change.before is None else change.before
        layer = _derived(plan.project, change.target, before, change.after, change.name)
        _refuse_secrets(plan.project.application, layer)
        layers.append(
            {
                "layer": layer.target,
                "file": change.path.name,
                "set": dict(layer.values),
                "unset": list(layer.gone),
                "anew": layer.anew,
                "result": _digest(file_bytes(change.after), salt),
            }
        )
    return {
        "format": FORMAT,
        "application": plan.project.application.prefix,
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "author": this_user(),
        "salt": salt.hex(),
        "base": _base(plan.project, [change.target for change in plan.changes], salt),
        "layers": layers,
    }


def _derived(project: Project, target: Target, before: str, after: str, name: str) -> LayerPlan:
    """What makes `after` of `before`, by what they say; the file anew where it cannot be edited."""
    catalogue = project.application.catalogue
    new = {key: as_written(key, node) for key, node in said_in(catalogue, after, name).items()}
    try:
        old = {key: as_written(key, node) for key, node in said_in(catalogue, before, name).items()}
        values = {key: value for key, value in new.items() if key not in old or old[key] != value}
        layer = LayerPlan(target, values, tuple(key for key in old if key not in new), anew=False)
        layer.text(project, before, name)
    except (EditError, LayerError):
        return LayerPlan(target, new, (), anew=True)
    return layer


def _refuse_secrets(application: Application[Any], layer: LayerPlan) -> None:
    refusals = (secret_refusal(application, key, value, allow_secret=False) for key, value in layer.values.items())
    problems = [problem for problem in refusals if problem is not None]
    if problems:
        raise EditError(problems)


def _base(project: Project, targets: list[Target], salt: bytes) -> dict[str, str]:
    """The digests of the layer files that a change of `targets` rests on, by their names."""
    digests: dict[str, str] = {}
    for target in dict.fromkeys(("default", *targets, *touched(project, targets))):
        for path in project.candidates(target):
            content = project.read(path)
            if content.exists:
                digests[path.name] = _digest(content.data or b"", salt)
    return digests


def _digest(data: bytes, salt: bytes) -> str:
    return hashlib.pbkdf2_hmac("sha256", data, salt, _ROUNDS, dklen=_SALT_BYTES).hex()


@door
def read_plan(application: Application[Any], path: Path) -> PlanFile:
    """The plan in the file at `path`.

    Raises `LayerError` where there is no file, `EditError` where it is not a plan, is one of another application or
    holds a secret, and `UnknownKeyError` for an unknown key.
    """
    content = read_file(path.absolute())
    name = printable(str(path))
    if not content.exists:
        raise LayerError(Problem("no-such-file", f"{name} does not exist", origin=Origin("the argument")))
    fault: str | None = None
    try:
        plan = _plan(application, name, json.loads(content.text(name)))
    except _ShapeError as error:
        fault = str(error)
    except (ValueError, RecursionError):
        fault = "it is not JSON"
    if fault is not None:
        raise EditError(Problem("refused-edit", f"{name} is not a plan: {fault}", origin=Origin(name)))
    for layer in plan.layers:
        _refuse_secrets(application, layer)
    return plan


def _plan(application: Application[Any], name: str, data: Any) -> PlanFile:
    """The plan that `data` holds; raises `_ShapeError` where it has another shape."""
    _require(isinstance(data, dict) and data.get("format") == FORMAT, f"its format is not {FORMAT}")
    _require(data.get("application") == application.prefix, f"it is not one of {application.title}")
    _require(all(_is_text(data.get(part)) for part in ("author", "salt")), "author or salt is missing")
    base, layers = data.get("base"), data.get("layers")
    _require(isinstance(base, dict) and all(map(_is_text, base.values())), "base is missing")
    _require(isinstance(layers, list) and bool(layers), "it has no layers")
    read = tuple(_layer(application, layer) for layer in layers)
    _require(len({layer.target for layer in read}) == len(read), "a layer appears in it twice")
    return PlanFile(PurePath(name).name, data["author"], bytes.fromhex(data["salt"]), base, read)


def _layer(application: Application[Any], data: Any) -> LayerPlan:
    """One layer of a plan; raises `_ShapeError` where `data` has another shape, `UnknownKeyError` for unknown keys."""
    _require(isinstance(data, dict) and isinstance(data.get("anew"), bool), "a layer is not a mapping")
    values, gone, target = data.get("set"), data.get("unset"), data.get("layer")
    _require(target == "default" or target in application.kinds, "a layer is not of a known environment")
    _require(isinstance(values, dict) and len(values) <= _MOST_KEYS, "set is not a mapping")
    _require(all(map(_is_written, values.values())), "a value is neither text, null nor a list of these")
    _require(isinstance(gone, list) and len(gone) <= _MOST_KEYS, "unset is not a list")
    _require(all(map(_is_text, (*gone, *values))), "a key is not text")
    settings = application.catalogue.settings
    for key in (*values, *gone):
        if key not in settings:
            raise application.catalogue.unknown_key(key)
    _require(_is_text(data.get("result")), "result is missing")
    return LayerPlan(str(target), values, tuple(gone), data["anew"], data["result"])


def _require(is_so: bool, fault: str) -> None:
    if not is_so:
        raise _ShapeError(fault)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and is_utf8(value) and len(value) <= _LONGEST_NAME


def _is_written(value: Any) -> bool:
    return all(item is None or (isinstance(item, str) and is_utf8(item)) for item in items_of(value))

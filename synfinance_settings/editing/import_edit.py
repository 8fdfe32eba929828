"""An import: a layer says what a file says, in place of what it said before.

What the layer says already stays as it is written there, reference, comment and all; what it would inherit with the
same value is not written, so that a later edit of the default layer is not hidden. Secrets that the file leaves out
stay. Values are compared one by one as they are read here, since a default layer need not validate alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from synfinance_settings.editing.changes import new_text
from synfinance_settings.editing.edits import said_in, secret_refusal
from synfinance_settings.editing.masked_difference import parses
from synfinance_settings.editing.plan import Edit, Target, faults
from synfinance_settings.editing.renames import with_new_names
from synfinance_settings.editing.splice import as_written, layer_of, set_value, unset_value
from synfinance_settings.errors import EditError, LayerError, Origin, Problem, SettingsError, door
from synfinance_settings.layers.fit import fit
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import placeholder
from synfinance_settings.layers.validation import values_alone
from synfinance_settings.layers.variables import DOTENV
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.text.expansion import Scope
from synfinance_settings.text.files import Content, read_file
from synfinance_settings.text.format import Written, items_of
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.hidden import without_mark
from synfinance_settings.text.node import Branch, Node, Source, leaves, put

_BLANK: Final = ("", "{}")


@door
def import_edit(project: Project, target: Target, path: Path, *, full: bool, allow_secret: bool) -> Edit:
    """Let the layer of `target` say what the file at `path` says: what differs from what it inherits, or with `full`
    all of it.

    Raises `LayerError` where there is no file, `EditError` for an empty one; the edit raises `SettingsError` with all
    that is wrong in it, secrets that may not be written among it.
    """
    content = read_file(path.absolute())
    if not content.exists:
        raise LayerError(Problem("no-such-file", f"{path} does not exist", origin=Origin("the argument")))
    name = project.name(content.path)
    if content.data is not None and not content.data.decode("utf-8-sig", "replace").strip():
        hint = "write {} into it if a layer without settings is intended"
        raise EditError(Problem("refused-edit", f"{name} is empty", origin=Origin(name), hint=hint))
    application = project.application
    catalogue = application.catalogue
    file_nodes = _given(catalogue, content, name)
    refused = [
        problem
        for key, node in file_nodes.items()
        if (
            problem := secret_refusal(
                application, key, as_written(key, node), allow_secret=allow_secret, origin=node.origin
            )
        )
    ]

    def edit(text: str, name: str) -> str:
        with suppress(SettingsError):  # what cannot be renamed is written anew
            text = with_new_names(catalogue, text, name)
        layer_nodes, is_sound = _said_before(catalogue, text, name)
        staying = {
            key: node
            for key, node in layer_nodes.items()
            if key not in file_nodes and _stays(project, target, key, node)
        }
        problems = [*refused, *faults(project, {target: content}, _branch(staying))]
        if problems:
            raise SettingsError.of(problems)
        wanted = {**_wanted(project, target, file_nodes, layer_nodes, full=full), **staying}
        values = {key: as_written(key, wanted[key]) for key in catalogue.settings if key in wanted}
        begin = new_text(project.root / name)
        if is_sound and text.strip() not in (*_BLANK, begin.strip()):
            edited = _edited(catalogue, text, name, layer_nodes, values)
            if edited is not None:
                return edited
        return begin + layer_of(catalogue, values, name)

    return edit


def _given(catalogue: Catalogue, content: Content, name: str) -> dict[str, Node]:
    """What the file says of every setting, as far as it can be read; the validation tells of the rest."""
    try:
        return _sayable(said_in(catalogue, content.text(name), name))
    except LayerError:
        return {}


def _said_before(catalogue: Catalogue, text: str, name: str) -> tuple[dict[str, Node], bool]:
    """What the layer says of every setting, and whether that is all it says, so that its text can be edited."""
    if not parses(name, text):
        return {}, False
    root, problems = read_text(without_mark(text), Source(name, expands=True))
    branch, misfits = fit(root, catalogue)
    nodes = dict(leaves(branch))
    sayable = _sayable(nodes)
    return sayable, not problems and not misfits and len(sayable) == len(nodes)


def _sayable(nodes: Mapping[str, Node]) -> dict[str, Node]:
    """Those of `nodes` that can be written again: text, null and lists of these."""
    return {key: node for key, node in nodes.items() if all(_is_plain(item) for item in _items(node))}


def _items(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else [node]


def _is_plain(node: Node) -> bool:
    return node.value is None or isinstance(node.value, str)


def _stays(project: Project, target: Target, key: str, node: Node) -> bool:
    """True for what an import leaves in the layer although the file does not say it: secrets, and whose layer it is."""
    return project.application.catalogue.settings[key].is_secret or (key == "environment" and node.value == target)


def _wanted(
    project: Project, target: Target, file_nodes: Mapping[str, Node], layer_nodes: Mapping[str, Node], *, full: bool
) -> dict[str, Node]:
    """What the layer is to say: as it says it now, where that means the same."""
    catalogue = project.application.catalogue
    look = look_at(project)
    lines = DOTENV.parsed(look.found.get(DOTENV.name, ()), project, placeholder)
    scope = Scope(project.environ, lines.values, placeholder)
    default = [content for content in look.found.get("default", ()) if isinstance(content, Content)]
    below = _given(catalogue, default[0], default[0].path.name) if default else {}
    new, old, under = (
        values_alone(project.application, _branch(nodes), scope) for nodes in (file_nodes, layer_nodes, below)
    )
    inherited = {key: setting.default for key, setting in catalogue.settings.items() if key not in below} | under
    inherited["environment"] = target

    def is_same(key: str, other: Mapping[str, Node], values: Mapping[str, Any]) -> bool:
        written = as_written(key, file_nodes[key])
        if key in other and as_written(key, other[key]) == written:
            return True
        return not _refers(written) and key in new and key in values and new[key] == values[key]

    wanted = {}
    for key, node in file_nodes.items():
        if key in layer_nodes and is_same(key, layer_nodes, old):
            wanted[key] = layer_nodes[key]
        elif full or not is_same(key, below, inherited):
            wanted[key] = node
    return wanted


def _refers(written: Written) -> bool:
    """True where what is meant depends on variables: what is the same here need not be elsewhere."""
    return any("$" in (item or "").replace("$$", "") for item in items_of(written))


def _edited(
    catalogue: Catalogue, text: str, name: str, layer_nodes: Mapping[str, Node], values: Mapping[str, Written]
) -> str | None:
    """`text` saying `values`, with all else as it was; None where it is written in a way that cannot be edited."""
    try:
        for key, value in values.items():
            if key not in layer_nodes or as_written(key, layer_nodes[key]) != value:
                text = set_value(catalogue, text, name, key, value)
        for key in layer_nodes:
            if key not in values:
                text = unset_value(catalogue, text, name, key)
    except (EditError, LayerError):
        return None
    return text


def _branch(nodes: Mapping[str, Node]) -> Branch:
    branch: Branch = {}
    for key, node in nodes.items():
        put(branch, key, node)
    return branch

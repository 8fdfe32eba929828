"""What may be asked of a layer file: set, unset, import, roll back; each as a function from text to text.

Here it is decided what an argument means (text, null, a list, a section) and which secrets may be written at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from synfinance_settings.editing.history import History, Version
from synfinance_settings.editing.plan import Edit, Target, file_text
from synfinance_settings.editing.renames import with_new_names
from synfinance_settings.editing.splice import as_written, set_value, unset_value, with_content
from synfinance_settings.errors import (
    EditError,
    LayerError,
    Origin,
    Problem,
    RollbackError,
    SettingsError,
    UnknownKeyError,
    door,
)
from synfinance_settings.layers.fit import fit
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.forms import is_utf8, read_texts
from synfinance_settings.text.expansion import is_braced, is_reference
from synfinance_settings.text.format import Written, items_of
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.node import Branch, Node, Source, leaves


@door
def setting_edit(application: Application, key: str, literal: str, *, allow_secret: bool, from_stdin: bool) -> Edit:
    """Set `key` to what `literal` means, as `values_meant` has it, which says what is raised."""
    values = values_meant(application, key, literal, allow_secret=allow_secret, from_stdin=from_stdin)
    catalogue = application.catalogue

    def edit(text: str, name: str) -> str:
        if key in catalogue.sections:
            for other in said_in(catalogue, text, name):
                if other.startswith(f"{key}.") and other not in values:
                    text = unset_value(catalogue, with_new_names(catalogue, text, name, other), name, other)
        for other, value in values.items():
            text = with_new_names(catalogue, text, name, other)
            text = set_value(catalogue, text, name, other, value)
        return text

    return edit


def values_meant(
    application: Application, key: str, literal: str, *, allow_secret: bool, from_stdin: bool, expands: bool = True
) -> Mapping[str, Written]:
    """What `literal` says, by the keys of settings: text, ``null`` where the setting may be null, a list, or the
    mapping of the section `key`.

    Where it goes, references are replaced, or it `expands` nothing. Raises `UnknownKeyError` for an unknown key, and
    `EditError` for a secret that may not be written.
    """
    if not is_utf8(literal):
        raise EditError(Problem("refused-edit", f"{key}: the value is not UTF-8", key, Origin("the argument")))
    catalogue = application.catalogue
    sections, settings = catalogue.sections, catalogue.settings
    values = _section_values(catalogue, key, literal) if key in sections else {key: _written(application, key, literal)}
    if from_stdin and not literal and key in settings and settings[key].is_secret:
        raise EditError(Problem("refused-edit", f"{key}: stdin is empty", key, hint="use unset to remove a secret"))
    refusals = (
        secret_refusal(application, name, value, allow_secret=allow_secret, from_stdin=from_stdin, expands=expands)
        for name, value in values.items()
    )
    refused = [problem for problem in refusals if problem is not None]
    if refused:
        raise EditError(refused)
    return values


@door
def unsetting_edit(application: Application, key: str) -> Edit:
    """Take `key`, a setting or a section, out; raises `UnknownKeyError` for any other key."""
    catalogue = application.catalogue
    if key not in catalogue.settings and key not in catalogue.sections:
        raise _no_key(application, key)
    return lambda text, name: unset_value(catalogue, with_new_names(catalogue, text, name, key), name, key)


def _no_key(application: Application, key: str) -> UnknownKeyError:
    meant = application.variables.keys.get(key)
    if meant is None:
        return application.catalogue.unknown_key(key)
    message = f"{key} is a variable; a layer file names the setting"
    return UnknownKeyError(Problem("unknown-key", message, key, Origin("the argument"), hint=meant))


def said_in(catalogue: Catalogue, text: str, name: str) -> dict[str, Node]:
    """What the layer file says of every setting that it names; raises `LayerError` where it does not parse."""
    return dict(leaves(fit(read_text(text, Source(name, expands=True), catalogue.public_path)[0], catalogue)[0]))


@door
def rollback_edit(
    history: History, target: Target, current: tuple[Path, str | None], number: int | None
) -> tuple[Edit, Version]:
    """Bring back the layer as version `number` has it, by default the newest version that differs from it now.

    Raises `RollbackError` where there is none.
    """
    path, now = current
    for version in history.versions():
        stored = version.files.get(path.name)
        is_meant = version.number == number
        if number is None:
            is_meant = version.environment == target and version.is_valid
        if is_meant and stored is not None and (number is not None or _brought_back(stored, path.name) != now):
            return _bringing_back(stored), version
    if number is None:
        raise RollbackError(Problem("no-such-version", f"no version of {path.name} is recorded that differs from it"))
    others = (version.environment for version in history.versions() if version.number == number)
    hint = next((f"it is one of {other}: --env {other}" for other in others), None)
    raise RollbackError(Problem("no-such-version", f"there is no version {number} of {path.name}", hint=hint))


def _bringing_back(stored: bytes) -> Edit:
    return lambda text, name: _brought_back(stored, name)


def _brought_back(stored: bytes, name: str) -> str:
    return with_content(file_text(stored), name)


def secret_refusal(
    application: Application,
    key: str,
    value: Written,
    *,
    allow_secret: bool,
    from_stdin: bool = True,
    origin: Origin | None = None,
    expands: bool = True,
) -> Problem | None:
    """What is wrong with the value of a secret that would stand in a file or in the shared store, or has stood in a
    command line.

    A reference in braces is not refused where it `expands`: nobody writes a password that way, while one may well begin
    with a dollar.
    """
    items = items_of(value)
    is_secret = application.catalogue.settings[key].is_secret
    if not is_secret or all(item is None or item == "" or (expands and is_braced(item)) for item in items):
        return None
    variable = application.variables.names[key][-1]
    if not allow_secret:
        message = f"{key} is a secret and does not belong in {'a file' if expands else 'the shared store'}"
        braces = "; a reference is written in braces: ${NAME}" if expands and "$" in str(items) else ""
        hint = f"set {variable} or {variable}_FILE instead, or pass --allow-secret{braces}"
        return Problem("refused-edit", message, key, origin, hint=hint)
    if not from_stdin:
        message = f"{key} is a secret and must not be given on the command line"
        return Problem("refused-edit", message, key, origin, hint="give - as the value and pass the secret on stdin")
    return None


def _written(application: Application, key: str, literal: str) -> Written:
    """What `literal` means as the value of a setting: null, a list, or text."""
    setting = application.catalogue.settings.get(key)
    if setting is None:
        raise _no_key(application, key)
    if literal == "null" and setting.nullable:
        return None
    if not setting.form.endswith("list") or is_reference(literal):
        return literal
    if literal.startswith("["):
        node = _parsed(literal, key)
        if isinstance(node.value, list):
            return as_written(key, node)
        raise EditError(Problem("refused-edit", f"{key}: the value is not a list", key))
    return list(read_texts(literal))


def _section_values(catalogue: Catalogue, key: str, literal: str) -> Mapping[str, Written]:
    node = _parsed(literal, key)
    for part in reversed(key.split(".")):
        node = _under(part, node)
    branch, problems = fit(node, catalogue)
    if problems:
        raise SettingsError.of(problems)
    return _flat(branch)


def _under(name: str, node: Node) -> Node:
    return Node({name: node}, node.source, node.line, node.column)


def _parsed(literal: str, key: str) -> Node:
    """The YAML or JSON literal given as a value."""
    origin = Origin("the argument")
    try:
        node, problems = read_text(literal, Source(origin.source))
    except LayerError:
        node, problems = None, []
    if node is None or node.value is None or problems:
        raise EditError(Problem("refused-edit", f"{key}: the value is not valid YAML or JSON", key, origin))
    return node


def _flat(branch: Branch) -> dict[str, Written]:
    """What `branch` says of every setting, as it would be written."""
    return {key: as_written(key, node) for key, node in leaves(branch)}

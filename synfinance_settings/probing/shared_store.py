"""A live check of the shared store that variables name: is it there, does it let this user read and listen, what is in
it; nothing where none is named.
"""

from __future__ import annotations

from collections.abc import Iterator

from synfinance_settings.errors import SettingsError, counted
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.remote_layer import RemoteLayer, instance_of, is_named
from synfinance_settings.probing.finding import Finding

_CHECK = "shared store"


def findings(project: Project) -> Iterator[Finding]:
    """What this instance would read from the store of `project`."""
    layer = next((layer for layer in layers_of(project.application) if isinstance(layer, RemoteLayer)), None)
    if layer is None or not is_named(project):
        return
    try:
        store = layer.store(project)
        reading = store.read(instance_of(project))
        store.hear()
    except SettingsError as error:
        problem = error.problems[0]
        yield Finding(_CHECK, "fail", problem.message, problem.hint, problem.code)
        return
    if reading.values is None:
        yield Finding(_CHECK, "warn", f"{store.address} answers, and holds nothing yet", code="missing-layer")
        return
    settings = counted(len(reading.values), "setting")
    revision = f", revision {reading.revision}" if reading.revision is not None else ""
    if reading.is_forced:
        message = f"{store.address} answers: {settings}{revision}, changed past the commands since"
        yield Finding(_CHECK, "warn", message, "the next change by a remote command keeps it as a revision")
    else:
        yield Finding(_CHECK, "ok", f"{store.address} answers: {settings}{revision}")

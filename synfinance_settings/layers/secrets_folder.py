"""A folder of secret files as a layer: one file a setting, as docker, Kubernetes and systemd hand secrets over.

A file is named as the key (``till.token``) or as any variable of the setting, in any case. Names that begin with
a dot are nobody's: Kubernetes keeps there what its links lead to.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from synfinance_settings.errors import Origin, Problem, printable
from synfinance_settings.layers.environ import FormerVariable, Variable, settled
from synfinance_settings.layers.layer import Finding, Found, Glance, Layer, Said, nothing_lent
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.secret_files import secret_value, target
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import MOST_SUGGESTIONS
from synfinance_settings.model.evolution import OldName
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Content, Failure
from synfinance_settings.text.node import Branch


class SecretsFolderLayer(Layer):
    """The folder that the variable of the process names; a relative path counts from the project's root."""

    name = "secrets folder"

    def paths(self, project: Project) -> tuple[Path, ...]:
        """The folder, where one is named: files that come into it may be read."""
        named = project.environ.get(project.application.variables.secrets_dir)
        return (target(project.root, named),) if named else ()

    def look(self, glance: Glance) -> Iterable[Found]:
        """The names in the folder, and the files of those that set something; nothing where no folder is named."""
        project = glance.project
        named = project.environ.get(project.application.variables.secrets_dir)
        if named is None:
            return ()
        listing, keys = _listing(project, named), {**_keys(project.application), **_old(project.application)}
        files = [os.path.join(named, name) for name in listing.data or () if name.lower() in keys]  # noqa: PTH118
        return [listing, *map(glance.read_target, files)]

    def rests_on_files(self, project: Project) -> bool:
        """Always."""
        return True

    def say(self, found: Sequence[Found], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that files are named after."""
        if not found:
            return Said({}, is_empty=True)
        listing, *files = found
        if listing.failure:
            variable = project.application.variables.secrets_dir
            code, fault, _ = listing.failure
            problem = Problem(code, f"the secrets folder {fault}", origin=Origin(f"env {variable}"))
            return Said({}, problems=(problem,), is_whole=False, left_out=(self.name,))
        assert isinstance(listing, Finding), "a folder is no file"
        branch, problems = _said(project, [file for file in files if isinstance(file, Content) and file.exists])
        folder = project.name(listing.place)
        return Said(branch, (*_strays(project.application, folder, listing.data), *problems))


def _listing(project: Project, named: str) -> Finding:
    """The names in the folder, or why they cannot be had."""
    folder = target(project.root, named)
    shown = printable(repr(named))
    try:
        names = os.listdir(folder) if named else None
    except (FileNotFoundError, ValueError):
        names = None
    except NotADirectoryError:
        return Finding(folder, failure=Failure("no-such-file", f"{shown} is not a folder"))
    except OSError as error:
        return Finding(folder, failure=Failure("unreadable", f"{shown} cannot be listed: {error.strerror}"))
    if names is None:
        return Finding(folder, failure=Failure("no-such-file", f"{shown} does not exist"))
    return Finding(folder, tuple(sorted(name for name in names if not name.startswith("."))))


def _keys(application: Application) -> dict[str, str]:
    """The settings by what a file of theirs may be called, in lower case."""
    variables = {name.lower(): key for name, key in application.variables.keys.items()}
    return {key.lower(): key for key in application.catalogue.settings} | variables


def _old(application: Application) -> dict[str, OldName]:
    """The names that settings had before by what a file of theirs may be called, in lower case."""
    variables = {name.lower(): old for name, old in application.variables.old.items()}
    return {key.lower(): old for key, old in application.catalogue.old_names.items()} | variables


def _said(project: Project, files: Sequence[Content]) -> tuple[Branch, list[Problem]]:
    """The settings that `files` are named after; a file named as the key counts before one named as a variable."""
    application = project.application
    keys, old = _keys(application), _old(application)
    spellings: dict[str, list[Variable]] = {}
    known = [file for file in files if file.path.name.lower() in keys]
    for file in sorted(known, key=lambda file: _rank(application, keys, file.path.name)):
        key = keys[file.path.name.lower()]
        spellings.setdefault(key, []).append(_variable(key, file, project.name(file.path)))
    former = [
        FormerVariable(name, _variable(name.now, file, project.name(file.path)), name.now)
        for file in files
        if file.path.name.lower() not in keys
        for name in [old[file.path.name.lower()]]
    ]
    return settled(application, spellings, former)


def _rank(application: Application, keys: Mapping[str, str], name: str) -> tuple[int, str]:
    spelled, key = name.lower(), keys[name.lower()]
    if spelled == key:
        return 0, name.swapcase()  # keys are lower case, variables upper
    return 1 + [variable.lower() for variable in application.variables.names[key]].index(spelled), name


def _variable(key: str, file: Content, name: str) -> Variable:
    """A file as the variable that it stands for."""
    value, origin = secret_value(file, key, name), Origin(name)
    value = replace(value, key=key, origin=origin) if isinstance(value, Problem) else value
    return Variable(name, value, origin, is_inserted=True)


def _strays(application: Application, folder: str, names: Iterable[str]) -> Iterator[Problem]:
    """The warnings of names that lead nowhere."""
    keys, reserved = _keys(application), {name.lower() for name in application.variables.reserved}
    old = _old(application)
    strays = [name for name in names if name.lower() not in keys and name.lower() not in old]
    for number, name in enumerate(strays):
        origin = Origin(f"{folder}/{name}")
        if name.lower() in reserved:
            message = f"{name.upper()} is read from the process environment only"
            yield Problem("ignored", message, origin=origin, severity="warning")
            continue
        near = _near(application, name) if number < MOST_SUGGESTIONS else None
        hint = f"did you mean {near}?" if near else None
        message = f"{printable(str(origin))} is not named after a setting"
        yield Problem("unknown-variable", message, origin=origin, hint=hint, severity="warning")


def _near(application: Application, name: str) -> str | None:
    """The key or the variable that a name most likely means."""
    if "." in name:
        return application.catalogue.suggestion(name)
    prefix = application.variables.prefix
    return application.variables.near(prefix + name.upper().removeprefix(prefix))

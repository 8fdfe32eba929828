"""The bytes of everything that a load reads, from one look: the only part of a load that touches files.

A reload uses the very bytes that were compared, and what was made of a file that stays as it was is kept.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePath

from synfinance_settings.errors import EditError, Problem, printable
from synfinance_settings.layers.environ import (
    dotenv_variables,
    secret_files,
)
from synfinance_settings.layers.project import SUFFIXES, Project, parse_dotenv
from synfinance_settings.layers.stray_files import strays
from synfinance_settings.text.dotenv import DotEnv
from synfinance_settings.text.files import Content


@dataclass(frozen=True, slots=True)
class Look:
    """The bytes of everything that a load reads, as one look found them for `project`."""

    project: Project
    files: Mapping[str, tuple[Content, ...]] = field(repr=False)
    dotenv: Content = field(repr=False)
    secrets: Mapping[str, Content] = field(repr=False)
    looked_at: datetime = field(compare=False)
    ignored: tuple[str, ...] = ()
    parsed: DotEnv | None = field(default=None, repr=False, compare=False)
    strays: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    """Files that no layer reads, with the names that would be read; no value comes from them."""

    generation: int = field(default_factory=itertools.count(1).__next__, compare=False)
    """Which look of this process it is; what is made of a look by leaving something out is of that look."""

    def changed(self, before: Look | None) -> set[Path]:
        """The paths at which there is something else than in the look `before`, something new, or nothing any more."""
        now, then = self.present, before.present if before else {}
        return {path for path in now.keys() | then.keys() if now.get(path) != then.get(path)}

    @property
    def layer_contents(self) -> list[Content]:
        """What the look found of the layer files, lowest layer first."""
        return [content for contents in self.files.values() for content in contents]

    @property
    def contents(self) -> dict[Path, Content]:
        """What the look found at every path."""
        return {content.path: content for content in (*self.layer_contents, self.dotenv, *self.secrets.values())}

    @property
    def present(self) -> dict[Path, Content]:
        """What the look found where there was something."""
        return {path: content for path, content in self.contents.items() if content.exists}

    def only(self, layer: str) -> Look:
        """The same with one layer file and nothing else."""
        files = {layer: self.files.get(layer, ())}
        return replace(
            self, files=files, dotenv=Content(self.dotenv.path), secrets={}, ignored=(), parsed=None, strays=()
        )

    def with_layer(self, layer: str, content: Content) -> Look:
        """The same with `content` as the file of `layer`."""
        return replace(self, files={**self.files, layer: (content,)})

    def without_local(self) -> Look:
        """The same without developers' own layers."""
        return replace(
            self, files={layer: found for layer, found in self.files.items() if not layer.endswith(".local")}
        )

    @property
    def layer_files(self) -> dict[str, bytes]:
        """The layer files that were read, by their names."""
        return {content.path.name: content.data for content in self.layer_contents if content.data is not None}


def stored_look(project: Project, now: Look, files: Mapping[str, bytes]) -> Look:
    """`now` with other layer files: those of a version of the history, by their names."""
    folder = project.settings_dir or project.root
    layers = {
        layer: tuple(Content(folder / name, data) for name, data in files.items() if PurePath(name).stem == stem)
        for layer, stem in layer_stems(project).items()
    }
    return replace(now, files=layers)


def look_at(project: Project, before: Look | None = None) -> Look:
    """Look once at every file that may give a value in `project`; what cannot be read is recorded, not raised.

    What is as it was in `before` keeps what was made of it; ``.env``, whose lines ask the variables, only where these
    are the same too.
    """
    known = before.contents if before else {}

    def at(path: Path) -> Content:
        content = project.read(path)
        same = known.get(path)
        return same if same == content else content

    present = _listing(project.settings_dir)
    files: dict[str, tuple[Content, ...]] = {}
    ignored: list[str] = []
    for layer, stem in layer_stems(project).items():
        paths = project.candidates(stem, present)
        if layer == "environment" and project.config_path is not None:
            paths = (project.config_path,)
        if stem.endswith(".local") and not project.kind.local_layers:
            ignored += [project.name(path) for path in paths if present is not None or project.read(path).exists]
            continue
        files[layer] = tuple(filter(lambda content: content.exists, map(at, paths)))
    dotenv = at(project.env_file)
    parsed = before.parsed if before and before.dotenv == dotenv and before.project == project else None
    parsed = parsed or parse_dotenv(dotenv, project.name(project.env_file), project.environ)
    prefix, names = project.application.prefix, project.application.variables
    named = [*secret_files(dotenv_variables(parsed, prefix), names)]
    named += secret_files(project.environ.variables(prefix), names)
    secrets = {path: project.read_target(path) for path in named}
    unread = strays(present or frozenset(), project.application)
    if unread and project.config_path is not None:
        unread = tuple(found for found in unread if found[0] != project.config_path.name)
    return Look(project, files, dotenv, secrets, datetime.now(UTC), tuple(ignored), parsed, unread)


def candidates(project: Project, look: Look) -> tuple[Path, ...]:
    """The paths that may give values, whether they exist or not; `look` tells which secret files are named."""
    layers = [path for stem in layer_stems(project).values() for path in project.candidates(stem)]
    given = [project.config_path] if project.config_path else []
    return (*layers, *given, project.env_file, *(content.path for content in look.secrets.values()))


def refuse_read_place(project: Project, path: Path, *, but_new_dotenv: bool = False) -> None:
    """Raise `EditError` where `path` is a place that a load reads, in any environment, so that nothing replaces it.

    With `but_new_dotenv` the place of ``.env`` is let pass while there is no file.
    """
    try:
        real = Path(os.path.realpath(path))
    except ValueError:  # what can be no path is read by nobody, and whoever writes there says so
        return
    if but_new_dotenv and real == Path(os.path.realpath(project.env_file)) and not real.exists():
        return
    hint = "write another file, and take over by hand what is needed"
    read = {*candidates(project, look_at(project))}
    for folder in _settings_folders(project, real):
        for environment in project.application.environment_names.values():
            there = replace(project, settings_dir=folder, environment=environment)
            for layer, stem in layer_stems(there).items():
                found = there.candidates(stem)
                read.update(found)
                if real in map(_real, found) and not layer.endswith(".local"):
                    hint = f"import replaces a layer and set changes it, with the way back: import FILE --env {stem}"
    if real in map(_real, read):
        message = f"{printable(str(path))} is read by every start, so nothing else is written there"
        raise EditError(Problem("refused-edit", message, hint=hint))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _settings_folders(project: Project, path: Path) -> Iterator[Path]:
    """The settings folder of `project`, and the one of another checkout where `path` lies in such."""
    if project.settings_dir:
        yield project.settings_dir
    if any((path.parent / f"default{suffix}").exists() for suffix in SUFFIXES):
        yield path.parent


def layer_stems(project: Project) -> dict[str, str]:
    """The layer files by their layers: the names they have before the suffix."""
    environment = project.environment
    return {
        "default": "default",
        "environment": f"{environment}",
        "default.local": "default.local",
        "environment.local": f"{environment}.local",
    }


def _listing(folder: Path | None) -> frozenset[str] | None:
    """The names in `folder`; None where it cannot be listed, so that each name must be tried."""
    try:
        return frozenset(os.listdir(folder)) if folder else frozenset()
    except FileNotFoundError:
        return frozenset()
    except OSError:
        return None

"""What everything that a load reads says, from one look: the only part of a load that touches the world.

A reload uses the very bytes that were compared, and what was made of an unchanged file is kept.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Collection, Hashable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Final

from synfinance_settings.errors import EditError, Problem, printable
from synfinance_settings.layers.layer import Found, Glance
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.stray_files import strays
from synfinance_settings.record import Record
from synfinance_settings.text.files import Content
from synfinance_settings.text.formats import layer_suffixes

_GENERATIONS: Final = itertools.count(1)


class Look(Record):
    """What one look at `project` `found` of each layer, by their names, lowest layer first."""

    project: Project
    found: Mapping[str, tuple[Found, ...]]
    looked_at: datetime
    generation: int
    """Which look of this process it is; what is made of a look by leaving something out is of that look."""

    ignored: tuple[str, ...] = ()
    """What there is of developers' own layers where the environment ignores them."""

    strays: tuple[tuple[str, str], ...] = ()
    """Files that no layer reads, with the names that would be read; no value comes from them."""

    names: frozenset[str] | None = None
    """The names in the settings folder, None where it could not be listed."""

    def __repr__(self) -> str:  # never what was found: it may hold secrets
        return f"<Look {self.generation} at {self.project!r}>"

    def changed(self, before: Look | None) -> set[Hashable]:
        """The places where there is something else than in the look `before`, something new, or nothing any more."""
        now, then = self.present, before.present if before else {}
        return {place for place in now.keys() | then.keys() if now.get(place) != then.get(place)}

    @property
    def contents(self) -> dict[Hashable, Found]:
        """What the look found at every place."""
        return {content.place: content for of_layer in self.found.values() for content in of_layer}

    @property
    def present(self) -> dict[Hashable, Found]:
        """What the look found where there was something."""
        return {place: content for place, content in self.contents.items() if content.exists}

    @property
    def files(self) -> tuple[Path, ...]:
        """The files there are."""
        return tuple(content.path for content in self.present.values() if isinstance(content, Content))

    @property
    def layer_contents(self) -> list[Content]:
        """What the look found of the files of the settings folder, lowest layer first."""
        contents = (one for layer in layer_stems(self.project) for one in self.found.get(layer, ()))
        return [content for content in contents if isinstance(content, Content)]

    @property
    def layer_files(self) -> dict[str, bytes]:
        """Those that were read, by their names."""
        return {content.path.name: content.data for content in self.layer_contents if content.data is not None}

    @property
    def private_files(self) -> tuple[Path, ...]:
        """The files there are that are not layer files, and may hold secrets: ``.env``, and those that are a value."""
        layer_files = {content.path for content in self.layer_contents}
        return tuple(path for path in self.files if path not in layer_files)

    def only(self, layer: str) -> Look:
        """The same with one layer and nothing else."""
        return self._replace(found={layer: self.found.get(layer, ())}, ignored=(), strays=())

    def with_layer(self, layer: str, *found: Found) -> Look:
        """The same with `found` in the place of all that was found of `layer`."""
        return self._replace(found={**self.found, layer: found})

    def beside(self) -> Look:
        """The same without the layers that do not count where another one is judged by itself."""
        counted = {layer.name for layer in layers_of(self.project.application) if layer.counts_beside}
        return self._replace(found={layer: found for layer, found in self.found.items() if layer in counted})


def stored_look(now: Look, files: Mapping[str, bytes]) -> Look:
    """`now` with other layer files: those of a version of the history, by their names."""
    folder = now.project.settings_dir or now.project.root
    layers = {
        layer: tuple(Content(folder / name, data) for name, data in files.items() if PurePath(name).stem == stem)
        for layer, stem in layer_stems(now.project).items()
    }
    return now._replace(found={**now.found, **layers})


def look_at(project: Project, before: Look | None = None, names: frozenset[str] | None = None) -> Look:
    """Look once at every place that may give a value in `project`; what cannot be had is recorded, not raised.

    What has not changed since `before` keeps what was made of it. With `names`, those in the settings folder, the
    system is believed that a file has not.
    """
    glance = Glance(project, before.contents if before else {}, names)
    found: dict[str, tuple[Found, ...]] = {}
    ignored: list[str] = []
    for layer in layers_of(project.application):
        there = tuple(map(glance.same, layer.look(glance)))
        if layer.is_local and not project.kind.local_layers:
            ignored += [project.name(one.place) for one in there if one.exists]
        else:
            found[layer.name] = there
    unread = strays(glance.present or frozenset(), project.application)
    if unread and project.config_path is not None:
        unread = tuple(stray for stray in unread if stray[0] != project.config_path.name)
    return Look(project, found, datetime.now(UTC), next(_GENERATIONS), tuple(ignored), unread, glance.present)


def names_since(look: Look, hinted: Collection[str]) -> frozenset[str] | None:
    """The names in the settings folder, as `look` found them but for the paths that are `hinted`; None where the folder
    itself is one of them.

    To list it would cost a busy program several turns of the interpreter.
    """
    folder = str(look.project.settings_dir)
    if look.names is None or folder in hinted:
        return None
    told = {name: path for path in hinted if (name := _name_in(folder, path))}
    there = {name for name, path in told.items() if os.path.lexists(path)}
    return look.names.difference(told) | there


def _name_in(folder: str, path: str) -> str:
    """The name of what stands at `path` in `folder`; empty where it stands elsewhere."""
    parent, name = os.path.split(path)
    return name if parent == folder else ""


def candidates(look: Look) -> tuple[Path, ...]:
    """The files that may give values, whether they exist or not; `look` tells which are named by variables."""
    project = look.project
    known = [path for layer in layers_of(project.application) for path in layer.paths(project)]
    return (*known, *(content.path for content in look.contents.values() if isinstance(content, Content)))


def refuse_read_place(project: Project, path: Path, *, but_new_dotenv: bool = False) -> None:
    """Raise `EditError` where `path` is a place that a load reads, in any environment, so that nothing replaces it.

    With `but_new_dotenv` the place of ``.env`` is allowed while there is no file.
    """
    try:
        real = Path(os.path.realpath(path))
    except ValueError:  # what cannot be a path is read by nobody, and whoever writes there says so
        return
    if but_new_dotenv and real == Path(os.path.realpath(project.env_file)) and not real.exists():
        return
    hint = "write to another file, and copy what is needed by hand"
    read = {*candidates(look_at(project))}
    for folder in _settings_folders(project, real):
        for environment in project.application.environment_names.values():
            there = project._replace(settings_dir=folder, environment=environment)
            for layer in layers_of(there.application):
                stem, paths = layer.stem(environment), layer.paths(there)
                read.update(paths)
                if stem and real in map(_real, paths) and not layer.is_local:
                    hint = f"to change a layer use set or import, which can be undone: import FILE --env {stem}"
    if real in map(_real, read):
        message = f"{printable(str(path))} is read at every start, so nothing else is written there"
        raise EditError(Problem("refused-edit", message, hint=hint))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _settings_folders(project: Project, path: Path) -> Iterator[Path]:
    """The settings folder of `project`, and the one of another checkout where `path` lies in such."""
    if project.settings_dir:
        yield project.settings_dir
    if any((path.parent / f"default{suffix}").exists() for suffix in layer_suffixes()):
        yield path.parent


def layer_stems(project: Project) -> dict[str, str]:
    """The names that layer files have before the suffix, by their layers, lowest first."""
    stems = ((layer.name, layer.stem(project.environment)) for layer in layers_of(project.application))
    return {name: stem for name, stem in stems if stem is not None}

"""Gives the old names in the files of a project their new ones: in every layer, in ``.env`` and in templates of it.

All is worked out before anything is written, under the lock of the settings folder, and nothing is written where one
file cannot be done. No value changes, so nothing is validated: layers that are broken for another reason are renamed
all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from synfinance_settings.editing import lock
from synfinance_settings.editing.changes import LayerFiles
from synfinance_settings.editing.plan import Change, file_bytes, file_text
from synfinance_settings.editing.renames import old_names_in, old_references, old_spellings, referring, with_new_names
from synfinance_settings.errors import EditError, LayerError, Origin, Problem, door
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project
from synfinance_settings.log import logger
from synfinance_settings.model.variables import VariableNames
from synfinance_settings.record import Record
from synfinance_settings.text.atomic import write_atomically
from synfinance_settings.text.dotenv import Assignment, assignments, read_dotenv
from synfinance_settings.text.hidden import Text

TEMPLATES: Final = (".env.example", ".env.sample", ".env.template", ".env.dist")
"""What the templates of ``.env`` are called that people keep beside it."""


class Rename(Record):
    """A key or variable `old`, which is `new` today, in the `line` (from 1) of a `file`; a variable of the process has
    neither.
    """

    file: str | None
    line: int | None
    old: str
    new: str

    def as_dict(self) -> dict[str, str | int | None]:
        """The rename as plain data, for scripts."""
        return {"file": self.file, "line": self.line, "old": self.old, "new": self.new}


@dataclass(frozen=True, slots=True)
class DotenvChange:
    """What is renamed in a ``.env``, or a template of one."""

    path: Path
    name: str
    before: str = field(repr=False)
    after: str = field(repr=False)
    renamed: tuple[Rename, ...]


@dataclass(frozen=True, slots=True)
class Migration:
    """What is to be `renamed` in the files of a project, and what is `left` for people to do."""

    layers: tuple[tuple[LayerFiles, Change], ...]
    dotenvs: tuple[DotenvChange, ...]
    renamed: tuple[Rename, ...]
    left: tuple[Rename, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The files that change."""
        return (*(change.name for _, change in self.layers), *(dotenv.name for dotenv in self.dotenvs))

    @property
    def notes(self) -> Iterator[str]:
        """What is left, in words."""
        for file, _, old, new in self.left:
            if file is None:
                yield f"{old} in the process environment is now {new}; rename it where it is set"
            else:
                yield f"{old} in {file} keeps its name, since something refers to it: rename both by hand"

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What was met while writing."""
        return tuple(dict.fromkeys(warning for layer, _ in self.layers for warning in layer.warnings))


@door
def migrate(
    project: Project,
    state_dir: Path | None,
    *,
    dry_run: bool = False,
    wait: float = lock.SECONDS,
    tell: Callable[[str], None] = logger.warning,
) -> Migration:
    """Rename what has an old name in the files of `project`, and keep a version of each layer; says what was renamed.

    With `dry_run` nothing is written. Raises `SettingsError`, with nothing written, where a file cannot be read, gives
    a setting by two names that differ, or is written in a way in which a name cannot safely be changed.
    """
    folder = project.settings_dir
    with nullcontext() if dry_run or folder is None else lock.locked(folder, "migrate", wait, tell):
        migration = _worked_out(project, state_dir)
        if not dry_run:
            for layer, change in migration.layers:
                layer.write([change], "migrate")
            for dotenv in migration.dotenvs:
                write_atomically(dotenv.path, file_bytes(dotenv.after))
        return migration


def _worked_out(project: Project, state_dir: Path | None) -> Migration:
    """All that is to be renamed in the files of `project`, and what is left for people to do; nothing is written."""
    catalogue, names = project.application.catalogue, project.application.variables

    def keys(text: str, name: str) -> tuple[str, ...]:
        return tuple(sorted(old.now for old in old_names_in(catalogue, text, name)))

    files = [
        (layer, layer.respelled(stem, lambda text, name: with_new_names(catalogue, text, name), keys))
        for stem, layer in _layer_files(project, state_dir)
    ]
    texts = {path: text for path in _dotenvs(project) if (text := _text(project, path)) is not None}
    referred = _referred([*(change.after for _, change in files), *texts.values()], names)
    layers = tuple((layer, change) for layer, change in files if not change.is_empty)
    dotenvs = [_dotenv(project, path, text, referred) for path, text in texts.items()]
    dotenvs = [dotenv for dotenv in dotenvs if dotenv.before != dotenv.after]
    in_layers = [
        Rename(change.name, line, old.key, old.now)
        for _, change in layers
        for line, old in old_spellings(catalogue, change.before or "", change.name)
    ]
    return Migration(
        layers,
        tuple(dotenvs),
        (*in_layers, *(renamed for dotenv in dotenvs for renamed in dotenv.renamed)),
        tuple(_left(project, texts, referred)),
    )


def _left(project: Project, texts: Mapping[Path, str], referred: Container[str]) -> Iterator[Rename]:
    """The old variables that something refers to, and those of the process."""
    names = project.application.variables
    for path, text in texts.items():
        for found in assignments(text):
            today = _today(names, found.name)
            if today and found.value is not None and found.name in referred:
                yield Rename(project.name(path), found.line, found.name, today)
    for name in project.environ:
        if today := _today(names, name):
            yield Rename(None, None, name, today)


def _layer_files(project: Project, state_dir: Path | None) -> Iterator[tuple[str, LayerFiles]]:
    """The layer files that there are, of all environments; developers' own ones have no history."""
    kinds = project.application.kinds
    stems = (layer.stem(kind) for layer in layers_of(project.application) for kind in kinds)
    for stem in dict.fromkeys(filter(None, stems)) if project.settings_dir else ():
        layer = LayerFiles(project, state_dir if stem in ("default", *kinds) else None)
        if layer.read(stem)[1] is not None:
            yield stem, layer


def _dotenvs(project: Project) -> Iterator[Path]:
    yield project.env_file
    yield from (path for name in TEMPLATES if (path := project.root / name) != project.env_file)


def _text(project: Project, path: Path) -> str | None:
    """The text of a file, None where it does not exist; raises `LayerError` for one that cannot be read."""
    content = project.read(path)
    if content.failure:
        content.text(project.name(path))  # raises its failure
    if content.data is None:
        return None
    text = file_text(content.data)
    if problems := read_dotenv(text, project.name(path), {}).problems:
        raise LayerError(problems)
    return text


def _today(names: VariableNames, variable: str) -> str | None:
    """What an old `variable`, or the file in its place, is called today; None for any other."""
    base = names.file_variable(variable) or variable
    old = names.old.get(base)
    return names.names[old.now][0] + variable.removeprefix(base) if old else None


def _referred(texts: Iterable[str], names: VariableNames) -> frozenset[str]:
    """The old variables that something refers to, which would then find nothing."""
    variables = {name for text in texts for name in re.findall(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)", text)}
    return frozenset(name for name in variables if _today(names, name))


def _dotenv(project: Project, path: Path, text: str, referred: Container[str]) -> DotenvChange:
    """What is renamed in the text of a ``.env``; references to settings get their new names, too."""
    catalogue, names = project.application.catalogue, project.application.variables
    name = project.name(path)
    entries = list(assignments(text))
    _refuse_differing(entries, names, name)
    renamed: list[Rename] = []
    after = text
    for one in reversed(entries):
        written, today = text[one.start : one.end], _today(names, one.name)
        if today and one.name not in referred:
            at = one.at - one.start
            written = written[:at] + today + written[at + len(one.name) :]
            renamed.append(Rename(name, one.line, one.name, today))
        for at, old in old_references(catalogue, written):
            renamed.append(Rename(name, one.line + written.count("\n", 0, at), old.key, old.now))
        after = after[: one.start] + referring(catalogue, written) + after[one.end :]
    return DotenvChange(path, name, text, Text(after), tuple(sorted(renamed)))


def _refuse_differing(entries: Iterable[Assignment], names: VariableNames, name: str) -> None:
    """Raise `EditError` where an old variable says something else than another one of its setting."""
    by_key: dict[str, Assignment] = {}
    for one in entries:
        base = names.file_variable(one.name) or one.name
        key = names.key_of(base)
        if key is None or one.value is None:
            continue
        other = by_key.setdefault(key, one)
        is_same = (one.value, base == one.name) == (other.value, other.name in (*names.keys, *names.old))
        if not is_same and (_today(names, one.name) or _today(names, other.name)):
            old = names.old.get(base) or names.old[names.file_variable(other.name) or other.name]
            raise EditError(old.beside(one.name, other.name, Origin(name, one.line), is_same=False))

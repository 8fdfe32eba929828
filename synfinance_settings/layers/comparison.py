"""What differs between two states: of the settings in force, or of what is written in layer files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePath

from synfinance_settings.errors import LayerError
from synfinance_settings.layers.fit import fit
from synfinance_settings.layers.merge import merge
from synfinance_settings.model.catalogue import Catalogue, catalogue_of
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.model.section import Section
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.hidden import without_mark
from synfinance_settings.text.node import Branch, Source, leaves, text_of


def changed_keys(old: Section, new: Section) -> tuple[str, ...]:
    """The settings whose values differ."""
    values_of = catalogue_of(type(new)).values_of
    before = values_of(old)
    return tuple(key for key, value in values_of(new).items() if value != before[key])


def changed_in_files(
    old: Mapping[str, bytes], new: Mapping[str, bytes], order: Iterable[str], catalogue: Catalogue
) -> tuple[str, ...]:
    """The settings that layer files say differently, by their names; `order` is the files' stems, lowest first."""
    stems = list(order)
    return _differing(_written(old, stems, catalogue), _written(new, stems, catalogue))


def changed_in_file(name: str, before: str, after: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The settings that two texts of the layer file `name` say differently."""
    old, new = (_texts(_branch(name, without_mark(text), catalogue)) for text in (before, after))
    return _differing(old, new)


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(key for key in before.keys() | after.keys() if before.get(key, ()) != after.get(key, ())))


def _written(files: Mapping[str, bytes], stems: list[str], catalogue: Catalogue) -> dict[str, str]:
    """What the files say of every setting that they name, as text; a file that cannot be read says nothing."""
    named = {PurePath(name).stem: (name, data) for name, data in files.items()}
    branches = [(stem, _branch(named[stem][0], _text(named[stem][1]), catalogue)) for stem in stems if stem in named]
    return _texts(merge(branches))


def _text(data: bytes) -> str:
    return without_mark(data.decode("utf-8", "surrogateescape"))


def _texts(branch: Branch) -> dict[str, str]:
    return {key: text_of(node) for key, node in leaves(branch)}


def _branch(name: str, text: str, catalogue: Catalogue) -> Branch:
    if not is_utf8(text):
        return {}
    try:
        return fit(read_text(text, Source(name))[0], catalogue)[0]
    except LayerError:
        return {}

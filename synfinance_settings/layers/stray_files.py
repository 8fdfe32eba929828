"""Files in the settings folder that look like a layer and that no layer reads."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from synfinance_settings.errors import Origin, Problem, printable
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.model.application import Application
from synfinance_settings.slips import nearest
from synfinance_settings.text.formats import layer_suffixes

_LOCAL: Final = ".local"
_OTHER_SUFFIXES: Final = (".toml", ".ini", ".cfg", ".conf", ".properties", ".env", ".xml", ".json5", ".jsonc")
_OTHER_STEMS: Final = {"settings": "default", "config": "default", "base": "default"}
_ALIKE: Final = 0.85  # developement and prodution are, production-old and test2 are not
_LEAST_PREFIX: Final = 3


@lru_cache(maxsize=16)  # every look asks, and a folder seldom changes
def strays(present: frozenset[str], application: Application) -> tuple[tuple[str, str], ...]:
    """The names among `present` that look like a layer's and are not, each with the name that would be read."""
    misnamed: list[tuple[str, str]] = []
    suffixes = layer_suffixes()
    layers = [(layer, layer.stem(kind)) for layer in layers_of(application) for kind in application.kinds]
    stems = tuple(dict.fromkeys(stem for layer, stem in layers if stem and not layer.is_local))
    read = {stem + suffix for _, stem in layers if stem for suffix in suffixes}
    for name in sorted(present - read - {"schema.json"}):
        lowered = name.lower()
        suffix = next((suffix for suffix in (*suffixes, *_OTHER_SUFFIXES) if lowered.endswith(suffix)), None)
        if suffix is None or (name.startswith(".") and not name.startswith(".secrets.")):
            continue  # names with a dot are for editors and mounts
        stem = lowered.removesuffix(suffix)
        local = _LOCAL if stem.endswith(_LOCAL) else ""
        meant = _meant(stem.removesuffix(_LOCAL), stems, application.aliases)
        if stem in ("secrets", ".secrets"):
            meant, local = "default", _LOCAL
        wanted = f"{meant}{local}{suffix if suffix in suffixes else suffixes[0]}"
        if wanted in read:
            misnamed.append((name, wanted))
    return tuple(misnamed)


def stray(name: str, wanted: str, folder: str, application: Application) -> Problem:
    """The warning that `name` in `folder` is not read by any layer, where `wanted` would be."""
    place = f"{folder}/{name}"
    hint = f"{folder}/{wanted} is the name that is read"
    if wanted.startswith("default.local."):
        ignoring = [kind.name for kind in application.environments if not kind.local_layers]
        ignored = f", which {' and '.join(ignoring)} ignore{'s' * (len(ignoring) == 1)}" if ignoring else ""
        hint += f", a layer of your own{ignored}; there secrets come from variables or files"
    message = f"{printable(place)} is not read by any layer"
    return Problem("ignored", message, origin=Origin(place), hint=hint, severity="warning")


def _meant(stem: str, stems: tuple[str, ...], aliases: Mapping[str, str]) -> str | None:
    """The stem of a layer that `stem` seems to mean."""
    if stem in stems:
        return stem
    if other := {**_OTHER_STEMS, **aliases}.get(stem):
        return str(other)
    if len(stem) >= _LEAST_PREFIX and (begun := [known for known in stems if known.startswith(stem)]):
        return begun[0]
    return nearest(stem, stems, cutoff=_ALIKE)

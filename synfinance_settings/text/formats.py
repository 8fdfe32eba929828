"""All formats, and the one that the name of a file says."""

from __future__ import annotations

from synfinance_settings.errors import Problem
from synfinance_settings.text.dotenv import DOTENV
from synfinance_settings.text.format import Format
from synfinance_settings.text.hidden import KeptText
from synfinance_settings.text.json import JSON
from synfinance_settings.text.node import Node, PublicPath, Source, untold
from synfinance_settings.text.outline import Outlined
from synfinance_settings.text.tree import nodes_of
from synfinance_settings.text.yaml import YAML

FORMATS: tuple[Format, ...] = (YAML, JSON, DOTENV)
"""The formats of files; a new layer file has the first suffix, and a layer of another name is read as the first."""


def format_of(name: str) -> Format | None:
    """The format that the name of a file says."""
    return next((each for each in FORMATS if each.names(name)), None)


def layer_format(name: str) -> Format:
    """The format that a layer file is read as, whatever it is called."""
    named = format_of(name)
    return named if named is not None and named.is_layer else FORMATS[0]


def named_format(name: str) -> Format:
    """The format of layer files that is itself called `name`; raises `ValueError` where there is no such format."""
    known = {each.name: each for each in FORMATS if each.is_layer}
    if name not in known:
        raise ValueError(f"format must be {' or '.join(map(repr, known))}")
    return known[name]


def layer_suffixes() -> tuple[str, ...]:
    """How the names of layer files may end, the usual one first."""
    return tuple(suffix for each in FORMATS if each.is_layer for suffix in each.suffixes)


def read_text(text: str, source: Source, public_path: PublicPath = untold) -> tuple[Node | None, list[Problem]]:
    """The root of `text`, None where it holds nothing, and the faults that did not stop the reading.

    A fault names a key as `public_path` has it. Raises `LayerError` for one that stops.
    """
    if not isinstance(text, KeptText):  # of such a text the outline is wanted, too
        simple = layer_format(source.name).read_simple(text, source)
        if simple is not None:
            return simple, []
    return nodes_of(outlined(text, source.name), source, public_path)


def outlined(text: str, name: str) -> Outlined:
    """Where everything stands in `text` of the layer file `name`; in a text that is kept, it is found out once."""
    if not isinstance(text, KeptText):
        return layer_format(name).outline(text, name)
    known = text.readings.get(name)
    if not isinstance(known, Outlined):
        known = text.readings[name] = layer_format(name).outline(text, name)
    return known

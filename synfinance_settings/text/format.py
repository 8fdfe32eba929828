"""The text of a layer file, read as what its name says it is: JSON for ``.json``, else YAML."""

from __future__ import annotations

from synfinance_settings.errors import Problem
from synfinance_settings.text.json import outline_json
from synfinance_settings.text.node import Node, PublicPath, Source, untold
from synfinance_settings.text.outline import Outline
from synfinance_settings.text.tree import nodes_of
from synfinance_settings.text.yaml import outline_yaml


def read_text(text: str, source: Source, public_path: PublicPath = untold) -> tuple[Node | None, list[Problem]]:
    """The root of `text`, None where it holds nothing, and the faults that did not stop the reading.

    A fault names a key as `public_path` has it. Raises `LayerError` for one that stops.
    """
    outlined = (outline_json if source.name.endswith(".json") else outline_yaml)(text, source.name)
    return nodes_of(outlined, source, public_path)


def outline_text(text: str, name: str) -> Outline | None:
    """Where everything stands in `text` of the file `name`, which must have been read before."""
    return (outline_json if name.endswith(".json") else outline_yaml)(text, name).root

"""Variables that set nothing but that a layer refers to: they lead somewhere, so nobody is told that they do not.

What counts is what stands in the layers, whether it wins or not: a name is no slip of the pen because another layer
hides the one that refers to it. Nothing is looked for where there is nothing to tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from synfinance_settings.errors import Problem
from synfinance_settings.layers.snapshot import Layers
from synfinance_settings.pattern import pattern
from synfinance_settings.text.dotenv import DotEnv
from synfinance_settings.text.node import Node, leaves

REFERRED: Final = pattern(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")
"""The name of a variable, behind each dollar that may refer to one."""

_CODE: Final = "unknown-variable"


def without_referred(warnings: list[Problem], layers: Layers, dotenv: DotEnv) -> list[Problem]:
    """`warnings` without those of variables, of the process or of `dotenv`, that `layers` refer to."""
    if not any(one.code == _CODE for one in warnings):
        return warnings
    nodes = (node for _, branch in layers for _, node in leaves(branch))
    names = {name for node in nodes for text in _texts(node) for name in REFERRED.findall(text)}
    places = {place for name in names for place in (f"env {name}", f"{dotenv.name}:{dotenv.lines.get(name)}")}
    return [one for one in warnings if one.code != _CODE or str(one.origin) not in places]


def _texts(node: Node) -> Iterator[str]:
    """The texts in a node in which a dollar means something."""
    value = node.value
    if isinstance(value, str) and node.source.expands:
        yield value
    inner: Iterable[Node] = value if isinstance(value, list) else value.values() if isinstance(value, dict) else ()
    for item in inner:
        yield from _texts(item)

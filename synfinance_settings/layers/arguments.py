"""What a program hands over for its own command line as a layer: settings by their keys, in its own words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.layers.fitting import fit
from synfinance_settings.layers.layer import Finding, Layer, Said, nothing_lent
from synfinance_settings.layers.project import Project
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.text import bounds
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.node import Branch, Node, Source, leaves, put


class ArgumentsLayer(Layer):
    """The arguments of the project, as they were handed over; nothing in them is expanded."""

    name = "arguments"

    def say(self, found: Sequence[Finding], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that are named; of two that say the same setting the later one counts."""
        branch: Branch = {}
        problems: list[Problem] = []
        for key, value in project.arguments.items():
            source = self.source(f"argument {key}")
            try:
                root = _node(value, source)
            except LayerError as error:
                problems += error.problems
                continue
            for part in reversed(str(key).split(".")):
                root = Node({part: root}, source)
            said, misfits = fit(root, project.application.catalogue)
            problems += misfits
            for setting, node in leaves(said):
                put(branch, setting, node)
        return Said(branch, tuple(problems))


def _node(value: object, source: Source, level: int = 1) -> Node:
    """A value as a layer file would say it: numbers and booleans are the text that spells them, as in JSON."""
    if level > bounds.LEVELS:
        raise LayerError(bounds.too_deep(Origin(source.name)))
    match value:
        case Mapping():
            inner: Any = {str(key): _node(item, source, level + 1) for key, item in value.items()}
        case list() | tuple():
            inner = [_node(item, source, level + 1) for item in value]
        case str():
            inner = str.__str__(value)
            if not is_utf8(inner):
                raise LayerError(Problem("not-utf8", f"{source.name} is not UTF-8", origin=Origin(source.name)))
        case bool():
            inner = str(value).lower()
        case int() | float():
            inner = str(value)
        case None:
            inner = None
        case _:
            message = f"{source.name} is {type(value).__name__}; a layer says text, lists, mappings and null"
            raise LayerError(Problem("wrong-type", message, origin=Origin(source.name)))
    return Node(inner, source)

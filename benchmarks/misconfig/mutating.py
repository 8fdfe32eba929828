"""How a mistake is made in one name or in one value of a layer."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from layer_lines import Layer, Line, Mistake

Mutate = Callable[[Layer, Random], Mistake | None]
Change = Callable[[str, Random], str | None]


def in_name(change: Change) -> Mutate:
    """Make `change` in the name of a setting, a section or a list."""

    def mutate(layer: Layer, random: Random) -> Mistake | None:
        line = random.choice(layer.of("section", "setting", "list"))
        name = change(line.name, random)
        if name is None or name == line.name:
            return None
        return layer.with_line(line, line.written(name=name), f"{line.key.removesuffix(line.name)}{name}")

    return mutate


def in_value(change: Callable[[Line, Random], str | None], fits: Callable[[Line], bool]) -> Mutate:
    """Make `change` in a value of a line that `fits`."""

    def mutate(layer: Layer, random: Random) -> Mistake | None:
        lines = list(filter(fits, layer.valued))
        line = random.choice(lines) if lines else None
        value = change(line, random) if line else None
        return layer.with_line(line, line.written(value=value)) if line and value is not None else None

    return mutate


def spelled(change: Change, fits: Callable[[Line], bool]) -> Mutate:
    """Make `change` in the characters of a value."""
    return in_value(lambda line, random: change(line.value, random), fits)

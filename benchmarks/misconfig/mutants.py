"""The corpus: layers with one mistake each, drawn from the shipped ones. One seed gives the same ones every time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import ndiff
from pathlib import Path
from random import Random
from typing import Final

from layer_lines import Layer, Mistake
from operators import OPERATORS, Operator

SETTINGS_DIR: Final = Path(__file__).parents[2] / "settings"
ENVIRONMENTS: Final = ("production", "staging", "development", "test")
FILES: Final = tuple(f"{name}.yaml" for name in ("default", *ENVIRONMENTS))
DRAWN: Final = (
    *[("production", "production")] * 6,
    *[("production", "default")] * 2,
    *[("staging", "staging")] * 2,
    ("development", "development"),
    ("test", "test"),
)
"""The environment that loads, and the layer with the mistake: production most often."""

EACH: Final = 9
"""How many of one kind a seed makes at most."""

_TRIES: Final = 40  # for each; some kinds have few places


@dataclass(frozen=True, slots=True)
class Mutant:
    """One layer of one environment with one mistake."""

    seed: int
    number: int
    operator: str
    environment: str
    layer: str
    mistake: Mistake
    before: str

    @property
    def file(self) -> str:
        """The name of the file with the mistake."""
        return f"{self.layer}.yaml"

    def difference(self) -> str:
        """The lines that were taken out and put in."""
        lines = ndiff(self.before.splitlines(), self.mistake.text.splitlines())
        printable = (line.encode("ascii", "backslashreplace").decode() for line in lines)
        changes = [line for line in printable if line[0] in "-+"]
        return "\n".join(f"    {line}" for line in (changes if len(changes) <= 8 else [*changes[:8], "..."]))


def mutants(seed: int, each: int = EACH, settings_dir: Path = SETTINGS_DIR) -> Iterator[Mutant]:
    """The mutants of `seed`, at most `each` of a kind, none twice."""
    layers = _layers(settings_dir)
    for operator in OPERATORS:
        yield from _of_kind(operator, layers, seed, each)


def _layers(settings_dir: Path) -> dict[str, Layer]:
    texts = {name: settings_dir.joinpath(f"{name}.yaml").read_text() for name in ("default", *ENVIRONMENTS)}
    alone = {name: Layer(text) for name, text in texts.items()}
    return {
        name: Layer(text, [alone[other] for other in ENVIRONMENTS if other != name]) for name, text in texts.items()
    }


def _of_kind(operator: Operator, layers: dict[str, Layer], seed: int, each: int) -> Iterator[Mutant]:
    """The mutants of one kind; fewer than `each` where the layers have too few places for it."""
    random = Random(f"{seed} {operator.name}")
    texts: set[tuple[str, str]] = set()
    for _ in range(each * _TRIES):
        if len(texts) == each:
            return
        environment, name = random.choice(DRAWN)
        mistake = operator.mutate(layers[name], random)
        before = "\n".join(layers[name].raw) + "\n"
        if mistake and (name, mistake.text) not in texts and mistake.text != before:
            texts.add((name, mistake.text))
            yield Mutant(seed, len(texts), operator.name, environment, name, mistake, before)

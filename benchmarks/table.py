"""How figures are shown: a table of Markdown, which reads well at a terminal too, with what is promised below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from turns import Took

UNITS: Final = {"ms": 1e3, "µs": 1e6, "ns": 1e9}


@dataclass(frozen=True)
class Limit:
    """A figure that must stay within a bound."""

    what: str
    value: float
    at_most: float

    @property
    def holds(self) -> bool:
        return self.value <= self.at_most

    def __str__(self) -> str:
        verdict = "Promised" if self.holds else "**Promised and not held**"
        return f"{verdict}: {self.what} at most {self.at_most:g}; measured {self.value:.3g}."


@dataclass
class Table:
    """The figures of one row of the benchmark: columns by name, each with its format; rows by name."""

    title: str
    columns: Mapping[str, str]
    rows: dict[str, tuple[float | None, ...]] = field(default_factory=dict)
    limits: list[Limit] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def figure(self, row: str, column: str) -> float | None:
        return self.rows[row][list(self.columns).index(column)]

    def __str__(self) -> str:
        formats = self.columns.values()
        cells = [[name, *map(_shown, figures, formats)] for name, figures in self.rows.items()]
        lines = [["", *self.columns], *cells]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        ruled = [lines[0], ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])], *lines[1:]]
        drawn = ["| " + " | ".join([n.ljust(widths[0]), *map(str.rjust, c, widths[1:])]) + " |" for n, *c in ruled]
        below = [*self.notes, *(f"- {limit}" for limit in self.limits)]
        return "\n".join([f"### {self.title}", "", *drawn, *(["", "\n".join(below)] if below else [])])


def _shown(figure: float | None, form: str) -> str:
    return "" if figure is None else format(figure, form)


def compared(title: str, took: Mapping[str, Sequence[Took]], unit: str = "ms") -> Table:
    """A table of medians of the processor's time and of the clock's, each with its ratio to the first."""
    scale = UNITS[unit]
    table = Table(title, {f"CPU, {unit}": ".2f", "ratio": ".2f", f"wall, {unit}": ".2f", "ratio of wall": ".2f"})
    for name, seconds in took.items():
        cpu, wall = (median(figures) * scale for figures in times(seconds))
        table.rows[name] = (cpu, ratio(took, name), wall, ratio(took, name, of_wall=True))
    return table


def times(took: Sequence[Took]) -> tuple[list[float], list[float]]:
    """The seconds of the processor, and those of the clock."""
    return [one.cpu for one in took], [one.wall for one in took]


def ratio(took: Mapping[str, Sequence[Took]], name: str, base: str | None = None, *, of_wall: bool = False) -> float:
    """The median of `name` in medians of `base`, of the first unless that is given."""
    one, other = (median(times(took[subject])[of_wall]) for subject in (name, base or next(iter(took))))
    return one / (other or float("nan"))


def limit(took: Mapping[str, Sequence[Took]], name: str, base: str, at_most: float, what: str = "") -> list[Limit]:
    """That `name` takes at most so many times as long as `base`, by the medians of the processor's time; no limit where
    one of the two did not run.
    """
    if name not in took or base not in took:
        return []
    return [Limit(f"{what or name}, in times of {base},", ratio(took, name, base), at_most)]


def at(values: list[float], percent: int) -> float:
    """The value that `percent` of `values` do not exceed."""
    return sorted(values)[min(len(values) - 1, len(values) * percent // 100)]

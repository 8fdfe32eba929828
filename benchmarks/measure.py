"""How things are timed, and how figures are shown.

Whatever is compared runs in turns (A B C A B C ...), so that a slow moment of the machine strikes all alike.
"""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from statistics import median, quantiles
from typing import Any

Run = Callable[[], object]


@dataclass
class Table:
    """The figures of one topic: the columns by name, each with its format; the rows by name; what is promised."""

    title: str
    columns: Mapping[str, str]
    rows: dict[str, tuple[float, ...]] = field(default_factory=dict)
    limits: list[Limit] = field(default_factory=list)

    def text(self) -> str:
        formats = self.columns.values()
        rows = [[name, *map(format, figures, formats)] for name, figures in self.rows.items()]
        lines = [["", *self.columns], *rows]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        shown = [[name.ljust(widths[0]), *map(str.rjust, cells, widths[1:])] for name, *cells in lines]
        return "\n  ".join([self.title, *("  ".join(cells) for cells in shown), *map(str, self.limits)])

    def as_dict(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "rows": {name: dict(zip(self.columns, figures, strict=True)) for name, figures in self.rows.items()},
            "limits": [asdict(limit) for limit in self.limits],
        }


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
        return f"{'ok  ' if self.holds else 'OVER'} {self.what}: {self.value:.3g}, at most {self.at_most:g}"


def take_turns(runs: Mapping[str, Run], rounds: int, before: Run = lambda: None) -> dict[str, list[float]]:
    """Seconds that each run took, `rounds` times after one that does not count; `before` each one is not timed."""
    took: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            before()
            start = time.perf_counter()
            run()
            took[name].append(time.perf_counter() - start)
    return {name: seconds[1:] for name, seconds in took.items()}


def compared(title: str, took: Mapping[str, list[float]], unit: str) -> Table:
    """A table of medians, each with its ratio to the first."""
    scale = {"ns": 1e9, "ms": 1e3}[unit]
    table = Table(title, {f"median, {unit}": ".2f", f"90th, {unit}": ".2f", "ratio": ".2f"})
    for name, seconds in took.items():
        table.rows[name] = (median(seconds) * scale, at(seconds, 90) * scale, ratio(took, name))
    return table


def ratio(took: Mapping[str, list[float]], name: str) -> float:
    """The median of `name` in medians of the first."""
    return median(took[name]) / median(next(iter(took.values())))


def at(values: list[float], percent: int) -> float:
    """The percentile of `values`."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


def machine() -> str:
    """The machine in one line."""
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {os.cpu_count()} CPUs, {platform.platform()}"
    )

"""What is measured: a module a topic, a function a table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from course import Course
from table import Table

from rows import files, fleet, growth, loads, memory, processes, reads, watching


@dataclass(frozen=True)
class Row:
    """How a table is made; in how many turns, and in how many when it shall be quick."""

    measure: Callable[[Course], Table]
    rounds: int
    few: int = 1
    compares_versions: bool = True
    """False where nothing is measured that another version of the package has too."""


ROWS: Final = {
    "process": Row(processes.process, 15),
    "import": Row(processes.bare_import, 30),
    "start": Row(processes.start, 15),
    "output": Row(processes.output, 15),
    "load": Row(loads.load, 30),
    "reload": Row(loads.reload, 30),
    "busy-reload": Row(loads.busy_reload, 10),
    "variables": Row(loads.variables, 20, compares_versions=False),
    "validation": Row(loads.validation, 20, compares_versions=False),
    "read": Row(reads.read, 15),
    "readers": Row(reads.readers, 6),
    "set": Row(processes.change, 10),
    "files": Row(files.opened, 1),
    "latency": Row(watching.latency, 100, 3),
    "idle": Row(watching.idle, 1),
    "fleet": Row(fleet.propagation, 1, compares_versions=False),
    "memory": Row(memory.memory, 5),
    "growth": Row(growth.growth, 3, compares_versions=False),
}
"""The rows of the benchmark by their names, in the order of the report."""

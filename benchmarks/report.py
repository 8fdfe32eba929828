"""The page of the figures: what was measured, on what machine, with which versions, and the tables.

What is said of them stands on the page, between the parts that are written here.
"""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from installation import CHECKOUT, Installation
from peers import PEERS, WHOLE
from table import Table

PAGE: Final = CHECKOUT / "docs" / "performance.md"
SUMMED_UP: Final = {"process": "whole process", "load": "new load", "reload": "reload"}


def page(current: str, machine: str, tables: Mapping[str, Table]) -> str:
    """`current`, the text of the page, with what `machine` says and `tables`, by the names of their rows, anew."""
    rows = "\n\n".join(map(str, tables.values()))
    for name, written in {"machine": machine, "summary": _summary(tables), "rows": rows}.items():
        current = _between(f"<!-- {name}: written by make bench -->", f"<!-- end of the {name} -->", written, current)
    return current


def _between(start: str, end: str, written: str, page: str) -> str:
    """`page` with `written` between two marks, which must stand there once."""
    before, _, rest = page.partition(start)
    old, _, after = rest.partition(end)
    assert page == f"{before}{start}{old}{end}{after}", f"{PAGE} has no place for {start}"
    return f"{before}{start}\n{written}\n{end}{after}"


def machine(installation: Installation) -> str:
    """The machine, how busy it is now, and the versions: what figures depend on."""
    versions = ", ".join(f"{name} {version}" for name, version in installation.versions().items() if version)
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = os.getloadavg()[0]
    machine = f"{_processor()}, {os.cpu_count()} cores, {platform.system()}, a load of {load:.1f} before"
    return f"Measured on {machine}, {python}; {versions}."


def _processor() -> str:
    information = Path("/proc/cpuinfo")
    match = re.search(r"^model name\s*:\s*(.+)$", information.read_text(), re.M) if information.exists() else None
    return match[1] if match else platform.machine()


def _summary(tables: Mapping[str, Table]) -> str:
    columns = {title: tables[row] for row, title in SUMMED_UP.items() if row in tables}
    table = Table("", dict.fromkeys(columns, ".2f"))
    for name in (PEERS[peer].name for peer in WHOLE):
        if all(name in measured.rows for measured in columns.values()):
            table.rows[name] = tuple(measured.figure(name, "ratio") for measured in columns.values())
    return str(table).partition("\n\n")[2]

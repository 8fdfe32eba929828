"""The page of the figures: what was measured, on what machine, with which versions, and the tables."""

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

HEAD: Final = """\
# What it costs

Written by `make bench`, which ends with an error where a promise is not held. Ratios are the figures to go by: they
hold from machine to machine, times do not.

{machine}

Everybody does the same job: four layer files, a `.env` and 15 variables become one validated `AppConfig`, and all must
come to the same values. The floor does it by hand, with the least that will do: libyaml, a merge of dictionaries, a
look at the environment, `model_validate`; it knows the files' names beforehand, keeps no origins, knows no references,
and its messages name no place. The other libraries are used as their documentation shows them, with the same models.

The package is a wheel in an environment of its own, beside the other libraries and nothing else. Everybody runs in a
process of their own, in turns, so that a slow moment of the machine strikes all alike; the figures are medians. CPU is
the processor's time, wall the clock's.

## The processor's time in floors

{summary}

## What a start, a load and a reload save

Each of these stays because it was measured to be worth it. The figures are the processor's time, at the commit that
brought it.

- dynaconf is imported without what no merge needs (a YAML reader, a click, extensions, Flask), which runs when it is
  asked for: 36 of 310 ms of a process.
- Commands look for garbage only after 50,000 objects, and not as they end: `get` 306 -> 234 ms, `--help` 83 -> 74 ms.
- Help imports no `shutil`, `logging`, `traceback`, `json`, `difflib`: `--help` 74 -> 71 ms.
- What only the package makes is a named tuple or a plain class, not a frozen dataclass: 7 ms of a process, 3% of a
  reload; of the outline of a text, 7% of the reading of a file.
- A file is read into as much room as it has bytes: 5% of a reload.
- Sections go to dynaconf's merge without its search for tokens: the merge 0.52 -> 0.32 ms, 8% of a reload.
- An edit reads each file once, and outlines each text once: `set` opened a file up to 7 times and parsed it up to 11
  times, and does both twice at most.
- Hints come straight from the thread in which watchdog reads inotify, not through one of the folder's and one of the
  observer's: three threads fewer in the trial, a watcher 44 -> 22 KiB; with four threads that compute, from rename to
  `config_reloaded` about two thirds of the time before.
- What folders to watch is asked at every fifth look that nobody called for, and one call a file answers it: such a look
  990 -> 220 µs, taken by 200 processes every two seconds.

- What only a build makes, and what it comes to, is a named tuple whose fields' types are not compiled (`record.py`): a
  frozen dataclass takes the processor ten times as long to define. 6% of the instructions of a process.
- Regular expressions are compiled at their first use (`pattern.py`), since most are for faults, references and edits:
  2.5% of them.
- A start imports nothing of references, waivers and brackets, no `difflib`, and none of dynaconf's loaders, each of
  which would run with what it imports: 2%. An import costs 1.3 million instructions even where the module is empty.
- Help asks the terminal itself how wide it is, which spares `shutil`, and imports no `queue` and no `secrets`: 6% of
  `--help`.
- A text that says itself is settled at once: 8% of a validation.

Counted in instructions, which a busy machine does not change, a process takes 1.19 times the floor (1.28 before) and
0.96 of pydantic-settings (1.04 before), `get` and `show` 1.18 and 1.19; in time of the processor, which holds waiting
for memory and the calls of the system too, a process takes 1.35 and `get` 1.07 on a busy machine. Commands are the
faster for their collector.

Some things were tried and brought too little to stay. The collector is not paused while a program imports the package:
1%, since it then has all of it to look at at once. Handing dynaconf only those sections that a layer names: nothing,
since nearly all of it lies inside sections.

What lies between a load and 1.5 floors (1.7 to 2.0 are reached, 1.2 to 1.3 of a reload), of 2.1 ms where the floor
takes 1.05:

| part                                                  |   ms |
| ----------------------------------------------------- | ---: |
| the outline and the nodes of four files, with places  | 0.49 |
| dynaconf's merge of seven layers                      | 0.30 |
| files looked at, opened and judged by owner and mode  | 0.21 |
| variables and `.env`                                  | 0.11 |
| Pydantic's validation 0.04, settling 0.035, rules 0.01 | 0.10 |
| where the project is                                  | 0.06 |

The merge goes over all keys of a section for each layer that names it, four marks a key, and is a third of a reload;
less would be a merge that is not dynaconf's. Validation comes to 2.4 `model_validate` of the same: that itself is 43 of
100 microseconds, the rest one look at each of 93 texts and the rules.

What else was aimed at and is not reached, with the nearest, measured on a quiet machine:

- A whole process takes 1.39 floors in time of the processor where 1.2 was aimed at, and 1.10 of pydantic-settings where
  0.95 was; help takes 1.49 times what `import click` does, and completion of a key 1.52 where 1.5 was aimed at.
- A load takes 1.73 floors (1.5), and 0.83 of pydantic-settings with libyaml (0.6); a reload 1.30 (1.15).
- Eight readers lose 17% (5%) while a ninth thread reloads without a rest, whose share of the interpreter's lock is a
  ninth.
- With four threads that compute, an edit is told 0.4 s after its debounce, and in nine of ten cases within 0.57 s
  (0.1): each hand-over, of the hint, the look, a file's bytes and the event, was seen to take 20 to 70 ms.
- 200 watching processes take 8.75% of a core (2%): 0.87 ms for each look, which takes 0.22 ms where one process repeats
  it at once.

## All rows

{rows}
"""


def page(machine: str, tables: Mapping[str, Table]) -> str:
    """The page as text: what `machine` says, and `tables` by the names of their rows."""
    rows = "\n\n".join(map(str, tables.values()))
    return HEAD.format(machine=machine, summary=_summary(tables), rows=rows)


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

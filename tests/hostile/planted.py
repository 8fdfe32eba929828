"""What a hostile input is: a name, what it puts into a project, and the words that must never come out again."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

CANARY: Final = "sq7vk2mwd9xr4tbz8hnc3pjy6gfl5e1u"
"""Stands wherever a secret may stand; no word of the package has six characters in a row with it."""

TRAP: Final = "sprung"
"""The file in the project root that comes into being when anything in an input is run."""

LIE: Final = "ok  everything"
FORGING: Final = f"x\n{LIE}\r\x1b[1A\x1b[2K\x1b]0;x\x07\u202e{LIE}\u2066\u200b\u200f\x85\u2028\x9b2J"
"""Makes a line of its own wherever it is printed as it stands, and takes away the one above."""

STRANGER: Final = 54321
"""The number of a user who is nobody here."""


@dataclass(frozen=True)
class Hostile:
    """An input: `plant` puts it into a project and says which variables are set with it.

    `with_doctor` has it looked at by ``doctor`` also where only the quick ways are gone; one that `is_heavy`, since it
    is read up to a bound, goes few of them. `handed_out` are the ways whose stdout is meant to hand out what is
    planted, since it is no secret.
    """

    name: str
    plant: Callable[[Any], Mapping[str, str] | None]
    with_doctor: bool = False
    is_heavy: bool = False
    handed_out: tuple[str, ...] = ()


INPUTS: Final[list[Hostile]] = []
"""All inputs, in the order in which the modules beside this one say them."""


def hostile(name: str, **options: Any) -> Callable[[Any], Any]:
    """Make the function that plants it an input called `name`."""

    def add(plant: Any) -> Any:
        INPUTS.append(Hostile(name, plant, **options))
        return plant

    return add


def texts(kind: str, path: str, table: Mapping[str, str | bytes], **options: Any) -> None:
    """Make each text of `table` an input, of these `options`: the content of the file `path` of a project."""

    def planter(text: str | bytes) -> Callable[[Any], None]:
        def plant(project: Any) -> None:
            if path == "settings/default.json":
                (project.settings / "default.yaml").unlink()
            project.write(path, text)

        return plant

    for name, text in table.items():
        hostile(f"{kind}: {name}", **options)(planter(text))


def owned_by_a_stranger(path: Path) -> Path:
    """Give `path` to another user; without the right to, there is nothing to test."""
    try:
        os.chown(path, STRANGER, STRANGER, follow_symlinks=False)
    except PermissionError:
        pytest.skip("only root may give a file away")
    return path

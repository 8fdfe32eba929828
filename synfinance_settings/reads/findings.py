"""What is found of reads: certain ones, what can be any of several, names that are not settings; all by place."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import Final, Literal

from synfinance_settings.reads.program import Module, Place

How = Literal["name", "key", "template", "property", "variable", "record"]
"""Named as an attribute; by a key in a text; in a template; by a property of the model; as a variable; recorded."""


@dataclass(frozen=True, slots=True)
class Read:
    """A certain read of the setting `key`."""

    key: str
    place: Place
    how: How
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class Doubt:
    """What may read any of `keys`, from the line of `place` to `last`; `said` is what it is, for people.

    Where `is_by_key`, it reads what a key says that is made at run time; a record of that tells which.
    """

    keys: tuple[str, ...]
    place: Place
    last: int
    said: str
    is_by_key: bool = False


@dataclass(frozen=True, slots=True)
class Slip:
    """A name that is read as a setting and is not one; `meant` is what it most likely means."""

    name: str
    place: Place
    meant: str | None


@dataclass(frozen=True, slots=True)
class Scan:
    """All that the source of a program says of its reads, in the order of files and lines."""

    reads: tuple[Read, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    slips: tuple[Slip, ...] = ()
    passed_over: tuple[tuple[str, str], ...] = ()
    files: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A section, or the whole, that templates see under `name`; a doubt where none has the name."""

    name: str
    section: str
    doubt: Doubt


class Findings:
    """What a scan has found so far; nothing is taken in before `is_open`, since a first pass guesses."""

    def __init__(self) -> None:
        self.is_open = False
        self.reads: Final[dict[Read, None]] = {}
        self.doubts: Final[dict[Doubt, None]] = {}
        self.slips: Final[dict[Slip, None]] = {}
        self.shown: Final[dict[Shown, None]] = {}

    def read(self, key: str, module: Module, node: ast.expr, how: How) -> None:
        """A read at `node`."""
        if self.is_open:
            self.reads[Read(key, Place(module.file, _line(node)), how, module.is_test)] = None

    def doubt(
        self, keys: tuple[str, ...], module: Module, node: ast.expr, said: str, *, is_by_key: bool = False
    ) -> None:
        """What may be a read at `node`; what a test does with a section does not count."""
        if self.is_open and keys and not module.is_test:
            self.doubts[_doubt(keys, module, node, said, is_by_key=is_by_key)] = None

    def slip(self, name: str, meant: str | None, module: Module, node: ast.expr) -> None:
        """A name at `node` that is not a setting; a test may ask for one on purpose."""
        if self.is_open and not module.is_test:
            self.slips[Slip(name, Place(module.file, _line(node)), meant)] = None

    def show(self, name: str, section: str, keys: tuple[str, ...], module: Module, node: ast.expr) -> None:
        """That templates see `section` as `name`."""
        if self.is_open and not module.is_test:
            said = f"{described(section)} goes to a template as {name}"
            self.shown[Shown(name, section, _doubt(keys, module, node, said))] = None


def described(section: str) -> str:
    """A section for people: ``the whole of server``."""
    return f"the whole of {section or 'the settings'}"


def _doubt(keys: tuple[str, ...], module: Module, node: ast.expr, said: str, *, is_by_key: bool = False) -> Doubt:
    return Doubt(keys, Place(module.file, node.lineno), node.end_lineno or node.lineno, said, is_by_key)


def _line(node: ast.expr) -> int:
    """Where people look for it: an attribute behind its dot, in the last line of a chain over several."""
    return (node.end_lineno or node.lineno) if isinstance(node, ast.Attribute) else node.lineno

"""The source of a program: its modules and text templates, each read once and never run.

No link is followed, and what a tree holds that is not the program's own (hidden folders, virtual environments,
`node_modules`) is passed over without a word. What cannot be read or parsed is passed over too, and reported.
"""

from __future__ import annotations

import ast
import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from synfinance_settings.errors import LayerError, Origin, Problem
from synfinance_settings.foreign import printable
from synfinance_settings.record import Record
from synfinance_settings.text.files import read_file

MOST_FILES: Final = 20_000
MOST_BYTES: Final = 200 * 1024 * 1024
_FOREIGN: Final = frozenset(("node_modules", "__pycache__", "site-packages"))
_TEMPLATES: Final = frozenset(
    (".html", ".htm", ".j2", ".jinja", ".jinja2", ".tmpl", ".tpl", ".template", ".txt", ".xml", ".svg")
)
_STEP: Final = 200  # files between two words of progress

Progress = Callable[[str], None]


class Place(Record):
    """A line of a file, counted from 1; `file` is relative to the working directory where it lies below."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """A Python file; `path` is its dotted name in parts, from the root of the tree on."""

    file: str
    path: tuple[str, ...]
    tree: ast.Module = field(repr=False)
    is_package: bool
    is_test: bool


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A text that is not Python and may have tags in it."""

    file: str
    text: str = field(repr=False)
    is_test: bool


class Program(Record):
    """What was found, and what was passed over: the file and why."""

    modules: tuple[Module, ...]
    templates: tuple[Template, ...]
    passed_over: tuple[tuple[str, str], ...]


def shown_path(path: Path) -> str:
    """`path` relative to the working directory where it lies below, with ``/``."""
    here = Path.cwd()
    return (path.relative_to(here) if path.is_relative_to(here) else path).as_posix()


def is_test(path: Sequence[str]) -> bool:
    """True where the parts of a path, from the root of the tree on, are those of a test."""
    *folders, name = path
    is_named_so = name.startswith("test_") or name.endswith("_test.py") or name == "conftest.py"
    return is_named_so or bool({"tests", "test"} & set(folders))


def read_program(paths: Sequence[Path], progress: Progress | None = None) -> Program:
    """All modules and templates in `paths`, which are files and folders; raises `LayerError` for one that is not there.

    `progress` is told of files by the hundreds.
    """
    sources: list[Module | Template] = []
    passed_over: list[tuple[str, str]] = []
    seen: set[Path] = set()
    size = 0
    for root, path in _files(paths):
        if path in seen:
            continue
        seen.add(path)
        if len(seen) > MOST_FILES or size > MOST_BYTES:
            passed_over.append((shown_path(path), f"and everything below it: over {MOST_FILES} files or 200 MiB"))
            break
        if progress and len(seen) % _STEP == 0:
            progress(f"{len(seen)} files read")
        content = read_file(path)
        size += len(content.data or b"")
        name = shown_path(path)
        try:
            sources.append(_read(root, path, name, content.data, content.failure and content.failure.said))
        except _UnfitError as error:
            passed_over.append((name, str(error)))
    modules = tuple(item for item in sources if isinstance(item, Module))
    templates = tuple(item for item in sources if isinstance(item, Template))
    return Program(modules, templates, tuple(passed_over))


class _UnfitError(Exception):
    """A file that cannot be read or parsed, with the reason."""


def _files(paths: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """The files that may matter, each with the root of its tree."""
    for start in paths:
        root = start.resolve()
        if root.is_file():
            yield root.parent, root
        elif root.is_dir():
            yield from ((root, path) for path in _below(root))
        else:
            name = printable(str(start))
            raise LayerError(Problem("no-such-file", f"{name} does not exist", origin=Origin(name)))


def _below(root: Path) -> Iterator[Path]:
    """The modules, and what may be templates, in the program's own folders from `root` down."""
    for folder, folders, names in os.walk(root):
        here = Path(folder)
        folders[:] = sorted(name for name in folders if _is_own(here / name))
        for name in sorted(names):
            path = here / name
            is_text = path.suffix in _TEMPLATES or (here.name == "templates" and path.suffix != ".py")
            if (path.suffix == ".py" or is_text) and not name.startswith(".") and not path.is_symlink():
                yield path


def _is_own(folder: Path) -> bool:
    is_foreign = folder.name.startswith(".") or folder.name in _FOREIGN or folder.is_symlink()
    return not is_foreign and not (folder / "pyvenv.cfg").exists()


def _read(root: Path, path: Path, name: str, data: bytes | None, failure: str | None) -> Module | Template:
    """The module or template at `path`; raises `_UnfitError` for one that is neither."""
    if data is None:
        raise _UnfitError(failure or "is gone")
    parts = path.relative_to(root).parts
    if path.suffix != ".py":
        try:
            return Template(name, data.decode("utf-8-sig"), is_test(parts))
        except UnicodeDecodeError:
            raise _UnfitError("is not UTF-8") from None
    dotted = (root.name, *parts[:-1], path.stem)
    is_package = path.stem == "__init__"
    return Module(name, dotted[:-1] if is_package else dotted, _parsed(data), is_package, is_test(parts))


def _parsed(data: bytes) -> ast.Module:
    """The syntax tree of a file; raises `_UnfitError` where there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what others wrote, such as invalid escapes
            return ast.parse(data)
    except SyntaxError as error:
        raise _UnfitError(
            f"is not Python that this version can parse: {printable(error.msg)}, line {error.lineno or '?'}"
        ) from None
    except (ValueError, RecursionError, MemoryError):
        raise _UnfitError("cannot be parsed as Python") from None

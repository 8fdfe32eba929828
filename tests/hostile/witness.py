"""Hears all that is said and sees all that is written while a hostile input is at work, and judges it."""

from __future__ import annotations

import os
import pickle
import stat
import traceback
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from planted import CANARY, LIE, TRAP

import synfinance_settings
from synfinance_settings import SettingsError

PACKAGE = str(Path(synfinance_settings.__file__).parent)
HALVES = (CANARY[:12], CANARY[10:22], CANARY[-12:])
_SHOWN = frozenset("\n\t\N{ZERO WIDTH JOINER}")

Files = dict[Path, tuple[os.stat_result, bytes]]


def holds_canary(text: str) -> bool:
    """Whether `text` has the canary, or a good part of it, in any case."""
    folded = text.lower()
    return any(half in folded for half in HALVES)


def forgeries(text: str) -> Iterator[str]:
    """What in `text` is a line that the package does not say, or moves what a terminal shows."""
    if any(line.strip().startswith(LIE) for line in text.splitlines()):
        yield "a forged line"
    controls = {c for c in text if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")} - _SHOWN
    if controls:
        yield f"controls {sorted(map(ascii, controls))}"


class Witness:
    """Collects what is wrong, each with the way on which it came out; `faults` must stay empty."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._variables = dict(os.environ)
        self._files = found_below(root)
        self.faults: list[str] = []

    def hear(self, way: str, text: str, *, may_forge: bool = False) -> None:
        """Judge what a user, or a log, is shown."""
        if holds_canary(text):
            place = next(half for half in HALVES if half in text.lower())
            at = text.lower().index(place)
            self.faults.append(f"{way}: says the canary: {text[max(at - 80, 0) : at + 40]!r}")
        if not may_forge:
            self.faults += [f"{way}: {said}" for said in forgeries(text)]

    def hear_quietly(self, way: str, text: str) -> None:
        """Judge what only a debugger or a reporter of errors shows, where lines are quoted."""
        self.hear(way, text, may_forge=True)

    def hear_error(self, way: str, error: BaseException) -> None:
        """Judge an error as all who may get it see it."""
        if not isinstance(error, SettingsError):
            self.faults.append(f"{way}: raises {type(error).__name__}: {error!s:.200}")
            self.hear_quietly(way, "".join(traceback.format_exception(error)))
            return
        self.hear(f"{way}, str", str(error))
        for what, text in words_of(error):
            self.hear_quietly(f"{way}, {what}", text)

    def look(self, way: str) -> None:
        """Judge what is written since the last look, and that nothing was run or set."""
        now = found_below(self._root)
        for path, (found, content) in now.items():
            is_new = path not in self._files
            is_open = bool(stat.S_IMODE(found.st_mode) & 0o077)
            if is_new and is_open and any(half.encode() in content for half in HALVES):
                self.faults.append(f"{way}: writes {path.name!a}, with the canary and mode {found.st_mode:o}")
        if any(path.name == TRAP for path in now) or os.path.lexists(TRAP):
            self.faults.append(f"{way}: runs what was planted")
        if dict(os.environ) != self._variables:
            self.faults.append(f"{way}: changes the variables of the process")
            self._variables = dict(os.environ)
        self._files = now


def words_of(error: SettingsError) -> Iterator[tuple[str, str]]:
    """All texts that can be had from an error, with what they are: data, pickle, causes, locals of the package."""
    yield "repr", repr(error)
    yield "args", repr(error.args)
    yield "errors()", repr(error.errors())
    yield "vars", repr(vars(error))
    yield "notes", repr(getattr(error, "__notes__", ""))
    packed = pickle.dumps(error)
    yield "pickle", packed.decode("latin-1")
    yield "unpickled", str(pickle.loads(packed))
    yield "traceback", "".join(traceback.format_exception(error))
    seen: BaseException | None = error
    while seen is not None:
        for frame, line in traceback.walk_tb(seen.__traceback__):
            if frame.f_code.co_filename.startswith(PACKAGE):
                for name, value in frame.f_locals.items():
                    yield f"local {name} at {Path(frame.f_code.co_filename).name}:{line}", repr(value)
        for other in filter(None, (seen.__cause__, seen.__context__)):
            yield f"behind {type(seen).__name__}", f"{other!r} {other}"
        seen = seen.__cause__ or seen.__context__


def found_below(root: Path) -> Files:
    """Every regular file below `root`, with its content; those that hold more than a megabyte, without."""
    found: Files = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = Path(folder, name)
            state = os.lstat(path)
            if stat.S_ISREG(state.st_mode):
                small = state.st_size < 1 << 20
                found[path] = state, path.read_bytes() if small else b""
    return found

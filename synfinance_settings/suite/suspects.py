"""What a failing test is told: the settings that it read and that are other than in its own environment.

The nearest suspect stands first: what the code read in which the test failed, from the innermost frame on; then what
else the test read; then what was read before it, at import or by another one, first in the files of what it names.
Among those alike, what is far from the own value goes first, then what was read last.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from types import FrameType, FunctionType, ModuleType
from typing import Final

from synfinance_settings.foreign import printable
from synfinance_settings.reads.record import Spot
from synfinance_settings.record import Record
from synfinance_settings.suite.trial import Other

_MOST: Final = 20
_MOST_CAUSES: Final = 10

Reads = Mapping[str, Collection[Spot]]
"""The spots of every setting that was read, in the order of the first reads."""

Suspect = tuple[Other, Collection[Spot]]


class _Code(Record):
    """The lines of one frame that the failure came through, the one at which it did, and the files of what it names."""

    file: str
    first: int
    last: int
    line: int
    names: frozenset[str]

    def distance(self, spot: Spot) -> int | None:
        """0 for the very line, 1 for another line of the code, None for one elsewhere."""
        if spot == (self.file, self.line):
            return 0
        return 1 if spot[0] == self.file and self.first <= spot[1] <= self.last else None


def suspects(others: Mapping[str, Other], circles: Sequence[Reads], failure: BaseException | None) -> list[Suspect]:
    """The settings among `others` that were read in one of `circles`, nearest first.

    The first circle is what was read by that which ended in `failure`, the next ones are further and further from it.
    """
    frames = list(_frames(failure))
    named = {file for code in frames for file in code.names}
    ranked: dict[str, tuple[tuple[int, ...], Suspect]] = {}
    for circle, reads in enumerate(circles):
        for number, (key, spots) in enumerate(reads.items()):
            if key in others and key not in ranked:
                is_apart = circle > 0 and not any(file in named for file, _ in spots)
                rank = (is_apart, circle, _distance(frames, spots), not others[key].is_far, -number)
                ranked[key] = rank, (others[key], spots)
    return [suspect for _, suspect in sorted(ranked.values(), key=itemgetter(0))]


def told(nearest: list[Suspect], environment: str, own: str, root: str) -> str:
    """The same for people; places in the program are relative to `root` where they lie below."""
    lines = [f"read under {environment}, where {own} has another value; the nearest suspect first:"]
    for other, spots in nearest[:_MOST]:
        before = f"{own}: {other.own_value}, {other.own_origin}" if other.own_origin else f"{own} does not validate"
        lines.append(f"{other.origin}  {other.key} = {printable(other.value)}  ({printable(before)})")
        places = (f"{printable(file.removeprefix(root))}:{line}" for file, line in sorted(spots)[:3])
        lines.append(f"    read at {', '.join(places)}")
    lines += [f"and {len(nearest) - _MOST} more"] if len(nearest) > _MOST else []
    return "\n".join(lines)


def _distance(frames: list[_Code], spots: Collection[Spot]) -> int:
    """How far from where it failed the nearest of `spots` is."""
    for number, code in enumerate(frames):
        near = [distance for spot in spots if (distance := code.distance(spot)) is not None]
        if near:
            return 2 * number + min(near)
    return 2 * len(frames)


def _frames(failure: BaseException | None) -> Iterator[_Code]:
    """The code that `failure` came through, the innermost frame first, that of its causes before."""
    causes: list[BaseException] = []
    while failure is not None and len(causes) < _MOST_CAUSES:
        causes.append(failure)
        failure = failure.__cause__ or failure.__context__
    for cause in reversed(causes):
        frames: list[tuple[FrameType, int]] = []
        trace = cause.__traceback__
        while trace is not None:
            frames.append((trace.tb_frame, trace.tb_lineno))
            trace = trace.tb_next
        yield from (_code(frame, line) for frame, line in reversed(frames))


def _code(frame: FrameType, line: int) -> _Code:
    code = frame.f_code
    last = max((number for _, _, number in code.co_lines() if number is not None), default=line)
    used = (frame.f_globals.get(name) for name in code.co_names)
    modules = {value if isinstance(value, ModuleType) else sys.modules.get(_module(value)) for value in used}
    files = frozenset(str(getattr(module, "__file__", None)) for module in modules if module is not None)
    return _Code(code.co_filename, code.co_firstlineno, last, line, files)


def _module(value: object) -> str:
    """The module of a class or a function, or of the class of anything else."""
    return (value if isinstance(value, type | FunctionType) else type(value)).__module__

"""A layer: one source of values, and all that is true of it; nobody else knows what a layer is like.

    look   the only part that touches the world: what is there now, at each place that the layer reads
    say    a pure function of what was found: settings with their places, and what is wrong

What a look finds at a file is a `Content`, at any other place a `Finding`; two looks are compared place by place, so
that a layer that is not a file is watched as one that is. The layers there are, in their order, are in `precedence`.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, TypeAlias, TypeVar

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.secret_files import target
from synfinance_settings.record import Record
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Content, Failure, status_of
from synfinance_settings.text.node import Branch, Source

if TYPE_CHECKING:
    from synfinance_settings.layers.waivers import Waivers


class Finding:
    """What one look found at a `place` that is not a file: `data`, None for nothing, or why it cannot be had.

    `data` is anything that can be compared, and is never shown. What `is_settled` cannot have been found half-written,
    so that a watch loads it at once.
    """

    __slots__ = ("data", "failure", "is_settled", "place")

    def __init__(
        self, place: Hashable, data: Any = None, failure: Failure | None = None, is_settled: bool = False
    ) -> None:
        self.place: Final = place
        self.data: Final = data
        self.failure: Final = failure
        self.is_settled: Final = is_settled

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Finding):
            return NotImplemented
        return (self.place, self.data, self.failure) == (other.place, other.data, other.failure)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<Finding at {self.place!r}>"

    @property
    def exists(self) -> bool:
        """False when there was nothing at the place."""
        return self.data is not None or self.failure is not None


Found: TypeAlias = Content | Finding
Wake: TypeAlias = Callable[[], None]
Stop: TypeAlias = Callable[[], None]
_Found = TypeVar("_Found", bound=Content | Finding)


class Said(Record):
    """What a layer says, as it was found: `branch` are its settings, `problems` what is wrong with the rest.

    `is_empty` is true where it says nothing at all, not even that it is empty. Where something could not be read it is
    not `is_whole`, and what is judged over several layers is not judged; `left_out` are the names of what could not.
    `texts` are the texts that problems may show a line of, by their names; `waivers` are of rules, by their ids.
    """

    branch: Branch
    problems: tuple[Problem, ...] = ()
    is_empty: bool = False
    is_whole: bool = True
    left_out: tuple[str, ...] = ()
    texts: Mapping[str, SourceText] = MappingProxyType({})
    waivers: Waivers = MappingProxyType({})


class Glance:
    """One look at `project` in progress: what has not changed since the look before is the same object as there.

    With `names`, those in the settings folder, the system is believed: a file of which it says what it said then is
    not read.
    """

    def __init__(self, project: Project, known: Mapping[Hashable, Found], names: frozenset[str] | None = None) -> None:
        self.project = project
        self._known = known
        self._names = names

    def read(self, path: Path) -> Content:
        """Look at a file of the settings folder or of the project's root; a failure is part of what is found."""
        return self._unchanged(path) or self.same(self.project.read(path))

    def read_target(self, named: str) -> Content:
        """Look at a file that somebody named; a relative path counts from the project's root."""
        return self._unchanged(target(self.project.root, named)) or self.same(self.project.read_target(named))

    def _unchanged(self, path: Path) -> Content | None:
        known = None if self._names is None else self._known.get(path)
        is_same = isinstance(known, Content) and known.status is not None and known.status == status_of(path)
        return known if isinstance(known, Content) and is_same else None

    def known(self, place: Hashable) -> Found | None:
        """What the look before found at `place`; None where it looked nowhere, as at a start."""
        return self._known.get(place)

    def same(self, found: _Found) -> _Found:
        """`found`, or what was found before where that is equal: what was made of it need not be made again."""
        known = self._known.get(found.place)
        if not isinstance(known, type(found)) or known != found:
            return found
        if isinstance(known, Content) and isinstance(found, Content):
            known.status = found.status
        return known

    @cached_property
    def present(self) -> frozenset[str] | None:
        """The names in the settings folder; None where it cannot be listed, so that each name must be tried."""
        if self._names is not None:
            return self._names
        folder = self.project.settings_dir
        try:
            return frozenset(os.listdir(folder)) if folder else frozenset()
        except FileNotFoundError:
            return frozenset()
        except OSError:
            return None


def nothing_lent(name: str) -> None:
    """Lend no name a value."""


class Layer(ABC):
    """One source of values. A subclass says what is true of it in class attributes or its own start."""

    name: str
    """How messages and origins call the layer; two layers of one application have two names."""

    is_local: bool = False
    """A developer's own, which some environments ignore with a warning."""

    may_vanish: bool = True
    """Whether a reload takes for granted that it became empty or is gone; else the reload fails."""

    counts_beside: bool = True
    """Whether it counts, too, where another layer is judged by itself."""

    expands: bool = False
    """Whether a ``$`` in its values refers to something."""

    is_kept: bool = False
    """Whether what it says is kept on disk where it was accepted, as layer files are: see `keep` and `restore`."""

    def stem(self, environment: str) -> str | None:
        """The name, less the suffix, of its file in the settings folder; None for a layer that has none there."""
        return None

    def paths(self, project: Project) -> tuple[Path, ...]:
        """The files that it may read, whether they exist or not, as far as these are known without a look."""
        return ()

    def look(self, glance: Glance) -> Iterable[Found]:
        """What is there now. It raises nothing: that something cannot be had is a `Failure` of what was found.

        Whatever it waits for, it waits a bounded time: loads, reloads and the watcher's looks wait with it.
        """
        return ()

    def rests_on_files(self, project: Project) -> bool:
        """Whether what a look finds changes only where the settings folder does, or what stands at a `Path` found.

        Where the system says that none of these did, a watcher takes its word for a while, and asks this layer nothing.
        """
        return False

    def listen(self, project: Project, wake: Wake) -> Stop | None:
        """Call `wake`, from any thread, whenever it may be time to look, until the function that is returned is called.

        None for a layer that cannot tell. A hint is never the truth, and may be missed: looks at intervals are made all
        the same. Raises `OSError` or `RuntimeError` where the system gives no thread for it; whatever else goes wrong
        later is its own to mend. `Stop` returns at once.
        """
        return None

    @abstractmethod
    def say(self, found: Sequence[Any], project: Project, lend: Lend = nothing_lent) -> Said:
        """What it says, made of what its look `found` and of nothing else.

        `lend` gives a placeholder for a name that nothing sets, or None; only who looks up variables asks it.
        """

    def keep(self, found: Sequence[Any], project: Project) -> bytes | None:
        """What is to be kept on disk of what was found and accepted, beside the layer files; None for nothing.

        No secret may be in it.
        """
        return None

    def restore(self, data: bytes, found: Sequence[Any], project: Project) -> tuple[str, Sequence[Found]]:
        """What takes the place of what was `found`, made of what was kept, and how messages call it.

        Raises `ValueError` for what it never kept.
        """
        raise ValueError(f"{self.name} keeps nothing")

    def where(self, project: Project) -> Origin:
        """Where it is looked for, for a message on a layer that is not there."""
        return Origin(self.name)

    def source(self, name: str) -> Source:
        """The source of nodes that it read from what messages call `name`."""
        return Source(name, self.expands)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name!r}>"

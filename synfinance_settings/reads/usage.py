"""What becomes of a setting in a program: who reads it for certain, who perhaps, and which none reads.

A scan and the record of a test run say it together. Where a key is made at run time, a scan is in doubt, and a record
settles it: what was read there counts, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from synfinance_settings.reads.findings import Doubt, How, Read, Scan
from synfinance_settings.reads.program import Place
from synfinance_settings.reads.vocabulary import Vocabulary

State = Literal["read", "variable", "perhaps", "rule", "dead"]
"""Read; only its variable is read, past the settings; perhaps read; looked at by the model's own rules alone; not read.

What tests alone read is dead, too.
"""


@dataclass(frozen=True, slots=True)
class Usage:
    """What is known of the reads of one setting: each place with how it reads, doubts, rules, and tests."""

    key: str
    reads: tuple[tuple[Place, How], ...]
    doubts: tuple[Doubt, ...]
    rules: tuple[str, ...]
    tests: tuple[Place, ...]

    @property
    def state(self) -> State:
        """What it comes to."""
        if any(how != "variable" for _, how in self.reads):
            return "read"
        if self.reads:
            return "variable"
        if self.doubts:
            return "perhaps"
        return "rule" if self.rules else "dead"


@dataclass(frozen=True, slots=True)
class Uses:
    """The usage of every setting by its key, the doubts that are left, and those that the record settled.

    A doubt is left where it is about a setting that is not read for certain; with one that is settled stand the keys
    that the record saw there.
    """

    settings: Mapping[str, Usage]
    doubts: tuple[Doubt, ...]
    settled: Mapping[Doubt, tuple[str, ...]]


def uses(vocabulary: Vocabulary, scan: Scan, recorded: Iterable[Read] = ()) -> Uses:
    """What a scan and the reads that were `recorded` say together."""
    recorded_reads = tuple(recorded)
    certain = {(read.place, read.key) for read in scan.reads}
    recorded_keys: dict[Place, set[str]] = {}
    for read in recorded_reads:
        if (read.place, read.key) not in certain:
            recorded_keys.setdefault(read.place, set()).add(read.key)
    settled = {doubt: keys for doubt in scan.doubts if (keys := _seen(doubt, recorded_keys))}
    left = tuple(doubt for doubt in scan.doubts if doubt not in settled)
    by_key: dict[str, list[Read]] = {}
    for read in (*scan.reads, *recorded_reads):
        by_key.setdefault(read.key, []).append(read)
    doubted: dict[str, list[Doubt]] = {}
    for doubt in left:
        for key in doubt.keys:
            doubted.setdefault(key, []).append(doubt)
    settings = {
        key: _usage(key, by_key.get(key, ()), tuple(doubted.get(key, ())), vocabulary.rules.get(key, ()))
        for key in vocabulary.catalogue.settings
    }
    open_ones = tuple(doubt for doubt in left if any(settings[key].state != "read" for key in doubt.keys))
    return Uses(settings, open_ones, settled)


def _seen(doubt: Doubt, recorded_keys: Mapping[Place, set[str]]) -> tuple[str, ...]:
    """What was read for a key made at run time on the lines of `doubt`, in the order of the settings."""
    if not doubt.is_by_key:
        return ()
    lines = range(doubt.place.line, doubt.last + 1)
    keys = set().union(*(recorded_keys.get(Place(doubt.place.file, line), ()) for line in lines))
    return tuple(key for key in doubt.keys if key in keys)


def _usage(key: str, reads: Iterable[Read], doubts: tuple[Doubt, ...], rules: tuple[str, ...]) -> Usage:
    places: dict[Place, How] = {}
    for read in reads:
        if not read.is_test:
            places.setdefault(read.place, read.how)
    tests = sorted({read.place for read in reads if read.is_test})
    return Usage(key, tuple(sorted(places.items())), doubts, rules, tuple(tests))

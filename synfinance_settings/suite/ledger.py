"""What each test of a suite read when it passed last: which tests a change of settings concerns.

What is remembered of a test counts as long as its file, and the files that read settings for it, are as they were. Of
any other test nothing is known, and every change concerns it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from synfinance_settings.reads.record import Spot, below_root

_FORM: Final = 1

Files = dict[str, str]
"""Files, by their paths from the root of the suite, with the digests of what they held."""


class Ledger:
    """What the tests below `root` read.

    `common` are the keys that were read outside of tests, at import and while tests were collected, each with the files
    that did so; `tests` has the keys and files of each test by its name, None for one that did not pass. It begins
    with what `data` says; what is of another make, or of tests whose files are gone, says nothing.
    """

    def __init__(self, root: Path, data: Any = None) -> None:
        self._root = root
        self._digests: dict[str, str | None] = {}
        self.common: dict[str, Files] = {}
        self.tests: dict[str, tuple[set[str], Files] | None] = {}
        with suppress(TypeError, ValueError, AttributeError, LookupError):
            self._read(data)

    def remember(self, test: str, file: str, reads: Mapping[str, Collection[Spot]]) -> None:
        """Take note of what a test in `file` read that passed."""
        files = {spot[0] for spots in tuple(reads.values()) for spot in tuple(spots)}
        self.tests[test] = set(reads), self._as_now({file, *files})

    def share(self, reads: Mapping[str, Collection[Spot]]) -> None:
        """Take note of what was read outside of tests."""
        for key, spots in tuple(reads.items()):
            self.common.setdefault(key, {}).update(self._as_now({file for file, _ in tuple(spots)}))

    def take(self, other: Ledger) -> None:
        """Take in what another ledger, a newer one, says."""
        for key, files in other.common.items():
            self.common.setdefault(key, {}).update(files)
        for test, newer in other.tests.items():
            known = self.tests.get(test)
            if newer is not None and known is not None and self._is_as_was(known[1]):
                newer = (newer[0] | known[0], {**known[1], **newer[1]})
            self.tests[test] = newer

    def concerns(self, test: str, file: str, changed: Collection[str]) -> bool:
        """False where it is known of a test in `file` that it reads none of the settings that `changed`."""
        known = self.tests.get(test)
        if known is None or not self._is_as_was(known[1]):
            return True
        if not known[0].isdisjoint(changed):
            return True
        own = below_root(self._root, file)
        readers = (reader for key in changed for reader in self.common.get(key, ()))
        return any(reader == own or reader not in self._test_files for reader in readers)

    @cached_property
    def _test_files(self) -> frozenset[str]:
        """The files of the tests that are known: what such a file reads at import is for its own tests alone."""
        return frozenset(name.partition("::")[0] for name in self.tests)

    def data(self) -> dict[str, Any]:
        """The whole as JSON can say it."""
        tests = {test: known and [sorted(known[0]), known[1]] for test, known in self.tests.items()}
        return {"form": _FORM, "common": self.common, "tests": tests}

    def _read(self, data: Any) -> None:
        if data["form"] != _FORM:
            return
        for key, files in data["common"].items():
            self.common[key] = {name: digest for name, digest in files.items() if self._digest(name) == digest}
        for test, known in data["tests"].items():
            if self._digest(test.partition("::")[0]) is not None:
                self.tests[test] = known and (set(known[0]), dict(known[1]))

    def _as_now(self, files: Iterable[str]) -> Files:
        names = {below_root(self._root, file) for file in files}
        return {name: digest for name in sorted(names) if (digest := self._digest(name)) is not None}

    def _is_as_was(self, files: Files) -> bool:
        return all(self._digest(name) == digest for name, digest in files.items())

    def _digest(self, name: str) -> str | None:
        """What a file holds, in few characters; None where there is no such file, as for text that was compiled."""
        if name not in self._digests:
            path = self._root / name
            data = path.read_bytes() if path.is_file() else None
            self._digests[name] = None if data is None else hashlib.sha256(data).hexdigest()[:16]
        return self._digests[name]

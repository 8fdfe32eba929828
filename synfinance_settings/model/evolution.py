"""How settings change from release to release: the names that they had, and in which release those are gone.

An old name is a spelling of its setting, reported with a warning wherever it stands, until the program has reached the
version that takes it away; from there on it is an error. Which release a program is in, its application says.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, Final

from synfinance_settings.errors import Origin, Problem, Severity
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record

_RELEASE: Final = pattern(r"v?(\d{1,9}(?:\.\d{1,9})*)(?:[-.+]?[A-Za-z][\w.+-]*|\+[\w.]+)?", re.ASCII)


def release(version: str) -> tuple[int, ...] | None:
    """The numbers of `version`, to be compared; None where it has none.

    A candidate is of the release that it is one for: 2.0rc1 is 2.0, and so is 2.0.0.
    """
    match = _RELEASE.fullmatch(version)
    if match is None:
        return None
    numbers = [int(number) for number in match[1].split(".")]
    while len(numbers) > 1 and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def has_reached(version: str, other: str | None) -> bool:
    """True where a program of `version` is of the release `other`, or of a later one; False where there is no other."""
    return other is not None and (release(version) or ()) >= (release(other) or ())


class OldName(Record):
    """The `key` that the setting `now` had before the release `since`, and that is taken until the release `gone`."""

    key: str
    now: str
    since: str | None = None
    gone: str | None = None

    def told(self, spelled: str, meant: str, origin: Origin, *, is_gone: bool) -> Problem:
        """What is to be said of it at `origin`, where it is `spelled` and `meant` is the spelling of today."""
        if is_gone:
            since = f" since {self.since}" if self.since else ""
            return self._problem("error", f"{spelled} is {meant}{since}, and the old name is gone", meant, origin)
        end = f"; {self.gone} no longer accepts the old name" if self.gone else ""
        return self._problem("warning", f"{spelled} is now {meant}{end}", meant, origin)

    def _problem(self, severity: Severity, message: str, meant: str, origin: Origin) -> Problem:
        hint = f"write {meant} instead; the command migrate does it in layer files and .env"
        return Problem("old-name", message, self.now, origin, hint=hint, severity=severity)

    def beside(self, spelled: str, meant: str, origin: Origin, *, is_same: bool) -> Problem:
        """What is to be said where it is given at `origin` although the same layer gives the setting as `meant`."""
        values = "the same value" if is_same else "different values"
        severity: Severity = "warning" if is_same else "error"
        message = f"{spelled} is an old name of {meant}; both are given, with {values}"
        hint = f"remove {spelled}" if is_same else f"give {meant} the intended value, and remove {spelled}"
        return Problem("old-name", message, self.now, origin, hint=hint, severity=severity)


class OldNames(dict[str, OldName]):
    """The names that the settings of a program had, by their keys of then."""

    def __init__(self, names: Iterable[OldName]) -> None:
        super().__init__({name.key: name for name in names})
        self.tree: Final[dict[str, Any]] = {}
        """The shape of the keys of then, as a catalogue has it of those of today."""
        self.sections: Final = frozenset(key[:end] for key in self for end, letter in enumerate(key) if letter == ".")
        """What the settings stood in."""
        for key in self:
            *path, name = key.split(".")
            branch = self.tree
            for part in path:
                inner = branch.setdefault(part, {})
                branch = {} if inner is None else inner  # an application with one inside another is refused
            branch[name] = None

    def today(self, key: str) -> str:
        """The key of today of the setting that is called `key`, or was; else `key` as it is."""
        old = self.get(key)
        return old.now if old else key

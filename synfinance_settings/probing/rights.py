"""What a user may do with the files and folders that settings name: who runs this, or another one that is named.

For another one a process of its own (`probe`) becomes that user, tries, and ends: nothing is opened, and nothing made.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from synfinance_settings.foreign import printable
from synfinance_settings.probing.answers import in_words
from synfinance_settings.probing.finding import Command
from synfinance_settings.record import Record

if TYPE_CHECKING:
    from synfinance_settings.probing.probe import Answer, Question

_MODES: Final = {"r": os.R_OK, "w": os.W_OK, "x": os.X_OK}


class User(Record):
    """A user of this machine."""

    name: str
    uid: int
    gid: int


def user_named(text: str) -> User:
    """The user whose name or number is `text`; raises `LookupError` where there is none, or where one cannot become
    that user.
    """
    try:
        entry = pwd.getpwnam(text)
    except (KeyError, ValueError):
        try:
            entry = pwd.getpwuid(int(text))
        except (KeyError, ValueError, OverflowError):
            raise LookupError(f"this machine has no user {printable(text, 80)}") from None
    if os.geteuid() not in (0, entry.pw_uid):
        raise LookupError(f"only root can ask for another user: run it as root or as {entry.pw_name}")
    return User(entry.pw_name, entry.pw_uid, entry.pw_gid)


def question(user: User, paths: Iterable[Path]) -> Question:
    """What is asked of a process that becomes `user`: the rights to `paths` and to all folders above them."""
    absolute = [path.absolute() for path in paths]
    places = dict.fromkeys(str(place) for path in absolute for place in (path, *path.parents))
    return {"about": "rights", "user": user, "paths": list(places)}


@dataclass(frozen=True, slots=True)
class Rights:
    """The rights of `user`, as letters out of ``rwx`` by absolute path; those of who runs this where there is none."""

    user: User | None = None
    letters: Mapping[str, str] | None = None

    @classmethod
    def of(cls, user: User | None, answer: Answer | None) -> Rights:
        """The rights that `answer` tells of; `OSError` where they cannot be found out, `TimeoutError` out of time."""
        if user is None or answer is None:
            return cls(user)
        if answer.get("failure") == "timeout":
            raise TimeoutError
        if "failure" in answer:
            raise OSError(0, in_words(answer, "program"))
        return cls(user, answer["rights"])

    def include(self, path: Path, letters: str) -> bool:
        """True when `path` may be used in all the ways of `letters`: read, written, and a folder walked through."""
        if self.letters is None:
            return os.access(path, sum(_MODES[letter] for letter in letters))
        return set(letters) <= set(self.letters.get(str(path.absolute()), ""))

    @property
    def by(self) -> str:
        """Whose they are, at the end of a sentence: `` by shop``; nothing where it is who runs this."""
        return f" by {self.user.name}" if self.user else ""

    @property
    def refusal(self) -> Literal["warn", "fail"]:
        """How bad it is that one is missing: for a user who was named it is certain."""
        return "fail" if self.user else "warn"

    def grant(self, path: Path, letters: str) -> str | None:
        """The step that gives those of `letters` to `path` that are missing."""
        if self.user is None:
            return Command.of("chmod", f"u+{letters.replace('wx', 'rwx')}", "--", path)
        closed = next((folder for folder in reversed(path.absolute().parents) if not self.include(folder, "x")), None)
        if closed:
            return f"let {self.user.name} walk through {closed}, which keeps out whoever is not let in"
        return f"give {self.user.name} the right to it, by its owner, group or mode ({letters})"

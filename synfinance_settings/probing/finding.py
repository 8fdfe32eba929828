"""What a live check found, and what mends it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from synfinance_settings.foreign import pasted, printable

Status = Literal["ok", "warn", "fail"]

_LONGEST: Final = 1000  # characters that a finding says


class Command(str):
    """A mend that can be pasted into a shell, on one line at any width."""

    __slots__ = ()

    @classmethod
    def of(cls, *words: object) -> Command | None:
        """The words quoted for a shell; None where one of them is not what it looks like."""
        command = pasted(*words)
        return cls(command) if command else None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: about what, how it stands, in words, and the command or step that mends it.

    `code` is that of the problem that it is, and `keys` the settings that it is due to, the likeliest first; one that
    is due to no setting has neither.
    """

    check: str
    status: Status
    message: str
    mend: str | None = None
    code: str = ""
    keys: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "message", printable(self.message, _LONGEST))


def correct(keys: Iterable[str]) -> str:
    """The step that mends what settings say wrong: ``correct shop.host and shop.port``."""
    return f"correct {listed(tuple(keys))}"


def listed(names: Sequence[str]) -> str:
    """The names in a sentence: ``a, b and c``."""
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))

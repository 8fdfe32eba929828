"""The environments a process can run in, and the names they answer to."""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from typing import Final

from synfinance_settings.errors import EnvironmentNameError, Origin, Problem, printable
from synfinance_settings.slips import is_slip


class Environment(StrEnum):
    """Where a process runs; it decides which layer is read and which rules hold."""

    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"
    TEST = "test"

    @property
    def is_strict(self) -> bool:
        """True where a missing layer stops the start: staging and production."""
        return self in (Environment.STAGING, Environment.PRODUCTION)


class LogLevel(StrEnum):
    """The least severe log record that is written."""

    DEBUG = "DEBUG"
    INFO = "INFO"
    WARNING = "WARNING"
    ERROR = "ERROR"
    CRITICAL = "CRITICAL"


SHORT_NAMES: Final = {
    "dev": Environment.DEVELOPMENT,
    "stage": Environment.STAGING,
    "prod": Environment.PRODUCTION,
    "testing": Environment.TEST,
}


def parse_environment(name: str, origin: Origin | None = None, *, is_inserted: bool = False) -> Environment:
    """The environment that `name` means, matched exactly; raises `EnvironmentNameError` for any other text.

    What may have been inserted for a reference may be a secret, and is told only where it is a slip of the pen.
    """
    known = {**{str(member): member for member in Environment}, **SHORT_NAMES}
    if name in known:
        return known[name]
    near = get_close_matches(name.strip().lower(), known, n=1)
    is_shown = not is_inserted or any(is_slip(name, other) for other in near)
    shown = repr(printable(name)) if is_shown else "what stands there"
    raise EnvironmentNameError(
        Problem(
            code="unknown-environment",
            message=f"{shown} is not an environment",
            key="environment",
            origin=origin,
            hint=f"did you mean {known[near[0]]}?" if near and is_shown else f"one of {', '.join(Environment)}",
        )
    )

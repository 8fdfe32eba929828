"""The gate of a staged change: what an operator has asked besides the processes, before it goes on to more of them.

It is known to the command that was called with it, and to nobody else. It is not in the store: whoever may write there
could then have every machine that watches run a command, or ask an address, of their choice.
"""

from __future__ import annotations

from typing import Any, Final

import click

from synfinance_settings.foreign import printable
from synfinance_settings.record import Record

SECONDS: Final = 60.0
"""How long a command has to end."""

_HTTP_SECONDS: Final = 5.0
_SCHEMES: Final = ("http://", "https://")


class Gate(Record):
    """A command by its words, or a URL."""

    words: tuple[str, ...] = ()
    url: str = ""

    def failure(self) -> str | None:
        """Try it here and now: why it does not hold, None where it does. What a command says goes to stderr."""
        return _asked(self.url) if self.url else _run(self.words)


class GateType(click.ParamType[Gate]):
    """A command, taken apart as a shell would and run without one, or a URL."""

    name = "command|url"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Gate:
        """The gate that `value` says; a usage error where that can be none."""
        import shlex
        from shutil import which

        if isinstance(value, Gate):
            return value
        if value.startswith(_SCHEMES):
            return Gate(url=value)
        try:
            words = tuple(shlex.split(value))
        except ValueError as error:
            self.fail(f"it is not a command: {error}", param, ctx)
        if not words or which(words[0]) is None:
            self.fail("there is no such command; no shell reads it, unless it begins with sh -c", param, ctx)
        return Gate(words)


def _run(words: tuple[str, ...]) -> str | None:
    import subprocess

    try:
        done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=2, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"its gate did not end within {SECONDS:g} s"
    except OSError as error:
        return f"its gate cannot be run: {error.strerror}"
    return None if done.returncode == 0 else f"its gate ended with {done.returncode}"


def _asked(url: str) -> str | None:
    """Whether the server says 2xx; it is not followed to anywhere else."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import HTTPRedirectHandler, build_opener

    class Here(HTTPRedirectHandler):
        def redirect_request(self, *request: Any) -> None:
            return None

    try:
        with build_opener(Here).open(url, timeout=_HTTP_SECONDS):
            return None
    except HTTPError as error:
        error.close()
        return f"its gate answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)
        return f"its gate did not answer: {printable(str(getattr(reason, 'strerror', None) or type(reason).__name__))}"

"""Canaries: a text of its own in every secret setting, and where any of them turns up that should not.

What is written to standard output and error, what is logged, the error that ends the block and what is handed over are
searched as they are; a text that was encoded first, as Base64 has it, is not found.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from secrets import token_hex
from types import TracebackType
from typing import Any, Final, Self, TextIO

from synfinance_settings.choice import chosen_application
from synfinance_settings.errors import printable
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.model.variables import SEPARATOR
from synfinance_settings.testing.overrides import Override

_AROUND: Final = 40
"""Characters that are told on either side of a canary."""

_OF_RESPONSE: Final = ("headers", "text", "content", "data", "body", "reason", "url")
_DEEPEST: Final = 5


class Canary:
    """A canary in every secret of `application`, else of the one that is chosen, while the block runs.

        with Canary() as canary:
            response = client.get("/status")
            canary.check(response, "the status page")

    At its end `AssertionError` names each setting whose canary was written, logged, raised or handed over, and where.
    `left_out` are the secrets that no canary fits, for their limits or patterns.
    """

    def __init__(self, application: Application[Any] | None = None) -> None:
        chosen = chosen_application() if application is None else application
        secrets = [setting for setting in chosen.catalogue.settings.values() if setting.is_secret]
        self.texts: Final = {setting.key: f"canary{token_hex(17)}" for setting in secrets}
        """The canary of each secret, by its key."""
        values = {setting.key: _value(setting, self.texts[setting.key]) for setting in secrets}
        fitting = {key: value for key, value in values.items() if _fits(chosen, key, value)}
        self.left_out: Final = tuple(key for key in values if key not in fitting)
        self._override = Override(chosen, **{key.replace(".", SEPARATOR): fitting[key] for key in fitting})
        self._found: dict[tuple[str, str], str] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self._override)
            stack.enter_context(self.listening())
            handler = _Records(self)
            logging.getLogger().addHandler(handler)
            stack.callback(logging.getLogger().removeHandler, handler)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
        if error is not None:
            self.hear("".join(traceback.format_exception(error)), "the error that ended the block")
        if self._found:
            raise _turned_up(self._found) from error

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Hear what is written to the streams of now: for who puts others in the place of those of the beginning."""
        with (
            redirect_stdout(_Ear(self, sys.stdout, "standard output")),
            redirect_stderr(_Ear(self, sys.stderr, "standard error")),
        ):
            yield

    def check(self, thing: object, where: str = "") -> None:
        """Search `thing` for canaries: text, bytes, mappings and lists of them, or a response of any framework.

        Raises `AssertionError` at once, which names the settings; `where` says what it is.
        """
        before, self._found = self._found, {}
        for text in _texts(thing):
            self.hear(text, where or f"a {type(thing).__name__}")
        found, self._found = self._found, before
        if found:
            raise _turned_up(found)

    def hear(self, text: str, place: str) -> None:
        """Take note of the canaries in `text`, to be told at the end."""
        for key, canary in self.texts.items():
            at = text.find(canary)
            if at >= 0:
                end = at + len(canary)
                said = f"{text[max(at - _AROUND, 0) : at]}[canary]{text[end : end + _AROUND]}"
                self._found.setdefault((key, place), printable(said.strip(), None))


def _turned_up(found: Mapping[tuple[str, str], str]) -> AssertionError:
    where = [f"{key} in {place}: {said}" for (key, place), said in found.items()]
    return AssertionError("\n".join(["secrets are told:", *where]))


def _value(setting: Setting, canary: str) -> Any:
    value = f"https://{canary}.invalid/{canary}" if setting.is_url else canary
    return [value] if setting.is_list else value


def _fits(application: Application[Any], key: str, value: Any) -> bool:
    try:
        application.catalogue.cast_alone(key, value)
    except ValueError:
        return False
    return True


class _Ear:
    """A stream that hands on what is written to it, and listens; a canary may come in two parts."""

    def __init__(self, canary: Canary, stream: TextIO, place: str) -> None:
        self._canary = canary
        self._stream = stream
        self._place = place
        self._heard = ""

    def write(self, text: str) -> int:
        self._heard = self._heard[-1000:] + text
        self._canary.hear(self._heard, self._place)
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Records(logging.Handler):
    """Listens to every record that reaches the root logger: what it says, its error, and what was added to it."""

    def __init__(self, canary: Canary) -> None:
        super().__init__()
        self._canary = canary

    def emit(self, record: logging.LogRecord) -> None:
        place = f"a record of the logger {record.name}"
        self._canary.hear(self.format(record), place)
        for text in _texts({name: value for name, value in vars(record).items() if name != "exc_info"}):
            self._canary.hear(text, place)


def _texts(thing: object, depth: int = 0) -> Iterator[str]:
    """All texts of `thing`, also of what is in it."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, bytes | bytearray):
        yield thing.decode("latin-1")
    elif isinstance(thing, Mapping) and depth < _DEEPEST:
        for name, value in thing.items():
            yield from _texts(name, depth + 1)
            yield from _texts(value, depth + 1)
    elif isinstance(thing, list | tuple | set | frozenset) and depth < _DEEPEST:
        for value in thing:
            yield from _texts(value, depth + 1)
    else:
        yield str(thing)
        yield repr(thing)
        if depth == 0:
            for name in _OF_RESPONSE:
                yield from _texts(getattr(thing, name, ""), depth + 1)

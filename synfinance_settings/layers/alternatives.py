"""Other values of a setting, for trials: each fits its form and limits, and stands beside all others.

Where a value can only stand with other ones (what is switched on needs a name), those are changed before it, and are
told. Nothing is guessed of a text that must match a pattern: what is like the value that it has is tried.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from synfinance_settings.layers.output import plain
from synfinance_settings.layers.report import placeholder
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.model.lines import is_set
from synfinance_settings.model.section import JUDGED_APART
from synfinance_settings.record import Record
from synfinance_settings.text.format import nested

_MOST_COMPANIONS: Final = 3
_MOST_TRIES: Final = 12
"""How many values of one setting are tried before it is given up."""


class Values(dict[str, Any]):
    """Plain values of settings by their keys, secrets in clear; its repr shows none."""

    def __repr__(self) -> str:
        return f"<Values of {len(self)} settings>"


class Alternative(Record):
    """Another value of the setting `key`, and the `companions`: what others must be for it, before and after."""

    key: str
    value: Any
    companions: Values

    def __repr__(self) -> str:
        return f"<Alternative of {self.key}>"


class Alternatives:
    """What the settings of `application` could be instead of `values`, plain and by key, in `environment`."""

    def __init__(self, application: Application[Any], values: Mapping[str, Any], environment: str) -> None:
        self._application = application
        self._values = Values(values)
        self._environment = environment

    def of(self, key: str, wanted: tuple[Any, ...] = ()) -> Alternative | None:
        """Another value of `key`, one of those `wanted` where there are any; None where none can stand."""
        setting = self._application.catalogue.settings[key]
        for value in wanted or self._fitting(setting):
            companions = self._companions(key, value, Values())
            if companions is not None:
                return Alternative(key, value, companions)
        return None

    def _fitting(self, setting: Setting) -> Iterator[Any]:
        """A few values that fit the setting by itself, and are not what it is."""
        now = self._values[setting.key]
        found = 0
        for value in _near(setting, now):
            cast = self._cast(setting.key, value)
            if cast is not None and plain(cast, "reveal") != now:
                yield plain(cast, "reveal")
                found += 1
                if found == _MOST_TRIES:
                    return

    def _cast(self, key: str, value: Any) -> Any:
        try:
            return self._application.catalogue.cast_alone(key, value)
        except ValueError:
            return None

    def _companions(self, key: str, value: Any, changed: Values) -> Values | None:
        """What is changed beside `key`, so that all stands both without and with its `value`; None where nothing
        helps.
        """
        needed = self._in_the_way({**changed, key: value})
        if needed is not None and not needed and self._in_the_way(changed) == ():
            return changed
        if len(changed) == _MOST_COMPANIONS:
            return None
        for other in needed or ():
            if other != key and other not in changed:
                for text in self._fitting(self._application.catalogue.settings[other]):
                    found = self._companions(key, value, Values({**changed, other: text}))
                    if found is not None:
                        return found
        return None

    def _in_the_way(self, changes: Mapping[str, Any]) -> tuple[str, ...] | None:
        """The settings that what is broken with `changes` is about, none where nothing is; None where all is refused
        by what says no reason.
        """
        try:
            values = nested({**self._values, **changes})
            config = self._application.model.model_validate(values, context=JUDGED_APART)
        except ValueError:
            return None
        breaches = self._application.breaches(config, self._environment)
        return next((breach.keys for breach in breaches if breach.problem.severity == "error"), ())


def _near(setting: Setting, now: Any) -> Iterator[Any]:
    """Values of the form of `setting`, whether they are within its limits or not, the nearest to `now` first."""
    if setting.choices:
        yield from _items(setting, now) if setting.is_list else setting.choices
    elif setting.is_list:
        yield from _items(setting, now)
    else:
        yield from _OF_FORM[setting.form](setting, now)
    if setting.nullable:
        yield None


def _items(setting: Setting, now: Any) -> Iterator[Any]:
    """Lists: one item more, one less, another one in the place of the first."""
    items = list(now or ())
    name = setting.key.replace(".", "-")
    for more in (*setting.choices, *(_alike(items[-1]) if items else ()), placeholder(name), "1"):
        yield [*items, more]
        yield [*items[:-1], more]
    yield items[:-1]


def _numbers(setting: Setting, now: Any) -> Iterator[Any]:
    bounds = [setting.at_least, setting.at_most, setting.more_than, setting.less_than]
    known = [number for number in (now, *bounds) if number is not None] or [0]
    if setting.form == "number":
        yield from (number + step for number in known for step in (0.01, -0.01, 0.25, -0.25))
        yield from (number / 2 for number in known)
    for number in known:
        yield from (number + 1, number - 1)
    yield from (number for number in bounds if number is not None)
    yield from (number * 2 for number in known)


def _dates(setting: Setting, now: Any) -> Iterator[Any]:
    day = date.fromisoformat(now) if now else date(2024, 1, 1)
    yield from (day + timedelta(days=1), day - timedelta(days=1))


def _texts(setting: Setting, now: Any) -> Iterator[Any]:
    """Texts like the one that there is, which a pattern or a reader of its own may ask for; else any."""
    name = setting.key.replace(".", "-")
    if setting.is_url:
        yield f"{now.rstrip('/')}/other" if is_set(now) else placeholder(name)
    if is_set(now):
        yield from _alike(now)
    yield from (name, name.rpartition("-")[2], placeholder(name), "other", "a", "1")
    shortest, longest = setting.lengths
    if shortest or longest:
        yield "x" * (shortest or longest or 1)


def _secrets(setting: Setting, now: Any) -> Iterator[Any]:
    yield placeholder(setting.key.replace(".", "-"))
    yield from _texts(setting, now)


def _alike(like: object) -> Iterator[str]:
    """Texts of the same kinds of characters: one more behind a letter at the end, else another one in some place."""
    text = str(like)
    if text[-1].isalpha():
        yield f"{text}2"
    for at in reversed(range(len(text))):
        letter = text[at]
        kind = next((kind for kind in _KINDS if letter in kind), None)
        if kind:
            yield f"{text[:at]}{kind[kind.index(letter) - 1]}{text[at + 1 :]}"
    yield text[:-1]


_KINDS: Final = ("0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OF_FORM: Final[Mapping[str, Callable[[Setting, Any], Iterator[Any]]]] = {
    "whole number": _numbers,
    "number": _numbers,
    "boolean": lambda setting, now: iter((not now,)),
    "date": _dates,
    "text": _texts,
    "secret": _secrets,
}

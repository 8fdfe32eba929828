"""The forms in which text becomes a value.

Every layer supplies text, so each form accepts exactly the spellings that the contract names (nothing is
stripped, no number is guessed) and, for callers in Python, the type itself. Pydantic's own lax casting sits
behind the forms and never sees text that is not of the form. A form raises a `PydanticCustomError` whose type is
the problem's code and whose message never holds the value.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, cast
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr
from pydantic_core import PydanticCustomError

from synfinance_settings.errors import counted
from synfinance_settings.pattern import pattern

_WHOLE: Final = pattern(r"[+-]?[0-9]+")
_NUMBER: Final = pattern(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_DATE: Final = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BOOLEANS: Final = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
}
_SURROGATE: Final = pattern("[\ud800-\udfff]")
_MOST_DIGITS: Final = 4000  # Python refuses to read more than 4,300
_COUNTED: Final = pattern(r"([+-]?[0-9]+)([A-Za-z]+)")

UNITS: Final[Mapping[str, Mapping[str, int]]] = {
    "seconds": {"s": 1, "m": 60, "h": 3_600, "d": 86_400},
    "bytes": {"kB": 1_000, "MB": 1_000**2, "GB": 1_000**3, "KiB": 1_024, "MiB": 1_024**2, "GiB": 1_024**3},
}
"""What may stand behind a whole number in a field that counts these, and how many of them it is."""

FormName = Literal["whole number", "number", "boolean", "date", "text", "secret", "choice", "list", "secret list"]


class Form:
    """The name of a form; stands in a field's metadata for the schema, the reference page and `explain`.

    `any_case` is true for a choice whose names are taken in any case, `is_url` for a text that is an http or https URL.
    `unit` is what a number of the form counts, where the form itself knows, one of `UNITS`.
    """

    def __init__(
        self, name: FormName, *, any_case: bool = False, is_url: bool = False, unit: str | None = None
    ) -> None:
        self.name: FormName = name
        self.any_case = any_case
        self.is_url = is_url
        self.unit = unit


def misfit(
    form: str, code: Literal["wrong-type", "null", "out-of-range", "empty-item"] = "wrong-type"
) -> PydanticCustomError:
    """The error of a value that must `form`: ``be a whole number``."""
    return PydanticCustomError(code, "must {form}", {"form": form})


def try_form(read: Callable[[Any], Any], text: str) -> tuple[Any, str | None]:
    """What `text` means in the form that `read` reads, or None and what is wrong: ``must be a whole number``."""
    try:
        return read(text), None
    except PydanticCustomError as error:
        return None, error.message()


def is_utf8(text: str) -> bool:
    """False for text with lone surrogates, as bytes that are not UTF-8 leave them in variables and arguments."""
    return text.isascii() or not _SURROGATE.search(text)


def _present(value: Any) -> Any:
    if value is None:
        raise misfit("not be null", "null")
    return value


def _is_whole(text: str) -> bool:
    """True for what spells a whole number; few have a sign, so that most need no expression."""
    return (text.isascii() and text.isdigit()) or bool(_WHOLE.fullmatch(text))


def read_whole_number(value: Any) -> Any:
    """A whole number, from text of the form ``[+-]?[0-9]+``; raises `PydanticCustomError`."""
    if isinstance(value, str):
        if not _is_whole(value):
            raise misfit("be a whole number")
        if len(value) > _MOST_DIGITS:
            raise misfit(f"have at most {_MOST_DIGITS} digits", "out-of-range")
        return int(value)
    if isinstance(_present(value), int) and not isinstance(value, bool):
        return value
    raise misfit("be a whole number")


def broken_limit(code: str, context: Mapping[str, Any], noun: str) -> str | None:
    """What a value must be that Pydantic refused for `code`; None if that is not a limit. Its length counts `noun`s."""
    match code:
        case "greater_than":
            return f"be more than {context['gt']}"
        case "less_than":
            return f"be less than {context['lt']}"
        case "multiple_of":
            return f"be a multiple of {context['multiple_of']}"
        case "string_too_short" | "too_short":
            return f"have at least {counted(context['min_length'], noun)}"
        case "string_too_long" | "too_long":
            return f"have at most {counted(context['max_length'], noun)}"
        case "string_pattern_mismatch":
            return f"match {context['pattern']}"
    return None


def in_words(unit: str) -> str:
    """The units that may stand behind a number that counts `unit`: ``s, m, h or d``."""
    *others, last = UNITS[unit]
    return f"{', '.join(others)} or {last}"


def _counting(unit: str) -> Callable[[Any], Any]:
    """What reads a whole number that counts `unit`, one with another unit behind it too."""
    units, words = UNITS[unit], in_words(unit)

    def read(value: Any) -> Any:
        if not isinstance(value, str) or _is_whole(value):
            return read_whole_number(value)
        parts = _COUNTED.fullmatch(value)
        if parts is None or parts[2] not in units:
            raise misfit(f"be a whole number, or one followed by {words}")
        return read_whole_number(parts[1]) * units[parts[2]]

    return read


read_seconds: Final = _counting("seconds")
"""Whole seconds, from a whole number, also one with another unit behind it; raises `PydanticCustomError`."""


def read_number(value: Any) -> Any:
    """A finite number, from decimal or exponent text; raises `PydanticCustomError`."""
    if isinstance(value, str):
        is_plain = value.isascii() and value.replace(".", "", 1).isdigit()  # few have a sign or an exponent
        number = float(value) if is_plain or _NUMBER.fullmatch(value) else math.nan
    elif isinstance(_present(value), int | float) and not isinstance(value, bool):
        number = value
    else:
        number = math.nan
    try:
        if math.isfinite(number):
            return number
    except OverflowError:  # a whole number that no float can hold
        pass
    raise misfit("be a finite number")


def read_boolean(value: Any) -> Any:
    """A boolean, from true, yes, on, 1, false, no, off or 0 in any case; raises `PydanticCustomError`."""
    if isinstance(value, str):
        value = _BOOLEANS.get(value.lower())
    elif value is None:
        raise misfit("not be null", "null")
    if isinstance(value, bool):
        return value
    raise misfit("be a boolean: true, yes, on, 1, false, no, off or 0")


def _date(value: Any) -> Any:
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    elif isinstance(_present(value), date) and not isinstance(value, datetime):
        return value
    raise misfit("be a date of the form YYYY-MM-DD")


def read_text(value: Any) -> Any:
    """Text that UTF-8 can say, without a NUL character; raises `PydanticCustomError`."""
    if not isinstance(_present(value), str):
        raise misfit("be text")
    if not is_utf8(value):
        raise misfit("be valid UTF-8 text")
    if "\0" in value:
        raise misfit("be text without a NUL character")
    return value


def _secret(value: Any) -> Any:
    return value if isinstance(value, SecretStr) else read_text(value)


def _filled(read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """`read` for an item of a list, which is never empty or blank: an empty API key would let everybody in."""

    def read_item(value: Any) -> Any:
        item = read(value)
        text = item.get_secret_value() if isinstance(item, SecretStr) else item
        if isinstance(text, str) and not text.strip():
            raise misfit("not be empty", "empty-item")
        return item

    return read_item


def filled_item(marks: tuple[Any, ...]) -> tuple[Any, ...]:
    """The same form and what reads it, of an item of a list."""
    match marks:
        case (Form(name="text" | "secret") as form, BeforeValidator(func=read), *others):
            return form, BeforeValidator(_filled(cast("Callable[[Any], Any]", read))), *others
    return marks


def _choice(value: Any) -> Any:
    return read_text(value)


def _upper_choice(value: Any) -> Any:
    return read_text(value).upper()


def read_list(value: Any) -> Any:
    """The items of a list, from text with commas or of a JSON array; raises `PydanticCustomError`.

    What is empty between two commas, or after the last, is not an item.
    """
    if isinstance(value, str):
        if value.startswith("["):
            return _json_array(value)
        return split_text(value, ",")
    if isinstance(_present(value), list | tuple):
        return value
    raise misfit("be a list, or text with commas between the items")


def read_texts(value: Any) -> list[str]:
    """`read_list` where every item must be text; raises `PydanticCustomError`."""
    items = read_list(value)
    if not all(isinstance(item, str) for item in items):
        raise misfit("be a list of text items")
    return list(items)


def split_text(text: str, separator: str) -> list[str]:
    """What stands between the separators without the whitespace around it; what is then empty is left out."""
    return [item for part in text.split(separator) if (item := part.strip())]


def _json_array(text: str) -> list[Any]:
    """The items of a JSON array, each as the text that spells it; null stays null."""

    def refuse(_: str) -> None:
        raise ValueError

    try:
        items = json.loads(text, parse_int=str, parse_float=str, parse_constant=refuse)
    except (ValueError, RecursionError):
        items = None
    if not isinstance(items, list):
        raise misfit("be a JSON array when it starts with [")
    return [str(item).lower() if isinstance(item, bool) else item for item in items]


def _url(value: Any) -> Any:
    """An http or https URL, as text or as a secret."""
    text = value.get_secret_value() if isinstance(value, SecretStr) else read_text(value)
    try:
        parts = urlsplit(text)
        fits = parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"[\s\x00-\x1f\x7f]", text)
    except ValueError:
        fits = False
    if not fits:
        raise misfit("be an http or https URL")
    return value


def _form(name: FormName, read: Callable[[Any], Any], **more: Any) -> tuple[Form, BeforeValidator]:
    return Form(name, **more), BeforeValidator(read)


Whole = Annotated[int, *_form("whole number", read_whole_number)]
Seconds = Annotated[int, *_form("whole number", read_seconds, unit="seconds")]
Bytes = Annotated[int, *_form("whole number", _counting("bytes"), unit="bytes")]
Number = Annotated[float, *_form("number", read_number)]
Boolean = Annotated[bool, *_form("boolean", read_boolean)]
Date = Annotated[date, *_form("date", _date)]
Text = Annotated[str, *_form("text", read_text)]
Secret = Annotated[SecretStr, *_form("secret", _secret)]
SecretUrl = Annotated[SecretStr, *_form("secret", _url, is_url=True)]
TextList = Annotated[tuple[Annotated[str, *_form("text", _filled(read_text))], ...], *_form("list", read_list)]
SecretList = Annotated[
    tuple[Annotated[SecretStr, *_form("secret", _filled(_secret))], ...], *_form("secret list", read_list)
]
Choice = _form("choice", _choice)
UpperChoice = _form("choice", _upper_choice, any_case=True)

"""What dynaconf would obey in a file of its own and is only text here: told to those who meant more by it.

No message holds the text itself, which may be a secret.
"""

from __future__ import annotations

from typing import Final

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.pattern import pattern

_BY_TYPE: Final = "the field decides the type; write only the value"
_BY_REFERENCE: Final = "${NAME} refers to a variable"
_BY_ITEMS: Final = "a list replaces that of a lower layer; write all its items"
_BY_NULL: Final = "write null for no value, or leave the key out"
_MENDS: Final = {
    **dict.fromkeys(("@str", "@int", "@float", "@bool", "@json", "@split"), _BY_TYPE),
    **dict.fromkeys(("@upper", "@lower", "@title", "@capitalize", "@casefold", "@swapcase"), _BY_TYPE),
    **dict.fromkeys(("@strip", "@lstrip", "@rstrip"), _BY_TYPE),
    **dict.fromkeys(("@format", "@jinja", "@get"), _BY_REFERENCE),
    **dict.fromkeys(("@merge", "@merge_unique", "@insert", "@reset"), _BY_ITEMS),
    **dict.fromkeys(("dynaconf_merge", "dynaconf_merge_unique"), _BY_ITEMS),
    **dict.fromkeys(("@none", "@null", "@empty", "@del", "@note", "@comment"), _BY_NULL),
    "@read_file": "a variable with _FILE after its name takes its value from a file",
}
_WORD: Final = pattern(r"(@[a-z_]+)(?:\s|$)|dynaconf_merge(?:_unique)?$")
_KEYS: Final = {
    "dynaconf_merge": "mappings merge by themselves, and lists replace; leave it out",
    "dynaconf_merge_unique": "mappings merge by themselves, and lists replace; leave it out",
    "dynaconf_include": "no file includes another; a layer of your own is default.local.yaml",
}


SUSPECT: Final = ("@", "dynaconf_")
"""How the words of dynaconf's begin; the first look, which each value gets."""


def is_suspect(text: str) -> bool:
    """True for a text that may be a word of dynaconf's."""
    return text.startswith(SUSPECT)


def only_text(key: str, text: str, origin: Origin, *, is_secret: bool) -> Problem | None:
    """The warning that `text`, the value of `key` or an item of it, is taken as it is; None where that is clear."""
    match = _WORD.match(text)
    word = (match[1] or match[0]) if match else ""
    if word not in _MENDS:
        return None
    shown = "a dynaconf token" if is_secret else f"{word}, a dynaconf token"
    message = f"{key} begins with {shown}, which is just text here"
    return Problem("ignored", message, key, origin, hint=_MENDS[word], severity="warning")


def hint_for_key(name: str) -> str | None:
    """What to do instead of a key that dynaconf obeys; None for any other."""
    return _KEYS.get(name.lower())

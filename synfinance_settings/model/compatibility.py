"""What a change of the settings means for layers that are written already: an earlier schema beside that of today.

Compared is what a schema says: keys, forms, limits, choices, null, what must be set, and defaults. Lengths and patterns
of text, and rules, it does not say.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from synfinance_settings.model.application import Application
from synfinance_settings.model.rule import WAIVE
from synfinance_settings.model.schema import MUST_BE_SET, layer_schema
from synfinance_settings.slips import nearest

_LEVELS: Final = 40
_LIMITS: Final = {
    "minimum": ("at least", 1),
    "exclusiveMinimum": ("more than", 1),
    "maximum": ("at most", -1),
    "exclusiveMaximum": ("less than", -1),
}
_KINDS: Final = {"integer": "a whole number", "number": "a number", "boolean": "a boolean", "array": "a list"}
_WIDER: Final = {("a whole number", "a number")}
_TEXT: Final = "text"

_Property = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference at `key`; it `is_breaking` where a layer that was good may be refused, or no longer counts.

    `kind` says of what: ``gone``, ``renamed``, ``removed``, ``section``, ``new``, ``type``, ``null``, ``required``,
    ``default``, ``enum``, ``pattern`` or the limit, as a schema calls it. `before` and `after` are what it was, plain
    data, and is: the keys of a setting that went, else what the schema says.
    """

    key: str
    message: str
    is_breaking: bool
    kind: str
    before: Any = None
    after: Any = None

    @property
    def place(self) -> str:
        """Where `key` stands in a schema, as a reference inside of it says it."""
        steps = (part.replace("~", "~0").replace("/", "~1") for part in self.key.split("."))
        return "#" + "".join(f"/properties/{step}" for step in steps)


def differences(earlier: object, application: Application[Any]) -> list[Difference]:
    """What differs between the `earlier` schema of a layer and that of `application`.

    Raises `ValueError` for what is not the schema of a layer.
    """
    before, now = dict(_properties(earlier)), dict(_properties(layer_schema(application)))
    changes = [change for key, was in before.items() for change in _of(key, was, before, now, application)]
    for key, setting in application.catalogue.settings.items():
        if setting.is_required and key not in before and not any(old in before for old in setting.was):
            changes.append(Difference(key, "is new, and must be set", is_breaking=True, kind="new", after=key))
    return changes


def _properties(schema: object, prefix: str = "", level: int = 0) -> Iterator[tuple[str, _Property]]:
    """Every setting that `schema` knows, and what it says of it."""
    inside = schema.get("properties") if isinstance(schema, Mapping) else None
    if not isinstance(inside, Mapping) or level > _LEVELS:
        raise ValueError("it is not a schema of a layer")
    for name, entry in inside.items():
        if not isinstance(entry, Mapping):
            raise ValueError("it is not a schema of a layer")
        if "properties" in entry:
            yield from _properties(entry, f"{prefix}{name}.", level + 1)
        else:
            yield f"{prefix}{name}", entry


def _of(
    key: str,
    was: _Property,
    before: Mapping[str, _Property],
    now: Mapping[str, _Property],
    application: Application[Any],
) -> Iterator[Difference]:
    """How the setting that was `key` in the earlier schema differs today."""
    names = application.catalogue.old_names
    if key in names and key not in application.old_names:
        today = names[key].now
        yield Difference(key, f"is gone; it is {today}", is_breaking=True, kind="gone", before=key, after=today)
    elif key in names:
        old = names[key]
        if not was.get("deprecated"):
            end = f", until {old.gone}" if old.gone else ""
            said = f"is now {old.now}; the old name is still accepted{end}"
            yield Difference(key, said, is_breaking=False, kind="renamed", before=key, after=old.now)
            yield from _changes(key, was, now[old.now], application)
    elif key in now:
        yield from () if key.startswith(f"{WAIVE}.") else _changes(key, was, now[key], application)
    elif key in application.catalogue.sections:
        yield Difference(
            key, "was a setting, and is a section", is_breaking=True, kind="section", before=key, after=key
        )
    else:
        near = nearest(key, (new for new in now if new not in before))
        mend = f'; if it is {near} now, say was=("{key}",) there' if near else ""
        yield Difference(key, f"is removed{mend}", is_breaking=True, kind="removed", before=key)


def _changes(key: str, was: _Property, now: _Property, application: Application[Any]) -> Iterator[Difference]:
    """What changed of a setting that still exists."""
    setting = application.catalogue.settings[application.catalogue.old_names.today(key)]
    old, new = _forms(was), _forms(now)
    kinds = _kind(old), _kind(new)
    if kinds[0] != kinds[1]:
        is_breaking = kinds[1] != _TEXT and kinds not in _WIDER
        yield Difference(key, f"was {kinds[0]}, and is {kinds[1]}", is_breaking, "type", *kinds)
    else:
        yield from _narrower(key, old, new)
    if {"type": "null"} in old and {"type": "null"} not in new:
        yield Difference(key, "may no longer be null", is_breaking=True, kind="null", before=True, after=False)
    had_default = "default" in was or setting.is_secret
    if setting.is_required and was.get("$comment") != MUST_BE_SET and had_default:
        yield Difference(key, "must be set now", is_breaking=True, kind="required", before=False, after=True)
    if "default" in was and "default" in now and was["default"] != now["default"]:
        defaults = (json.dumps(entry.get("default"), ensure_ascii=False) for entry in (now, was))
        said = "has the default {}, which was {}".format(*defaults)
        yield Difference(key, said, is_breaking=False, kind="default", before=was["default"], after=now["default"])


def _forms(entry: _Property) -> list[_Property]:
    choices = entry.get("anyOf")
    forms = [form for form in choices if isinstance(form, Mapping)] if isinstance(choices, list) else []
    if not forms:
        raise ValueError("it is not a schema of a layer")
    return forms


def _kind(forms: list[_Property]) -> str:
    first = forms[0]
    kind = first.get("type")
    if "enum" in first:
        return "a choice"
    if kind == "string":
        return "a date" if first.get("format") == "date" else "a URL"
    return _KINDS.get(kind, _TEXT) if isinstance(kind, str) else _TEXT


def _narrower(key: str, old: list[_Property], new: list[_Property]) -> Iterator[Difference]:
    """What the forms of one kind no longer take."""
    for name, (words, sign) in _LIMITS.items():
        before, after = old[0].get(name), new[0].get(name)
        if isinstance(after, int | float) and not (isinstance(before, int | float) and sign * before >= sign * after):
            was = f", and was {words} {before}" if before is not None else ", and had no such limit"
            yield Difference(key, f"is {words} {after}{was}", is_breaking=True, kind=name, before=before, after=after)
    choices = [form.get("enum") for form in (old[0], new[0])]
    if isinstance(choices[0], list) and isinstance(choices[1], list):
        lost = [str(choice) for choice in choices[0] if choice not in choices[1]]
        if lost:
            said = f"can no longer be {', '.join(lost)}"
            yield Difference(key, said, is_breaking=True, kind="enum", before=choices[0], after=choices[1])
    patterns = [[form.get("pattern") for form in forms if form.get("type") == "string"] for forms in (old, new)]
    if _kind(new) in ("a whole number", "a choice") and any(pattern not in patterns[1] for pattern in patterns[0]):
        said = "is written in fewer ways: units, or letters in any case"
        yield Difference(key, said, is_breaking=True, kind="pattern", before=patterns[0], after=patterns[1])

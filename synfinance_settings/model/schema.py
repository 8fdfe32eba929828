"""The JSON schema of a layer file, for editors and for checks outside Python.

A layer is an overlay in which every value is text to us, so nothing is required, a number may be written as text, and
any value may hold a ``$`` reference (JSON Schema, draft 2020-12). The schema never refuses what a load takes. What a
load refuses it refuses too, but for numbers as text outside their limits, whole numbers as ``8.0``, text that is a
JSON array, lengths and patterns of text, and the rules over several settings.
"""

from __future__ import annotations

import re
from typing import Any, Final

from synfinance_settings.errors import MASK
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import UNLESS_FOLLOWED, Setting
from synfinance_settings.model.forms import UNITS
from synfinance_settings.model.plain_types import as_data
from synfinance_settings.model.rule import WAIVE

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
MUST_BE_SET: Final = "must be set"
"""The comment at a setting that some layer must give; which, a schema of one cannot say."""

_REFERENCE: Final = {"type": "string", "pattern": r"\$[A-Za-z_{]"}
_NUMBER: Final = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_WORDS: Final = ("true", "yes", "on", "false", "no", "off")
_BOOLEAN_TEXT: Final = "^(" + "|".join("".join(f"[{c.upper()}{c}]" for c in word) for word in _WORDS) + "|0|1)$"
_SCALAR: Final = {"type": ["string", "number", "boolean"]}
_ITEM: Final = {**_SCALAR, "pattern": r"\S", "not": {"const": MASK}}
_URL: Final = {"type": "string", "pattern": r"^[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]\S*$"}
_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]*")
_LEAP_YEAR: Final = "([0-9]{2}(0[48]|[2468][048]|[13579][26])|([02468][048]|[13579][26])00)"
_DAYS: Final = (
    "(0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
    "(0[469]|11)-(0[1-9]|[12][0-9]|30)",
    "02-(0[1-9]|1[0-9]|2[0-8])",
)
_DAY: Final = f"(?!0000)([0-9]{{4}}-({'|'.join(_DAYS)})|{_LEAP_YEAR}-02-29)"
_DATE: Final = f"^{_DAY}$"
_WAIVER: Final = rf"^\s*{_DAY}\s+\S"


def layer_schema(application: Application) -> dict[str, Any]:
    """The schema of one layer file of `application`."""
    schema = _section(application, "")
    if any(rule.severity == "warning" for rule in application.rules):
        schema["properties"][WAIVE] = _waivers(application)
    return {"$schema": DIALECT, "title": f"A layer of {application.title} settings", **schema}


def _waivers(application: Application) -> dict[str, Any]:
    """What a layer may say of the warnings of rules; null takes a waiver back."""
    form = {"type": ["string", "null"], "pattern": _WAIVER}
    warnings = {rule.id: rule for rule in application.rules if rule.severity == "warning"}
    described = {
        name: {"description": f"The last day on which it is accepted, and the reason. {rule.message}.", **form}
        for name, rule in warnings.items()
    }
    about = "Warnings that are accepted until a day: 2027-01-31 and the reason."
    return {"description": about, "type": ["object", "null"], "properties": described, "additionalProperties": False}


def _section(application: Application, section: str) -> dict[str, Any]:
    """The schema of a section: its settings, old names and inner sections."""
    catalogue = application.catalogue
    inside = f"{section}." if section else ""
    properties: dict[str, Any] = {}
    for key in (*catalogue.settings, *catalogue.sections):
        head, _, name = key.rpartition(".")
        if head == section and key != section:
            setting = catalogue.settings.get(key)
            properties[name] = _value(setting, application) if setting else _section(application, inside + name)
    properties |= _old(application, section, properties)
    described = {"description": catalogue.summary(section)} if section else {}
    return {"type": ["object", "null"], **described, "properties": properties, "additionalProperties": False}


def _old(application: Application, section: str, today: dict[str, Any]) -> dict[str, Any]:
    """What stood in `section` and is taken still, as deprecated; a section that there was holds nothing else."""
    properties: dict[str, Any] = {}
    inside = f"{section}." if section else ""
    for old in application.old_names.values():
        name, _, rest = old.key.removeprefix(inside).partition(".")
        if not old.key.startswith(inside) or name in today or name in properties:
            continue
        if rest:
            entries = {"type": ["object", "null"], "properties": _old(application, inside + name, {})}
            properties[name] = {"description": "Of old names only.", **entries, "additionalProperties": False}
        else:
            value = {**_value(application.catalogue.settings[old.now], application), "deprecated": True}
            for word in ("default", "$comment"):
                value.pop(word, None)
            properties[name] = {**value, "description": f"Now {old.now}. {value['description']}".rstrip()}
    return properties


def _value(setting: Setting, application: Application) -> dict[str, Any]:
    """The schema of one setting."""
    forms = [*_forms(setting, application), _REFERENCE, *([{"type": "null"}] if setting.nullable else [])]
    notes = [setting.description] if setting.description else []
    if setting.limits:
        notes.append(f"Allowed: {setting.limits}." if setting.is_limited else f"In {setting.limits}.")
    if setting.needs_restart:
        notes.append(f"Takes effect after a restart{UNLESS_FOLLOWED if setting.unless_followed else ''}.")
    default = {} if setting.is_secret or setting.is_required else {"default": _plain(setting.default)}
    default |= {"$comment": MUST_BE_SET} if setting.is_required else {}
    return {"description": " ".join(notes), "anyOf": forms, "not": {"const": MASK}, **default}


def _forms(setting: Setting, application: Application) -> list[dict[str, Any]]:
    """The ways in which a layer may write the value."""
    bounds = (setting.at_least, setting.at_most, setting.more_than, setting.less_than)
    words = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    limits = {name: limit for name, limit in zip(words, bounds, strict=True) if limit is not None}
    match setting.form:
        case "whole number":
            units = f"({'|'.join(UNITS[setting.unit])})?" if setting.takes_units and setting.unit else ""
            return [{"type": "integer", **limits}, {"type": "string", "pattern": f"^[+-]?[0-9]+{units}$"}]
        case "number":
            return [{"type": "number", **limits}, {"type": "string", "pattern": _NUMBER}]
        case "boolean":
            return [{"type": "boolean"}, {"enum": [0, 1]}, {"type": "string", "pattern": _BOOLEAN_TEXT}]
        case "date":
            return [{"type": "string", "format": "date", "pattern": _DATE}]
        case "choice" if setting.any_case:
            names = "|".join("".join(f"[{c}{c.lower()}]" for c in choice) for choice in setting.choices)
            return [{"enum": list(setting.choices)}, {"type": "string", "pattern": f"^({names})$"}]
        case "choice" if setting.key == "environment":
            return [{"enum": [*setting.choices, *application.aliases]}]
        case "choice":
            numbers = [int(choice) for choice in setting.choices if _WHOLE.fullmatch(choice)]
            return [{"enum": [*setting.choices, *numbers]}]
        case "list" | "secret list":
            return [{"type": "array", "items": _ITEM}, _SCALAR]
        case "secret" | "text" if setting.is_url:
            return [_URL]
        case "text" | "secret":
            return [_SCALAR]


def _plain(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return value if isinstance(value, bool | int | float) or value is None else as_data(value)

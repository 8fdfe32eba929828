"""Values as they are written into layer files, so that they read back as the values given."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final

from synfinance_settings.text.yaml import looks_typed, outline_yaml

Written = str | None | list[str | None]
"""What a layer says of one setting: text, null, or a list of these."""

Spell = Callable[[Written, str, str], str]
"""Spells a value of a form in one line, in the manner of the style that stood there: ``'``, ``"`` or none."""

_UNSAFE: Final = re.compile(r"[\x00-\x1f\x7f-\xa0\xad\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]")
_TYPED: Final = ("whole number", "number", "boolean", "date")
_JSON_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def spell_yaml(value: Written, form: str, style: str = "") -> str:
    """`value` as YAML in one line, good inside flow collections too."""
    if isinstance(value, list):
        return "[" + ", ".join(spell_yaml(item, form) for item in value) + "]"
    if value is None:
        return "null"
    candidates = {"plain": value, "'": _single(value), '"': _double(value)}
    order = [style, "plain", "'", '"'] if style in ("'", '"') else ["plain", "'", '"']
    return next(candidates[name] for name in order if _reads_back(name, candidates[name], value, form))


def spell_json(value: Written, form: str, style: str = "") -> str:
    """`value` as JSON in one line; numbers and booleans bare where the setting is one and the text allows it."""
    if isinstance(value, list):
        return "[" + ", ".join(spell_json(item, form) for item in value) + "]"
    if value is None:
        return "null"
    is_number = form in ("whole number", "number") and _JSON_NUMBER.fullmatch(value)
    is_boolean = form == "boolean" and value in ("true", "false")
    return value if (is_number or is_boolean) and style != '"' else json.dumps(value, ensure_ascii=False)


def _reads_back(style: str, spelled: str, value: str, form: str) -> bool:
    if style == '"':
        return True
    if _UNSAFE.search(value):
        return False
    if style == "plain" and (not value or (form not in _TYPED and looks_typed(value))):
        return False
    return _scalar(f"k: {spelled}\n") == value and _scalar(f"{{k: {spelled}, x: [{spelled}]}}\n") == value


def _scalar(text: str) -> str | None:
    """What ``k`` says in a small document; None where it does not parse."""
    root, fault = outline_yaml(text, "")
    entry = root.find("k") if root is not None and fault is None else None
    said = entry.value if entry else None
    return said.value if said is not None and said.kind == "scalar" and said.flaw is None else None


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double(text: str) -> str:
    """`text` in double quotes with all that YAML would not take as it stands escaped (YAML 1.2, 5.7)."""

    def escape(found: re.Match[str]) -> str:
        code = ord(found[0])
        short = {0x09: r"\t", 0x0A: r"\n", 0x0D: r"\r"}.get(code)
        return short or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")

    return '"' + _UNSAFE.sub(escape, text.replace("\\", "\\\\").replace('"', '\\"')) + '"'

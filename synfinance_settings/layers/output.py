"""Settings as text that reads back: layers in YAML and JSON, and lines for ``.env``.

Secrets are masked, left out or shown as asked; a dollar is doubled wherever the text would be expanded when it is read.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from enum import Enum
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from synfinance_settings.errors import MASK
from synfinance_settings.layers.writing import write_atomically
from synfinance_settings.layers.yaml_text import write_yaml
from synfinance_settings.sections.app import AppConfig
from synfinance_settings.sections.keys import SETTINGS, values_of
from synfinance_settings.sections.variables import VARIABLES_OF

Secrets = Literal["mask", "omit", "reveal"]


def plain(value: Any, secrets: Secrets = "mask") -> Any:
    """A setting's value as YAML and JSON know it: dates and choices as text, lists as lists."""
    if isinstance(value, SecretStr):
        return value.get_secret_value() if secrets == "reveal" else MASK
    if isinstance(value, tuple | list):
        return [plain(item, secrets) for item in value]
    if isinstance(value, Enum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def nested(values: dict[str, Any]) -> dict[str, Any]:
    """Dotted keys as sections within sections."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *path, name = key.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[name] = value
    return tree


def plain_values(config: AppConfig, secrets: Secrets = "mask", keys: Iterable[str] = SETTINGS) -> dict[str, Any]:
    """The values of `keys` as plain data by key."""
    values = values_of(config)
    kept = [key for key in keys if secrets != "omit" or not SETTINGS[key].is_secret]
    return {key: plain(values[key], secrets) for key in kept}


def layer_text(values: dict[str, Any], format: Literal["yaml", "json"]) -> str:
    """`values` by key as a layer that reads back as them: every dollar doubled."""
    tree = nested({key: _escaped(value) for key, value in values.items()})
    return write_yaml(tree) if format == "yaml" else json_text(tree)


def export_layer(config: AppConfig, path: Path, format: Literal["yaml", "json"], *, reveal: bool) -> tuple[str, ...]:
    """Write `config` to `path` as a layer that reads back; returns the keys of the secrets that were left out.

    With `reveal` they are written too, and the file is readable by its owner only. Raises `LayerError` where it cannot
    be written.
    """
    if format not in ("yaml", "json"):
        raise ValueError("format must be 'yaml' or 'json'")
    omitted = () if reveal else tuple(key for key, setting in SETTINGS.items() if setting.is_secret)
    text = layer_text(plain_values(config, "reveal" if reveal else "omit"), format)
    if format == "yaml" and omitted:
        text = f"# Secrets left out: {', '.join(omitted)}\n" + text
    write_atomically(path, text.encode(), mode=0o600 if reveal else None)
    return omitted


def json_text(data: Any) -> str:
    """`data` as JSON, indented, for people and programs."""
    return json.dumps(data, indent=2, ensure_ascii=False) + "\n"


def env_lines(values: dict[str, Any]) -> Iterable[str]:
    """`values` by key as the lines of a ``.env``; null, which no variable can say, as a comment."""
    for key, value in values.items():
        name = VARIABLES_OF[key][0]
        if value is None:
            yield f"# {name} is null, which a variable cannot say"
        else:
            yield f"{name}={_quoted(_one_text(value))}"


def _one_text(value: Any) -> str:
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _quoted(text: str) -> str:
    """`text` so that ``.env`` reads it back: bare where it is plain, else in double quotes with escapes."""
    if text and all(character.isalnum() or character in "_-./:,+@%*" for character in text):
        return text
    for plain_text, escape in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n"), ("\t", "\\t")):
        text = text.replace(plain_text, escape)
    return f'"{text}"'


def _escaped(value: Any) -> Any:
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("$", "$$") if isinstance(value, str) else value

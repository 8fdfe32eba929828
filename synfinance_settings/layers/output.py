"""Settings as plain data and as text: as people may see them, and as layers in YAML and JSON that read back.

Secrets are masked, left out or shown as asked; a dollar is doubled wherever the text would be expanded when it is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from pydantic import SecretStr, ValidationError

from synfinance_settings.errors import MASK, NOT_SET
from synfinance_settings.model.catalogue import Catalogue, Setting, catalogue_of
from synfinance_settings.model.lines import as_line, is_set
from synfinance_settings.model.plain_types import as_data
from synfinance_settings.model.section import Section
from synfinance_settings.text.format import nested
from synfinance_settings.text.formats import named_format
from synfinance_settings.text.yaml import YAML

Secrets = Literal["mask", "omit", "reveal"]
PLACEHOLDER: Final = "placeholder"


def plain(value: Any, secrets: Secrets = "mask") -> Any:
    """A setting's value as YAML and JSON know it: dates and choices as text, lists as lists.

    A secret that is null, empty text or an empty list hides nothing, and stays what it is.
    """
    if isinstance(value, SecretStr):
        return value.get_secret_value() if secrets == "reveal" or not is_set(value) else MASK
    if isinstance(value, tuple | list):
        return [plain(item, secrets) for item in value]
    return as_data(value)


def plain_values(config: Section, secrets: Secrets = "mask", keys: Iterable[str] | None = None) -> dict[str, Any]:
    """The values of `keys`, else all, as plain data by key."""
    catalogue = catalogue_of(type(config))
    values, settings = catalogue.values_of(config), catalogue.settings
    kept = [key for key in (settings if keys is None else keys) if secrets != "omit" or not settings[key].is_secret]
    return {key: plain(values[key], secrets) for key in kept}


def told(setting: Setting, value: Any, is_lent: bool = False, secrets: Secrets = "mask") -> Any:
    """The value of `setting` as plain data; a masked secret that is lent says so, as it is nobody's."""
    return PLACEHOLDER if is_lent and secrets == "mask" and setting.is_secret else plain(value, secrets)


def line(setting: Setting, value: Any, is_lent: bool = False, secrets: Secrets = "mask") -> str:
    """The same for people, in one line and whole: text bare, lists in brackets, an empty secret as not set."""
    if setting.is_secret and not is_set(value):
        return NOT_SET
    return as_line(told(setting, value, is_lent, secrets), None)


def yaml_text(values: dict[str, Any], notes: Mapping[str, str]) -> str:
    """`values` by key as YAML, with a note behind the values that have one."""
    text = YAML.write(nested(values))
    whole = YAML.outline(text, "").root
    for key in sorted(notes, key=list(values).index, reverse=True):
        outline = whole
        for part in key.split("."):
            entry = outline.find(part) if outline else None
            outline = entry.value if entry else None
        assert outline, "every key was written"
        end = text.index("\n", outline.end.offset)
        text = f"{text[:end]}  # {notes[key]}{text[end:]}"
    return text


def typed(catalogue: Catalogue, key: str, said: Any) -> Any:
    """What a layer says of setting `key`, as plain data of the setting's type; what is not of it stays as it is.

    Nothing is expanded. A secret is masked, and one that is empty stays null, empty text or an empty list.
    """
    if catalogue.settings[key].is_secret:
        return MASK if is_set(said) else said
    try:
        return plain(catalogue.cast_alone(key, said))
    except ValidationError:
        return said


def means(catalogue: Catalogue, key: str, said: Any, value: Any) -> bool:
    """True when what a layer says of setting `key` is read as the plain `value`."""
    try:
        return bool(plain(catalogue.cast_alone(key, said), "reveal") == value)
    except ValidationError:
        return False


def agree(catalogue: Catalogue, key: str, said: Any, other: Any) -> bool:
    """True when both mean one value of setting `key`."""
    try:
        return bool(catalogue.cast_alone(key, said) == catalogue.cast_alone(key, other))
    except ValidationError:
        return False


def layer_text(values: dict[str, Any], format: str) -> str:
    """`values` by key as a layer in the format of that name, which reads back as them: every dollar doubled."""
    return named_format(format).write(nested({key: _escaped(value) for key, value in values.items()}))


def exported(
    config: Section, format: str, *, reveal: bool, lent: Iterable[str] = ()
) -> tuple[str, dict[str, tuple[str, ...]]]:
    """`config` as a layer that reads back, and the keys that were left out, by what they are.

    Secrets are, unless `reveal`, and so is what is `lent`, since it is a placeholder. The layer says so in comments,
    where its `format` has some. Raises `ValueError` for one that there is not.
    """
    mark = named_format(format).comment
    settings = catalogue_of(type(config)).settings
    secrets = () if reveal else tuple(key for key, setting in settings.items() if setting.is_secret)
    placeholders = tuple(key for key in settings if key in lent and key not in secrets)
    values = plain_values(config, "reveal", [key for key in settings if key not in (*secrets, *placeholders)])
    left_out = {what: keys for what, keys in (("secrets", secrets), ("placeholders", placeholders)) if keys}
    notes = [f"{mark} {what.capitalize()} left out: {', '.join(keys)}\n" for what, keys in left_out.items()]
    return "".join(notes if mark else ()) + layer_text(values, format), left_out


def _escaped(value: Any) -> Any:
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return value.replace("$", "$$") if isinstance(value, str) else value

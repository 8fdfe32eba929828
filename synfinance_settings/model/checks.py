"""Whether the model of an application can serve: all that a programmer has to mend, found when the application is made.

All of it is reported at once, each fault with the class, the field and the mend. Nothing here is about values that
an operator wrote.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from synfinance_settings.environment import EnvironmentKind
from synfinance_settings.errors import printable
from synfinance_settings.model.catalogue import Catalogue, Setting
from synfinance_settings.model.evolution import release
from synfinance_settings.model.forms import UNITS
from synfinance_settings.model.plain_types import no_form
from synfinance_settings.model.rule import WAIVE, Rule
from synfinance_settings.model.section import JUDGED_APART, Section
from synfinance_settings.model.variables import VariableNames

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_PREFIX: Final = re.compile(r"[A-Z][A-Z0-9_]*_")
_SHORT: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_ENVIRONMENT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_RAISED: Final = ("value_error", "assertion_error")
"""Errors of validators that others wrote, who may say the value in them."""

_SOURCES: Final = "settings_customise_sources"
"""By what a model of pydantic-settings says where its values come from."""

_OTHER_FILES: Final = ("default", "schema")
"""What files in the folder of the layers are called that belong to no environment."""


class ApplicationError(TypeError):
    """An application cannot serve: a fault of the program, not of its settings. `faults` says all that is wrong."""

    def __init__(self, name: str, faults: Iterable[str]) -> None:
        self.name: Final = name
        self.faults: Final = tuple(faults)
        super().__init__(name, self.faults)

    def __str__(self) -> str:
        return "\n".join([f"{self.name} cannot serve:", *(f"  - {fault}" for fault in self.faults)])


def of_model(catalogue: Catalogue) -> Iterator[str]:
    """What is wrong with the model of `catalogue`, and with its sections."""
    if not catalogue.model.model_fields:
        yield f"{catalogue.model.__name__} has no settings; declare its fields"
    if WAIVE in catalogue.model.model_fields:
        yield f"{catalogue.model.__name__}.{WAIVE}: layers use this name for waivers; rename the field"
    models: dict[type[Section], str] = {catalogue.model: ""}
    for section, model in catalogue.sections.items():
        models.setdefault(model, f"{section}.")
    taken = frozenset(dir(Section))
    for model, inside in models.items():
        for name, field in model.model_fields.items():
            where = f"{model.__name__}.{name}"
            yield from (f"{where}: {fault}" for fault in _of_name(name, taken))
            if _is_renamed(field):
                yield f"{where}: layers name a setting by its field and read no aliases; rename the field instead"
            if inside + name not in catalogue.sections:
                faults = _of_form(field, catalogue.settings.get(inside + name))
                yield from (f"{where}: {fault}" for fault in faults)
        if hasattr(model, _SOURCES):
            yield f"{model.__name__}.{_SOURCES}: nothing calls it; sources are the layers= of the application"
        yield from _of_declarations(model)
        if model.__pydantic_complete__:  # of another, a missing type was reported
            yield from _of_defaults(model)


def _is_renamed(field: FieldInfo) -> bool:
    return field.alias is not None or field.validation_alias is not None


def _of_name(name: str, taken: frozenset[str]) -> Iterator[str]:
    if not _NAME.fullmatch(name):
        yield "names of settings are a-z, 0-9 and _, and begin with a letter, since variables spell them in capitals"
    elif name in taken:
        yield f"the name hides Section.{name}; rename the field"


def _of_form(field: FieldInfo, setting: Setting | None) -> Iterator[str]:
    if setting is None:
        yield no_form(field.annotation, field.metadata)
    elif setting.form == "whole number" and not setting.takes_units and setting.unit in UNITS:
        yield f"a number that counts {setting.unit} is declared as Seconds or Bytes, not with a unit"


def _of_declarations(model: type[Section]) -> Iterator[str]:
    """Contradictions and resources that are about fields which do not exist."""
    for contradiction in model.CONTRADICTIONS:
        for name in contradiction.fields:
            if name not in model.model_fields:
                yield f"{model.__name__}.CONTRADICTIONS: {name} is not a field of {model.__name__}"
    for resource in model.RESOURCES:
        for role, path in (*resource.keys.items(), *(("when", path) for path in resource.when)):
            if not _leads_somewhere(model, path):
                role_of = f"{role} of {resource!r}"
                yield f"{model.__name__}.RESOURCES: {path}, as {role_of}, is not a field of {model.__name__}"


def _leads_somewhere(model: type[Section], path: str) -> bool:
    """True where `path` names a field, or a property, of the model or of a section inside."""
    name, _, rest = path.partition(".")
    if not rest:
        return name in model.model_fields or isinstance(getattr(model, name, None), property)
    field = model.model_fields.get(name)
    inner = field.annotation if field else None
    return isinstance(inner, type) and issubclass(inner, Section) and _leads_somewhere(inner, rest)


def _of_defaults(model: type[Section]) -> Iterator[str]:
    """Defaults that would be refused if a layer gave them, or that say another thing than those of the fields."""
    values = {}
    for name, field in model.model_fields.items():
        kind, default = field.annotation, field.default
        if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
            if default is not PydanticUndefined and not _is_renamed(field):
                values[name] = default
        elif issubclass(kind, Section) and isinstance(default, kind):
            fields = kind.model_fields
            for inner in (inner for inner, value in default.__dict__.items() if value != fields[inner].default):
                yield (
                    f"{model.__name__}.{name}: its default gives {inner} a different value than {kind.__name__} does; "
                    f"say it there, since a layer that names the section takes all others from {kind.__name__}"
                )
    try:
        model.__pydantic_validator__.validate_python(values, context=JUDGED_APART)
    except ValidationError as error:
        for detail in error.errors(include_url=False, include_input=False):
            at_fault = next(iter(detail["loc"]), None)
            if detail["type"] != "missing" and at_fault in values:
                reason = "a validator refuses it" if detail["type"] in _RAISED else detail["msg"]
                yield f"{model.__name__}.{at_fault}: its default does not fit: {reason}"


def of_names(prefix: str, settings_dir_name: str) -> Iterator[str]:
    """What is wrong with the prefix of the variables and with the name of the folder of the layers."""
    if not _PREFIX.fullmatch(prefix):
        yield f"the prefix {printable(prefix)!r} must be capitals that end in _, such as SHOP_"
    if settings_dir_name in ("", ".", "..") or any(letter in settings_dir_name for letter in "/\\\0"):
        yield "settings_dir_name must be the name of a folder, such as settings"


def of_layers(names: Iterable[str]) -> Iterator[str]:
    """What is wrong with the names of the layers."""
    for name, times in Counter(names).items():
        if times > 1:
            yield f"two layers are called {printable(name)}; messages tell them apart by their names"


def of_environments(catalogue: Catalogue, kinds: tuple[EnvironmentKind, ...]) -> Iterator[str]:
    """What is wrong with the names of the environments, and with the setting that holds one of them."""
    if not kinds:
        yield "there are no environments; leave environments out for the usual four"
    for name, times in Counter(name for kind in kinds for name in (kind.name, *kind.aliases)).items():
        if times > 1:
            yield f"{name!r} is the name or alias of {times} environments; it can mean only one"
        if not _ENVIRONMENT.fullmatch(name) or name in _OTHER_FILES:
            yield f"{name!r} cannot be an environment; its layer is a file of that name, of letters, digits, _ and -"
    setting = catalogue.settings.get("environment")
    where = f"{catalogue.model.__name__}.environment"
    if setting is not None and setting.form not in ("choice", "text"):
        yield f"{where} holds the name of the environment; make it text or a choice"
    for kind in kinds if setting is not None and setting.choices else ():
        if setting is not None and kind.name not in setting.choices:
            yield (
                f"{where}: the environment {kind.name} is none of its choices, {', '.join(setting.choices)}; "
                "add it, or make the application with environments of its own"
            )


def of_rules(catalogue: Catalogue, rules: tuple[Rule, ...], environments: Collection[str]) -> Iterator[str]:
    """The settings and environments that rules name and that do not exist."""
    for rule in rules:
        for key in rule.keys:
            if key not in catalogue.settings:
                near = catalogue.suggestion(key)
                mend = f"; did you mean {near}?" if near else ""
                yield f"the rule {rule.id}: {printable(key)} is not a setting{mend}"
        for name in rule.environments:
            if name not in environments:
                known = ", ".join(environments)
                yield f"the rule {rule.id}: {printable(name)} is not an environment; there are {known}"


def of_versions(catalogue: Catalogue, rules: tuple[Rule, ...], version: str) -> Iterator[str]:
    """What is wrong with the names that settings had before, and with the versions in which things come and go."""
    if version and release(version) is None:
        yield f"the version {printable(version)!r} must begin with numbers, such as 1.4.2"
    for key, setting in catalogue.settings.items():
        named = {"since": setting.since, "gone": setting.gone}
        if any(named.values()) and not setting.was:
            yield f"{key}: since and gone are about old names; list those in was"
        yield from (f"{key}: {fault}" for fault in _of_ends(named, "gone", version))
        if setting.since and setting.gone and (release(setting.since) or ()) >= (release(setting.gone) or ()):
            yield f"{key}: its old names are gone in {setting.gone}, before they are old in {setting.since}"
    for rule in rules:
        yield from (f"the rule {rule.id}: {fault}" for fault in _of_ends({"until": rule.until}, "until", version))
    yield from _of_old_names(catalogue)


def _of_ends(named: Mapping[str, str | None], end: str, version: str) -> Iterator[str]:
    """What is wrong with versions that are named; `end` is the name of the one that takes something away."""
    for name, value in named.items():
        if value is not None and release(value) is None:
            yield f"{name} must be a version of the program, such as 2.0, not {printable(value)!r}"
    if named[end] and not version:
        yield f"{end} needs the version of the program: Application(..., version=...)"


def _of_old_names(catalogue: Catalogue) -> Iterator[str]:
    """What is wrong with the names that settings had before."""
    owners: dict[str, str] = {}
    old_names = [(old, key) for key, setting in catalogue.settings.items() for old in setting.was]
    all_old = {old for old, _ in old_names}
    for old, key in old_names:
        where = f"{key}: its old name {printable(old)}"
        above = [old[:end] for end, letter in enumerate(old) if letter == "."]
        if not all(map(_NAME.fullmatch, old.split("."))):
            yield f"{where} is not a key; write it in full, such as cart.limit"
        elif old.partition(".")[0] == WAIVE:
            yield f"{where} cannot be: layers use {WAIVE} for waivers"
        elif old in catalogue.settings or old in catalogue.sections:
            what = "a setting" if old in catalogue.settings else "a section"
            yield f"{where} is {what} of today; one name can mean only one thing"
        elif outer := next((name for name in above if name in catalogue.settings or name in all_old), None):
            yield f"{where} would stand inside {outer}, which is or was a setting"
        elif old in owners:
            yield f"{where} is one of {owners[old]}, too; it can mean only one"
        owners.setdefault(old, key)


def of_variables(catalogue: Catalogue, variables: VariableNames) -> Iterator[str]:
    """Variables that mean two things, and short names that belong to nothing."""
    for key, short in variables.short.items():
        if key not in catalogue.settings and (key not in catalogue.sections or "." in key):
            model = catalogue.model.__name__
            yield f"short_variables: {printable(key)} is neither a setting nor a section of {model} itself"
        if not _SHORT.fullmatch(short):
            yield f"short_variables: {printable(short)!r} for {printable(key)} must be capitals, digits and _"
    owners: dict[str, str] = {}
    for key, names in variables.names.items():
        for name in dict.fromkeys(names):
            if name in variables.reserved:
                yield f"{key}: its variable {name} steers the package itself; {_OTHERWISE}"
            elif section := variables.named_section(name):
                yield f"{key}: its variable {name} names the section {section} too; {_OTHERWISE}"
            elif name in owners:
                yield f"{owners[name]} and {key} both have the variable {name}; {_OTHERWISE}"
            owners.setdefault(name, key)
    for old in catalogue.old_names.values():
        name = variables.canonical(old.key)
        if owners.get(name, old.now) != old.now:
            yield f"{old.now}: {name}, the variable of its old name {old.key}, sets {owners[name]} today"


_OTHERWISE: Final = "rename the field, or its short variable"

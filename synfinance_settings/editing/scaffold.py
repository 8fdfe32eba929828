"""The files that a program starts with: its layers, the schema, a template of ``.env``, and what git is to ignore.

The default layer says every setting as its model has it, with what it means; an environment's says only what its rules
demand. No secret stands anywhere: one that is needed is a reference to a variable.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

from synfinance_settings.layers.output import layer_text, plain
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.model.lines import is_set
from synfinance_settings.model.resource import Credential
from synfinance_settings.model.rule import Breach
from synfinance_settings.model.schema import layer_schema
from synfinance_settings.model.section import JUDGED_APART, Section
from synfinance_settings.model.template import env_template
from synfinance_settings.model.variables import FILE_SUFFIX
from synfinance_settings.text.files import read_file
from synfinance_settings.text.format import nested
from synfinance_settings.text.formats import layer_suffixes
from synfinance_settings.text.json import JSON
from synfinance_settings.text.yaml import YAML

_SCHEMA: Final = "schema.json"
_IGNORED: Final = (".env", "*.local.*")
_MOST_SWITCHES: Final = 8
_LENT: Final = "a secret that is long enough for any rule"


@dataclass(frozen=True, slots=True)
class Start:
    """A file to start with; `text` is None where it stays as it is."""

    path: Path
    text: str | None


def scaffold(application: Application[Any], root: Path) -> Iterator[Start]:
    """The files of a project of `application` in `root`; what is there stays, but for lines that git is to ignore."""
    folder = root / application.settings_dir_name
    yield _layer(folder, "default", _default_layer(application))
    for name in application.kinds:
        yield _layer(folder, name, _environment_layer(application, name))
    yield _new(folder / _SCHEMA, JSON.write(layer_schema(application)))
    yield _new(root / ".env.example", env_template(application))
    yield _ignoring(root / ".gitignore")


def _layer(folder: Path, stem: str, text: str) -> Start:
    """A layer, which may be there under another suffix."""
    there = [path for path in (folder / (stem + suffix) for suffix in layer_suffixes()) if read_file(path).exists]
    return Start(there[0], None) if there else Start(folder / f"{stem}{YAML.suffixes[0]}", text)


def _new(path: Path, text: str) -> Start:
    return Start(path, None) if read_file(path).exists else Start(path, text)


def _ignoring(path: Path) -> Start:
    content = read_file(path)
    text = content.text(str(path)) if content.exists else ""
    missing = [line for line in _IGNORED if line not in text.splitlines()]
    if not missing:
        return Start(path, None)
    gap = "\n" if text and not text.endswith("\n") else ""
    return Start(path, f"{text}{gap}" + "".join(f"{line}\n" for line in missing))


def _default_layer(application: Application[Any]) -> str:
    values = application.catalogue.values_of(_config(application, {}))
    title = f"# The settings of {application.title} in every environment, as the program has them.\n"
    return f"{YAML.schema_line}{title}" + "\n".join(_lines(application, values, "")) + "\n"


def _lines(application: Application[Any], values: Mapping[str, Any], section: str) -> Iterator[str]:
    """The settings of `section`, then the sections in it."""
    catalogue, margin = application.catalogue, "  " * (section.count(".") + 1 if section else 0)
    for key, setting in catalogue.settings.items():
        if key.rpartition(".")[0] == section and key != "environment":
            if not section:
                yield ""
            yield from (margin + line for line in _entry(application, setting, values[key]))
    for key in catalogue.sections:
        if key.rpartition(".")[0] == section:
            yield ""
            yield f"{margin}# {catalogue.summary(key)}"
            yield f"{margin}{key.rpartition('.')[2]}:"
            yield from _lines(application, values, key)


def _entry(application: Application[Any], setting: Setting, value: Any) -> Iterator[str]:
    """What a setting means as a comment, and its line; of a secret, and of null, the line is a comment too."""
    name = setting.key.rpartition(".")[2]
    described = " ".join(setting.description.split())
    yield f"# {described}{f' ({setting.limits})' if setting.limits else ''}"
    if setting.is_secret:
        variable = application.variables.names[setting.key][-1]
        yield f"# {name}: a secret, which {variable} or {variable}{FILE_SUFFIX} gives"
    elif value is None:
        yield f"# {name}: null"
    else:
        yield from layer_text({name: plain(value)}, YAML.name).splitlines()


def _environment_layer(application: Application[Any], environment: str) -> str:
    head = f"{YAML.schema_line}# What is different in {environment}.\n\n"
    broken = _faults(application, environment, {})
    demanded = _demanded(application, environment, [key for breach in broken for key in breach.keys])
    reasons = "".join(f"# {breach.problem.message}\n" for breach in broken) if demanded else ""
    return head + reasons + (YAML.write(nested(demanded)) if demanded else YAML.nothing)


def _demanded(application: Application[Any], environment: str, keys: Iterable[str]) -> dict[str, Any]:
    """The fewest switches among `keys` that are to be turned so that nothing is at fault, and the secrets then used."""
    catalogue = application.catalogue
    defaults = catalogue.values_of(_config(application, {}))
    switches = [key for key in dict.fromkeys(keys) if catalogue.settings[key].form == "boolean"][:_MOST_SWITCHES]
    for count in range(len(switches) + 1):
        for chosen in combinations(switches, count):
            turned = {key: not defaults[key] for key in chosen}
            if not _faults(application, environment, turned):
                needed = _missing(application, _config(application, turned))
                return turned | {key: f"${{{application.variables.names[key][-1]}}}" for key in needed}
    return {}


def _faults(application: Application[Any], environment: str, values: Mapping[str, Any]) -> list[Breach]:
    """What does not hold in `environment` with `values`, once the secrets are given that are then in use."""
    all_values = dict(values)
    if "environment" in application.catalogue.settings:
        all_values["environment"] = environment
    lent = dict.fromkeys(_missing(application, _config(application, all_values)), _LENT)
    config = _config(application, {**all_values, **lent})
    return [breach for breach in application.breaches(config, environment) if breach.problem.severity == "error"]


def _missing(application: Application[Any], config: Any) -> list[str]:
    """The credentials that are in use in `config`, and empty."""
    credentials = [resource for resource in application.catalogue.resources if isinstance(resource, Credential)]
    used = [resource.keys["secret"] for resource in credentials if resource.unused_for(config) is None]
    return [key for key in used if not is_set(attrgetter(key)(config))]


def _config(application: Application[Any], values: dict[str, Any]) -> Section:
    """The defaults with `values` by key, whatever contradicts itself in them."""
    model: type[Section] = application.model
    return model.model_validate(nested(values), context=JUDGED_APART)

"""Three peers of the package, as their documentation shows them.

The first two are given the package's own section models, with their forms, limits and contradictions, and its rules
between settings and environment; dynaconf what of these a Validator can say. So what differs is what stands around the
models. References to variables are put into the text beforehand, since none of them knows `${NAME:-default}`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final

import yaml
from dynaconf import LazySettings, Validator
from dynaconf import ValidationError as DynaconfError
from findings import VARIABLES, Finding, Load, Loading, has_mend
from pydantic import ValidationError, create_model

from synfinance_settings import AppConfig, Problem, Snapshot
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings

_PLACE: Final = re.compile(r'in "(?P<file>[^"]+)", line (?P<line>\d+)')


def _finding(text: str, key: str | None = None) -> Finding:
    places = frozenset((Path(match["file"]).name, int(match["line"])) for match in _PLACE.finditer(text))
    return Finding(text, key, places, has_mend(text))


def _of_pydantic(error: ValidationError) -> tuple[Finding, ...]:
    details = error.errors(include_url=False)
    return tuple(_finding(str(d["msg"]), ".".join(part for part in d["loc"] if isinstance(part, str))) for d in details)


def _judged(config: AppConfig, environment: str) -> Loading:
    """The config, unless it breaks a rule of the environment, as a validator of the model would say."""
    problems = [breach.problem for breach in SYNFINANCE.breaches(config, environment)]
    if config.environment != environment:
        problems.append(Problem("other-environment", f"must be {environment}", "environment"))
    findings = {
        severity: tuple(_finding(p.message, p.key) for p in problems if p.severity == severity)
        for severity in ("error", "warning")
    }
    values = SYNFINANCE.catalogue.values_of(config)
    return Loading(values, refusal=findings["error"], remarks=findings["warning"])


@contextmanager
def _with_references(folder: Path, environment: str) -> Iterator[list[Path]]:
    """The two files of an environment with the variables that they refer to put in; unset ones stay as written."""
    paths = []
    try:
        for name in ("default.yaml", f"{environment}.yaml"):
            path = folder / "expanded" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(_REFERENCE.sub(_value, folder.joinpath(name).read_text()))
            paths.append(path)
        yield paths
    finally:
        for path in paths:
            path.unlink()


_REFERENCE: Final = re.compile(r"\$(\{(?P<braced>\w+)(:-(?P<default>[^}]*))?\}|(?P<bare>\w+))")


def _value(match: re.Match[str]) -> str:
    return VARIABLES.get(
        match["braced"] or match["bare"], match["default"] if match["default"] is not None else match[0]
    )


def _refused(error: Exception) -> Loading:
    """Whatever a peer ends with is a refusal: it did not start."""
    if isinstance(error, ValidationError):
        return Loading(refusal=_of_pydantic(error))
    if isinstance(error, DynaconfError):
        messages = [message for _, message in error.details] or [str(error)]
        return Loading(refusal=tuple(_finding(text, text.partition(" ")[0]) for text in messages))
    return Loading(refusal=(_finding(f"{type(error).__name__}: {error}"),))


def peer(load: Callable[[list[Path], str], Loading]) -> Load:
    """A peer that reads the default layer and the environment's."""

    def judged(folder: Path, environment: str, before: Snapshot | None) -> Loading:
        with _with_references(folder, environment) as paths, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                return load(paths, environment)
            except Exception as error:  # noqa: BLE001 - of libraries that end with any
                return _refused(error)

    return judged


# plain Pydantic


def plain(paths: list[Path], environment: str) -> Loading:
    merged: dict[str, Any] = {}
    for path in paths:
        with path.open("rb") as file:
            _merge(merged, yaml.load(file, Loader=yaml.CSafeLoader) or {})
    _merge(
        merged,
        {section: {"host": VARIABLES[f"SYNFINANCE_{section.upper()}__HOST"]} for section in ("database", "cache")},
    )
    return _judged(
        AppConfig.model_validate({**merged, "environment": merged.get("environment", environment)}), environment
    )


def _merge(merged: dict[str, Any], over: dict[str, Any]) -> None:
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            _merge(merged[key], value)
        else:
            merged[key] = value


# pydantic-settings


def settings_source(paths: list[Path], environment: str) -> Loading:
    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, YamlConfigSettingsSource

    class Settings(BaseSettings):
        model_config = SettingsConfigDict(env_prefix="SYNFINANCE_", env_nested_delimiter="__", extra="forbid")

        @classmethod
        def settings_customise_sources(  # type: ignore[override]
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            **_: Any,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return env_settings, YamlConfigSettingsSource(settings_cls, paths, deep_merge=True), init_settings

    fields: Any = {name: (field.rebuild_annotation(), field) for name, field in AppConfig.model_fields.items()}
    model: Any = create_model("SynfinanceSettings", __base__=Settings, **fields)
    loaded = model(environment=environment)
    values = {name: getattr(loaded, name) for name in AppConfig.model_fields}
    return _judged(AppConfig.model_construct(**values), environment)


# dynaconf with Validators

_TYPES: Final[Mapping[str, Any]] = {
    "whole number": int,
    "number": (int, float),
    "boolean": bool,
    "date": date,
    "list": (list, tuple),
    "secret list": (list, tuple, str),
}


_NEEDED: Final = {
    "security.api_key_enabled": ("security.api_keys",),
    "security.jwt_enabled": ("security.jwt_secret",),
    "security.ssl_enabled": ("security.ssl_cert_path", "security.ssl_key_path"),
}


def with_validators(paths: list[Path], environment: str) -> Loading:
    files = list(map(str, paths))
    loaded = LazySettings(settings_files=files, envvar_prefix="SYNFINANCE", merge_enabled=True)
    loaded.validators.register(*map(_validator, SETTINGS.values()), *_rules(loaded, environment))
    loaded.validators.validate_all()
    return Loading(
        {**{key: loaded.get(key) for key in SETTINGS}, "environment": loaded.get("environment", environment)}
    )


def _rules(loaded: LazySettings, environment: str) -> Iterable[Validator]:
    yield Validator("environment", eq=environment)
    if environment != "development":
        yield Validator("server.reload", eq=False)
    if environment == "production":
        yield Validator("debug", eq=False)
    for switch, needed in _NEEDED.items():
        if loaded.get(switch) is True:
            yield from (Validator(key, must_exist=True, len_min=1) for key in needed)


def _validator(setting: Setting) -> Validator:
    limits = {"gte": setting.at_least, "lte": setting.at_most, "is_in": setting.choices or None}
    kind = _TYPES.get(setting.form, str)
    if setting.nullable:
        kind = (*(kind if isinstance(kind, tuple) else (kind,)), type(None))
        return Validator(setting.key, is_type_of=kind)
    return Validator(setting.key, is_type_of=kind, **{name: at for name, at in limits.items() if at is not None})

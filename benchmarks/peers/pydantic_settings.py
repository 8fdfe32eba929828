"""pydantic-settings as its documentation shows it: the fields of the models, its YAML source, `.env` and variables."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from project import LAYERS
from pydantic import create_model
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from synfinance_settings import AppConfig


def load(root: Path) -> Any:
    return settings(root, YamlConfigSettingsSource)()


@cache
def settings(root: Path, source: type[YamlConfigSettingsSource]) -> type[BaseSettings]:
    """The class of the settings in `root`: an `AppConfig` that reads, higher sources first."""

    class Base(BaseSettings):
        model_config = SettingsConfigDict(
            env_prefix="SYNFINANCE_",
            env_nested_delimiter="__",
            env_file=root / ".env",
            extra="ignore",
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            files = [root / "settings" / name for name in LAYERS]
            return env_settings, dotenv_settings, source(settings_cls, files, deep_merge=True)

    fields: dict[str, Any] = {name: (field.annotation, field) for name, field in AppConfig.model_fields.items()}
    return create_model("Settings", __base__=Base, **fields)

"""dynaconf as its documentation shows it: settings files, a prefix, merging and `.env`, then one `model_validate`.

Files with ``.local`` in their names it finds by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from dynaconf import LazySettings
from project import ENVIRONMENT

from synfinance_settings import AppConfig


def load(root: Path) -> AppConfig:
    return validated(settings(root))


def reloader(root: Path) -> Callable[[], Any]:
    live = settings(root)
    validated(live)

    def reload() -> AppConfig:
        live.reload()
        return validated(live)

    return reload


def settings(root: Path) -> LazySettings:
    """The lazy object; its first read loads, and writes `.env` into the process environment."""
    return LazySettings(
        settings_files=["settings/default.yaml", f"settings/{ENVIRONMENT}.yaml"],
        root_path=str(root),
        dotenv_path=str(root / ".env"),
        envvar_prefix="SYNFINANCE",
        merge_enabled=True,
        load_dotenv=True,
    )


def validated(loaded: LazySettings) -> AppConfig:
    """What was loaded as the models know it: keys lowered, dynaconf's own options left out."""
    values = _lowered(loaded.as_dict())
    return AppConfig.model_validate({name: values[name] for name in AppConfig.model_fields if name in values})


def _lowered(data: Any) -> Any:
    return {key.lower(): _lowered(value) for key, value in data.items()} if isinstance(data, dict) else data

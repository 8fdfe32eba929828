"""dynaconf as its documentation shows it: settings files, a prefix, merging and `.env`, then one `model_validate`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dynaconf import LazySettings

from synfinance_settings.sections.app import AppConfig


def settings(root: Path, environment: str) -> LazySettings:
    """The lazy object; its first read loads. Variables are those of the process, and `.env` is written into it."""
    return LazySettings(
        settings_files=["settings/default.yaml", f"settings/{environment}.yaml"],
        root_path=str(root),
        dotenv_path=str(root),
        envvar_prefix="SYNFINANCE",
        merge_enabled=True,
        load_dotenv=True,
    )


def validated(loaded: LazySettings) -> AppConfig:
    """What was loaded as the models know it: keys lowered, dynaconf's own options left out."""
    values = _lowered(loaded.as_dict())
    return AppConfig.model_validate({name: values[name] for name in AppConfig.model_fields if name in values})


def load(root: Path, environment: str) -> AppConfig:
    """The settings of the project in `root`."""
    return validated(settings(root, environment))


def _lowered(data: Any) -> Any:
    return {key.lower(): _lowered(value) for key, value in data.items()} if isinstance(data, dict) else data


@contextmanager
def process_environment(environ: dict[str, str]) -> Iterator[None]:
    """`os.environ` as `environ`, since dynaconf knows no other; what was there before is put back."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environ)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)

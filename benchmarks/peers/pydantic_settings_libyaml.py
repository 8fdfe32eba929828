"""pydantic-settings, with libyaml under its YAML source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic_settings import YamlConfigSettingsSource

from peers.pydantic_settings import settings


class LibyamlSource(YamlConfigSettingsSource):
    def _read_file(self, file_path: Path) -> dict[str, Any]:
        with file_path.open("rb") as file:
            data: dict[str, Any] = yaml.load(file, Loader=yaml.CSafeLoader)
        return data


def load(root: Path) -> Any:
    return settings(root, LibyamlSource)()

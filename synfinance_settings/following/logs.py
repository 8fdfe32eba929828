"""The level of loggers, as a setting says it."""

from __future__ import annotations

import logging
from typing import Any

from synfinance_settings.errors import Problem, SettingsError
from synfinance_settings.live.making import Recipe


def log_level(field: str, *loggers: str) -> Recipe[int]:
    """The level that `field` of the section names, set on the `loggers`, on the root logger where none is named.

    A number is a level as well. It is set at the first use, and at each change:
    ``follow(section, log_level("level"))()``.
    """

    def make(section: Any) -> int:
        said = section[field]
        level = said if isinstance(said, int) else logging.getLevelNamesMapping().get(str(said).upper())
        if level is None:
            raise SettingsError(Problem("not-a-choice", f"{field} names no level of logging", key=field))
        return level

    def place(level: int) -> None:
        for name in loggers or (None,):
            logging.getLogger(name).setLevel(level)

    return Recipe(make=make, place=place, fields=lambda model: (field,), name="log level")

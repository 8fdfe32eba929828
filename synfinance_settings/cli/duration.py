"""Times that an operator types: 90, 90s, 10m, 2h."""

from __future__ import annotations

from typing import Any, Final

import click


class Duration(click.ParamType[int]):
    """Seconds, also with a unit behind: 90, 90s, 10m, 2h."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The seconds that `value` says; a usage error for what says none, or fewer than one."""
        if isinstance(value, int):
            return value
        number, unit = (value[:-1], value[-1]) if value[-1:] in _SECONDS_IN else (value, "s")
        if not (number.isascii() and number.isdigit() and len(number) <= _MOST_DIGITS and int(number)):
            self.fail(f"{value} is no duration from 1 second, as 90s, 10m or 2h are", param, ctx)
        return int(number) * _SECONDS_IN[unit]


_SECONDS_IN: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_MOST_DIGITS: Final = 6

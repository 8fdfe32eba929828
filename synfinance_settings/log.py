"""The logger of the package, for which `logging` is imported at its first use: most starts have nothing to tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from logging import Logger

INFO: Final = 20
"""The level of `logging` of that name."""

NAME: Final = __name__.partition(".")[0]


class _Late:
    def __getattr__(self, name: str) -> Any:
        from logging import getLogger

        return getattr(getLogger(NAME), name)


logger: Final = cast("Logger", _Late())

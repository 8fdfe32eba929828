"""Regular expressions that are compiled when they are first used.

Compiling one costs a start ten times what the rest of its line does, and most of ours are for what few loads meet: a
fault, a reference, an edit.
"""

from __future__ import annotations

import re
from typing import Any, cast


def pattern(expression: str, flags: int = 0) -> re.Pattern[str]:
    """What ``re.compile`` would return, which is called when something of it is first asked for."""
    return cast("re.Pattern[str]", _Deferred(expression, flags))


class _Deferred:
    def __init__(self, expression: str, flags: int) -> None:
        self.pattern = expression
        self.flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self.pattern, self.flags), name)
        setattr(self, name, value)
        return value

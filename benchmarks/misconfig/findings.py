"""What a load came to, in terms that are the same for all who load; and what the process environment says meanwhile."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from synfinance_settings import Snapshot

VARIABLES: Final = {
    "SYNFINANCE_DATABASE__HOST": "db-1.internal.synfinance.com",
    "SYNFINANCE_CACHE__HOST": "redis-1.internal.synfinance.com",
    "SYNFINANCE_DB_PASSWORD": "Maple-Orbit-Lantern-2291",
    "SYNFINANCE_REDIS_PASSWORD": "Cobalt-Ferry-Window-7740",
    "SYNFINANCE_API_KEYS": "key-Qm4xT9vLw2RbZ8sYc6Hd,key-Jf7pN3kEu5GaX1oWi9Vt",
    "SYNFINANCE_JWT_SECRET": "Harbour-Velvet-Compass-Tundra-Saffron-58",
    "SYNFINANCE_ALERT_WEBHOOK": "https://hooks.alerts.example/services/T024/B7XQ",
}
"""What the process environment says besides the layers; nobody's secrets."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was told: in which words, of which key, in which line of which file; `mend` where it has one."""

    text: str
    key: str | None = None
    places: frozenset[tuple[str, int]] = frozenset()
    mend: bool = False


@dataclass(frozen=True, slots=True)
class Loading:
    """What a load came to: values by their keys, or what it was refused for; and what was remarked on beside values."""

    values: Mapping[str, object] = field(default_factory=dict)
    refusal: tuple[Finding, ...] = ()
    remarks: tuple[Finding, ...] = ()
    snapshot: Snapshot | None = None


Load = Callable[[Path, str, Snapshot | None], Loading]
"""Loads the layers of a folder for an environment; the snapshot is what was in force before the mistake."""

_MEND: Final = re.compile(
    r"\b(must|should|did you mean|needs?|may be (missing|on|off)|at (least|most)|expected ':')", re.I
)


def has_mend(text: str) -> bool:
    """True where a text says what would be right."""
    return _MEND.search(text) is not None

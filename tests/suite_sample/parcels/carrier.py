"""Labels from the carrier, and those that were asked for already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable

from parcels.configuration import settings


class NoLabelError(Exception):
    """The carrier gives none."""


def label(
    parcel: str, service: str, weight: float, call: Callable[[str, float], str], sleep: Callable[[float], None]
) -> str:
    """A label; `call` is given what to ask for and how long to wait, and raises `TimeoutError`."""
    carrier = settings.carrier
    if service not in carrier.services:
        raise NoLabelError(f"no service {service}")
    if weight > carrier.largest_weight:
        raise NoLabelError("too heavy")
    for _ in range(carrier.attempts):
        try:
            return call(f"{service}/{parcel}", carrier.timeout)
        except TimeoutError:
            sleep(carrier.pause)
    raise NoLabelError("the carrier does not answer")


class Labels:
    """The labels of the last parcels, the newest last."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, str]] = OrderedDict()

    def keep(self, parcel: str, label: str) -> None:
        self._kept[parcel] = self._clock(), label
        while len(self._kept) > settings.cache.size:
            self._kept.popitem(last=False)

    def get(self, parcel: str) -> str | None:
        kept_at, label = self._kept.get(parcel, (0.0, None))
        return label if label is not None and self._clock() - kept_at <= settings.cache.lifetime else None

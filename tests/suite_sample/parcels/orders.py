"""Orders: what is taken, what it costs, and where it is kept."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from parcels.configuration import settings


class RefusedError(Exception):
    """The order is not taken."""


def accept(order: dict[str, Any], hour: int) -> dict[str, Any]:
    """The order as it is taken at an hour of the day."""
    limits = settings.limits
    if not limits.opens <= hour < limits.closes:
        raise RefusedError("closed")
    if not limits.least_items <= len(order["items"]) <= limits.most_items:
        raise RefusedError("too few or too many items")
    if len(json.dumps(order)) > settings.web.largest_body:
        raise RefusedError("too large")
    return {**order, "total": total(sum(order["items"].values()), order.get("service", "standard"))}


def total(value: float, service: str) -> str:
    """What an order costs, in the currency, with tax and delivery."""
    prices = settings.prices
    fees = dict(fee.split("=") for fee in prices.fees)
    delivery = 0.0 if value >= prices.free_from else float(fees[service])
    return f"{(value + delivery) * (1 + prices.tax):.{prices.digits}f} {prices.currency}"


class Store:
    """The orders in a folder of files."""

    def __init__(self, data: Path) -> None:
        self._folder = data / settings.store.folder
        self._folder.mkdir(exist_ok=True)
        self._writers = threading.Semaphore(settings.store.connections)

    def put(self, number: int, order: dict[str, Any]) -> None:
        if not self._writers.acquire(timeout=0.2):
            raise RefusedError("busy")
        try:
            file = self._folder / f"{number}{settings.store.suffix}"
            file.write_bytes(json.dumps(order, ensure_ascii=False).encode(settings.store.encoding))
        finally:
            self._writers.release()

    def get(self, number: int) -> Any:
        return json.loads((self._folder / f"{number}{settings.store.suffix}").read_bytes())

    def expired(self, ages: dict[int, int]) -> list[int]:
        """The numbers of the orders whose age in days is over what is kept."""
        return [number for number, age in ages.items() if age > settings.store.retention]

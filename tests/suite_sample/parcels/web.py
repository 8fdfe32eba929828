"""What is answered, to whom, and how often."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence

from parcels.configuration import settings

DEADLINE = settings.web.deadline
"""Taken once, when the program starts."""


def route(path: str) -> str | None:
    """What a path means; None for nothing."""
    return path.removeprefix(settings.web.prefix) if path.startswith(f"{settings.web.prefix}/") else None


def page(orders: Sequence[int], number: int) -> Sequence[int]:
    """A page of the orders, counted from 0."""
    size = settings.web.page_size
    return orders[number * size : (number + 1) * size]


def headers(origin: str) -> dict[str, str]:
    """What a browser is told about a caller."""
    return {"Access-Control-Allow-Origin": origin} if origin in settings.web.origins else {}


def answer(steps: Sequence[Callable[[], float]]) -> str:
    """Go through `steps`, each of which says how long it took, within the time for an answer."""
    spent = 0.0
    for step in steps:
        spent += step()
        if spent > DEADLINE:
            return "504"
    return "200"


class Gate:
    """Lets each customer call so often in a window."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._calls: dict[str, list[float]] = {}

    def admits(self, customer: str) -> bool:
        now = self._clock()
        calls = [at for at in self._calls.get(customer, []) if now - at < settings.limits.window]
        self._calls[customer] = [*calls, now]
        return len(calls) < settings.limits.calls


def cookie(customer: str, now: float) -> str:
    """A session of `customer`, as a browser gets it."""
    session = settings.session
    until = int(now + session.lifetime)
    signed = hmac.new(session.key.get_secret_value().encode(), f"{customer}|{until}".encode(), session.algorithm)
    return f"{session.cookie}={customer}|{until}|{signed.hexdigest()}; Max-Age={session.lifetime}"


def customer(given: str, now: float) -> str | None:
    """Whose session a cookie is; None where it is none, or over."""
    name, _, value = given.partition(";")[0].partition("=")
    who, until, signature = value.split("|")
    signed = hmac.new(
        settings.session.key.get_secret_value().encode(), f"{who}|{until}".encode(), settings.session.algorithm
    )
    is_good = name == settings.session.cookie and hmac.compare_digest(signature, signed.hexdigest())
    return who if is_good and now < int(until) else None


def strength() -> int:
    """Bits of the signature."""
    return hashlib.new(settings.session.algorithm).digest_size * 8

"""What customers are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from parcels.configuration import settings

HERE = Path(__file__).parent


def confirm(number: int, customer: str, send: Callable[[str, list[str], str, str], None]) -> bool:
    """Write to a customer about an order; False where nothing is sent."""
    mail = settings.mail
    if not mail.enabled:
        return False
    text = (HERE / mail.template).read_text().format(number=number)
    send(mail.sender, [customer, *mail.copies], mail.subject.format(number=number), text)
    return True

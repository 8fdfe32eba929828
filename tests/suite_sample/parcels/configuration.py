"""What can be set."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import SecretStr

from synfinance_settings import Application, Bytes, Seconds, Section, Server, setting


class WebConfig(Section):
    """What customers call."""

    prefix: str = setting("/api", "What every path begins with.")
    page_size: int = setting(20, "Orders of a page.", ge=0)
    largest_body: Bytes = setting(65536, "Largest order that is taken.", ge=0)
    origins: list[str] = setting(["https://shop.example"], "Who may call.")
    deadline: Seconds = setting(10, "Time for an answer.", ge=1)


class CarrierConfig(Section):
    """Who brings the parcels."""

    RESOURCES = (Server("http", host="host", port="port", password="token"),)

    host: str = setting("localhost", "Where the carrier listens.")
    port: int = setting(8443, "Its port.", ge=1, le=65535)
    token: SecretStr = setting(SecretStr(""), "What it knows us by.")
    timeout: Seconds = setting(3, "Patience with one call.", ge=1)
    attempts: int = setting(3, "Calls before we give up.", ge=0)
    pause: float = setting(0.5, "Time between two calls.", ge=0)
    services: list[str] = setting(["standard", "express"], "What can be ordered.")
    largest_weight: int = setting(30, "Heaviest parcel.", unit="kg", ge=0)


class StoreConfig(Section):
    """Where orders are kept."""

    folder: Path = setting(Path("orders"), "Folder of the orders, below the data folder.")
    suffix: str = setting(".json", "What their files end in.")
    connections: int = setting(4, "Writers at once.", ge=0)
    retention: int = setting(90, "How long an order is kept.", unit="days", ge=0)
    encoding: str = setting("utf-8", "Encoding of the files.")


class CacheConfig(Section):
    """Labels that were asked for."""

    size: int = setting(100, "Labels.", ge=0)
    lifetime: Seconds = setting(300, "Time that a label holds.", ge=0)


class LimitsConfig(Section):
    """Who may do how much."""

    calls: int = setting(5, "Calls of one customer in a window.", ge=0)
    window: Seconds = setting(60, "The window.", ge=1)
    least_items: int = setting(1, "Fewest items of an order.", ge=0)
    most_items: int = setting(50, "Most items of an order.", ge=0)
    opens: int = setting(6, "Hour at which orders are taken.", ge=0, le=24)
    closes: int = setting(22, "Hour at which no more are.", ge=0, le=24)


class PriceConfig(Section):
    """What it costs."""

    currency: Literal["EUR", "USD", "JPY"] = setting("EUR", "Currency.")
    tax: float = setting(0.19, "Share of the tax.", ge=0, le=100)
    digits: int = setting(2, "Digits behind the point.", ge=0)
    free_from: int = setting(50, "Order value from which the delivery is free.", ge=0)
    fees: list[str] = setting(["standard=4.90", "express=9.90"], "Fee of each service.")


class MailConfig(Section):
    """What customers are told."""

    sender: str = setting("orders@shop.example", "Who writes.")
    subject: str = setting("Order {number}", "Subject, with the number.")
    template: Path = setting(Path("templates/order.txt"), "Text, below the program's folder.")
    copies: list[str] = setting(["archive@shop.example"], "Who gets a copy.")
    enabled: bool = setting(True, "Whether anything is sent.")


class SessionConfig(Section):
    """Who is who."""

    lifetime: Seconds = setting(3600, "Time that a session holds.", ge=0)
    key: SecretStr = setting(SecretStr(""), "What sessions are signed with.")
    algorithm: Literal["sha256", "sha512", "md5"] = setting("sha256", "Digest of the signature.")
    cookie: str = setting("session", "Name of the cookie.")


class ParcelsConfig(Section):
    """Parcels."""

    web: WebConfig = WebConfig()
    carrier: CarrierConfig = CarrierConfig()
    store: StoreConfig = StoreConfig()
    cache: CacheConfig = CacheConfig()
    limits: LimitsConfig = LimitsConfig()
    prices: PriceConfig = PriceConfig()
    mail: MailConfig = MailConfig()
    session: SessionConfig = SessionConfig()


app = Application(ParcelsConfig, prefix="PARCELS_")
settings = app.settings

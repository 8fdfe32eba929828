"""Slips of the pen: in any word, in a name, in a number."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Final

from layer_lines import Line

KEYBOARD: Final = ("1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm")


def _at(text: str, random: Random, fits: Callable[[str], bool] = str.isalnum) -> int | None:
    places = [place for place, letter in enumerate(text) if fits(letter)]
    return random.choice(places) if len(places) > 1 else None


def dropped(text: str, random: Random) -> str | None:
    at = _at(text, random)
    return None if at is None else text[:at] + text[at + 1 :]


def doubled(text: str, random: Random) -> str | None:
    at = _at(text, random)
    return None if at is None else text[:at] + text[at] + text[at:]


def swapped(text: str, random: Random) -> str | None:
    at = _at(text[:-1], random)
    return None if at is None else text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def neighbour(text: str, random: Random) -> str | None:
    at = _at(text, random)
    if at is None:
        return None
    row = next((row for row in KEYBOARD if text[at].lower() in row), "")
    place = row.find(text[at].lower())
    near = "".join(row[beside : beside + 1] for beside in (place - 1, place + 1) if beside >= 0)
    if not near:
        return None
    letter = random.choice(near)
    return text[:at] + (letter.upper() if text[at].isupper() else letter) + text[at + 1 :]


OTHER_NAMES: Final = {
    "password": ("passwd", "pass", "pwd"),
    "host": ("hostname", "server", "address"),
    "user": ("username", "login"),
    "name": ("database", "dbname", "db"),
    "port": ("listen_port", "http_port"),
    "workers": ("num_workers", "processes", "threads"),
    "timeout": ("timeout_seconds", "request_timeout", "timeout_ms"),
    "log_level": ("loglevel", "logging_level", "level"),
    "cors_origins": ("allowed_origins", "origins"),
    "max_request_size": ("max_body_size", "client_max_body_size"),
    "pool_size": ("max_connections", "poolsize"),
    "ssl_mode": ("sslmode", "ssl", "tls"),
    "retry_attempts": ("max_retries", "retries"),
    "retry_delay": ("backoff", "retry_interval"),
    "backend": ("type", "engine"),
    "max_size": ("maxsize", "max_entries"),
    "ttl": ("expiry", "expire_after"),
    "num_customers": ("customers", "customer_count"),
    "seed": ("random_seed",),
    "enable_gpu": ("use_gpu", "gpu", "gpu_enabled"),
    "num_threads": ("threads", "n_threads"),
    "metrics_file": ("metrics_path", "log_file"),
    "alert_webhook": ("webhook_url", "slack_webhook"),
    "retention_days": ("retention", "keep_days"),
    "jwt_secret": ("secret_key", "jwt_key"),
    "jwt_expiry": ("jwt_ttl", "token_expiry"),
    "api_keys": ("api_key", "keys"),
    "rate_limit_requests": ("rate_limit", "max_requests"),
    "allowed_hosts": ("hosts", "trusted_hosts"),
    "ssl_enabled": ("ssl", "tls_enabled", "enable_ssl"),
    "ssl_cert_path": ("ssl_cert", "cert_file", "ssl_certificate"),
    "ssl_key_path": ("ssl_key", "key_file"),
    "database": ("db", "postgres"),
    "cache": ("redis",),
    "monitoring": ("metrics",),
    "security": ("auth",),
    "server": ("http", "api"),
}


def as_elsewhere(name: str, random: Random) -> str | None:
    return random.choice(OTHER_NAMES[name]) if name in OTHER_NAMES else None


def in_another_style(name: str, random: Random) -> str | None:
    first, *rest = name.split("_")
    camel = first + "".join(part.title() for part in rest)
    return random.choice([name.upper(), name.title(), name.replace("_", "-"), camel, name.replace("_", "")])


def is_words(line: Line) -> bool:
    """True for a value of letters: a host, a path, a choice, a flag."""
    return any(map(str.isalpha, line.value)) and "$" not in line.value and line.value != "null"


# in a number


def is_number(line: Line) -> bool:
    return re.fullmatch(r"[0-9]+(\.[0-9]+)?", line.value) is not None


def is_share(line: Line) -> bool:
    return is_number(line) and "." in line.value


def is_thousands(line: Line) -> bool:
    return is_number(line) and len(line.value.partition(".")[0]) > 3


def digit_added(line: Line, random: Random) -> str:
    at = random.randrange(len(line.value))
    letter = line.value[at] if line.value[at] != "." else "0"
    return line.value[:at] + letter + line.value[at:]


def digit_dropped(line: Line, random: Random) -> str | None:
    at = _at(line.value, random, str.isdigit)
    return None if at is None else line.value[:at] + line.value[at + 1 :]


def digit_wrong(line: Line, random: Random) -> str:
    return neighbour_digit(line.value, random.choice([i for i, d in enumerate(line.value) if d.isdigit()]), random)


def neighbour_digit(text: str, at: int, random: Random) -> str:
    row = KEYBOARD[0]
    place = row.index(text[at])
    return text[:at] + random.choice(row[max(place - 1, 0) : place] + row[place + 1 : place + 2]) + text[at + 1 :]


def point_slipped(line: Line, random: Random) -> str:
    whole, _, part = line.value.partition(".")
    return random.choice([f"{whole},{part}", f"{whole}{part}", f"{whole}{part[0]}.{part[1:] or 0}", f"{whole}..{part}"])


def grouped(line: Line, random: Random) -> str:
    return f"{int(line.value):,}".replace(",", random.choice(",. '"))

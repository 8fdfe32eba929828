"""Mistakes in what is meant: a well-formed value that is of another unit, program, setting, environment or form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from layer_lines import Layer, Line, Mistake
from slips import dropped, is_share
from structure import elsewhere


def of_form(*forms: str) -> Callable[[Line], bool]:
    return lambda line: line.setting is not None and line.setting.form in forms


def of_unit(*units: str) -> Callable[[Line], bool]:
    return lambda line: line.setting is not None and line.setting.unit in units and line.value.isdigit()


UNITS_BEHIND: Final = {
    "seconds": ("s", " s", "sec", " seconds", "ms", "S", " min"),
    "bytes": ("B", " bytes", "b", "KB", "M", "MB", "mb"),
    "days": ("d", " days", "D"),
}


ROUND_UNITS: Final[Mapping[str, tuple[int, tuple[str, ...]]]] = {
    "seconds": (60, ("m", "min", " minutes")),
    "bytes": (1024**2, ("M", "MB", "mb", " MiB")),
}


def unit_behind(line: Line, random: Random) -> str | None:
    """A unit behind the number, with the number as it was, or rounded to it."""
    assert line.setting
    unit, number = line.setting.unit or "", int(line.value)
    rounded = ROUND_UNITS.get(unit)
    if rounded and number % rounded[0] == 0 and random.random() < 0.5:
        return f"{number // rounded[0]}{random.choice(rounded[1])}"
    return f"{number}{random.choice(UNITS_BEHIND[unit])}"


def unit_mistaken(line: Line, random: Random) -> str | None:
    """The number in another unit: milliseconds, minutes, kilobytes, megabytes, hours, percent."""
    assert line.setting
    if "." in line.value:
        return f"{float(line.value) * 100:g}"
    number = int(line.value)
    in_others: dict[str, list[float]] = {
        "seconds": [number * 1000, number / 60, number / 3600],
        "bytes": [number / 1024, number / 1024**2],
        "days": [number * 24, number * 86_400],
    }
    whole = [int(value) for value in in_others[line.setting.unit or ""] if value == int(value)]
    return str(random.choice(whole)) if whole else None


def is_measured(line: Line) -> bool:
    return is_share(line) or of_unit("seconds", "bytes", "days")(line)


def nothing_or_less(line: Line, random: Random) -> str | None:
    value = random.choice(["0", "-1", f"-{line.value}"])
    return value if value != line.value else None


def word_for_number(line: Line, random: Random) -> str:
    return random.choice(["auto", "unlimited", "max", "default", "none", "ten", "TBD", f"~{line.value}"])


def word_for_flag(line: Line, random: Random) -> str:
    return random.choice(["enabled", "disabled", "ture", "flase", "y", "n", "T", "active", "never", "2"])


OTHER_CHOICES: Final = {
    "log_level": ("WARN", "FATAL", "TRACE", "verbose", "notice", "20"),
    "ssl_mode": ("required", "verify", "true", "on", "strict", "verify_full"),
    "backend": ("memcached", "Redis", "in-memory", "local", "rediss"),
    "eviction_policy": ("allkeys-lru", "LRU", "random", "ttl"),
    "jwt_algorithm": ("HMAC256", "hs256", "HS-256", "EdDSA", "none"),
    "environment": ("prod", "live", "PRODUCTION", "stage", "uat", "testing"),
}


def other_choice(line: Line, random: Random) -> str:
    return random.choice(OTHER_CHOICES[line.name])


def nothing(line: Line, random: Random) -> str:
    return random.choice(["null", '""', "~", "None", "[]", "{}"])


def of_another_setting(layer: Layer, random: Random) -> Mistake | None:
    """Of the line above or below, or of any."""
    lines = [line for line in layer.of("setting") if "$" not in line.value]
    at = random.randrange(len(lines))
    near = [other for other in lines[max(at - 1, 0) : at + 2] if other != lines[at]]
    value = random.choice(random.choice([near, lines])).value
    return layer.with_line(lines[at], lines[at].written(value=value)) if value != lines[at].value else None


def of_another_environment(layer: Layer, random: Random) -> Mistake | None:
    line = random.choice(layer.of("setting"))
    values = elsewhere(layer, line)
    return layer.with_line(line, line.written(value=random.choice(values))) if values else None


def is_address(line: Line) -> bool:
    return line.name == "host" or line.key in ("server.cors_origins", "security.allowed_hosts")


def address_otherwise(line: Line, random: Random) -> str:
    host = line.value.strip('"').rpartition("//")[2]
    scheme = line.value.strip('"').removesuffix(host)
    other = {"https://": "http:/", "http://": "htp://", "": "https://"}[scheme]
    ways = [f"{other}{host}", f"{scheme}{host}/", f"{scheme}{host}:80800", f"{scheme}{host},", f"{scheme}{host} "]
    ways += [f"{scheme}{host.replace('.', ',', 1)}", f"{scheme}{host.replace('.', ' ', 1)}", f"{scheme}{host}."]
    ways += [f'"{scheme}{host} "', f"{scheme}//{host}", f"{scheme}{host.replace('.', '..', 1)}", f"{scheme}{host}:8443"]
    return random.choice(ways)


def is_path(line: Line) -> bool:
    return line.name in ("metrics_file", "ssl_cert_path", "ssl_key_path", "model_path")


def path_otherwise(line: Line, random: Random) -> str:
    path = line.value
    ways = [path.removeprefix("/"), path.replace("/", "\\"), f"~{path}", f"{path} ", f'"{path} "', f"{path}/"]
    ways += [path.replace("/", "//", 1), path.rpartition(".")[0] or "models", f"C:{path}", path.replace("/", "/ ", 1)]
    ways += [f"/{path}", path.rpartition("/")[0] or "/", f"{path}.bak", f"file://{path}"]
    return random.choice(ways)


def date_otherwise(line: Line, random: Random) -> str:
    year, month, day = line.value.split("-")
    ways = [f"{day}.{month}.{year}", f"{month}/{day}/{year}", f"{year}-{day}-{month}", f"{year}{month}{day}"]
    ways += [f"{year}-02-30", f"{year}-{int(month)}-{int(day)}", f"{year[2:]}-{month}-{day}", f"{year}-{month}"]
    ways += [f"{int(year) - 1}-{month}-{day}", f"{int(year) + 1}-{month}-{day}", f"{line.value}T00:00:00"]
    return random.choice(ways)


def reference_slipped(line: Line, random: Random) -> str | None:
    value = line.value
    name = re.sub(r"\W+", "", value)
    letters = dropped(name, random) or name
    ways = [value.replace("}", ""), value.replace("{", ""), value.replace("$", ""), value.replace(name, letters)]
    ways += [value.replace("{", "(").replace("}", ")"), f"{{{{ {name} }}}}", f"%{name}%", f"$${{{name}}}"]
    ways += [f"env:{name}", value.replace(":-", ":"), value.replace(name, name.lower())]
    return random.choice(ways)


def has_other_choices(line: Line) -> bool:
    return line.name in OTHER_CHOICES

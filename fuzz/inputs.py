"""Inputs for the targets: texts of a small grammar and of a corpus, changed at random. The same seed gives the same."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Final

from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
VARIABLES = SYNFINANCE.variables.keys


CANARY: Final = "c4n4ryQ7xZ"
"""What stands for a secret; no output may hold it."""

LONGEST: Final = 64 * 1024

_TOKENS: Final = [
    "\n", "\r\n", "\r", "\x85", "\u2028", "\t", " ", "  ", "\x00", "\x1b[31m", "\x7f", "\u202e", "\u200b", "\ufeff",
    "\ufffe", "\U0010ffff", "\udcff", "\udced\udca0\udc80", "é", "ß", "🎉", ":", ": ", "-", "- ", "?", "? ", ",", "[",
    "]", "{", "}", "#", " #", "&a ", "*a", "!", "!!str ", "!!python/object/apply:os.system ", "|", "|+1", ">-", "%",
    "%YAML 1.1", "---", "...", "@", "`", "'", '"', "\\", "\\u0000", "\\ud800", "<<", "=", "~", "null", "true", "yes",
    "0", "-1", "1e999", ".nan", "08", "1_000", "1" * 5000, "$", "$$", "$A", "${", "}", "${A}", "${A:-", "${A:?",
    "${A:+", "${UNSET}", "${A:-${B:-", "export ", "A=", "A=1", "_FILE", "__", ".", "..", "@jinja {{ x }}",
    "dynaconf_merge", "**********", "x" * 300,
    " " * 3000, "." * 30_000, "__" * 20_000, "a." * 20_000, "[" * 50, "{a: " * 50, f" {CANARY}", f"password: {CANARY}",
]  # fmt: skip
_VALUES: Final = [
    "8000", "1", "0.5", "true", "no", "x", "null", "~", "''", '"a b"', "[a, b]", "[]", "{}", "{a: 1}", "2024-01-01",
    "INFO", "https://a.example", "${A}", "${UNSET:-5}", "$UNSET", "30s", "10MB", "a,b", "|\n    a\n    b", "&a x", "*a",
]  # fmt: skip
_ODD_NAMES: Final = ["prot", "x", "1", "a.b", "dynaconf_include", "'', x", "? [a]", "<<", "~", "café", "k" * 40]


def any_of(number: random.Random, form: str) -> bytes:
    """An input in the `form` of a target: ``yaml``, ``json``, ``env``, ``variables`` or ``text``."""
    text = _grown(number, form) if number.random() < 0.7 else number.choice(_corpus(form))
    for _ in range(number.choice((0, 1, 1, 2, 3, 5, 10, 40))):
        text = _changed(number, text)[:LONGEST]
    return text.encode("utf-8", "surrogateescape" if number.random() < 0.9 else "replace")


def _corpus(form: str) -> list[str]:
    """The layers that are shipped, for their form; texts of the grammar alone for the others."""
    settings = Path(__file__).parents[1] / "settings"
    layers = [path.read_text() for path in sorted(settings.glob("*.yaml")) if ".local." not in path.name]
    if form == "json":
        return [(settings / "schema.json").read_text()[:8000], "{}", "[]", ""]
    return layers if form == "yaml" else [" ".join(_TOKENS), "", "\n"]


def _changed(number: random.Random, text: str) -> str:
    """One change: a part gone, repeated, moved or reversed, a token put in, a character replaced."""
    start, end = sorted(number.randrange(len(text) + 1) for _ in range(2))
    end = min(end, start + number.choice((1, 3, 20, 200, LONGEST)))
    part, token = text[start:end], number.choice(_TOKENS)
    match number.randrange(7):
        case 0:
            return text[:start] + text[end:]
        case 1:
            return text[:end] + part * number.choice((1, 1, 2, 50, 500)) + text[end:]
        case 2:
            rest = text[:start] + text[end:]
            at = number.randrange(len(rest) + 1)
            return rest[:at] + part + rest[at:]
        case 3:
            return text[:start] + part[::-1] + text[end:]
        case 4:
            return text[:start] + token * number.choice((1, 1, 1, 2, 30, 3000)) + text[start:]
        case 5:
            return text[:start] + token + text[start + 1 :]
        case _:
            return text[:start] + chr(number.choice((number.randrange(128), number.randrange(0xD800)))) + text[end:]


def _grown(number: random.Random, form: str) -> str:
    keys = number.sample(list(SETTINGS), number.randrange(8)) + number.choices(list(SETTINGS), k=number.randrange(3))
    secrets = [key for key in SETTINGS if SETTINGS[key].is_secret]
    keys += number.sample(secrets, number.randrange(3))
    number.shuffle(keys)
    pairs = [(key, CANARY if key in secrets and number.random() < 0.8 else number.choice(_VALUES)) for key in keys]
    return {"yaml": _yaml, "json": _json, "env": _env, "variables": _env}.get(form, _text)(number, pairs)


def _yaml(number: random.Random, pairs: list[tuple[str, str]]) -> str:
    """A layer that gives `pairs`, some in a section given twice, in a list or under an odd name."""
    lines: list[str] = []
    before = ""
    for key, value in pairs:
        section, _, name = key.rpartition(".")
        name = number.choice(_ODD_NAMES) if number.random() < 0.1 else name
        if section != before or number.random() < 0.1:
            lines += [f"{'  ' * depth}{part}:" for depth, part in enumerate(filter(None, section.split(".")))]
            before = section
        margin = "  " * (section.count(".") + 1 if section else 0)
        if number.random() < 0.1:
            lines.append(f"{margin}{name}: [{value}, {number.choice(_VALUES)}] # {CANARY}")
        else:
            lines.append(f"{margin}{name}: {value}")
    return "\n".join([*lines, ""])


def _json(number: random.Random, pairs: list[tuple[str, str]]) -> str:
    """A layer that gives `pairs`, some with another value or under an odd name."""
    tree: dict[str, object] = {}
    for key, value in pairs:
        *path, name = key.split(".")
        branch = tree
        for part in path:
            inner = branch.setdefault(part, {})
            branch = inner if isinstance(inner, dict) else branch
        branch[number.choice(_ODD_NAMES) if number.random() < 0.1 else name] = number.choice((value, [value], 1, None))
    return json.dumps(tree, indent=number.choice((None, 2)))


def _env(number: random.Random, pairs: list[tuple[str, str]]) -> str:
    lines = []
    for key, value in pairs:
        name = number.choice([name for name, meant in VARIABLES.items() if meant == key])
        name += number.choice(("", "", "", "_FILE", "__X", "S"))
        quote = number.choice(("", "", "'", '"'))
        lines.append(f"{name}={quote}{value}{quote}{number.choice(('', '', ' # note'))}")
    return "\n".join([*lines, "A=1", "B=${A}", ""])


def _text(number: random.Random, pairs: list[tuple[str, str]]) -> str:
    return "".join(number.choice((*_TOKENS, *_VALUES)) for _ in range(number.randrange(60)))

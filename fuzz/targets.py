"""What is fuzzed: each reader, with what it may come to (a value or a `SettingsError`) and what it said.

A target gets an input and a folder of its own, and returns all that people would see. Whatever else it raises is a
find, and so is a canary or a character that forges a line in what it returns.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click
from click.testing import CliRunner
from inputs import CANARY

from synfinance_settings import ConfigManager, EnvLoader, SettingsError
from synfinance_settings.cli import render
from synfinance_settings.cli.group import group
from synfinance_settings.editing.masked_difference import masked_difference
from synfinance_settings.editing.splice import set_value, unset_value
from synfinance_settings.errors import LayerError
from synfinance_settings.foreign import is_printable
from synfinance_settings.layers.comparison import changed_in_files
from synfinance_settings.layers.environ import Environ
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.fit import fit
from synfinance_settings.model.forms import read_boolean, read_number, read_texts, read_whole_number
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.expansion import ReferenceFault, Scope, expand
from synfinance_settings.text.files import Content
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.node import Node, Source, leaves, text_of

SETTINGS = SYNFINANCE.catalogue.settings

_COMMANDS: Final = (["validate"], ["show"], ["explain", "server.port"], ["get", "app_name"], ["diff", "--matrix"])

Run = Callable[[bytes, Path], list[str]]


@dataclass(frozen=True)
class Target:
    """One reader: the form of its inputs, and how it is run."""

    name: str
    form: str
    run: Run
    tells_names: bool = False
    """True where what it says may hold the input: then no canary is looked for."""

    def judge(self, data: bytes, folder: Path) -> None:
        """Raise what the reader may not raise, and `AssertionError` for what it may not say."""
        texts: list[str] = []
        try:
            texts = self.run(data, folder)
        except SettingsError as error:
            texts = _told(error)
        for text in texts:
            assert self.tells_names or CANARY not in text or _is_public(self.form, data), "a canary was told"
            assert all(map(is_printable, text.split("\n"))), f"a line may be forged: {ascii(text)[:200]}"


def _told(error: SettingsError) -> list[str]:
    """What an error says in all its forms, without the bare line ends that JSON and reprs escape anyway."""
    assert error.problems, "an error without a problem"
    return [str(error), repr(error), *(str(value) for data in error.errors() for value in data.values())]


def _is_public(form: str, data: bytes) -> bool:
    """True where the canary came to stand in a value that anybody may see."""
    if form in ("env", "variables"):
        return any(CANARY in line and "PASSWORD" not in line for line in data.decode(errors="replace").splitlines())
    try:
        root = read_text(data.decode("utf-8-sig"), Source(f"x.{form}"))[0]
    except (LayerError, UnicodeDecodeError):
        return False
    return any(CANARY in text_of(node) for node in _public(root))


def _public(root: Node | None) -> Iterator[Node]:
    return (node for key, node in leaves(fit(root, SYNFINANCE.catalogue)[0]) if not SETTINGS[key].is_secret)


def _read(form: str) -> Run:
    """Read and fit a layer, look at all its lines, compare it with nothing."""
    name = f"settings/default.{form}"

    def run(data: bytes, folder: Path) -> list[str]:
        text = Content(folder, data).text(name)
        root, faults = read_text(text, Source(name, expands=True))
        problems = [*faults, *fit(root, SYNFINANCE.catalogue)[1]]
        source = SourceText(text, name, SYNFINANCE.catalogue)
        lines = [source.excerpt(number, 1 + number % 7) for number in range(1, 40)]
        changed_in_files({f"default.{form}": data}, {}, ["default"], SYNFINANCE.catalogue)
        difference = render.difference(masked_difference(name, "", text, SYNFINANCE.catalogue))
        return [*map(str, problems), *(line.text for line in lines if line), click.unstyle(difference)]

    return run


def _edit(form: str) -> Run:
    """Set and unset a setting in a layer."""
    name = f"settings/default.{form}"

    def run(data: bytes, folder: Path) -> list[str]:
        number = random.Random(data)
        key = number.choice(list(SETTINGS))
        text = data.decode("utf-8", "surrogateescape")
        texts = []
        values = ("8000", "x: y # z", "", None, ["a", "b"])
        value = number.choice(values if SETTINGS[key].form.endswith("list") else values[:4])
        known = SYNFINANCE.catalogue
        for edit in (lambda: set_value(known, text, name, key, value), lambda: unset_value(known, text, name, key)):
            try:
                texts.append(click.unstyle(render.difference(masked_difference(name, text, edit(), known))))
            except SettingsError as error:
                texts += _told(error)
        return texts

    return run


def _load(form: str) -> Run:
    """Load a project whose layer, ``.env`` or environment is the input, and look at all of it."""

    def run(data: bytes, folder: Path) -> list[str]:
        variables = _place(form, data, folder)
        manager = ConfigManager(settings_dir=folder / "settings", environ=variables, state_dir=folder / "state")
        config = manager.load_config()
        snapshot = manager.snapshot
        texts = [repr(config), str(config), *map(str, snapshot.warnings)]
        return texts + [str(manager.explain(key).value) for key in SETTINGS if SETTINGS[key].is_secret]

    return run


def _place(form: str, data: bytes, folder: Path) -> dict[str, str]:
    """Put the input where a load finds it; gives the environment."""
    layers = folder / "settings"
    layers.mkdir(exist_ok=True)
    for path in (*layers.iterdir(), folder / ".env"):
        path.unlink(missing_ok=True)
    layer = layers / f"default.{form if form in ('yaml', 'json') else 'yaml'}"
    layer.write_bytes(data if layer.suffix == f".{form}" else b"{}\n")
    (layers / "development.yaml").write_bytes(b"{}\n")
    if form == "env":
        (folder / ".env").write_bytes(data)
    if form != "variables":
        return {}
    lines = data.decode("utf-8", "surrogateescape").replace("\x00", "").split("\n")
    return {name: value for name, sign, value in (line.partition("=") for line in lines) if sign and name}


def _loader(data: bytes, folder: Path) -> list[str]:
    """`EnvLoader`, whose values belong to who asks for them."""
    (folder / ".env").write_bytes(data)
    loader = EnvLoader(folder / ".env", environ={})
    for read in (loader.get, loader.get_int, loader.get_float, loader.get_bool, loader.get_list):
        with suppress(SettingsError):
            read("B")
    return [repr(loader)]


def _expand(data: bytes, folder: Path) -> list[str]:
    text = data.decode("utf-8", "surrogateescape")
    for escapes in (False, True):
        with suppress(ReferenceFault):
            expand(text, Scope({"A": "a", "B": ""}, {}), escapes=escapes)
    return []


def _forms(data: bytes, folder: Path) -> list[str]:
    """The forms of values, which refuse with a `ValueError`."""
    text = data.decode("utf-8", "surrogateescape")
    for read in (read_texts, read_whole_number, read_number, read_boolean):
        with suppress(ValueError):
            read(text)
    Environ({SYNFINANCE.prefix + text: text}).variables(SYNFINANCE.prefix)
    return []


def _command(form: str) -> Run:
    """A command about a project whose layer is the input: an end with 0, 1 or 2, and no traceback."""

    def run(data: bytes, folder: Path) -> list[str]:
        _place(form, data, folder)
        number = random.Random(data)
        words = number.choice(
            (["validate"], ["show"], ["explain", "server.port"], ["get", "app_name"], ["diff", "--matrix"])
        )
        runner = CliRunner(
            env={"SYNFINANCE_SETTINGS_DIR": str(folder / "settings"), "SYNFINANCE_STATE_DIR": str(folder)}
        )
        result = runner.invoke(group, words)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code in (0, 1, 2), result.exit_code
        return [result.stderr] if words[0] == "get" else [result.output]

    return run


TARGETS: Final = [
    *(Target(f"read-{form}", form, _read(form)) for form in ("yaml", "json")),
    *(Target(f"edit-{form}", form, _edit(form)) for form in ("yaml", "json")),
    *(Target(f"load-{form}", form, _load(form)) for form in ("yaml", "json", "env", "variables")),
    Target("env-loader", "env", _loader, tells_names=True),
    Target("expand", "text", _expand),
    Target("forms", "text", _forms),
    *(Target(f"command-{form}", form, _command(form)) for form in ("yaml", "json", "env")),
]
"""Every reader of what others may have written; each has its share of the time."""

"""All that reads, edits or tells what others may have written, each with inputs that grow.

A step is the work on one input: a function that was given the size, and returns what is to be run.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from synfinance_settings import ConfigManager, EnvLoader, SettingsError
from synfinance_settings.cli import render
from synfinance_settings.editing.masked_difference import masked_difference
from synfinance_settings.editing.splice import set_value, unset_value
from synfinance_settings.errors import Problem
from synfinance_settings.layers.comparison import changed_in_files
from synfinance_settings.layers.environ import Environ, read_variables
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.fit import fit
from synfinance_settings.layers.merge import merge
from synfinance_settings.model.forms import read_texts
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.dotenv import read_dotenv
from synfinance_settings.text.expansion import ReferenceFault, Scope, expand
from synfinance_settings.text.formats import read_text
from synfinance_settings.text.node import Source

public_path = SYNFINANCE.catalogue.public_path
suggestion = SYNFINANCE.catalogue.suggestion
misuse = SYNFINANCE.variables.misuse
near_variable = SYNFINANCE.variables.near

Run = Callable[[], object]
Step = Callable[[int, Path], Run]


@dataclasses.dataclass(frozen=True)
class Growth:
    """A step and a size of its input, in characters or so, at which anything quadratic stands out."""

    name: str
    step: Step
    size: int

    def run(self, size: int, folder: Path) -> Run:
        """The step on an input of `size`; a `SettingsError` or a fault of a reference is a good end too."""
        step = self.step(size, folder)

        def end() -> None:
            with suppress(SettingsError, ReferenceFault):
                step()

        return end


GROWTHS: Final[list[Growth]] = []


def grows(name: str, size: int = 75_000) -> Callable[[Step], Step]:
    def keep(step: Step) -> Step:
        GROWTHS.append(Growth(name, step, size))
        return step

    return keep


def texts(name: str, size: int = 75_000) -> Callable[[Callable[[int], str]], Callable[[int], str]]:
    """A layer text: it is read, and then loaded, shown and edited as a layer."""

    def keep(text: Callable[[int], str]) -> Callable[[int], str]:
        for what, step in _STEPS_ON_A_LAYER.items():
            GROWTHS.append(Growth(f"{what} {name}", _on(step, text, name), size))
        return text

    return keep


def _on(step: Callable[[str, str, Path], Run], text: Callable[[int], str], name: str) -> Step:
    file = "default.json" if "JSON" in name else "default.yaml"
    return lambda size, folder: step(file, text(size), folder)


def _read(name: str, text: str, folder: Path) -> Run:
    return lambda: fit(read_text(text, Source(name))[0], SYNFINANCE.catalogue)


def _load(name: str, text: str, folder: Path) -> Run:
    (folder / "settings").mkdir(exist_ok=True)
    (folder / "settings" / name).write_text(text, encoding="utf-8")
    manager = ConfigManager(settings_dir=folder / "settings", environ={"SYNFINANCE_STATE_DIR": str(folder / "state")})

    def load_and_print() -> None:
        try:
            manager.load_config()
        except SettingsError as error:
            str(error), error.errors(), [render.in_full(problem) for problem in error.problems]

    return load_and_print


def _unset(name: str, text: str, folder: Path) -> Run:
    return lambda: unset_value(SYNFINANCE.catalogue, text, name, "server.port")


def _set(name: str, text: str, folder: Path) -> Run:
    return lambda: set_value(SYNFINANCE.catalogue, text, name, "server.port", "8001")


def _excerpts(name: str, text: str, folder: Path) -> Run:
    def look() -> None:
        source = SourceText(text, name, SYNFINANCE.catalogue)
        for line in range(1, 200):
            source.excerpt(line, 1)
            source.reference(line, 3, 0, 1)

    def end() -> None:
        read_text(text, Source(name))  # what does not parse has no excerpts
        look()

    return end


def _difference(name: str, text: str, folder: Path) -> Run:
    def end() -> None:
        read_text(text, Source(name))
        masked_difference(name, text, text + " ", SYNFINANCE.catalogue)
        masked_difference(name, "", text, SYNFINANCE.catalogue)

    return end


def _compare(name: str, text: str, folder: Path) -> Run:
    return lambda: changed_in_files({name: text.encode()}, {name: b""}, ["default"], SYNFINANCE.catalogue)


_STEPS_ON_A_LAYER: Final[dict[str, Callable[[str, str, Path], Run]]] = {
    "read": _read,
    "load": _load,
    "set": _set,
    "unset": _unset,
    "excerpts": _excerpts,
    "difference": _difference,
    "compare": _compare,
}


@texts("YAML of unknown keys")
def _(n: int) -> str:
    return "".join(f"k{i}: x\n" for i in range(n // 10))


@texts("YAML of one key given again and again")
def _(n: int) -> str:
    return "a: 1\n" * (n // 5)


@texts("YAML with tags that are refused")
def _(n: int) -> str:
    return "server:\n  cors_origins:\n" + "  - !x y\n" * (n // 9)


@texts("YAML of null keys")
def _(n: int) -> str:
    return "~: 1\n" * (n // 5)


@texts("YAML with a key of many dots")
def _(n: int) -> str:
    return f"? {'a.' * (n // 4)}\n: 1\n? {'a.' * (n // 4)}\n: 1\n"


@texts("YAML with a long key over many keys")
def _(n: int) -> str:
    return f"? {'k' * (n // 2)}\n:\n" + "".join(f"  a{i}: 1\n" for i in range(n // 24))


@texts("YAML with a long key over one key given again and again")
def _(n: int) -> str:
    return f"? {'k.' * (n // 4)}\n:\n" + "  a: 1\n" * (n // 16)


@texts("YAML of a long list")
def _(n: int) -> str:
    return "server:\n  port: 8000\n  cors_origins:\n" + "  - x\n" * (n // 6)


@texts("YAML of a long list in flow style")
def _(n: int) -> str:
    return f"server: {{port: 8000, cors_origins: [{'x, ' * (n // 3)}]}}\n"


@texts("YAML of aliases of one text")
def _(n: int) -> str:
    return f"security:\n  api_keys: [&a {'k' * 1000}, {'*a, ' * (n // 400)}]\n"


@texts("YAML of aliases of one reference")
def _(n: int) -> str:
    return f'security:\n  api_keys: [&a "$UNSET{"$$" * 500}", {"*a, " * (n // 400)}]\n'


@texts("YAML of anchors")
def _(n: int) -> str:
    return "a: [" + "".join(f"&a{i} x, " for i in range(n // 10)) + "]\n"


@texts("YAML of references that nothing sets")
def _(n: int) -> str:
    return "server:\n  port: 8000\n  cors_origins:\n" + "  - $UNSET_X\n" * (n // 13)


@texts("YAML of one long text with many dollars")
def _(n: int) -> str:
    return "app_name: '" + "$$ " * (n // 3) + "$UNSET_X'\n"


@texts("YAML of a block text")
def _(n: int) -> str:
    return "server: {port: 8000}\napp_name: |\n" + "  a b\n" * (n // 6)


@texts("YAML with blanks between two entries")
def _(n: int) -> str:
    return "server: {\n  host: x,\n  port: 8000" + " " * n + ", workers: 2 }\n"


@texts("YAML of comments")
def _(n: int) -> str:
    return "server:\n  port: 8000\n" + "  # a comment\n" * (n // 14)


@texts("YAML of quotes in comments")
def _(n: int) -> str:
    return "server:\n  port: 8000 # '\"'\n" + "  # '\"'\n" * (n // 8)


@texts("YAML of brackets that nothing closes")
def _(n: int) -> str:
    return "a: [[" + "[], {}, " * (n // 8)


@texts("YAML of quotes that nothing closes")
def _(n: int) -> str:
    return "a: '" + '"x" # y\n' * (n // 8)


@texts("YAML of lines that lost their colons")
def _(n: int) -> str:
    return "server:\n" + "  port 1\n" * (n // 9) + "  workers: 2\n"


@texts("YAML with one colon lost behind many lines")
def _(n: int) -> str:
    return "".join(f"k{i}: 'x'\n" for i in range(n // 10)) + "port 1\nworkers: 2\n"


@texts("YAML with an indent that is that of no line")
def _(n: int) -> str:
    return "server:\n" + "  port: 1\n" * (n // 10) + " port: 1\n"


@texts("YAML of one long line with many colons")
def _(n: int) -> str:
    return "a: b" + ": b" * (n // 3) + "\n"


@texts("YAML of short lines with many colons")
def _(n: int) -> str:
    return ("a: b" + ": b" * 300 + "\n") * (n // 1000)


@texts("YAML with a quote and blanks that nothing closes")
def _(n: int) -> str:
    return "server:\n" + ("  a: 'b" + " " * 900 + "'c\n") * (n // 900)


@texts("JSON of unknown keys")
def _(n: int) -> str:
    return "{" + ", ".join(f'"k{i}": "x"' for i in range(n // 14)) + "}"


@texts("JSON of one key given again and again")
def _(n: int) -> str:
    return "{" + ", ".join(['"a": 1'] * (n // 8)) + "}"


@texts("JSON with a long key over many keys")
def _(n: int) -> str:
    return f'{{"{"k" * (n // 2)}": {{' + ", ".join(f'"a{i}": 1' for i in range(n // 24)) + "}}"


@texts("JSON with a key of many dots")
def _(n: int) -> str:
    return f'{{"{"a." * (n // 4)}": 1, "{"a." * (n // 4)}": 1}}'


@texts("JSON of a long list")
def _(n: int) -> str:
    return '{"server": {"port": 8000, "cors_origins": [' + ", ".join(['"x"'] * (n // 5)) + "]}}"


@texts("JSON of brackets that nothing closes")
def _(n: int) -> str:
    return '{"a": [[' + "[], {}, " * (n // 8)


@texts("JSON of one long text")
def _(n: int) -> str:
    return '{"server": {"port": 8000}, "app_name": "' + "\\u0041 " * (n // 7) + '"}'


@grows("difference of two layers with every other line changed", 800_000)
def _(n: int, folder: Path) -> Run:
    lines = range(n // 20)
    before = "".join(f"k{i}: x{i}\n" for i in lines)
    after = "".join(f"k{i}: x{i if i % 2 else -i}\n" for i in lines)
    return lambda: masked_difference("default.yaml", before, after, SYNFINANCE.catalogue)


@grows("difference of two layers with all lines in another order", 800_000)
def _(n: int, folder: Path) -> Run:
    lines = [f"k{i}: x\n" for i in range(n // 10)]
    return lambda: masked_difference("default.yaml", "".join(lines), "".join(reversed(lines)), SYNFINANCE.catalogue)


@grows("a list of equal items set to as many")
def _(n: int, folder: Path) -> Run:
    text = "server:\n  cors_origins:\n" + "  - x\n" * (n // 6)
    return lambda: set_value(SYNFINANCE.catalogue, text, "default.yaml", "server.cors_origins", ["x"] * (n // 6))


def dotenvs(name: str, size: int = 75_000) -> Callable[[Callable[[int], str]], Callable[[int], str]]:
    """A text of ``.env``: it is parsed, read by `EnvLoader` and loaded."""

    def keep(text: Callable[[int], str]) -> Callable[[int], str]:
        GROWTHS.append(Growth(f"read .env {name}", lambda n, folder: _parse(text(n)), size))
        GROWTHS.append(Growth(f"load .env {name}", lambda n, folder: _load_dotenv(text(n), folder), size))
        return text

    return keep


def _parse(text: str) -> Run:
    return lambda: read_dotenv(text, ".env", {})


def _load_dotenv(text: str, folder: Path) -> Run:
    (folder / "settings").mkdir(exist_ok=True)
    (folder / "settings/default.yaml").write_text("{}\n")
    (folder / ".env").write_text(text)
    load = _load("development.yaml", "{}\n", folder)

    def both() -> None:
        load()
        EnvLoader(folder / ".env", environ={})

    return both


@dotenvs("of one plain line")
def _(n: int) -> str:
    return "A=1\n" * (n // 4)


@dotenvs("of quoted lines")
def _(n: int) -> str:
    return "A=\"x\"\nB='y' # z\n" * (n // 16)


@dotenvs("of comments")
def _(n: int) -> str:
    return "#\n" * (n // 2)


@dotenvs("of broken lines")
def _(n: int) -> str:
    return "=\n" * (n // 2)


@dotenvs("of quotes that nothing closes")
def _(n: int) -> str:
    return "A='x\nB=\"y\n" * (n // 10)


@dotenvs("of one quote behind many lines")
def _(n: int) -> str:
    return "A=\\'x\n" * (n // 6) + "B='"


@dotenvs("of one long line")
def _(n: int) -> str:
    return "A=" + "x #" * (n // 3) + "\n"


@dotenvs("of blanks before comments")
def _(n: int) -> str:
    return f"A=1{' ' * 199}x#" * (n // 204) + "\n"


@dotenvs("of references to the line above")
def _(n: int) -> str:
    return "A=1\n" + "A=$A\n" * (n // 5)


@dotenvs("of references that nothing sets")
def _(n: int) -> str:
    return "A=${UNSET}\n" * (n // 11)


@dotenvs("of unknown variables")
def _(n: int) -> str:
    return "".join(f"SYNFINANCE_SERVR__PROT{i}=1\n" for i in range(n // 30))


@dotenvs("of one name with many separators")
def _(n: int) -> str:
    return f"SYNFINANCE_{'A__' * (n // 3)}=1\n"


@dotenvs("of escapes in double quotes")
def _(n: int) -> str:
    return 'A="' + "\\n\\$" * (n // 4) + '"\n'


@grows("unknown variables, and a reload", 300_000)
def _(n: int, folder: Path) -> Run:
    (folder / "settings").mkdir(exist_ok=True)
    (folder / "settings/default.yaml").write_text("{}\n")
    names = {f"SYNFINANCE_SERVR__PROT{i}": "1" for i in range(n // 30)}

    def load_and_reload() -> None:
        manager = ConfigManager(
            settings_dir=folder / "settings", environ={**names, "SYNFINANCE_STATE_DIR": str(folder / "state")}
        )
        manager.load_config()
        manager.reload_config()

    return load_and_reload


@grows("a variable of many separators")
def _(n: int, folder: Path) -> Run:
    variables = Environ({f"SYNFINANCE_{'__' * (n // 2)}": "1", f"SYNFINANCE_SERVER__PORT{'__' * (n // 2)}": "1"})
    return lambda: read_variables(SYNFINANCE, variables.variables(SYNFINANCE.prefix), lambda variable: "")


@grows("the words of names")
def _(n: int, folder: Path) -> Run:
    names = ("a." * n, "server.port" + "." * n, "x" * n, "_" * n)
    return lambda: [(public_path(name), suggestion(name), misuse(name), near_variable(name)) for name in names]


def _expansion(name: str, text: Callable[[int], str], size: int = 20_000) -> None:
    def step(n: int, folder: Path) -> Run:
        return lambda: expand(text(n), Scope({"A": "a", "E": ""}, {}), escapes=True)

    GROWTHS.append(Growth(f"expand {name}", step, size))


_expansion("defaults within defaults", lambda n: "${X:-a" * (n // 7) + "}" * (n // 7))
_expansion("defaults within defaults that are not used", lambda n: "${A:-a" * (n // 7) + "}" * (n // 7), 400_000)
_expansion("others within others", lambda n: "${A:+a" * (n // 7) + "}" * (n // 7))
_expansion("references that are not closed", lambda n: "${A:-" * (n // 5), 400_000)
_expansion("dollars", lambda n: "$$" * (n // 2))
_expansion("names", lambda n: "$E" * (n // 2), 400_000)
_expansion("closing braces", lambda n: "}" * n)
_expansion("backslashes", lambda n: "\\" * n)
_expansion("one long name", lambda n: "${" + "A" * n, 400_000)


@grows("a text of many items", 400_000)
def _(n: int, folder: Path) -> Run:
    return lambda: read_texts("a, " * (n // 3))


@grows("a merge of many layers", 20_000)
def _(n: int, folder: Path) -> Run:
    root = read_text("server: {port: 8000, host: x}\ndebug: no\n", Source("a.yaml"))[0]
    branch = fit(root, SYNFINANCE.catalogue)[0]
    return lambda: merge([("layer", branch)] * (n // 100))


@grows("problems told", 100_000)
def _(n: int, folder: Path) -> Run:
    error = SettingsError(Problem("unknown-key", "x is not a setting") for _ in range(n))
    return lambda: (str(error), error.errors())

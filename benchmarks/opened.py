"""Run a command of the package, and print how often it opens and parses each file of the trial instead of its output.

It is a program of its own: ``opened.py get server.port``, in the root of the project.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections import Counter
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, Final

from project import LAYERS

from synfinance_settings.cli.group import main as command

PARSERS: Final = ("_Outliner.__init__", "_SimpleReader.__init__")
"""What begins to read a text of YAML in `text/yaml.py`; libyaml itself is not seen from here."""


def main() -> None:
    opened, parsed = Counter({".env": 0}), Counter(dict.fromkeys(LAYERS, 0))
    name_of = {first_line(Path("settings", name).read_text("utf-8-sig")): name for name in LAYERS}

    def hear(event: str, arguments: tuple[Any, ...]) -> None:
        is_read = event == "open" and not arguments[2] & os.O_PATH  # which opens a place, and nothing in it
        if is_read and isinstance(arguments[0], str | bytes | os.PathLike):
            opened[Path(os.fsdecode(arguments[0])).name] += 1

    def watch(frame: Any, event: str, argument: Any) -> None:
        if event == "call" and frame.f_code.co_qualname in PARSERS:
            parsed[name_of.get(first_line(str(frame.f_locals["text"])), "")] += 1

    sys.addaudithook(hear)
    sys.setprofile(watch)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as errors, suppress(SystemExit):
        command()
    sys.setprofile(None)
    if errors.getvalue().startswith("error"):
        sys.exit(errors.getvalue())
    print(json.dumps({name: [opened[name], parsed[name]] for name in (*LAYERS, ".env")}))


def first_line(text: str) -> str:
    return text.partition("\n")[0]


if __name__ == "__main__":
    main()

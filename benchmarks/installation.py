"""The package as users have it: a wheel in an environment of its own, with the peers beside it.

An editable installation would not do: its finder costs every start ten milliseconds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parents[1]
SHIPPED: Final = ("synfinance_settings", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")
PEERS: Final = ("dynaconf", "pydantic-settings", "omegaconf", "hydra-core", "environs")
SHOWN: Final = ("pydantic", "PyYAML", "click", "watchdog", "python-dotenv", *PEERS)

VERSIONS: Final = """\
import json, sys
from importlib.metadata import PackageNotFoundError, version
def version_of(name):
    try:
        return version(name)
    except PackageNotFoundError:
        return None
print(json.dumps({name: version_of(name) for name in sys.argv[1:]}))
"""

MISSING: Final = """\
import sys
from importlib.util import find_spec
print(*(name for name in sys.argv[1:] if find_spec(name) is None))
"""


@dataclass(frozen=True)
class Installation:
    """An interpreter that has the package, and perhaps the peers."""

    python: Path

    def program(self, name: str) -> Path:
        return self.python.with_name(name)

    def missing(self, needs: Iterable[tuple[str, ...]]) -> set[str]:
        """The modules among `needs` that it does not have."""
        names = sorted({name for needed in needs for name in needed})
        output = subprocess.run([self.python, "-c", MISSING, *names], check=True, capture_output=True, text=True).stdout
        return set(output.split())

    def versions(self) -> dict[str, str | None]:
        """The libraries that figures depend on, None for what is not installed."""
        output = subprocess.run([self.python, "-c", VERSIONS, *SHOWN], check=True, capture_output=True).stdout
        versions: dict[str, str | None] = json.loads(output)
        return versions


HERE: Final = Installation(Path(sys.executable))
"""The interpreter that runs this, whatever it has."""


def install(folder: Path, checkout: Path = CHECKOUT, *, extra: str = "[bench]") -> Installation:
    """Install the package of `checkout`, as it is now, into a new environment in `folder`."""
    source = folder / "source"  # a copy, since a build leaves files behind and takes in what an earlier one left
    source.mkdir(parents=True)
    for name in SHIPPED:
        if (checkout / name).is_dir():
            shutil.copytree(checkout / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(checkout / name, source)
    _quietly([sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, source])
    (wheel,) = folder.glob("*.whl")
    _quietly([sys.executable, "-m", "venv", folder / "environment"])
    python = folder / "environment" / "bin" / "python"
    _quietly([python, "-m", "pip", "install", "--quiet", f"{wheel}{extra}"])
    return Installation(python)


@contextmanager
def worktree(ref: str, folder: Path) -> Iterator[Path]:
    """The files of another commit, in `folder` for the time being."""
    _quietly(["git", "-C", CHECKOUT, "worktree", "add", "--quiet", "--detach", folder, ref])
    try:
        yield folder
    finally:
        _quietly(["git", "-C", CHECKOUT, "worktree", "remove", "--force", folder])


def _quietly(command: list[str | Path]) -> None:
    """Run `command`; what it says is shown only where it fails."""
    process = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if process.returncode:
        sys.stderr.write(process.stdout)
        raise SystemExit(f"{command[0]} ended with {process.returncode}")

"""Who does the job beside the package, one module each, as the documentation of each shows it.

Each has ``load(root)``: the settings of the trial project in `root`, validated by the package's own models. Variables
are those of the process. One that keeps something between two loads has ``reloader(root)`` too: a function that loads
again. Those that read variables alone have ``variables(root)``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final


@dataclass(frozen=True)
class Peer:
    """What the tables call it, and the modules that it needs."""

    name: str
    needs: tuple[str, ...]


FLOOR: Final = "floor"
OURS: Final = "synfinance"
PEERS: Final = {
    FLOOR: Peer("floor", ("synfinance_settings",)),
    OURS: Peer("synfinance_settings", ("synfinance_settings",)),
    "dynaconf": Peer("dynaconf as usual", ("dynaconf",)),
    "pydantic_settings": Peer("pydantic-settings", ("pydantic_settings",)),
    "pydantic_settings_libyaml": Peer("pydantic-settings, libyaml", ("pydantic_settings",)),
    "omegaconf": Peer("OmegaConf, structured", ("omegaconf",)),
    "hydra": Peer("Hydra compose", ("hydra", "omegaconf")),
    "environs": Peer("environs", ("environs",)),
}
"""All peers by their modules; the first is what the others are compared with."""

WHOLE: Final = tuple(name for name in PEERS if name != "environs")
"""Those that do the whole job; environs reads variables alone."""
ON_VARIABLES: Final = (FLOOR, OURS, "environs")


def module(peer: str) -> ModuleType:
    return import_module(f"{__name__}.{peer}")


def reloader(peer: str, root: Path) -> Callable[[], Any]:
    """What loads the settings of `root` again; where nothing is kept, that is a new load."""
    job = module(peer)
    again: Callable[[], Any] = job.reloader(root) if hasattr(job, "reloader") else lambda: job.load(root)
    return again

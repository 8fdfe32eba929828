"""The live memory of what is loaded, beyond what imports hold."""

from __future__ import annotations

import gc
import tracemalloc
from pathlib import Path
from typing import Any

from peers.synfinance import manager
from project import Trial

from jobs import Job
from synfinance_settings import ConfigWatcher


def memory(root: str) -> dict[str, Job]:
    """KiB of a manager that is loaded, of a watcher over it, and of each further snapshot that is kept."""
    trial = Trial(Path(root))
    _hold(trial)  # imports, and what is derived from the models once
    return {"memory": Job(lambda: _measured(trial), seen=dict)}


def _hold(trial: Trial) -> None:
    with ConfigWatcher(manager(trial.root)) as watcher:
        watcher.trigger_reload()


def _measured(trial: Trial) -> dict[str, float]:
    """The KiB of each, as differences of the live memory before and with it."""
    tracemalloc.start()
    try:
        before = _live()
        loaded = manager(trial.root)
        loaded.load_config()
        with_manager = _live()
        with ConfigWatcher(loaded):
            with_watcher = _live()
        without_watcher = _live()
        _edit(loaded, trial, 4)
        with_snapshots = _live()
    finally:
        tracemalloc.stop()
    return {
        "a loaded manager": with_manager - before,
        "a watcher over it": with_watcher - with_manager,
        "each further snapshot": (with_snapshots - without_watcher) / 4,
    }


def _edit(loaded: Any, trial: Trial, times: int) -> None:
    for _ in range(times):
        trial.edit()()
        loaded.reload_config()


def _live() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024

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
    tracemalloc.start()
    try:
        before = _live()
        kept = manager(trial.root)
        kept.load_config()
        loaded = _live()
        with ConfigWatcher(kept):
            watched = _live()
        apart = _live()
        _edit(kept, trial, 4)
        more = _live()
    finally:
        tracemalloc.stop()
    return {
        "a loaded manager": loaded - before,
        "a watcher over it": watched - loaded,
        "each further snapshot": (more - apart) / 4,
    }


def _edit(kept: Any, trial: Trial, times: int) -> None:
    for _ in range(times):
        trial.edit()()
        kept.reload_config()


def _live() -> float:
    gc.collect()
    return tracemalloc.get_traced_memory()[0] / 1024

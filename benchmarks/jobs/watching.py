"""How soon an edit is in force, and what many processes that only watch cost."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from peers.synfinance import manager
from project import Trial

from jobs import Busy, Job
from synfinance_settings import ConfigEvent, ConfigWatcher


def latency(root: str, debounce: float) -> dict[str, Job]:
    """From the rename of a layer to the listener's ``config_reloaded``, alone and while four threads spin."""
    trial = Trial(Path(root))
    kept = manager(trial.root)
    kept.load_config()
    seen: SimpleQueue[int] = SimpleQueue()

    def listen(event: ConfigEvent, data: Any) -> None:
        if event is ConfigEvent.CONFIG_RELOADED:
            seen.put(data.server.port)

    watcher = ConfigWatcher(kept, debounce=debounce)
    watcher.add_listener(listen)
    watcher.start()
    edits: list[Any] = []

    def wait() -> None:
        edit = edits.pop()
        edit()
        assert seen.get(timeout=30) == edit.port, "each edit is one reload"

    def prepare() -> None:
        edits.append(trial.edit())

    return {"idle": Job(wait, prepare), "busy": Busy(wait, prepare)}


def idle(root: str, processes: int, seconds: float, files: int = 0) -> dict[str, Job]:
    """Processes that watch one project and do nothing else, forked from one that has loaded it.

    `files` that are no layers lie beside the layers.
    """
    for number in range(files):
        Path(root, "settings", f"{number}.csv").touch()
    kept = manager(Path(root))
    kept.load_config()
    return {"idle": Job(lambda: _watching(kept, processes, seconds), seen=dict)}


def _watching(kept: Any, processes: int, seconds: float) -> dict[str, float]:
    """Percent of a core that all take together while nothing happens, and how many of them get no events."""
    children = []
    with ExitStack() as stack:
        for _ in range(processes):
            read, write = os.pipe()
            pid = os.fork()
            if not pid:
                _child(kept, write, seconds)
            os.close(write)
            children.append((pid, stack.enter_context(os.fdopen(read))))
        found = [json.loads(pipe.read()) for _, pipe in children]
    for pid, _ in children:
        os.waitpid(pid, 0)
    return {"share": sum(share for share, _ in found), "without": sum(not hears for _, hears in found)}


def _child(kept: Any, write: int, seconds: float) -> None:
    """Watch, tell what it cost, and end without the parent's ways of ending."""
    with suppress(BaseException), os.fdopen(write, "w") as pipe, ConfigWatcher(kept):
        time.sleep(seconds)  # until all have started
        wall, busy = time.monotonic(), time.process_time()
        time.sleep(seconds)
        share = 100 * (time.process_time() - busy) / (time.monotonic() - wall)
        json.dump((share, _has_events()), pipe)
    os._exit(0)


def _has_events() -> bool:
    """True where this process holds an inotify instance."""
    descriptors = Path("/proc/self/fd").iterdir()
    return any("inotify" in str(one.readlink()) for one in descriptors if one.is_symlink())

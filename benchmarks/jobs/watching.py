"""How soon an edit is in force, and what many processes that only watch cost."""

from __future__ import annotations

import json
import os
import threading
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from peers.synfinance import manager
from project import Trial

from jobs import Busy, Job
from synfinance_settings import ConfigEvent, ConfigWatcher


def latency(root: str, debounce: float) -> dict[str, Job]:
    """From the rename of a layer to the listener's ``config_reloaded``, alone and while four threads spin."""
    trial = Trial(Path(root))
    loaded = manager(trial.root)
    loaded.load_config()
    heard: SimpleQueue[tuple[int, float]] = SimpleQueue()

    def listen(event: ConfigEvent, data: Any) -> None:
        if event is ConfigEvent.CONFIG_RELOADED:
            heard.put((data.server.port, time.perf_counter()))

    watcher = ConfigWatcher(loaded, debounce=debounce)
    watcher.add_listener(listen)
    watcher.start()
    edits: list[Any] = []

    def wait() -> float:
        edit = edits.pop()
        begun = time.perf_counter()
        edit()
        port, at = heard.get(timeout=30)
        assert port == edit.port, "each edit is one reload"
        return at - begun

    def prepare() -> None:
        edits.append(trial.edit())

    return {"idle": Job(wait, prepare, seen=float), "busy": Busy(wait, prepare, seen=float)}


def waits(seconds: float) -> dict[str, Job]:
    """What any watch must do beside four threads that compute: wake for an event, wait `seconds`, wake who listens."""
    events, heard = SimpleQueue[None](), SimpleQueue[float]()
    tasks: SimpleQueue[None] = SimpleQueue()

    def look() -> None:
        while True:
            events.get()
            with suppress(Empty):
                events.get(timeout=seconds)
            tasks.put(None)

    def deliver() -> None:
        while True:
            tasks.get()
            heard.put(time.perf_counter())

    for work in (look, deliver):
        threading.Thread(target=work, daemon=True).start()

    def wait() -> float:
        begun = time.perf_counter()
        events.put(None)
        return heard.get(timeout=30) - begun

    return {"busy": Busy(wait, seen=float)}


def idle(root: str, processes: int, seconds: float, files: int = 0) -> dict[str, Job]:
    """Processes that watch one project and do nothing else, forked from one that has loaded it.

    `files` that are not layers lie beside the layers.
    """
    for number in range(files):
        Path(root, "settings", f"{number}.csv").touch()
    loaded = manager(Path(root))
    loaded.load_config()
    return {"idle": Job(lambda: _watching(loaded, processes, seconds), seen=dict)}


def _watching(loaded: Any, processes: int, seconds: float) -> dict[str, float]:
    """Percent of a core that all take together while nothing happens, and how many of them get no events."""
    children = []
    with ExitStack() as stack:
        for _ in range(processes):
            read, write = os.pipe()
            pid = os.fork()
            if not pid:
                _child(loaded, write, seconds)
            os.close(write)
            children.append((pid, stack.enter_context(os.fdopen(read))))
        reports = [json.loads(pipe.read()) for _, pipe in children]
    for pid, _ in children:
        os.waitpid(pid, 0)
    return {"share": sum(share for share, _ in reports), "without": sum(not hears for _, hears in reports)}


def _child(loaded: Any, write: int, seconds: float) -> None:
    """Watch, tell what it cost, and end without the parent's ways of ending."""
    with suppress(BaseException), os.fdopen(write, "w") as pipe, ConfigWatcher(loaded):
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

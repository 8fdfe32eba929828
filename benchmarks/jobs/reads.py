"""Reads of a loaded object: one after another, and by threads while settings are reloaded."""

from __future__ import annotations

import os
import sys
import threading
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from project import Trial

from jobs import Job

READS: Final = 100  # in one statement, so that the loop round it weighs nothing
LOOPS: Final = 20
READERS: Final = 8


class _Plain:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


def read(what: str, root: str, url: str = "") -> dict[str, Job]:
    """One read of ``x.server.port`` of an object that is loaded, with the shared store at `url` where there is one."""
    if url:
        os.environ["SYNFINANCE_REMOTE_URL"] = url
    loaded = OBJECTS[what](Path(root))
    assert loaded.server.port, "the first read loads"
    timer = timeit.Timer(";".join(["x.server.port"] * READS), "x = loaded", globals={"loaded": loaded})
    return {"read": Job(lambda: timer.timeit(LOOPS), parts=READS * LOOPS)}


def _plain(root: Path) -> Any:
    return _Plain(server=_Plain(port=8000))


def _model(root: Path) -> Any:
    from synfinance_settings import AppConfig

    return AppConfig()


def _ours(root: Path) -> Any:
    from synfinance_settings import settings

    os.environ["SYNFINANCE_SETTINGS_DIR"] = str(root / "settings")
    return settings


def _watched(root: Path) -> Any:
    from synfinance_settings import ConfigManager, ConfigWatcher

    settings = _ours(root)
    ConfigWatcher(ConfigManager()).start()
    return settings


def _dynaconf(root: Path) -> Any:
    from peers.dynaconf import settings

    return settings(root)


def _omegaconf(root: Path) -> Any:
    from omegaconf import OmegaConf

    return OmegaConf.load(root / "settings" / "default.yaml")


OBJECTS: Final[dict[str, Callable[[Path], Any]]] = {
    "plain object": _plain,
    "frozen pydantic model": _model,
    "settings": _ours,
    "settings, watched": _watched,
    "dynaconf as usual": _dynaconf,
    "OmegaConf": _omegaconf,
}


def readers(contender: str, root: str, seconds: float) -> dict[str, Job]:
    """Threads that read two values which always change together: beside nothing, and beside reloads."""
    sys.setswitchinterval(0.0001)  # so that reloads come through between readers that never rest
    trial = Trial(Path(root))
    server, reload = _live(contender, trial.root)

    def disturb() -> None:
        trial.edit()()
        reload()

    return {
        "calm": Job(lambda: _spell(server, lambda: None, seconds), seen=dict),
        "reloading": Job(lambda: _spell(server, disturb, seconds), seen=dict),
    }


def _live(contender: str, root: Path) -> tuple[Callable[[], Any], Callable[[], object]]:
    """How readers reach the section that is in force, and what reloads it."""
    if contender == "dynaconf":
        from peers.dynaconf import settings

        live = settings(root)
        return lambda: live.server, live.reload
    from peers.synfinance import manager

    ours = manager(root)
    return lambda: ours.get_config().server, ours.reload_config


def _spell(server: Callable[[], Any], disturb: Callable[[], object], seconds: float) -> dict[str, float]:
    """Let the threads read while `disturb` is called again and again; torn and failed reads are errors."""
    done = threading.Event()
    counts: list[tuple[int, int]] = []

    def spin() -> None:
        reads = errors = 0
        while not done.is_set():
            for _ in range(100):
                try:
                    section = server()
                    errors += section.timeout != section.workers * 10
                except Exception:  # noqa: BLE001 - whatever a reader may meet is what is counted
                    errors += 1
            reads += 100
        counts.append((reads, errors))

    threads = [threading.Thread(target=spin) for _ in range(READERS)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    times = 0
    while time.perf_counter() < start + seconds:
        disturb()
        time.sleep(0.001)
        times += 1
    done.set()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - start
    return {"rate": sum(reads for reads, _ in counts) / took, "reloads": times, "errors": sum(e for _, e in counts)}

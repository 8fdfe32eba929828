"""Reads of a loaded object: one after another, and by threads while settings are reloaded."""

from __future__ import annotations

import os
import sys
import threading
import time
import timeit
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Final, NamedTuple

from project import Trial

from jobs import Job

READS: Final = 100  # in one statement, so that the loop round it weighs nothing
LOOPS: Final = 200
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
    return {"read": Job(lambda: timer.timeit(LOOPS), parts=READS * LOOPS, clock=time.thread_time)}


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
    """Threads that read two values which always change together: beside nothing, and beside reloads.

    `watched` is as in a service: a watcher reloads what another process edits. `restless` is one reload after another
    in a thread beside the readers, which all take short turns, so that it comes through.
    """
    trial = Trial(Path(root))
    edits = _Editor(trial)  # a fork: before there are threads
    server, reload, watch = _live(contender, trial.root)

    def rest() -> int:
        time.sleep(seconds)
        return 0

    def edit_and_reload() -> int:
        end, times = time.perf_counter() + seconds, 0
        while time.perf_counter() < end:
            trial.edit()()
            reload()
            times += 1
            time.sleep(0.001)
        return times

    def watched() -> dict[str, float]:
        told: list[None] = []

        def edit_and_watch() -> int:
            edits.edit()
            time.sleep(seconds)
            return len(told)

        with watch(lambda: (told.append(None), edits.edit())):
            return _spell(server, edit_and_watch)

    return {
        "calm": Job(lambda: _spell(server, rest), seen=dict),
        "watched": Job(watched, seen=dict),
        "in-short-turns": Job(lambda: _in_short_turns(server, rest), seen=dict),
        "restless": Job(lambda: _in_short_turns(server, edit_and_reload), seen=dict),
    }


class _Editor:
    """A process that edits a layer each time that it is asked to."""

    def __init__(self, trial: Trial) -> None:
        asked, self._ask = os.pipe()
        if not os.fork():
            os.close(self._ask)
            while os.read(asked, 1):
                trial.edit()()
            os._exit(0)
        os.close(asked)

    def edit(self) -> None:
        os.write(self._ask, b"!")


class _Live(NamedTuple):
    """How readers reach the section that is in force, what reloads it, and what has a function called after each."""

    server: Callable[[], Any]
    reload: Callable[[], object]
    watch: Callable[[Callable[[], object]], AbstractContextManager[object]]


def _live(contender: str, root: Path) -> _Live:
    if contender == "dynaconf":
        from peers.dynaconf import settings

        live = settings(root)
        return _Live(lambda: live.server, live.reload, lambda heard: nullcontext())
    from peers.synfinance import manager

    from synfinance_settings import ConfigEvent, ConfigWatcher

    ours = manager(root)

    @contextmanager
    def watch(heard: Callable[[], object]) -> Iterator[None]:
        def listen(event: ConfigEvent, data: object) -> None:
            if event is ConfigEvent.CONFIG_RELOADED:
                heard()

        with ConfigWatcher(ours) as watcher:
            watcher.add_listener(listen)
            yield
            watcher.remove_listener(listen)

    return _Live(lambda: ours.get_config().server, ours.reload_config, watch)


def _in_short_turns(server: Callable[[], Any], happen: Callable[[], int]) -> dict[str, float]:
    usual = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    try:
        return _spell(server, happen)
    finally:
        sys.setswitchinterval(usual)


def _spell(server: Callable[[], Any], happen: Callable[[], int]) -> dict[str, float]:
    """Let the threads read while something happens; torn and failed reads are errors.

    The rate is of the processor's time: what other processes take meanwhile is not lost by reloads.
    """
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
    start = time.process_time()
    for thread in threads:
        thread.start()
    reloads = happen()
    done.set()
    for thread in threads:
        thread.join()
    rate = sum(reads for reads, _ in counts) / (time.process_time() - start)
    return {"rate": rate, "reloads": reloads, "errors": sum(errors for _, errors in counts)}

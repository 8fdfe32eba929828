"""Watching: how soon an edit is in force, what waiting costs, and what readers notice of reloads."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from statistics import median
from typing import Any, NamedTuple

import usual
from loads import OURS, USUAL, environment
from measure import Limit, Table, at
from project import ENVIRONMENT, Trial

from synfinance_settings import ConfigEvent, ConfigManager, ConfigWatcher

DEBOUNCE = 0.05  # seconds, as by default
FILES = 10_000
READERS = 8

IDLE = """\
import sys, time
from synfinance_settings import ConfigManager, ConfigWatcher
with ConfigWatcher(ConfigManager(settings_dir=sys.argv[1])):
    time.sleep(1)
    wall, busy = time.monotonic(), time.process_time()
    time.sleep(float(sys.argv[2]))
    print(100 * (time.process_time() - busy) / (time.monotonic() - wall))
"""


def latency(trial: Trial, edits: int) -> Table:
    """From the rename of a layer to the listener's `config_reloaded`, beyond the debounce."""
    manager = ConfigManager(settings_dir=trial.settings_dir, environ=environment())
    manager.load_config()
    title = f"From rename to config_reloaded, beyond the debounce of {DEBOUNCE * 1e3:.0f} ms, {edits} edits each"
    table = Table(title, {"median, ms": ".2f", "99th, ms": ".2f", "worst, ms": ".2f"})
    with ConfigWatcher(manager, debounce=DEBOUNCE) as watcher:
        for name, beside in {"written beside the layer": True, "written in another folder": False}.items():
            waited = _waited(trial, watcher, edits, beside)
            table.rows[name] = (median(waited), at(waited, 99), max(waited))
            table.limits.append(Limit(f"99th percentile in ms, {name}", at(waited, 99), 100))
    return table


def _waited(trial: Trial, watcher: ConfigWatcher, edits: int, beside: bool) -> list[float]:
    """The milliseconds that each edit was longer on its way than the debounce."""
    seen: SimpleQueue[tuple[int, float]] = SimpleQueue()

    def listen(event: ConfigEvent, data: Any) -> None:
        if event is ConfigEvent.CONFIG_RELOADED:
            seen.put((data.server.port, time.perf_counter()))

    watcher.add_listener(listen)
    waited = []
    for _ in range(edits):
        edit = trial.edit(beside=beside)
        if beside:
            time.sleep(2 * DEBOUNCE)  # until what was heard of the writing is over, so that the rename alone counts
        start = time.perf_counter()
        edit()
        port, when = seen.get(timeout=10)
        assert port == edit.port, "each edit is one reload"
        waited.append((when - start - DEBOUNCE) * 1e3)
    watcher.remove_listener(listen)
    return waited


def idle(trial: Trial, seconds: int) -> Table:
    """The processor time of a process that only watches, with 10,000 files beside the layers."""
    many = Trial(trial.root.with_name("folders"))
    for number in range(FILES):
        (trial.settings_dir / f"{number}.csv").touch()
        folder = many.settings_dir / f"{number % 100}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number}.csv").touch()
    trees = {"all in the settings folder": trial, "in 100 folders inside it": many}
    command = [sys.executable, "-c", IDLE]
    watching = {
        name: subprocess.Popen(
            [*command, str(tree.settings_dir), str(seconds)], env=environment(), stdout=subprocess.PIPE, text=True
        )
        for name, tree in trees.items()
    }
    table = Table(f"Idle processor time of a watcher beside {FILES:,} files, over {seconds} s", {"% of a core": ".3f"})
    for name, process in watching.items():
        printed, _ = process.communicate(timeout=seconds + 60)
        assert process.returncode == 0, "the watching process failed"
        table.rows[name] = (float(printed),)
        table.limits.append(Limit(f"percent of a core, {name}", float(printed), 0.5))
    return table


def readers(trial: Trial, rounds: int) -> Table:
    """Threads that read two values which always change together, with and without reloads beside them."""
    environ = environment()
    manager = ConfigManager(settings_dir=trial.settings_dir, environ=environ)
    manager.load_config()
    title = f"{READERS} threads that read while a layer is edited and reloaded as fast as the machine lets it"
    columns = {"reads a second": ",.0f", "to none reloading": ".2f", "reloads": ",", "errors": ","}
    table = Table(title, columns)
    with usual.process_environment(environ), _short_turns():
        live = usual.settings(trial.root, ENVIRONMENT)
        subjects: dict[str, tuple[Callable[[], Any], Callable[[], object]]] = {
            OURS: (lambda: manager.get_config().server, manager.reload_config),
            USUAL: (lambda: live.server, live.reload),
        }
        for name, (server, reload) in subjects.items():
            calm: list[Spell] = []
            busy: list[Spell] = []
            for _ in range(rounds):
                calm.append(_read(server, lambda: None))
                busy.append(_read(server, lambda reload=reload: (trial.edit()(), reload())))  # type: ignore[misc]
            rate = median(spell.reads_a_second for spell in busy)
            share = rate / median(spell.reads_a_second for spell in calm)
            reloads, errors = (sum(figures) for figures in zip(*(spell[1:] for spell in busy), strict=True))
            table.rows[name] = (rate, share, reloads, errors)
            if name == OURS:
                table.limits.append(Limit("torn or failed reads", errors, 0))
    return table


@contextmanager
def _short_turns() -> Iterator[None]:
    """Let threads take turns more often, so that reloads come through between readers that never rest."""
    usually = sys.getswitchinterval()
    sys.setswitchinterval(0.0001)
    try:
        yield
    finally:
        sys.setswitchinterval(usually)


class Spell(NamedTuple):
    """What happened while the readers ran."""

    reads_a_second: float
    reloads: int
    errors: int


def _read(server: Callable[[], Any], disturb: Callable[[], object], seconds: float = 0.5) -> Spell:
    """Let the threads read while `disturb` is called again and again; torn and failed reads are errors."""
    done = threading.Event()
    counts: list[tuple[int, int]] = []

    def spin() -> None:
        reads = errors = 0
        while not done.is_set():
            for _ in range(100):
                try:
                    found = server()
                    errors += found.timeout != found.workers * 10
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
    return Spell(sum(reads for reads, _ in counts) / took, times, sum(errors for _, errors in counts))

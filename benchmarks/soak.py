"""Let a watched project live through minutes of edits, and see that nothing invalid shows or grows: `make soak`.

Good and bad edits land without a pause while threads read; every way of writing takes its turn. It ends with 1 where a
reader saw what was never written whole, where the last good edit is not in force, or where threads, descriptors or
memory grew.
"""

from __future__ import annotations

import argparse
import gc
import itertools
import logging
import os
import resource
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple

from synfinance_settings import ConfigManager, ConfigWatcher

READERS: Final = 4
PATIENCE: Final = 60  # seconds
GOOD: Final = "generation: {{num_customers: {0}, num_transactions: {0}00}}\n"
BAD: Final = (
    "generation: {{num_customers: {0}, num_transactions: 1}}\n",
    "generation: {{num_customers: {0}, num_transaction: {0}00}}\n",
    "generation: {{num_customers: {0}\n",
    "generation: {{num_customers: {0}, num_transactions: x}}\n",
    "",
    "\0",
)
LIMITS: Final = {"threads": 0, "descriptors": 0, "KiB": 8 * 1024}
"""How much each may grow between the end of the first tenth and the end."""


class Held(NamedTuple):
    """What the process holds."""

    threads: int
    descriptors: int
    kib: int


def held() -> Held:
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 1024
    return Held(threading.active_count(), len(os.listdir("/proc/self/fd")), resident)


class Soak:
    """A project, its watcher, its readers and its editor."""

    def __init__(self, root: Path) -> None:
        self.layer = root / "settings" / "default.yaml"
        self.layer.parent.mkdir()
        self.layer.write_text(GOOD.format(10))
        (root / "settings" / "development.yaml").write_text("{}\n")
        self.manager = ConfigManager(settings_dir=root / "settings", environ={})
        self.watcher = ConfigWatcher(self.manager, debounce=0.01, poll_interval=0.5)
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []
        self.over = threading.Event()
        self._numbers = itertools.count(11)
        self._news = threading.Condition()
        self._readers = [threading.Thread(target=self._read, daemon=True) for _ in range(READERS)]

    def run(self, seconds: float) -> bool:
        """Edit for `seconds`; True where all went well."""
        self.watcher.add_listener(self._hear)
        begin = monotonic()
        with self.watcher:
            for thread in self._readers:
                thread.start()
            first, last_word = None, begin
            while (now := monotonic()) - begin < seconds and not self.faults:
                self._edit()
                if first is None and now - begin > seconds / 10:
                    first = held()
                if now - last_word > max(1, seconds / 12):
                    last_word = now
                    self._say(now - begin, seconds)
            last = held()
            is_last = self._ends()
        self._say(monotonic() - begin, seconds)
        return self._sum_up(first or last, last, is_last)

    def _edit(self) -> None:
        """One bad edit and one good one; the good one must come into force, and every other bad one must be told."""
        number = next(self._numbers)
        failures = self._failures()
        self._write(BAD[number % len(BAD)].format(number), in_place=not number % 3)
        if number % 2:
            self._wait(lambda: self._failures() > failures, f"bad edit {number} was not told")
        self._write(GOOD.format(number), in_place=not number % 5)
        self._wait(lambda: self._in_force() == number, f"edit {number} is not in force")

    def _write(self, text: str, *, in_place: bool) -> None:
        self.counts["edits"] += 1
        if in_place:
            self.layer.write_text(text)
        else:
            new = self.layer.with_name(".new")
            new.write_text(text)
            os.replace(new, self.layer)

    def _wait(self, holds: Callable[[], bool], fault: str) -> None:
        with self._news:
            if not self._news.wait_for(holds, PATIENCE):
                self.faults.append(fault)

    def _failures(self) -> int:
        return self.counts["validation_failed"] + self.counts["reload_failed"]

    def _ends(self) -> bool:
        """Stop the readers; True where a last edit comes into force without them."""
        self.over.set()
        for thread in self._readers:
            thread.join(PATIENCE)
        self._edit()
        return not self.faults

    def _in_force(self) -> int:
        return self.manager.get_config().generation.num_customers

    def _hear(self, event: str, data: object) -> None:
        self.counts[str(event)] += 1
        with self._news:
            self._news.notify_all()

    def _read(self) -> None:
        """Read until the soak is over; what was never written whole, or is older than the last, is a fault."""
        latest = 0
        while not self.over.wait(0.001):
            for _ in range(100):
                generation = self.manager.get_config().generation
                if generation.num_transactions != generation.num_customers * 100 or generation.num_customers < latest:
                    self.faults.append(f"a reader saw {generation!r} after {latest}")
                    return
                latest = generation.num_customers
            self.counts["reads"] += 100

    def _say(self, elapsed: float, seconds: float) -> None:
        now = held()
        counts = ", ".join(f"{count} {what}" for what, count in sorted(self.counts.items()))
        print(f"{elapsed:5.0f} of {seconds:.0f} s: {counts}; {', '.join(_amounts(now))}", flush=True)

    def _sum_up(self, first: Held, last: Held, is_last: bool) -> bool:
        """Print the faults and the verdict; True where all went well."""
        grown = [
            f"{name}: {was} became {now}"
            for (name, most), was, now in zip(LIMITS.items(), first, last, strict=True)
            if now - was > most
        ]
        for fault in (*self.faults, *grown):
            print(f"FAULT {fault}")
        good = is_last and not (self.faults or grown)
        print("no reader saw an invalid value, and nothing grew" if good else "the soak failed")
        return good


def _amounts(now: Held) -> list[str]:
    return [f"{amount} {name}" for name, amount in zip(LIMITS, now, strict=True)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--seconds", type=float, default=360, help="how long it lasts (360)")
    seconds = parser.parse_args().seconds
    logging.getLogger("synfinance_settings").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="synfinance-soak-") as folder:
        return 0 if Soak(Path(folder).resolve()).run(seconds) else 1


if __name__ == "__main__":
    sys.exit(main())

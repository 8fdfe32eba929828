"""Measure the package side by side with the floor and with dynaconf as usual, in one run: `make bench`.

The figures in docs/ come from this command. Without `--quick` it ends with 1 where a promised limit does not hold.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from loads import load, process, reload
from measure import Table, machine
from project import Trial
from reads import read
from watching import idle, latency, readers

TOPICS: dict[str, tuple[Callable[[Trial, int], Table], int, int]] = {
    "load": (load, 200, 3),
    "reload": (reload, 200, 3),
    "read": (read, 100, 3),
    "process": (process, 15, 1),
    "latency": (latency, 200, 10),
    "idle": (idle, 10, 2),
    "readers": (readers, 5, 1),
}
"""What is measured; rounds, edits or (idle) seconds; and the same when it shall be quick."""


def main() -> int:
    options = _options()
    tables = []
    if not options.json:
        print(machine())
    for name in options.topics or TOPICS:
        measured, rounds, few = TOPICS[name]
        with tempfile.TemporaryDirectory(prefix="synfinance-bench-") as folder:
            table = measured(Trial(Path(folder).resolve() / "project"), few if options.quick else rounds)
        tables.append(table)
        if not options.json:
            print(f"\n{table.text()}", flush=True)
    if options.json:
        print(json.dumps({"machine": machine(), "tables": [table.as_dict() for table in tables]}, indent=2))
    broken = [limit for table in tables for limit in table.limits if not limit.holds]
    return 1 if broken and not options.quick else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("topics", nargs="*", metavar="TOPIC", help=f"{', '.join(TOPICS)}; all when none is named")
    parser.add_argument("--quick", action="store_true", help="a few rounds, to see that everything runs; no limits")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    if unknown := set(options.topics) - set(TOPICS):
        parser.error(f"not a topic: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())

"""What a fleet costs its store: measured with real processes, or simulated for as many as there may be.

Without `--simulate` it is the row `fleet` of the benchmark. With it the costs of a read, an answer and a reconnect are
measured on a real Redis first, and all figures rest on them.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import report
import rows.fleet
from course import Contender, Course
from installation import HERE
from peers import OURS, PEERS
from redis_server import MISSING, PROGRAM
from simulation import BEAT, HORIZON, Outcome, Shape, changed, returned
from store_costs import SETTINGS, Costs, measured
from table import Table

AWAY: Final = 10.0  # seconds
SELDOM: Final = 30.0  # seconds between two looks
ON_A_HOST: Final = 100  # processes
HALF: Final = 0.5  # of a core: what a store may need at rest and still have room for a change
TIMES: Final = {"50%": ",.2f", "99%": ",.2f", "all": ",.2f", "gave up": ",", "busiest second": ".0%"}


def main() -> int:
    options = _options()
    if PROGRAM is None:
        print(MISSING, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="synfinance-fleet-") as name:
        folder = Path(name).resolve()
        print(report.machine(HERE))
        if options.simulate is None:
            course = Course(folder, [Contender(PEERS[OURS].name, OURS, HERE)], 1)
            with course:
                tables = iter([rows.fleet.propagation(course, options.processes, options.changes)])
        else:
            tables = simulated(measured(folder / "redis", options.times), options.simulate)
        for table in tables:
            print(f"\n{table}", flush=True)
    return 0


def simulated(costs: Costs, largest: int) -> Iterator[Table]:
    """What fleets of a hundredth, a tenth, a fifth and all of `largest` processes ask of a store of these costs."""
    sizes = [size for size in (largest // 100, largest // 10, largest // 5, largest) if size]
    yield _costs(costs)
    yield _at_rest(costs, sizes)
    yield _a_change(costs, sizes)
    yield _a_return(costs, sizes)


def _costs(costs: Costs) -> Table:
    table = Table("What the store spends on each", {"CPU, µs": ".1f", "bytes": ",.0f"})
    table.rows = {
        "a look that finds nothing new": (costs.read * 1e6, costs.read_bytes),
        f"a look that fetches {SETTINGS} settings": (costs.fetch * 1e6, costs.fetch_bytes),
        "an answer": (costs.answer * 1e6, costs.answer_bytes),
        "a message to one who listens": (costs.deliver * 1e6, None),
        "a new connection": (costs.connect * 1e6, None),
    }
    table.notes.append(
        f"A process keeps {costs.lines} connections; with its answer they take {costs.memory:,.0f} bytes."
    )
    return table


def _at_rest(costs: Costs, sizes: list[int]) -> Table:
    columns = {"asked a second": ",.0f", "of a core": ".1%", "of it every 30 s": ".1%"}
    table = Table("At rest", {**columns, "Mbit/s": ",.1f", "connections": ",", "MiB": ",.0f"})
    for size in sizes:
        looks, answers = size / 2.0, size / BEAT
        bits = (looks * costs.read_bytes + answers * costs.answer_bytes) * 8 / 1e6
        core, seldom = (Shape(size, poll=poll).at_rest(costs) for poll in (2.0, SELDOM))
        held = (size * costs.lines, size * costs.memory / 2**20)
        table.rows[f"{size:,} processes"] = (looks + answers, core, seldom, bits, *held)
    ends = (HALF / Shape(1, poll=poll).at_rest(costs) for poll in (2.0, 10.0, SELDOM))
    said = " / ".join(f"{round(end, -2):,.0f}" for end in ends)
    table.notes.append(f"Half a core is reached by {said} processes that look every 2 / 10 / 30 s.")
    return table


def _a_change(costs: Costs, sizes: list[int]) -> Table:
    table = Table("From a change to in force, in seconds", TIMES)
    for size in sizes:
        seldom = Shape(size, poll=SELDOM)
        hosts = max(1, size // ON_A_HOST)
        shapes = {
            "": Shape(size),
            ", looks every 30 s": seldom,
            ", and drawn over 20 s": replace(seldom, spread=20.0),
            ", and at 4 replicas": replace(seldom, replicas=4, answering=0),
            f", {hosts:,} relay{'s' * (hosts > 1)}": Shape(size, replicas=hosts, answering=hosts),
        }
        for how, shape in shapes.items():
            table.rows[f"{size:,}{how}"] = _times(shape, changed(shape, costs))
    table.notes.append(f"Empty: not within {HORIZON:.0f} s.")
    return table


def _a_return(costs: Costs, sizes: list[int]) -> Table:
    table = Table(
        f"From the return of a store that was away for {AWAY:.0f} s until it is read again, in seconds", TIMES
    )
    for size in sizes:
        for how, shape in {
            "": Shape(size),
            ", looks every 30 s": Shape(size, poll=SELDOM),
            ", the same all at once": Shape(size, poll=SELDOM, by_chance=False),
        }.items():
            table.rows[f"{size:,}{how}"] = _times(shape, returned(shape, costs, AWAY))
    return table


def _times(shape: Shape, outcome: Outcome) -> tuple[float | None, ...]:
    took = (outcome.at(percent, shape.processes) for percent in (50, 99, 100))
    return (*took, outcome.given_up, outcome.busiest)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--simulate", type=_count, metavar="N", help="simulate fleets of up to so many processes")
    parser.add_argument("--times", type=_count, default=2000, help="how often each cost is measured for it (2000)")
    parser.add_argument("--processes", type=_count, default=rows.fleet.PROCESSES, help="how many real ones watch (50)")
    parser.add_argument("--changes", type=_count, default=rows.fleet.CHANGES, help="how many changes there are (200)")
    return parser.parse_args()


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("it must be a whole number from 1")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())

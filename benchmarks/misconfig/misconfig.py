"""Injects mistakes into the shipped layers, and measures how many are found and how well they are told.

    python benchmarks/misconfig/misconfig.py                    three seeds, beside three peers: a minute or two
    python benchmarks/misconfig/misconfig.py --seed 7           one seed, a held-back one
    python benchmarks/misconfig/misconfig.py --alone            the package without its peers: seconds
    python benchmarks/misconfig/misconfig.py --world            in a world that is there, with probes that ask: minutes
    python benchmarks/misconfig/misconfig.py --list silent      the mutants of one outcome, with what changed
    python benchmarks/misconfig/misconfig.py --list refused     those that lack the line or the mend, and what was told

It ends with 1 where anybody says anything against the layers as they are shipped.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NoReturn

from findings import VARIABLES
from judging import OUTCOMES, Judge, Verdicts
from mutants import EACH, SETTINGS_DIR, Mutant, mutants
from readers import OURS, PROBING, READERS, set_variables, world_readers
from tally import Tally
from world import World, world

SEEDS: Final = (1, 2, 3)


def main() -> int:
    signal.signal(signal.SIGTERM, _end)
    options = _options()
    seeds = options.seed or SEEDS
    names = (OURS,) if options.alone else (OURS, PROBING) if options.world else tuple(READERS)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="synfinance-misconfig-"))
        place = stack.enter_context(_place(Path(folder), options.world))
        corpus = [
            mutant for seed in seeds for mutant in mutants(seed, 1 if options.quick else EACH, place.settings_dir)
        ]
        arguments = (folder, names, place)
        pool = stack.enter_context(ProcessPoolExecutor(os.cpu_count(), initializer=_start, initargs=arguments))
        stack.callback(pool.shutdown, cancel_futures=True)  # who is told to end does not judge the rest first
        alarms = pool.submit(_alarms).result()
        tally = Tally(names, zip(corpus, _progress(pool.map(_judge, corpus, chunksize=4), len(corpus)), strict=True))
    if options.list:
        print(tally.listing(options.list, options.reader))
    elif options.json:
        print(json.dumps({"seeds": seeds, "false alarms": alarms, **tally.as_dict()}, indent=2))
    else:
        print(f"{len(corpus)} mutants of the seeds {', '.join(map(str, seeds))}; {len(alarms)} false alarms\n")
        print(tally.text())
    for alarm in alarms:
        print(f"false alarm: {alarm}", file=sys.stderr)
    return 1 if alarms else 0


def _end(number: int, _: object) -> NoReturn:
    """End in order, as by an error, so that the servers of a world end too; once, so that nothing cuts that short."""
    signal.signal(number, signal.SIG_IGN)
    sys.exit(128 + number)


@contextmanager
def _place(folder: Path, is_world: bool) -> Iterator[World]:
    """Where the layers lie: as they are shipped, or in a world that they name."""
    if is_world:
        folder.chmod(0o755)  # PostgreSQL does not run as root
        with world(folder / "world") as there:
            print("the world is there", file=sys.stderr, flush=True)
            yield there
    else:
        yield World(SETTINGS_DIR, Path.cwd(), VARIABLES)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, action="append", help=f"may be given again; {SEEDS} when none is given")
    parser.add_argument("--quick", action="store_true", help="one mutant of a kind, to see that everything runs")
    parser.add_argument("--alone", action="store_true", help="measure the package without its peers")
    parser.add_argument("--world", action="store_true", help="start what the layers name, and measure probes beside")
    parser.add_argument("--list", choices=OUTCOMES, metavar="OUTCOME", help=f"list its mutants: {', '.join(OUTCOMES)}")
    parser.add_argument("--reader", choices=(*READERS, PROBING), default=OURS, help="whose outcome is listed")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    return parser.parse_args()


# in the workers

_judges: list[Judge] = []


def _start(folder: str, names: tuple[str, ...], place: World) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # the servers are not those of a worker
    logging.disable()
    set_variables()
    os.chdir(place.root)
    known = {**READERS, **world_readers(place.variables)} if PROBING in names else READERS
    readers = {name: known[name] for name in names}
    _judges.append(Judge(Path(folder) / str(os.getpid()), readers, place.settings_dir))


def _alarms() -> list[str]:
    return list(_judges[0].alarms())


def _judge(mutant: Mutant) -> Verdicts:
    return _judges[0].judge(mutant)


def _progress(verdicts: Iterator[Verdicts], number: int) -> Iterator[Verdicts]:
    for done, one in enumerate(verdicts, 1):
        if done % 100 == 0 or done == number:
            print(f"{done} of {number} mutants", file=sys.stderr, flush=True)
        yield one


if __name__ == "__main__":
    sys.exit(main())

"""Measure the package side by side with the floor and with other libraries, in one run: `make bench`.

Without `--quick` it ends with 1 where a promised limit does not hold.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import report
from course import Contender, Course
from installation import HERE, Installation, install, worktree
from peers import OURS, PEERS
from rows import ROWS, Row
from table import Table


def main() -> int:
    options = _options()
    names = options.rows or [name for name, row in ROWS.items() if row.compares_versions or not options.against]
    tables: dict[str, Table] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="synfinance-bench-"))).resolve()
        contenders = _contenders(options, folder, stack)
        machine = report.machine(contenders[-1].installation)
        print(machine)
        for name in names:
            tables[name] = measured(ROWS[name], contenders, folder / name, is_quick=options.quick)
            print(f"\n{tables[name]}", flush=True)
        if options.write:
            report.PAGE.write_text(report.page(report.PAGE.read_text(), machine, tables))
    broken = [limit for table in tables.values() for limit in table.limits if not limit.holds]
    return 1 if broken and not options.quick else 0


def measured(row: Row, contenders: Sequence[Contender], folder: Path, *, is_quick: bool) -> Table:
    """The table of one row; its files are in `folder`."""
    folder.mkdir()
    rounds = row.few if is_quick else row.rounds
    with Course(folder, list(contenders), rounds, is_quick=is_quick) as course:
        return row.measure(course)


def _contenders(options: argparse.Namespace, folder: Path, stack: ExitStack) -> list[Contender]:
    if options.here:
        return _peers(HERE)
    print("installing the package, and what it is compared with, as users do", file=sys.stderr)
    return _versions(options.against, folder, stack) if options.against else _peers(install(folder / "installed"))


def _peers(installation: Installation) -> list[Contender]:
    """All peers that are installed there; prints which modules are missing."""
    missing = installation.missing(peer.needs for peer in PEERS.values())
    if missing:
        print(f"left out for want of {', '.join(missing)}: pip install '.[bench]'", file=sys.stderr)
    present = {name: peer for name, peer in PEERS.items() if not missing.intersection(peer.needs)}
    return [Contender(peer.name, name, installation) for name, peer in present.items()]


def _versions(ref: str, folder: Path, stack: ExitStack) -> list[Contender]:
    """The package as it was at `ref`, and as it is in this checkout."""
    before = stack.enter_context(worktree(ref, folder / "checkout"))
    return [
        Contender(ref, OURS, install(folder / "before", before, extra="")),
        Contender("this", OURS, install(folder / "this", extra="")),
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0], epilog=f"The rows are: {', '.join(ROWS)}.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help="what to measure; all when none is named")
    parser.add_argument("--quick", action="store_true", help="one round each, to see that everything runs; no limits")
    parser.add_argument("--against", metavar="REF", help="compare with the package at another commit, and nothing else")
    parser.add_argument("--here", action="store_true", help="install nothing: measure what this interpreter has")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    options = parser.parse_args()
    if unknown := set(options.rows) - set(ROWS):
        parser.error(f"not a row: {', '.join(sorted(unknown))}")
    if options.write and (options.rows or options.against or options.quick or options.here):
        parser.error("the page holds all rows, measured in full")
    return options


if __name__ == "__main__":
    sys.exit(main())

"""How soon a change of the shared store is in force everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from statistics import median

from course import Course
from redis_server import MISSING, PROGRAM, RedisServer
from table import Limit, Table, at

PROCESSES = 50
CHANGES = 200
FORCED = 10


def propagation(course: Course, processes: int = PROCESSES, changes: int = CHANGES, forced: int = FORCED) -> Table:
    """In so many processes that watch; every tenth of the changes is invalid."""
    if course.is_quick:
        processes, changes, forced = 3, 11, 1
    title = f"From a change of the shared store to in force, in {processes} processes that watch, in ms"
    table = Table(title, {"changes": ",", "median": ",.0f", "99th": ",.0f", "worst": ",.0f"})
    if PROGRAM is None:
        table.notes.append(MISSING)
        return table
    with RedisServer(course.folder / "redis") as server:
        arguments = {"url": server.url, "processes": processes, "changes": changes, "forced": forced}
        root = str(course.project())
        worker = course.worker(course.ours[0].installation, "fleet:propagation", root=root, **arguments)
        commits, storm, force = (worker.job(name).run(1)[0].seen for name in ("commits", "storm", "HSET"))
        worker.close()
    table.rows["a revision, in a process"] = _figures(commits["taken"])
    table.rows["a revision, in all of them"] = _figures([[max(took)] for took in commits["taken"] if took])
    table.rows["refused, by a process"] = _figures(commits["refused"])
    table.rows[f"the last of {changes} without a rest"] = _figures(storm["taken"])
    table.rows["a plain `HSET`, in a process"] = _figures(force["taken"])
    everything = (commits, storm, force)
    late = at(list(chain(*commits["taken"])), 99) * 1e3
    table.limits += [
        Limit("99th percentile in ms, a revision,", late, 1000),
        Limit("processes that ran what is invalid", sum(one["invalid"] for one in everything), 0),
        Limit("processes that did not end on the last change", sum(one["behind"] for one in everything), 0),
    ]
    table.notes.append("A plain `HSET` is found by the look at intervals, of 2 s. Every tenth change is invalid.")
    return table


def _figures(changes: Sequence[Sequence[float]]) -> tuple[float | None, ...]:
    """How many changes there were, and how long they took."""
    took = [seconds * 1e3 for seconds in chain(*changes)]
    return (len(changes), median(took), at(took, 99), max(took)) if took else (0, None, None, None)

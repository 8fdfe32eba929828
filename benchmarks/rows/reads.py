"""What reads cost: one, and many beside reloads."""

from __future__ import annotations

from contextlib import ExitStack
from statistics import median
from typing import Final

from course import Course
from redis_server import MISSING, PROGRAM, RedisServer
from table import Limit, Table, compared, ratio
from turns import Subject, take_turns

READ: Final = "One read of `x.server.port`"


def read(course: Course) -> Table:
    subjects = {}
    if course.floor:
        objects = ["plain object", "frozen pydantic model", "settings", "settings, watched"]
        objects += [name for name in ("dynaconf as usual",) if course.among(["dynaconf"])]
        objects += [name for name in ("OmegaConf",) if course.among(["omegaconf"])]
        chosen = [(name, name, course.contenders[0].installation) for name in objects]
    else:
        chosen = [
            (f"{what}, {one.name}", what, one.installation)
            for what in ("settings", "settings, watched")
            for one in course.ours
        ]
    for name, what, installation in chosen:
        subjects[name] = course.worker(installation, "reads:read", what=what, root=str(course.project())).job("read")
    if not course.floor:
        return compared(READ, take_turns(subjects, course.rounds, 20), "ns")
    with ExitStack() as stack:
        stores = _of_a_store(course, stack) if PROGRAM else {}
        took = take_turns({**subjects, **stores}, course.rounds, 20)
    table = compared(READ, took, "ns")
    for name in ("settings", *stores):
        table.limits.append(Limit(f"a read of {name}, in reads of a plain object,", ratio(took, name), 3))
    if not stores:
        table.notes.append(MISSING)
    return table


def _of_a_store(course: Course, stack: ExitStack) -> dict[str, Subject]:
    """Watched settings that came from a Redis which is there, and from one that is gone by now."""
    subjects: dict[str, Subject] = {}
    for name in ("settings of a shared store", "settings, the store gone"):
        server = stack.enter_context(RedisServer(course.folder / f"redis-{len(subjects)}"))
        arguments = {"what": "settings, watched", "root": str(course.project()), "url": server.url}
        subjects[name] = course.worker(course.ours[0].installation, "reads:read", **arguments).job("read")
        subjects[name].run(1)  # it has loaded, which fails without the store
    server.stop()
    return subjects


def readers(course: Course) -> Table:
    """Threads that read two values which always change together, with and without reloads beside them."""
    subjects: dict[str, Subject] = {}
    seconds = 0.02 if course.is_quick else 0.5
    for one in course.among(["synfinance", "dynaconf"]):
        arguments = {"contender": one.peer, "root": str(course.project()), "seconds": seconds}
        worker = course.worker(one.installation, "reads:readers", **arguments)
        subjects |= {f"{one.name} {state}": worker.job(state) for state in ("calm", "reloading")}
    took = take_turns(subjects, course.rounds)
    columns = {"reads a second": ",.0f", "to none reloading": ".2f", "reloads": ",", "torn or failed reads": ","}
    table = Table("Eight threads that read while a layer is edited and reloaded without a rest", columns)
    for one in course.among(["synfinance", "dynaconf"]):
        calm, busy = ([run.seen for run in took[f"{one.name} {state}"]] for state in ("calm", "reloading"))
        rate, undisturbed = (median(run["rate"] for run in runs) for runs in (busy, calm))
        reloads, errors = (sum(run[count] for run in busy) for count in ("reloads", "errors"))
        table.rows[one.name] = (rate, rate / undisturbed, reloads, errors)
        if one in course.ours:
            table.limits.append(Limit("torn or failed reads", errors, 0))
            table.limits.append(Limit("percent of the reads that reloads cost", 100 * (1 - rate / undisturbed), 5))
    return table

"""What reads cost: one, and many beside reloads."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from statistics import median
from typing import Final

from course import Course
from redis_server import MISSING, PROGRAM, RedisServer
from table import Limit, Table, compared, limit
from turns import Subject, take_turns

READ: Final = "One read of `x.server.port`"
AT_MOST: Final = 3 if sys.version_info < (3, 12) else 1.5
"""A read in those of a plain object: from 3.12 on, one of a Pydantic model is specialised too."""


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
        return compared(READ, take_turns(subjects, course.rounds, 5), "ns")
    with ExitStack() as stack:
        stores = _of_a_store(course, stack) if PROGRAM else {}
        took = take_turns({**subjects, **stores}, course.rounds, 5)
    table = compared(READ, took, "ns")
    for name in ("settings", "settings, watched", *stores):
        table.limits += limit(took, name, "plain object", AT_MOST, f"a read of {name}")
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
    runs: dict[str, tuple[str, str]] = {}
    subjects: dict[str, Subject] = {}
    for one in course.among(["synfinance", "dynaconf"]):
        seconds = 0.02 if course.is_quick else 1
        arguments = {"contender": one.peer, "root": str(course.project()), "seconds": seconds}
        worker = course.worker(one.installation, "reads:readers", **arguments)
        states = {"one reload after another": ("in-short-turns", "restless")}
        if one in course.ours:
            states = {"edited and watched": ("calm", "watched"), **states}
        for name, (calm, busy) in states.items():
            runs[f"{one.name}, {name}"] = f"{one.name} {calm}", f"{one.name} {busy}"
            subjects |= {f"{one.name} {job}": worker.job(job) for job in (calm, busy)}
    took = take_turns(subjects, course.rounds)
    columns = {"reads a CPU second": ",.0f", "to none reloading": ".2f", "reloads": ",", "torn or failed reads": ","}
    table = Table("Eight threads that read while a layer is edited and reloaded", columns)
    for name, jobs in runs.items():
        calm_runs, busy_runs = ([run.seen for run in took[job]] for job in jobs)
        rate, undisturbed = (median(run["rate"] for run in runs) for runs in (busy_runs, calm_runs))
        reloads, errors = (sum(run[count] for run in busy_runs) for count in ("reloads", "errors"))
        table.rows[name] = (rate, rate / undisturbed, reloads, errors)
        if name.startswith(tuple(one.name for one in course.ours)):
            table.limits.append(Limit(f"torn or failed reads, {name},", errors, 0))
        if jobs[1].endswith("watched"):
            table.limits.append(Limit("percent of the reads that reloads cost", 100 * (1 - rate / undisturbed), 5))
    table.notes.append(
        "Edited and watched: another process edits anew as soon as the last edit is in force. One reload after another "
        "is a ninth thread that never rests; an even share of the interpreter is a ninth."
    )
    return table

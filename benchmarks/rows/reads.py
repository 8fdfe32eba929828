"""What reads cost: one, and many beside reloads."""

from __future__ import annotations

from statistics import median

from course import Course
from table import Limit, Table, compared, ratio
from turns import Subject, take_turns


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
    took = take_turns(subjects, course.rounds, 20)
    table = compared("One read of `x.server.port`", took, "ns")
    if course.floor:
        most = Limit("a read, in reads of a plain object,", ratio(took, "settings"), 6)
        table.limits.append(most)
    return table


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
    return table

"""Loads and reloads in a process that is running."""

from __future__ import annotations

from collections.abc import Sequence

from course import Contender, Course
from peers import ON_VARIABLES, WHOLE
from table import Table, compared, limit
from turns import Took, agree, take_turns

BATCH = 5


def load(course: Course) -> Table:
    took = _took(course, course.among(WHOLE), "load", "load")
    table = compared("A new load of all layers", took)
    for base, at_most in (("floor", 1.5), ("dynaconf as usual", 0.1), ("pydantic-settings, libyaml", 0.6)):
        table.limits += limit(took, course.ours[0].name, base, at_most, "a new load")
    return table


def reload(course: Course) -> Table:
    took = _took(course, course.among(WHOLE), "reload", "idle")
    table = compared("A reload after one of five files changed", took)
    table.limits += limit(took, course.ours[0].name, "floor", 1.15, "a reload")
    return table


def busy_reload(course: Course) -> Table:
    """Here the clock counts; threads that wait for the interpreter use little of the processor."""
    took = _took(course, course.among(WHOLE), "reload", "busy", batch=1)
    return compared("A reload while four threads of the process compute", took)


def variables(course: Course) -> Table:
    took = _took(course, course.among(ON_VARIABLES), "variables", "variables")
    table = compared("Twenty typed variables, 5 of `.env`, and no layer files", took)
    table.notes.append("Of synfinance_settings this is `EnvLoader`.")
    return table


def validation(course: Course) -> Table:
    subjects = {}
    jobs = {"`model_validate` alone": "bare_validation", "ours, from merged nodes": "our_validation"}
    for name, job in jobs.items():
        worker = course.worker(course.contenders[0].installation, f"loads:{job}", root=str(course.project()))
        subjects[name] = worker.job("validation")
    took = take_turns(subjects, course.rounds, 50)
    agree(took)
    table = compared("Validation of what was read and merged", took)
    table.limits += limit(took, *reversed(jobs), 2, "validation")
    return table


def _took(
    course: Course, contenders: Sequence[Contender], jobs: str, name: str, batch: int = BATCH
) -> dict[str, list[Took]]:
    """The times of a job of each contender, each on a project of its own; all must come to the same settings."""
    subjects = {}
    for one in contenders:
        arguments = {"contender": one.peer, "root": str(course.project())}
        subjects[one.name] = course.worker(one.installation, f"loads:{jobs}", **arguments).job(name)
    took = take_turns(subjects, course.rounds, batch)
    agree(took)
    return took

"""What settings hold in memory."""

from __future__ import annotations

from statistics import median

from course import Course
from table import Limit, Table
from turns import take_turns

MOST = {"a loaded manager": 100, "a watcher over it": 100, "each further snapshot": 32}  # KiB


def memory(course: Course) -> Table:
    subjects = {}
    for one in course.ours:
        worker = course.worker(one.installation, "memory:memory", root=str(course.project()))
        subjects[one.name] = worker.job("memory")
    took = take_turns(subjects, course.rounds)
    table = Table("Live memory beyond imports, by tracemalloc", {one.name: ",.0f" for one in course.ours})
    for what in took[course.ours[0].name][0].seen:
        table.rows[f"{what}, KiB"] = tuple(median(run.seen[what] for run in took[one.name]) for one in course.ours)
    if course.floor:
        table.limits += [
            Limit(f"KiB of {what}", table.rows[f"{what}, KiB"][0] or 0, most) for what, most in MOST.items()
        ]
    return table

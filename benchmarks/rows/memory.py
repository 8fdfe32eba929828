"""What settings hold in memory."""

from __future__ import annotations

from statistics import median

from course import Course
from table import Table
from turns import take_turns


def memory(course: Course) -> Table:
    subjects = {}
    for one in course.ours:
        worker = course.worker(one.installation, "memory:memory", root=str(course.project()))
        subjects[one.name] = worker.job("memory")
    took = take_turns(subjects, course.rounds)
    table = Table("Live memory beyond imports, by tracemalloc", {one.name: ",.0f" for one in course.ours})
    for what in took[course.ours[0].name][0].seen:
        table.rows[f"{what}, KiB"] = tuple(median(run.seen[what] for run in took[one.name]) for one in course.ours)
    return table

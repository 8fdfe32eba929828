"""What ten times as much costs."""

from __future__ import annotations

from statistics import median

from course import Course
from table import Table, times
from turns import Worker, take_turns

WHAT = ("settings in a layer file", "variables", "lines of `.env`", "items of a list", "references")
OPERATIONS = ("load", "reload", "set", "diff")


def growth(course: Course) -> Table:
    """An operation that is in proportion to its input has a ratio of 1; what does not grow at all, one below."""
    few, many = (20, 200) if course.is_quick else (1_000, 10_000)
    columns = {name: form for what in OPERATIONS for name, form in ((what, ".2f"), (f"{what}, ms", ".0f"))}
    title = f"{many:,} against {few:,}: the processor's time of the larger, and how much more than tenfold it is"
    table = Table(title, columns)
    for what in WHAT:
        workers = {size: _worker(course, what, size) for size in (few, many)}
        figures: list[float] = []
        for operation in OPERATIONS:
            subjects = {str(size): worker.job(operation) for size, worker in workers.items()}
            took = take_turns(subjects, course.rounds)
            small, large = (median(times(runs)[0]) for runs in took.values())
            figures += [large / small * few / many, large * 1e3]
        table.rows[what] = tuple(figures)
    return table


def _worker(course: Course, what: str, size: int) -> Worker:
    root = course.folder / f"{WHAT.index(what)}-{size}"
    return course.worker(course.ours[0].installation, "growth:growth", what=what, size=size, root=str(root))

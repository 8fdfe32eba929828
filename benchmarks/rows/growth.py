"""What ten times as much costs."""

from __future__ import annotations

from statistics import median

from course import Course
from table import Limit, Table, times
from turns import Worker, take_turns

SIZES = {
    "settings in a layer file": 10_000,
    "variables": 10_000,
    "lines of `.env`": 10_000,
    "items of a list": 10_000,
    "references": 1_000,
}
OPERATIONS = ("load", "reload", "set", "diff")


def growth(course: Course) -> Table:
    """An operation that is in proportion to its input has a ratio of 1; what does not grow at all, one below."""
    columns = {name: form for what in OPERATIONS for name, form in ((what, ".2f"), (f"{what}, ms", ".0f"))}
    title = "Ten times as much: the processor's time of the larger, and how much more than tenfold it is"
    table = Table(title, columns)
    for what, size in SIZES.items():
        many = 200 if course.is_quick else size
        few = many // 10
        workers = {size: _worker(course, what, size) for size in (few, many)}
        figures: list[float] = []
        for operation in OPERATIONS:
            subjects = {str(size): worker.job(operation) for size, worker in workers.items()}
            took = take_turns(subjects, course.rounds)
            small, large = (median(times(runs)[0]) for runs in took.values())
            figures += [large / small * few / many, large * 1e3]
        table.rows[f"{many:,} {what}"] = tuple(figures)
        most = 1.2 if what.startswith("settings") else 1.1
        table.limits.append(Limit(f"tenfolds, {many:,} {what} in any of these,", max(figures[::2]), most))
    table.notes.append("Without the collector of garbage, which walks over all that lives in a process.")
    return table


def _worker(course: Course, what: str, size: int) -> Worker:
    root = course.folder / f"{[*SIZES].index(what)}-{size}"
    return course.worker(course.ours[0].installation, "growth:growth", what=what, size=size, root=str(root))

"""How soon an edit is in force, and what waiting costs."""

from __future__ import annotations

from statistics import median

from course import Course
from table import Limit, Table, at
from turns import Subject, take_turns

DEBOUNCE = 0.05  # seconds, as by default
IDLE, BUSY = "idle", "four threads compute"
BARE = f"a bare watch, {BUSY}"
PROCESSES = 200
FILES = 10_000


def latency(course: Course) -> Table:
    subjects: dict[str, Subject] = {}
    for one in course.ours:
        worker = course.worker(one.installation, "watching:latency", root=str(course.project()), debounce=DEBOUNCE)
        states = {"idle": IDLE, "busy": BUSY}
        subjects |= {f"{one.name}, {label}": worker.job(state) for state, label in states.items()}
    for one in course.floor:
        worker = course.worker(one.installation, "watching:waits", seconds=DEBOUNCE)
        subjects[BARE] = worker.job("busy")
    took = take_turns(subjects, course.rounds)
    title = f"From rename to `config_reloaded`, beyond the debounce of {DEBOUNCE * 1e3:.0f} ms, in ms"
    table = Table(title, {"median": ".1f", "90th": ".1f", "99th": ".1f", "worst": ".1f"})
    for name, runs in took.items():
        waited = [(run.seen - DEBOUNCE) * 1e3 for run in runs]
        table.rows[name] = (median(waited), at(waited, 90), at(waited, 99), max(waited))
        if name.endswith(IDLE):
            table.limits.append(Limit(f"ms at the median, {name},", median(waited), 5))
    if course.floor:
        table.limits.append(_limit_beside(table, f"{course.ours[0].name}, {BUSY}", BARE))
        table.notes.append("A bare watch: a thread that waits for an event, then for the debounce, and wakes another.")
    return table


def _limit_beside(table: Table, name: str, least: str) -> Limit:
    """The 90th percentile of `name`, in that of the least that must be waited for."""
    waited, must = (table.figure(one, "90th") for one in (name, least))
    assert waited is not None
    assert must is not None
    return Limit(f"the 90th percentile, {name}, in times of {least},", waited / must, 3)


def idle(course: Course) -> Table:
    seconds = 0.5 if course.is_quick else 10
    crowds = [(3, 0), (1, 10)] if course.is_quick else [(PROCESSES, 0), (1, FILES)]
    columns = {"% of a core, all": ".2f", "% of a core, each": ".4f", "without events": ","}
    table = Table("Processes that watch a project in which nothing happens", columns)
    for one in course.ours:
        for processes, files in crowds:
            arguments = {"root": str(course.project()), "processes": processes, "files": files, "seconds": seconds}
            (run,) = course.worker(one.installation, "watching:idle", **arguments).job("idle").run(1)
            share = run.seen["share"]
            name = f"{one.name}, one beside {files:,} files" if files else f"{one.name}, {processes} processes"
            table.rows[name] = (share, share / processes, run.seen["without"])
            most = Limit(f"percent of a core, {name}, together,", share, 0.5 if files else 2.5)
            table.limits.append(most)
    table.notes.append(
        "Forked from one that has loaded, as servers do, and measured between the looks that read every file, one in "
        "five minutes. Who gets no inotify instance looks every two seconds alone."
    )
    return table

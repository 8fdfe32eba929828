"""One read of `x.server.port`."""

from __future__ import annotations

import timeit
from typing import Any

import usual
from loads import OURS, USUAL, environment
from measure import Limit, Run, Table, compared, ratio, take_turns
from project import ENVIRONMENT, Trial

from synfinance_settings import AppConfig, settings

READS = 100  # in one statement, so that the loop round it weighs nothing


class _Plain:
    def __init__(self, **values: object) -> None:
        self.__dict__.update(values)


def read(trial: Trial, rounds: int) -> Table:
    with usual.process_environment({**environment(), "SYNFINANCE_SETTINGS_DIR": str(trial.settings_dir)}):
        objects: dict[str, Any] = {
            "plain object": _Plain(server=_Plain(port=8000)),
            "frozen pydantic model": AppConfig(),
            OURS: settings,
            USUAL: usual.settings(trial.root, ENVIRONMENT),
        }
        assert all(read_object.server.port for read_object in objects.values()), "the first read loads"
    number = 20
    took = take_turns({name: _reads(found, number) for name, found in objects.items()}, rounds)
    each = {name: [seconds / (number * READS) for seconds in found] for name, found in took.items()}
    table = compared("One read of x.server.port", each, "ns")
    table.limits.append(Limit("a read, in reads of a plain object", ratio(each, OURS), 6))
    return table


def _reads(found: Any, number: int) -> Run:
    timer = timeit.Timer(";".join(["x.server.port"] * READS), "x = given", globals={"given": found})
    return lambda: timer.timeit(number)

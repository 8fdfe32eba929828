"""An example that a test runs, and a line for each at the end: ``make examples``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from living import Program


@pytest.fixture
def example(tmp_path) -> Iterator[Callable[[str], Program]]:
    """A copy of an example, by its name; it is gone at the end."""
    with ExitStack() as stack:

        def made(name: str) -> Program:
            program = Program(name, tmp_path)
            stack.callback(program.close)
            return program

        yield made


@pytest.fixture
def seen(record_property) -> Callable[[str], None]:
    """Keep what was seen of an example, for its line."""
    return lambda text: record_property("seen", text)


def pytest_terminal_summary(terminalreporter) -> None:
    lines = [
        f"{report.nodeid.partition('::test_')[2].replace('_', ' '):<60} {text}"
        for outcome in ("passed", "failed")
        for report in terminalreporter.stats.get(outcome, ())
        if report.when == "call"
        for name, text in report.user_properties
        if name == "seen"
    ]
    if lines:
        terminalreporter.section("examples")
        for line in sorted(lines):
            terminalreporter.write_line(line)

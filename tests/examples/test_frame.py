"""What holds for every example: it is short, it tells how it is started, and a test starts it."""

from __future__ import annotations

import pytest
from living import EXAMPLES, about, commands

NAMES = sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir())
MOST_LINES = 80


def files(name):
    return [path for path in (EXAMPLES / name).rglob("*") if path.is_file() and path.suffix != ".pyc"]


@pytest.mark.parametrize("name", NAMES)
def test_an_example_has_fewer_lines_than_eighty_all_files_together(name):
    assert sum(len(path.read_text().splitlines()) for path in files(name)) < MOST_LINES


@pytest.mark.parametrize("name", NAMES)
def test_an_example_says_what_it_is_and_how_it_is_started(name):
    assert about(name).splitlines()[0].endswith(".")
    assert commands(name)


@pytest.mark.parametrize("name", NAMES)
def test_an_example_is_started_by_a_test(name):
    tests = [path for path in EXAMPLES.parent.glob("tests/examples/test_*.py") if path.name != "test_frame.py"]
    assert any(f'example("{name}")' in path.read_text() for path in tests)

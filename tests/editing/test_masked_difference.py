"""Differences of two texts of a layer."""

from __future__ import annotations

import difflib

from hypothesis import given
from hypothesis import strategies as st

from synfinance_settings.editing.masked_difference import masked_difference
from synfinance_settings.sections.application import SYNFINANCE

HOSTS = st.lists(st.integers(1, 5), max_size=12)


def layer(*items):
    return "server:\n  cors_origins:\n" + "".join(f"  - https://{item}.example\n" for item in items)


def test_changes_apart_are_told_apart():
    before, after = layer(1, 2, 3, 4), layer(1, "b", 3, "d")
    assert masked_difference("a.yaml", before, after, SYNFINANCE.catalogue)[2::3] == ["@@ -4 +4 @@", "@@ -6 +6 @@"]


@given(HOSTS, HOSTS)
def test_a_difference_turns_the_one_text_into_the_other(before, after):
    found = masked_difference("a.yaml", layer(*before), layer(*after), SYNFINANCE.catalogue)
    old, new = layer(*before).splitlines(), layer(*after).splitlines()
    moved = 0
    for line in found[2:]:
        if line.startswith("@@"):
            start, _, length = line.split()[1].removeprefix("-").partition(",")
            at = int(start) + moved - (length != "0")
        elif line.startswith("-"):
            assert old.pop(at) == line[1:]
            moved -= 1
        else:
            old.insert(at, line[1:])
            at, moved = at + 1, moved + 1
    assert old == new
    unchanged = difflib.unified_diff(layer(*before).splitlines(), new, n=0)
    assert bool(found) == any(unchanged)


def test_a_thousand_changes_apart_are_told_as_one():
    """Line by line it would be right as well, and take the square of the time."""
    before = layer(*range(2000))
    after = layer(*(number if number % 2 else -number for number in range(2000)))
    found = masked_difference("a.yaml", before, after, SYNFINANCE.catalogue)
    assert found[:3] == ["--- a.yaml", "+++ a.yaml", "@@ -5,1997 +5,1997 @@"]
    assert [line[1:] for line in found if line[0] == "-"][1:] == before.splitlines()[4:2001]
    assert [line[1:] for line in found if line[0] == "+"][1:] == after.splitlines()[4:2001]


def test_many_lines_that_are_new_stand_behind_the_one_before_them():
    found = masked_difference("a.yaml", layer(1, 2), layer(1, *range(5000, 7000), 2), SYNFINANCE.catalogue)
    assert (found[2], len(found)) == ("@@ -3,0 +4,2000 @@", 2003)

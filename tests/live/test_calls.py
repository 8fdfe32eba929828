"""What calls the worker of a watch: calls that come close together are one, counted from the change itself."""

from __future__ import annotations

import time

import pytest

from synfinance_settings.live.calls import Call, Calls
from synfinance_settings.live.hints import Bell

DEBOUNCE = 0.5


class Waits(Bell):
    """A bell that never rings and waits no longer than it must; it counts what it was asked to wait."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def wait(self, seconds):
        self.asked.append(seconds)
        super().wait(seconds)


@pytest.fixture
def calls():
    calls = Calls(DEBOUNCE)
    calls.bell = Waits()
    return calls


@pytest.fixture
def heard(tmp_path, calls, monkeypatch):
    """Have a file change and the hint for it be heard so many seconds later."""

    def heard(seconds):
        changed = tmp_path / "changed"
        changed.write_text("new")
        monkeypatch.setattr("synfinance_settings.live.calls.time", lambda: time.time() + seconds)
        calls.hint(str(changed))

    return heard


def test_a_hint_that_is_heard_late_is_waited_for_no_longer(calls, heard):
    """As beside threads that compute, where the thread gets its turn when the debounce is over."""
    heard(0.9)
    assert calls.next(0) is Call.LOOK
    assert calls.bell.asked == []


@pytest.mark.parametrize("seconds", [5, -3600], ids=["an old file", "a clock set back"])
def test_what_was_not_changed_just_now_is_waited_for_as_if_it_were(calls, heard, seconds):
    """Where a rename leaves the file's times as they were, or the clock is another one."""
    heard(seconds)
    assert calls.next(0) is Call.LOOK
    assert sum(calls.bell.asked) >= DEBOUNCE - 0.1


def test_a_hint_of_what_is_gone_is_waited_for(calls, tmp_path):
    calls.hint(str(tmp_path / "gone"))
    assert calls.next(0) is Call.LOOK
    assert calls.bell.asked


def test_hints_that_come_together_are_one_look(calls, tmp_path):
    for _ in range(3):
        calls.hint(str(tmp_path))
    assert calls.next(0) is Call.LOOK
    assert calls.next(0) is Call.IDLE


def test_a_hint_that_comes_while_one_looks_is_another_look(calls, tmp_path):
    calls.hint(str(tmp_path))
    assert calls.next(0) is Call.LOOK
    calls.hint(str(tmp_path))
    assert calls.next(0) is Call.LOOK


def test_a_reload_is_not_waited_for_beside_hints(calls, tmp_path):
    calls.leave(Call.RELOAD)
    assert calls.next(3600) is Call.RELOAD
    assert calls.bell.asked == []

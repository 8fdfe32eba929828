"""`assert_live`: whether a program follows its settings, on a sample with planted copies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from synfinance_settings import UnknownKeyError
from synfinance_settings.testing import Verdict, assert_live, live_report

sys.path.append(str(Path(__file__).parent / "live_sample"))

from kiln import firing
from kiln.configuration import app

PROGRAM = (firing.make_kiln, firing.observe)
SECRETS = ("canary7a31kiln", "canary9b52kiln", "shop-key", "shop-code")


def test_every_planted_copy_is_named_and_nothing_else():
    with pytest.raises(AssertionError) as caught:
        assert_live(*PROGRAM, application=app)
    said = str(caught.value)
    named = [line.partition(":")[0] for line in said.splitlines() if ": stale" in line]
    assert sorted(named) == sorted(firing.STALE)
    assert len(named) >= 10
    assert said.startswith("11 settings not live, of 22:")
    assert "fire.heat: stale\n    at heat: 900 before, 900 after a reload, 901 after a restart\n" in said
    assert "at till.code[0]: ********** before, ********** after a reload, another ********** after a restart" in said
    assert not any(secret in said for secret in SECRETS)


def test_what_follows_waits_or_is_shown_nowhere_is_told_and_is_no_failure():
    rest = ["fire.cones", "work.door", "work.bell", "work.mark", "work.spare", "pots", "shop"]
    with app.override(work__mark="M"):
        report = live_report(*PROGRAM, application=app, only=rest)
    assert report.keys(Verdict.STALE) == ("pots.clay", "shop.code")
    assert report.keys(Verdict.FOLLOWS) == ("fire.cones", "pots.glaze", "shop.key", "shop.is_open", "shop.size")
    assert report.keys(Verdict.WAITS) == ("work.door", "pots.handle")
    assert report.keys(Verdict.STALE_MARK) == ("work.bell",)
    assert report.keys(Verdict.NOT_OBSERVED) == ("work.mark", "work.spare", "shop.keeper")
    assert report.unsteady == ("started",)
    table = str(report)
    assert "changes with every start, and says nothing: started" in table
    assert not any(secret in table for secret in SECRETS)


def test_a_program_that_shows_no_setting_at_all_proves_nothing():
    with pytest.raises(AssertionError, match=r"nothing that observe returns shows a setting of <Application .*KILN_>:"):
        assert_live(*PROGRAM, application=app, only=["work.spare"])


def test_a_part_that_moves_beside_one_that_stays_is_a_failure_marked_or_not():
    with pytest.raises(AssertionError) as caught:
        assert_live(firing.make_kiln, firing.observe_marks, application=app, only=["work"], values={"work.mark": "X"})
    assert str(caught.value).splitlines() == [
        "2 settings not live, of 8:",
        "work.door (needs a restart): half",
        "    at door[0]: 7000 before, 7001 after a reload, 7001 after a restart",
        "    at door[1]: 7000 before, 7000 after a reload, 7001 after a restart",
        "work.mark: half",
        "    at mark[0]: 'K' before, 'X' after a reload, 'X' after a restart",
        "    at mark[1]: 'K' before, 'K' after a reload, 'X' after a restart",
    ]


def test_a_program_of_coroutines_that_breaks_on_a_value_is_told_and_the_next_is_tried():
    report = live_report(
        "kiln.firing:make_slowly", firing.observe_strictly, application=app, only=["shop.size", "fire.cones"]
    )
    assert report.keys(Verdict.FOLLOWS) == ("fire.cones",)
    (finding,) = (finding for finding in report.findings if finding.key == "shop.size")
    assert (finding.verdict, finding.note.partition(", raised at")[0]) == (
        Verdict.NOT_TRIED,
        "the start failed: ValueError: what it says holds a secret",
    )
    with app.override(shop__size=6), pytest.raises(RuntimeError, match="does not start") as caught:
        live_report("kiln.firing:make_slowly", firing.observe_strictly, application=app, only=["fire.cones"])
    assert not any(secret in str(caught.value) for secret in SECRETS)


ODD = (firing.make_odd_kiln, firing.observe_odd_kiln)


def test_a_program_that_dies_or_does_not_come_back_spoils_no_other_finding():
    report = live_report(*ODD, application=app, only=["work.pause", "fire.heat", "fire.cones"])
    found = {finding.key: finding for finding in report.findings}
    assert found["work.pause"].parts == (("pauses", "{10}", "{10, 11}", "{11}"),)
    assert found["fire.heat"].verdict == Verdict.OTHER
    assert found["fire.heat"].note == "the reload failed: it ended, or did not answer in time"
    assert report.keys(Verdict.FOLLOWS) == ("fire.cones",)


def test_a_program_that_follows_late_is_given_time():
    report = assert_live(*ODD, application=app, only=["work.greeting", "fire.cones"], settle=30.0)
    assert report.keys(Verdict.FOLLOWS) == ("fire.cones", "work.greeting")


def local():
    def observe(made):
        return made

    return observe


@pytest.mark.parametrize("made", [local(), lambda made: made, "kiln firing", firing.Kiln().pause])
def test_what_no_other_interpreter_can_find_is_refused(made):
    with pytest.raises(TypeError, match="module:function"):
        live_report(firing.make_kiln, made, application=app)


@pytest.mark.parametrize("options", [{"only": ["fire.heet"]}, {"values": {"fire.heet": 1}}])
def test_a_key_that_is_none_is_refused_with_a_suggestion(options):
    with pytest.raises(UnknownKeyError) as caught:
        live_report(*PROGRAM, application=app, **options)
    assert caught.value.problems[0].hint == "did you mean fire.heat?"

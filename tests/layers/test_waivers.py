"""A layer accepts the warning of a rule for a while: it is told as waived until that day, and is an error after it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from jsonschema import Draft202012Validator
from stall import HUSH, STALL

from synfinance_settings.layers.build import build
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import find_project
from synfinance_settings.model.schema import layer_schema

TRIES = "till: {tries: 1}\n"
WAIVED = "waive:\n  few-tries: 2027-01-31 the bank asks for it\n"


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Write layers of the stall, and say what a start would come to on a day, at the last minute of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings").mkdir()

    def load(day="2027-01-31", default="{}\n", arguments=None, env="live", **layers):
        for name, text in {"default": default, "dev": "{}\n", "live": "{}\n", **layers}.items():
            (tmp_path / f"settings/{name}.yaml").write_text(text)
        look = look_at(find_project(STALL, environ={"STALL_ENV": env}, arguments=arguments))
        return build(look._replace(looked_at=datetime.fromisoformat(f"{day}T23:59:59").replace(tzinfo=UTC)))

    return load


def told(problems):
    return [(problem.code, str(problem.origin)) for problem in problems]


def test_a_waived_warning_is_told_as_waived_up_to_and_with_its_day(start):
    report = start(live=TRIES + WAIVED)
    assert report.require().config.till.tries == 1
    assert not report.warnings
    (waived,) = report.waived
    assert (waived.code, waived.key, waived.severity) == ("few-tries", "till.tries", "warning")
    assert waived.waived == "until 2027-01-31: the bank asks for it (settings/live.yaml:3:14)"
    assert str(waived).startswith("waived[few-tries]: till.tries should be 3 or more\n")
    assert report.verdict() == "1 waived"
    assert report.require().waived == report.waived


def test_it_is_an_error_of_its_own_from_the_next_day_on(start):
    report = start("2027-02-01", live=TRIES + WAIVED)
    (problem,) = report.problems
    assert (problem.code, problem.key, str(problem.origin)) == (
        "expired-waiver",
        "till.tries",
        "settings/live.yaml:3:14",
    )
    assert "ended on 2027-01-31, and till.tries should be 3 or more" in problem.message
    assert not report.waived


@pytest.mark.parametrize("day", ["2027-01-31", "2027-02-01"])
def test_a_waiver_of_what_nothing_breaks_is_a_warning_on_any_day(start, day):
    report = start(day, live=WAIVED)
    assert report
    assert told(report.warnings) == [("idle-waiver", "settings/live.yaml:2:14")]


def test_a_waiver_in_a_layer_of_all_says_nothing_where_the_rule_does_not_hold(start):
    report = start("2027-02-01", default=WAIVED, env="dev")
    assert report
    assert not report.warnings


def test_waivers_merge_key_by_key_and_null_takes_one_back(start):
    both = "waive: {few-tries: 2027-01-31 here, no-motto: 2027-01-31 there}\nmotto: ''\ntill: {tries: 1}\n"
    report = start(default=both, live="waive: {few-tries: 2027-12-31 longer}\n")
    assert sorted(found.waived.partition(" (")[0] for found in report.waived) == [
        "until 2027-01-31: there",
        "until 2027-12-31: longer",
    ]
    report = start(default=both, live="waive: {few-tries: ~}\n")
    assert told(report.waived) == [("no-motto", "settings/default.yaml:2:8")]
    assert [found.code for found in report.warnings] == ["few-tries"]


@pytest.mark.parametrize(
    ("waive", "place", "said"),
    [
        ("{no-cart: 2027-01-31 why}", "1:9", "no-cart is an error, and errors cannot be waived"),
        ("{few-trys: 2027-01-31 why}", "1:9", "a name of 8 characters is not a rule"),
        ("{inconsistent: 2027-01-31 why}", "1:9", "a name of 12 characters is not a rule"),
        ("{few-tries: 2027-02-30 why}", "1:20", "the waiver of few-tries has no day, or no reason"),
        ("{few-tries: 2027-01-31}", "1:20", "the waiver of few-tries has no day, or no reason"),
        ("{few-tries: '2027-01-31   '}", "1:20", "the waiver of few-tries has no day, or no reason"),
        ("{few-tries: because}", "1:20", "the waiver of few-tries has no day, or no reason"),
        ("{few-tries: [2027-01-31 why]}", "1:20", "the waiver of few-tries has no day, or no reason"),
        (f"{HUSH}", "1:8", "waive must be a mapping of rules to waivers"),
        (f"{{{HUSH}: {HUSH}}}", "1:9", "a name of 9 characters is not a rule"),
    ],
)
def test_what_is_no_waiver_is_refused_at_its_place(start, waive, place, said):
    report = start(live=f"waive: {waive}\n{TRIES}")
    (problem,) = report.problems
    assert (problem.code, str(problem.origin), problem.message) == ("bad-waiver", f"settings/live.yaml:{place}", said)
    assert problem.hint or "mapping" in said
    assert HUSH not in str(problem)


def test_a_waiver_stands_in_no_argument(start):
    (problem,) = start(arguments={"waive.few-tries": "2027-01-31 why"}).problems
    assert (problem.code, str(problem.origin)) == ("bad-waiver", "arguments")


@pytest.mark.parametrize(
    ("waive", "is_good"),
    [
        ({"few-tries": "2027-01-31 why"}, True),
        ({"few-tries": None}, True),
        (None, True),
        ({"few-tries": "2027-02-30 why"}, False),
        ({"few-tries": "2027-01-31"}, False),
        ({"no-cart": "2027-01-31 why"}, False),
    ],
)
def test_the_schema_knows_waivers(waive, is_good):
    assert Draft202012Validator(layer_schema(STALL)).is_valid({"waive": waive}) == is_good

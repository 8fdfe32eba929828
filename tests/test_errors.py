"""Errors are data: problems with places, in one form, that can be logged, printed and pickled."""

from __future__ import annotations

import inspect
import json
import pickle
import re

import pytest

from synfinance_settings import (
    InvalidSettingsError,
    LayerError,
    Origin,
    Problem,
    SettingsError,
    UnknownKeyError,
    errors,
)
from synfinance_settings.errors import CODES, Excerpt, Occurrence, number_of, told
from synfinance_settings.foreign import is_printable
from synfinance_settings.sections.rules import RULES

WHOLE = Problem(
    "out-of-range",
    "server.port must be at most 65535",
    key="server.port",
    origin=Origin("settings/production.yaml", 7, 9),
    overrides=Occurrence("8000", Origin("settings/default.yaml", 9, 9)),
    excerpt=Excerpt(7, "  port: 99999", 9, 5),
)
BARE = Problem(
    "unknown-key",
    "database.pool_sise is not a setting",
    origin=Origin("settings/production.yaml", 14, 3),
    hint="did you mean database.pool_size?",
)
HOSTILE = ["\n", "\r", "\x1b[2K", "\x9b2K", "\u2028", "\u202e", "\u200b", "\ufeff", "\udc80", "\ue000"]
CLASSES = [kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, SettingsError)]


def test_a_problem_reads_as_the_contract_shows_it():
    assert str(WHOLE) == (
        "error[out-of-range]: server.port must be at most 65535\n"
        "  --> settings/production.yaml:7:9\n"
        "   |\n"
        " 7 |   port: 99999\n"
        "   |         ^^^^^\n"
        "   = overrides 8000 from settings/default.yaml:9:9"
    )
    assert str(BARE) == (
        "error[unknown-key]: database.pool_sise is not a setting\n"
        "  --> settings/production.yaml:14:3\n"
        "   = help: did you mean database.pool_size?"
    )


def test_the_bars_of_an_excerpt_stand_below_one_another():
    lines = str(
        Problem("x", "y", origin=Origin("z", 123, 1), excerpt=Excerpt(123, "a: b", 4, 1), hint="h")
    ).splitlines()
    assert {re.search("[|=]", line).start() for line in lines[2:]} == {len(" 123 ")}


def test_several_problems_are_counted():
    assert str(SettingsError([WHOLE, BARE])) == f"2 problems\n{WHOLE}\n{BARE}"
    assert str(SettingsError(WHOLE)) == str(WHOLE)


def test_of_many_problems_a_hundred_are_told_and_the_others_counted():
    error = SettingsError.of(Problem("unknown-key", f"k{number} is not a setting") for number in range(190_000))
    assert (type(error), len(error.problems)) == (UnknownKeyError, 101)
    assert str(error).startswith("190,000 problems\nerror[unknown-key]: k0 is not a setting\n")
    assert str(error).endswith("error[and-others]: and 189,900 more\n   = help: fix these first")
    assert error.errors()[-1]["others"] == 189_900
    assert pickle.loads(pickle.dumps(error)).problems == error.problems


def test_problems_that_are_only_counted_are_counted_once_more():
    many = told(Problem("unknown-key", str(number)) for number in range(150))
    warnings = told(Problem("ignored", str(number), severity="warning") for number in range(170))
    both = SettingsError.of((*many, *warnings))
    assert type(both) is InvalidSettingsError
    assert (number_of(both.problems), len(both.problems), both.problems[-1].others) == (320, 101, 220)
    assert SettingsError(both.problems).problems == both.problems


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_pickles_with_its_problems(kind):
    error = kind([WHOLE, BARE])
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), again.problems, str(again)) == (kind, error.problems, str(error))


@pytest.mark.parametrize("kind", CLASSES)
def test_an_error_of_a_text_has_its_own_code(kind):
    assert kind("what is wrong").problems == (Problem(kind.default_code, "what is wrong"),)
    assert kind.default_code in CODES


def test_problems_are_plain_data_for_scripts():
    (data,) = json.loads(json.dumps(SettingsError(WHOLE).errors()))
    assert data["origin"] == "settings/production.yaml:7:9"
    assert data["overrides"] == {"value": "8000", "origin": "settings/default.yaml:9:9"}
    assert (data["code"], data["key"], data["severity"]) == ("out-of-range", "server.port", "error")


def test_the_class_of_an_error_is_that_of_its_problems():
    assert type(SettingsError.of([Problem("unknown-key", "a"), Problem("unknown-variable", "b")])) is UnknownKeyError
    assert type(SettingsError.of([Problem("syntax", "a")])) is LayerError
    assert type(SettingsError.of([Problem("syntax", "a"), Problem("unknown-key", "b")])) is InvalidSettingsError


def test_codes_are_kebab_case_and_no_rule_uses_one():
    ids = {rule.id for rule in RULES}
    assert all(re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code) for code in {*CODES, *ids})
    assert not ids & set(CODES)


@pytest.mark.parametrize(
    ("origin", "text"),
    [
        (Origin("settings/default.yaml", 14, 7), "settings/default.yaml:14:7"),
        (Origin(".env", 6), ".env:6"),
        (Origin("env SYNFINANCE_SERVER__PORT"), "env SYNFINANCE_SERVER__PORT"),
        (Origin("default"), "default"),
    ],
)
def test_an_origin_reads(origin, text):
    assert str(origin) == text


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_error_holds_what_could_forge_a_line(hostile):
    foreign = f"x{hostile}  --> settings/default.yaml:1:1"
    origin, excerpt = Origin(foreign, 1, 2), Excerpt(3, foreign, 2, 5)
    problem = Problem(foreign, foreign, foreign, origin, Occurrence(foreign, origin), foreign, "error", excerpt)
    said = str(SettingsError(problem)).splitlines()
    assert all(map(is_printable, said))
    assert [line.strip()[:3].strip() for line in said] == ["err", "-->", "|", "3 |", "|", "= o", "= h"]
    assert all(map(is_printable, map(str, problem.as_dict().values())))
    assert is_printable(json.dumps(SettingsError(problem).errors(), ensure_ascii=False))
    assert is_printable(str(SettingsError(foreign)))


def test_a_mark_below_an_excerpt_stands_below_what_is_meant():
    excerpt = Excerpt(7, "a\u202eb: c\u200bd, e", 6, 3)
    assert excerpt.text == r"a\u202eb: c\u200bd, e"
    assert excerpt.text[excerpt.column - 1 :][: excerpt.width] == r"c\u200bd"

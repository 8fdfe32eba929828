"""A setting may be given by the name that it had before, with a warning, until a version takes that name no more."""

from __future__ import annotations

import pytest
from stall import HUSH, STALL, stall

from synfinance_settings.errors import UnknownKeyError
from synfinance_settings.layers.project import find_project
from synfinance_settings.layers.trial import validate
from synfinance_settings.model.rule import Rule


@pytest.fixture
def start(tmp_path, monkeypatch):
    """Write files of a project of the stall's, and say what a start of one of its versions would come to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings").mkdir()

    def load(files, application=STALL, arguments=None, **environ):
        empty = {f"settings/{name}.yaml": "{}\n" for name in ("default", "dev") if f"settings/{name}.json" not in files}
        for name, text in {**empty, **files}.items():
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text)
        return validate(find_project(application, environ=environ, arguments=arguments))

    return load


def told(problems):
    return [(problem.code, str(problem.origin), problem.message) for problem in problems]


WAYS = {
    "in its section": ({"settings/dev.yaml": "cart:\n  most: 7\n"}, {}, "settings/dev.yaml:2:3", "cart.most"),
    "in JSON": ({"settings/default.json": '{"cart": {"most": 7}}'}, {}, "settings/default.json:1:11", "cart.most"),
    "in a section that is gone": (
        {"settings/dev.yaml": "basket: {most: 7}\n"},
        {},
        "settings/dev.yaml:1:10",
        "basket.most",
    ),
    "in .env": ({".env": "\nSTALL_BASKET__MOST=7\n"}, {}, ".env:2", "STALL_BASKET__MOST"),
    "in a variable": ({}, {"STALL_CART_MOST": "7"}, "env STALL_CART_MOST", "STALL_CART_MOST"),
    "in a file that a variable names": (
        {"seven": "7\n"},
        {"STALL_CART__MOST_FILE": "seven"},
        "env STALL_CART__MOST_FILE",
        "STALL_CART__MOST_FILE",
    ),
    "in a file named as the key": (
        {"run/cart.most": "7"},
        {"STALL_SECRETS_DIR": "run"},
        "run/cart.most",
        "run/cart.most",
    ),
    "in a file named as a variable": (
        {"run/stall_basket_most": "7"},
        {"STALL_SECRETS_DIR": "run"},
        "run/stall_basket_most",
        "run/stall_basket_most",
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_an_old_name_counts_with_a_warning_at_its_place(start, way):
    files, environ, place, spelled = WAYS[way]
    report = start(files, **environ)
    assert not report.problems
    assert report.require().config.cart.limit == 7
    (warning,) = report.warnings
    assert (warning.code, str(warning.origin)) == ("old-name", place)
    assert warning.message.startswith(f"{spelled} is now ")
    assert "2.0 no longer accepts the old name" in warning.message
    assert str(report.require().origins["cart.limit"]).startswith(place.partition(":")[0])


@pytest.mark.parametrize("way", WAYS)
def test_an_old_name_that_is_gone_is_an_error_with_the_same_mend(start, way):
    files, environ, place, _ = WAYS[way]
    (warning,) = start(files, **environ).warnings
    (problem,) = start(files, stall("2.0"), **environ).problems
    assert (problem.code, str(problem.origin), problem.severity) == ("old-name", place, "error")
    assert problem.hint == warning.hint
    assert "the old name is gone" in problem.message
    assert UnknownKeyError.covers(problem)


@pytest.mark.parametrize("arguments", [{"cart.most": 7}, {"cart": {"most": "7"}}, {"basket.most": "7"}])
def test_an_argument_counts_by_its_old_name(start, arguments):
    report = start({}, arguments=arguments)
    assert report.require().config.cart.limit == 7
    assert [warning.code for warning in report.warnings] == ["old-name"]


BOTH = {
    "in one file": ({"settings/dev.yaml": "cart:\n  most: 7\n  limit: {}\n"}, {}),
    "by two old names": ({"settings/dev.yaml": "cart:\n  most: 7\nbasket: {{most: {}}}\n"}, {}),
    "in .env": ({".env": "STALL_CART__MOST=7\nSTALL_CART__LIMIT={}\n"}, {}),
    "in variables": ({}, {"STALL_CART__MOST": "7", "STALL_CART_LIMIT": "{}"}),
    "in secret files": ({"run/cart.most": "7", "run/cart.limit": "{}"}, {"STALL_SECRETS_DIR": "run"}),
}


def filled(texts, value):
    return {name: text.format(value) if "{}" in text else text for name, text in texts.items()}


@pytest.mark.parametrize("way", BOTH)
def test_an_old_and_the_new_name_that_differ_in_one_layer_are_an_error(start, way):
    files, environ = (filled(texts, 8) for texts in BOTH[way])
    problems = start(files, **environ).problems
    assert [(p.code, p.key) for p in problems] == [("old-name", "cart.limit")]
    assert "both are given, with different values" in problems[0].message


@pytest.mark.parametrize("way", BOTH)
def test_an_old_and_the_new_name_that_say_the_same_are_a_warning(start, way):
    files, environ = (filled(texts, 7) for texts in BOTH[way])
    report = start(files, **environ)
    assert report.require().config.cart.limit == 7
    assert any("both are given, with the same value" in warning.message for warning in report.warnings)


def test_between_layers_the_higher_one_wins_by_whatever_name(start):
    files = {"settings/default.yaml": "cart: {limit: 5}\n", "settings/dev.yaml": "cart: {most: 6}\n"}
    assert start(files).require().config.cart.limit == 6
    assert start(files, STALL_CART__LIMIT="9").require().config.cart.limit == 9


def test_what_an_old_name_says_is_held_to_the_limits_at_its_place(start):
    (problem,) = start({"settings/dev.yaml": "basket:\n  most: 100\n"}).problems
    assert (problem.code, problem.key, str(problem.origin)) == ("out-of-range", "cart.limit", "settings/dev.yaml:2:9")


def test_a_secret_by_its_old_name_shows_nowhere(start):
    said = f"bank:\n  login:\n    secret: {HUSH}\n"
    for application in (STALL, stall("2.1")):
        report = start({"settings/dev.yaml": f"{said}till: {{token: other}}\n"}, application, STALL_BANK=HUSH)
        assert report.problems
        assert HUSH not in "\n".join(map(str, (*report.problems, *report.warnings)))
    report = start({"settings/dev.yaml": said})
    assert report.require().config.till.token.get_secret_value() == HUSH
    assert HUSH not in "\n".join(map(str, report.warnings)) + repr(report)
    report = start({"settings/dev.yaml": "{}\n"}, STALL_BANK__LOGIN__SECRET=HUSH)
    assert report.require().config.till.token.get_secret_value() == HUSH


def test_a_setting_is_referred_to_by_its_old_name(start):
    files = {"settings/dev.yaml": "cart: {limit: 7}\ntill:\n  note: at most ${basket.most}\n"}
    report = start(files)
    assert report.require().config.till.note == "at most 7"
    assert told(report.warnings) == [
        (
            "old-name",
            "settings/dev.yaml:3:9",
            "${basket.most} is now ${cart.limit}; 2.0 no longer accepts the old name",
        )
    ]
    (problem,) = start(files, stall("2.0")).problems
    assert (problem.code, problem.hint) == ("bad-reference", "did you mean ${cart.limit}?")


def test_a_reference_by_an_old_name_opens_no_way_to_a_secret(start):
    files = {"settings/dev.yaml": "till:\n  note: ${bank.login.secret}\n"}
    assert [problem.code for problem in start(files).problems] == ["secret-reference"]


def test_a_slip_of_an_old_name_is_answered_with_the_new_one(start):
    (problem,) = start({"settings/dev.yaml": "basket: {mots: 7}\n"}).problems
    assert problem.hint == "did you mean cart.limit?"
    (warning,) = start({"settings/dev.yaml": "{}\n"}, STALL_BASKET__MOTS="7").warnings
    assert warning.hint == "did you mean STALL_CART__LIMIT?"


def test_what_else_stands_in_a_section_that_is_gone_is_no_setting(start):
    (problem,) = start({"settings/dev.yaml": "basket: {most: 7, colour: red}\n"}).problems
    assert (problem.code, str(problem.origin)) == ("unknown-key", "settings/dev.yaml:1:19")


def test_a_rule_holds_until_the_version_that_ends_it(start):
    rule = Rule("no-note", "warning", ("dev",), ("till.note",), "no note", lambda s: not s.till.note, until="2.0")
    assert [w.code for w in start({}, stall("1.9.9", (rule,))).warnings] == ["no-note"]
    for version in ("2.0rc1", "2.0.0", "v2.1"):
        assert not start({}, stall(version, (rule,))).warnings

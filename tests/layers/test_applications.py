"""The layers read the settings of any application, and know nothing of SynFinance's."""

from __future__ import annotations

import pytest
from shop import SHOP

from synfinance_settings.layers.project import find_project
from synfinance_settings.layers.snapshot import explain
from synfinance_settings.layers.trial import validate


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Write files of a project of the shop's, and say what a start in it would come to."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "settings").mkdir()

    def start(files, **environ):
        for name, text in files.items():
            (tmp_path / name).write_text(text)
        return validate(find_project(SHOP, environ=environ))

    return start


def test_each_layer_gives_what_it_says(shop):
    files = {
        "settings/default.yaml": "motto: sell\ncart:\n  limit: 5\n  currencies: [EUR, INR]\n",
        "settings/qa.yaml": "cart: {limit: 6}\n",
        ".env": "SHOP_ENV=q\nSHOP_TOKEN_FILE=token\n",
        "token": "hush\n",
    }
    snapshot = shop(files, SHOP_CART__CURRENCIES="USD").require()
    assert (snapshot.config.motto, snapshot.config.cart.limit, snapshot.config.cart.currencies) == ("sell", 6, ("USD",))
    assert snapshot.config.till.token.get_secret_value() == "hush"
    assert {key: str(origin) for key, origin in snapshot.origins.items()} == {
        "motto": "settings/default.yaml:1:8",
        "cart.limit": "settings/qa.yaml:1:15",
        "cart.currencies": "env SHOP_CART__CURRENCIES",
        "till.token": ".env:2",
    }


def test_what_is_wrong_is_told_in_its_words(shop):
    files = {"settings/default.yaml": "cart: {limt: 5, limit: 100}\nserver: {port: 1}\n"}
    report = shop(files, SHOP_ENV="dev", SHOP_CART="x", SYNFINANCE_SERVER__PORT="1")
    assert [(problem.key, problem.hint or problem.message) for problem in report.problems] == [
        ("cart.limt", "did you mean cart.limit?"),
        (None, "sections and settings that are not given here: motto, till"),
        (None, "SHOP_CART names the section cart; a variable sets one field"),
        ("cart.limit", "cart.limit must be at most 99"),
    ]
    assert "SYNFINANCE" not in "".join(map(str, (*report.problems, *report.warnings)))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("default.yaml", "cart: {limit: 5, limit: 6}\nserver: {port: 1, port: 2}\n"),
        ("default.json", '{"cart": {"limit": 5, "limit": 6}, "server": {"port": 1, "port": 2}}'),
    ],
)
def test_a_key_given_twice_is_named_where_it_is_one_of_its_settings(shop, name, text):
    problems = shop({f"settings/{name}": text}).problems
    twice = [(problem.key, problem.message) for problem in problems if problem.code == "duplicate-key"]
    assert twice == [("cart.limit", "cart.limit is given twice"), ("a key", "a key is given twice")]


def test_a_broken_reference_tells_of_a_line_what_its_variable_lets_it(shop):
    dotenv = "SHOP_MOTTO=${GONE1}x$\nSHOP_TOKEN=${GONE2}x$\nSYNFINANCE_APP_NAME=${GONE3}x$\n"
    report = shop({"settings/default.yaml": "till: {token: $SYNFINANCE_APP_NAME}\n", ".env": dotenv})
    assert sorted(problem.message for problem in report.problems) == [
        "SHOP_MOTTO: GONE1 is not set anywhere",
        "SHOP_TOKEN: a name after a dollar is not set anywhere",
    ]
    report = shop({"settings/default.yaml": "motto: $SYNFINANCE_APP_NAME\n", ".env": dotenv.partition("\n")[2]})
    assert report.problems[0].message == "a name after a dollar is not set anywhere"


def test_a_setting_is_explained_with_its_variables(shop):
    snapshot = shop({"settings/default.yaml": "till: {token: hush}\n"}, SHOP_TOKEN="hush too").require()
    explained = explain(SHOP, snapshot.layers, "till.token", snapshot)
    assert explained.variables == ("SHOP_TILL__TOKEN", "SHOP_TILL_TOKEN", "SHOP_TOKEN")
    assert [(item.value, str(item.origin)) for item in explained.overridden[:1]] == [
        ("**********", "settings/default.yaml:1:15")
    ]


def test_a_folder_that_is_missing_is_named_as_it_names_it(shop):
    report = shop({}, SHOP_ENV="live")
    assert [problem.hint for problem in report.problems] == [
        "create settings/default.yaml, or set SHOP_SETTINGS_DIR to the folder of the layers"
    ]


def test_a_rule_holds_in_its_environments(shop):
    files = {"settings/default.yaml": "cart: {limit: 1}\n", "settings/live.yaml": "{}\n", "settings/qa.yaml": "{}\n"}
    assert shop(files, SHOP_ENV="qa")
    (problem,) = shop({}, SHOP_ENV="live").problems
    assert (problem.code, str(problem.origin)) == ("small-cart", "settings/default.yaml:1:15")


def test_local_layers_are_ignored_where_the_environment_has_none(shop):
    files = {
        "settings/default.yaml": "{}\n",
        "settings/live.yaml": "{}\n",
        "settings/default.local.yaml": "motto: me\n",
    }
    report = shop(files, SHOP_ENV="live")
    assert report.require().config.motto == "buy"
    assert [problem.message for problem in report.warnings] == ["settings/default.local.yaml is ignored in live"]
    assert shop({}, SHOP_ENV="dev").require().config.motto == "me"


def test_a_file_that_no_layer_reads_is_named_with_the_environment_that_it_means(shop):
    report = shop({"settings/default.yaml": "{}\n", "settings/q.yaml": "{}\n", "settings/production.yaml": "{}\n"})
    hints = [problem.hint for problem in report.warnings if problem.code == "ignored"]
    assert hints == ["settings/qa.yaml is the name that is read"]

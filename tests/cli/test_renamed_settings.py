"""The commands know the names that settings had before, and answer with those of today."""

from __future__ import annotations

import json
import subprocess

import pytest
from counter import Counter
from stall import HUSH, stall


def test_explain_of_an_old_name_says_the_new_one(counter):
    counter.write("settings/dev.yaml", "basket: {most: 7}\n")
    told = counter.done("explain", "basket.most")
    assert told.stdout.startswith("cart.limit = 7")
    assert "settings/dev.yaml:1:16" in told.stdout
    assert "basket.most is now cart.limit; 2.0 no longer accepts the old name" in told.stderr
    assert json.loads(counter.done("explain", "cart.most", "--format", "json").stdout)["key"] == "cart.limit"


@pytest.mark.parametrize("command", [("get", "basket.most"), ("set", "basket.most", "7"), ("unset", "basket.most")])
def test_other_commands_answer_an_old_name_with_the_new_one(counter, command):
    refused = counter.run(*command)
    assert refused.exit_code == 2
    assert "basket.most is now cart.limit" in refused.stderr
    assert "did you mean cart.limit?" in refused.stderr


def test_strict_makes_an_error_of_an_old_name(counter):
    counter.write("settings/dev.yaml", "cart:\n  most: 7\n")
    assert counter.run("validate", "--env", "dev").exit_code == 0
    strict = counter.run("validate", "--env", "dev", "--strict")
    assert strict.exit_code == 1
    assert "  most: 7" in strict.stdout
    assert "write cart.limit instead" in strict.stdout


OLD = {
    "settings/default.yaml": "# the shop\ncart:\n  most: 5   # at most\n",
    "settings/dev.yaml": "till:\n  note: ${basket.most} # as many\nbank:\n  login: {secret: '${TOKEN:-}'}\n",
    "settings/live.json": '{\n  "currencies": ["EUR"],\n  "motto": "buy"\n}\n',
    "settings/dev.local.yaml": "basket: {most: 7}\n",
    ".env": f"# of mine\nexport STALL_BASKET_MOST='8' # eight\nSTALL_BANK__LOGIN__SECRET={HUSH}\nOTHER=1\n",
    ".env.example": "# Most items.\n# STALL_CART__MOST=20\nSTALL_CURRENCIES_FILE=\n",
}
NEW = {
    "settings/default.yaml": "# the shop\ncart:\n  limit: 5   # at most\n",
    "settings/dev.yaml": "till:\n  token: '${TOKEN:-}'\n  note: ${cart.limit} # as many\n",
    "settings/live.json": '{\n  "motto": "buy",\n  "cart": {"currencies": ["EUR"]}\n}\n',
    "settings/dev.local.yaml": "cart:\n  limit: 7\n",
    ".env": f"# of mine\nexport STALL_CART__LIMIT='8' # eight\nSTALL_TILL__TOKEN={HUSH}\nOTHER=1\n",
    ".env.example": "# Most items.\n# STALL_CART__LIMIT=20\nSTALL_CART__CURRENCIES_FILE=\n",
}


@pytest.fixture
def old(counter) -> Counter:
    """A project that knows old names alone."""
    for name, text in OLD.items():
        counter.write(name, text)
    return counter


def texts(counter: Counter, names=OLD) -> dict[str, str]:
    return {name: counter.text(name) for name in names}


@pytest.mark.parametrize("version", ["1.5", "2.0"], ids=["while old names count", "when they are gone"])
def test_migrate_renames_in_all_files_and_a_second_time_changes_nothing(old, version):
    application = stall(version)
    before = old.run("show", "--env", "dev", "--reveal").stdout
    told = old.done("migrate", application=application)
    assert texts(old) == NEW
    for name in OLD:
        assert f"wrote {name}" in told.stderr
    assert HUSH not in told.output
    assert ".env:2: STALL_BASKET_MOST is now STALL_CART__LIMIT" in told.stdout
    assert "-  most: 5   # ...\n+  limit: 5   # ...\n" in told.stdout
    assert old.done("show", "--env", "dev", "--reveal", application=application).stdout == before
    assert "old-name" not in old.done("validate", "--env", "dev", application=application).output
    again = old.done("migrate", application=application)
    assert texts(old) == NEW
    assert "nothing was written" in again.stderr


def test_migrate_shows_all_and_writes_nothing_on_a_dry_run(old):
    told = old.done("migrate", "--dry-run")
    assert texts(old) == OLD
    assert "would write settings/default.yaml" in told.stderr
    assert not (old.root / "state").exists()
    assert told.stdout == old.done("migrate").stdout


def test_each_layer_has_a_version_that_leads_back(old):
    old.done("migrate")
    for layer in ("default", "dev", "live"):
        (newest, found) = json.loads(old.done("history", "--env", layer, "--format", "json").stdout)
        assert (newest["command"], found["command"]) == ("migrate", "found")
    assert newest["changed"] == ["cart.currencies"]
    old.done("rollback", "--env", "default", "--yes")
    assert old.text("settings/default.yaml") == OLD["settings/default.yaml"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("settings/live.yaml", "cart: {most: 6, limit: 7}\n", "settings/live.yaml:1:8"),
        ("settings/live.yaml", "cart: {most: 6\n", "settings/live.yaml"),
        ("settings/live.yaml", "basket: &b\n  most: 6\ntill:\n  tries: *b\n", "settings/live.yaml"),
        (".env", "STALL_CART__LIMIT=1\nSTALL_BASKET__MOST=2\n", ".env:2"),
        (".env", "STALL_CART__MOST='1\n", ".env:1"),
    ],
)
def test_nothing_is_written_where_one_file_cannot_be_renamed(old, name, text, said):
    (old.settings / "live.json").unlink()
    old.write(name, text)
    before = texts(old, [name for name in OLD if name != "settings/live.json"])
    refused = old.run("migrate")
    assert refused.exit_code in (1, 2)
    assert said in refused.stderr
    assert texts(old, before) == before
    assert not list((old.root / "state").glob("*")) if (old.root / "state").exists() else True


def test_what_migrate_cannot_rename_is_named(old):
    old.write(".env", "STALL_BASKET__MOST=8\nURL=x${STALL_BASKET__MOST}\n")
    told = old.done("migrate", STALL_CART__MOST="9")
    assert "STALL_BASKET__MOST in .env keeps its name, since something refers to it" in told.stderr
    assert "STALL_CART__MOST in the process environment is now STALL_CART__LIMIT" in told.stderr
    assert old.text(".env") == "STALL_BASKET__MOST=8\nURL=x${STALL_BASKET__MOST}\n"


def test_set_and_unset_of_a_setting_that_stands_under_its_old_name(counter):
    counter.write("settings/dev.yaml", "# mine\ncart:\n  most: 6   # six\n")
    counter.done("set", "cart.limit", "7", "--env", "dev")
    assert counter.text("settings/dev.yaml") == "# mine\ncart:\n  limit: 7   # six\n"
    counter.write("settings/dev.yaml", "motto: go\ncart:\n  most: 6\n")
    counter.done("unset", "cart.limit", "--env", "dev")
    assert counter.text("settings/dev.yaml") == "motto: go\n"


def test_import_of_a_file_with_old_names_keeps_the_layer_and_says_the_new_ones(counter):
    counter.write("settings/dev.yaml", "# mine\nbasket:\n  most: 6 # six\nmotto: go\n")
    counter.write("other.yaml", "cart: {most: 7}\nmotto: go\n")
    counter.done("import", str(counter.root / "other.yaml"), "--env", "dev", "--yes")
    assert counter.text("settings/dev.yaml") == "# mine\nmotto: go\ncart:\n  limit: 7 # six\n"


def test_migrate_has_nothing_to_do_where_nothing_was_renamed(desk):
    assert "no file gives a setting by an old name" in desk.done("migrate").stderr


WAIVED = "till: {tries: 1}\nwaive: {few-tries: 9999-12-31 the bank asks for it}\n"
OVER = "till: {tries: 1}\nwaive: {few-tries: 2001-12-31 the bank asks for it}\n"


def test_what_is_waived_is_shown_and_fails_no_strict_validation(counter):
    counter.write("settings/live.yaml", WAIVED)
    strict = counter.done("validate", "--env", "live", "--strict")
    assert "waived[few-tries]: till.tries should be 3 or more" in strict.stdout
    assert "waived until 9999-12-31: the bank asks for it (settings/live.yaml:2:20)" in strict.stdout
    (found,) = json.loads(counter.done("validate", "--env", "live", "--format", "json").stdout)
    assert (found["valid"], found["warnings"], found["waived"][0]["code"]) == (True, [], "few-tries")
    assert "::notice " in counter.done("validate", "--env", "live", "--format", "github").stdout
    assert "waived: till.tries should be 3 or more" in counter.done("show", "--env", "live").stderr
    assert "few-tries until 9999-12-31" in counter.done("explain", "till.tries", "--env", "live").stdout


def test_a_waiver_that_is_over_fails_a_validation(counter):
    counter.write("settings/live.yaml", OVER)
    failed = counter.run("validate", "--env", "live")
    assert failed.exit_code == 1
    assert "error[expired-waiver]: the waiver of few-tries ended on 2001-12-31" in failed.stdout


def test_edits_leave_waivers_in_the_file(counter):
    counter.write("settings/live.yaml", "# first\n" + WAIVED)
    counter.done("set", "till.note", "thanks", "--env", "live")
    assert "waive: {few-tries: 9999-12-31 the bank asks for it}\n" in counter.text("settings/live.yaml")
    counter.write("other.yaml", "till: {tries: 2}\n")
    counter.done("import", str(counter.root / "other.yaml"), "--env", "live", "--yes")
    assert "waive: {few-tries: 9999-12-31 the bank asks for it}\n" in counter.text("settings/live.yaml")


def test_schema_against_a_file_names_what_breaks_layers_and_ends_with_1(counter):
    schema = counter.root / "earlier.json"
    counter.done("schema", "--output", str(schema))
    assert counter.done("schema", "--against", str(schema)).stderr.startswith("0 breaking changes since ")
    broken = counter.run("schema", "--against", str(schema), application=stall("2.0"))
    assert broken.exit_code == 1
    assert "breaking  cart.most is gone; it is cart.limit" in broken.stdout


def test_schema_against_a_version_asks_git_for_what_was_committed(counter):
    def git(*arguments: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@a.example")
        subprocess.run(["git", *identity, *arguments], cwd=counter.root, check=True, capture_output=True, timeout=60)

    counter.done("schema", "--output", str(counter.settings / "schema.json"))
    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "one")
    git("tag", "v1.5")
    (counter.settings / "schema.json").unlink()
    assert counter.done("schema", "--against", "v1.5").stderr == "0 breaking changes since v1.5\n"
    assert counter.run("schema", "--against", "v1.5", application=stall("2.0")).exit_code == 1


@pytest.mark.parametrize("named", ["v9", "-x", "HEAD:x", "", "a\x1b[31m"])
def test_schema_against_what_is_not_there_is_a_usage_error(counter, named):
    refused = counter.run("schema", "--against", named)
    assert refused.exit_code == 2
    assert "\x1b" not in refused.stderr
    assert not refused.stdout


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff", "[" * 100_000])
def test_schema_against_a_file_that_is_no_schema_is_refused(counter, text):
    counter.write("odd.json", text)
    refused = counter.run("schema", "--against", str(counter.root / "odd.json"))
    assert (refused.exit_code, refused.stdout) == (2, "")

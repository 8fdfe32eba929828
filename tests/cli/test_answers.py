"""The commands around a change answer people in lines that fit, scripts in JSON, and both by their exit code."""

from __future__ import annotations

import json
import re

import pytest
from counter import Counter
from stall import HUSH, stall

from synfinance_settings import Rule

LONG = "https://shop.example/a/rather/long/way/to/say/where/customers/are/sent/when/all/else/has/failed/them"
REASON = "customers asked for it again and again, and the bank agreed after it had looked at the figures of the year"
WAIVED = f"till: {{tries: 1}}\nwaive: {{few-tries: 9999-12-31 {REASON}}}\n"
SOURCE = "from stall import STALL\nlimit = STALL.settings.cart.limit\nname = input()\nSTALL.settings[name]\n"


@pytest.fixture
def desk(desk, monkeypatch):
    """The commands, in the root of their project."""
    monkeypatch.chdir(desk.root)
    return desk


@pytest.fixture
def counter(counter, monkeypatch) -> Counter:
    """A stall with old names, a plan, an earlier schema and a version in the history."""
    monkeypatch.chdir(counter.root)
    counter.write("settings/live.yaml", "cart: {limit: 2}\n")
    counter.done("schema", "--output", "earlier.json")
    counter.done("plan", "cart.limit=90", "till.tries=1", f"motto={LONG}", "--env", "live", "-o", "plan.json")
    counter.write("settings/dev.local.yaml", "basket: {most: 7} # ${cart.most}\n")
    counter.write(".env", f"STALL_BASKET__MOST=8\nLINK=${{STALL_BASKET__MOST}}\nSTALL_BANK__LOGIN__SECRET={HUSH}\n")
    counter.write("app/main.py", SOURCE)
    return counter


CALLS = {
    "plan": ("plan", "cart.limit=90", f"motto={LONG}", "till.tries=1", "--env", "live"),
    "apply": ("apply", "plan.json", "--reason", REASON),
    "migrate": ("migrate",),
    "schema": ("schema", "--against", "earlier.json"),
    "reads": ("reads", "app"),
    "waivers": ("validate", "--env", "live"),
    "strict": ("validate", "--env", "live", "--strict"),
    "history": ("history", "--env", "live"),
}


def is_data(line: str) -> bool:
    """A line of a file or of a difference, as it is written."""
    return re.match(r"[-+@]|[ \d]+\||  --> ", line) is not None


@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("name", CALLS)
def test_every_line_fits_the_terminal(counter, name, columns):
    if name == "waivers":
        counter.write("settings/live.yaml", WAIVED)
    if name == "strict":
        counter.write("settings/live.yaml", f"motto: {LONG}\ntill: {{tries: 1}}\n")
    if name == "history":
        counter.done("apply", "plan.json", "--reason", REASON)
    result = counter.run(
        *CALLS[name],
        application=stall("2.0") if name == "schema" else None,
        COLUMNS=str(columns),
        STALL_CART__MOST="9",
        STALL_BANK__LOGIN__SECRET_FILE="/nowhere/at/all",
    )
    lines = result.output.splitlines()
    assert len(lines) > 1
    assert [line for line in lines if len(line) > columns and not is_data(line)] == []


@pytest.mark.parametrize("columns", [80, 120])
def test_what_the_world_says_fits_the_terminal(desk, columns):
    result = desk.run(
        "plan", "server.host=a-host-that-is.nowhere.invalid", "ml.model_path=models", "--probe", COLUMNS=str(columns)
    )
    assert "unknown-host" in result.stderr
    assert [line for line in result.output.splitlines() if len(line) > columns and not is_data(line)] == []


@pytest.mark.parametrize("columns", [80, 120])
def test_verdicts_on_all_environments_fit_the_terminal(shipped_desk, columns):
    result = shipped_desk.done("validate", "--all", "--placeholders", COLUMNS=str(columns))
    assert [line for line in result.output.splitlines() if len(line) > columns] == []
    assert "valid    production   placeholders for database.password," in result.stdout


KEYS = {
    "plan": {"changes", "environments", "notes", "probe", "problems", "remarks"},
    "apply": {
        "author",
        "changes",
        "environments",
        "notes",
        "plan",
        "probe",
        "problems",
        "reason",
        "remarks",
        "user",
        "warnings",
        "written",
    },
    "migrate": {"left", "problems", "renamed", "warnings", "written"},
    "schema": {"against", "breaking", "differences"},
    "reads": {"files", "passed_over", "recorded", "settings", "unknown", "unseen"},
    "waivers": {"environment", "name", "placeholders", "problems", "valid", "waived", "warnings"},
    "history": {"changed", "command", "environment", "reason", "user", "valid", "version", "when"},
}


@pytest.mark.parametrize("name", KEYS)
def test_every_answer_has_a_form_for_scripts(counter, name):
    if name == "history":
        counter.done("apply", "plan.json", "--reason", REASON)
    result = counter.run(*CALLS[name], "--format", "json")
    data = json.loads(result.stdout)
    first = data[0] if isinstance(data, list) else data
    assert KEYS[name] <= set(first)
    assert HUSH not in result.output


def test_what_is_applied_says_in_json_what_was_written_by_whom_and_why(counter):
    counter.write("settings/live.yaml", "{}\n")
    counter.done("plan", "cart.limit=90", "--env", "live", "-o", "live.json", "--yes")
    dry = json.loads(counter.done("apply", "live.json", "--dry-run", "--format", "json").stdout)
    assert (dry["written"], dry["changes"][0]["changed"]) == ([], ["cart.limit"])
    done = json.loads(counter.done("apply", "live.json", "--reason", "why not", "--format", "json").stdout)
    assert (done["plan"], done["written"]) == ("live.json", ["settings/live.yaml"])
    (version, *_) = json.loads(counter.done("history", "--env", "live", "--format", "json").stdout)
    assert (version["user"], version["reason"]) == (done["user"], done["reason"]) == (done["author"], "why not")
    text = counter.done("history", "--env", "live").stdout
    assert done["user"] in text
    assert "apply live.json: why not" in text
    again = json.loads(counter.run("apply", "live.json", "--format", "json").stdout)
    assert [problem["code"] for problem in again["problems"]] == ["stale-plan"]
    assert again["written"] == []


def test_what_is_renamed_says_in_json_what_where_and_what_is_left(counter):
    call = ("migrate", "--format", "json")
    dry = json.loads(counter.done(*call, "--dry-run", STALL_CART__MOST="9").stdout)
    told = json.loads(counter.done(*call, STALL_CART__MOST="9").stdout)
    assert told == {**dry, "written": ["settings/dev.local.yaml", ".env"]}
    assert told["renamed"] == [
        {"file": "settings/dev.local.yaml", "line": 1, "old": "basket.most", "new": "cart.limit"},
        {"file": ".env", "line": 3, "old": "STALL_BANK__LOGIN__SECRET", "new": "STALL_TILL__TOKEN"},
    ]
    assert [(one["file"], one["line"], one["old"], one["new"]) for one in told["left"]] == [
        (".env", 1, "STALL_BASKET__MOST", "STALL_CART__LIMIT"),
        (None, None, "STALL_CART__MOST", "STALL_CART__LIMIT"),
    ]
    assert json.loads(counter.done(*call).stdout)["renamed"] == []


def test_a_reference_that_is_renamed_is_told_too(counter):
    counter.write("settings/dev.yaml", "motto: go\ntill:\n  note: ${cart.most}\n")
    told = json.loads(counter.done("migrate", "--format", "json").stdout)
    assert {"file": "settings/dev.yaml", "line": 3, "old": "cart.most", "new": "cart.limit"} in told["renamed"]


def test_a_rename_that_is_refused_says_so_in_json(counter):
    counter.write("settings/dev.yaml", "cart: {most: 6, limit: 7}\n")
    refused = counter.run("migrate", "--format", "json")
    told = json.loads(refused.stdout)
    assert refused.exit_code in (1, 2)
    assert (told["renamed"], told["written"]) == ([], [])
    assert told["problems"][0]["origin"] == "settings/dev.yaml:1:8"


def test_what_breaks_layers_is_data(counter):
    earlier = json.loads(counter.text("earlier.json"))
    forms = earlier["properties"]["cart"]["properties"]["limit"]["anyOf"]
    next(form for form in forms if form.get("type") == "integer")["maximum"] = 120
    earlier["properties"]["motto"]["default"] = "sell"
    earlier["properties"]["a/b~"] = earlier["properties"]["motto"]
    counter.write("earlier.json", json.dumps(earlier))
    result = counter.run("schema", "--against", "earlier.json", "--format", "json", application=stall("2.0"))
    told = json.loads(result.stdout)
    assert result.exit_code == 1
    assert told["against"] == "earlier.json"
    assert told["breaking"] == sum(one["breaking"] for one in told["differences"])
    found = {(one["key"], one["kind"]): (one["before"], one["after"], one["place"]) for one in told["differences"]}
    assert found["cart.limit", "maximum"] == (120, 99, "#/properties/cart/properties/limit")
    assert found["cart.most", "gone"] == ("cart.most", "cart.limit", "#/properties/cart/properties/most")
    assert found["motto", "default"] == ("sell", "buy", "#/properties/motto")
    assert found["a/b~", "removed"] == ("a/b~", None, "#/properties/a~1b~0")


def test_what_the_world_says_of_a_plan_stands_in_the_json(desk):
    call = ("plan", "server.host=nowhere.invalid", "ml.model_path=models", "--format", "json")
    result = desk.run(*call, "--probe", "-o", "plan.json")
    told = json.loads(result.stdout)["probe"]
    assert result.exit_code == 1
    assert told["environments"] == ["development"]
    assert {(one["code"], one["key"]) for one in told["problems"]} == {("unknown-host", "server.host")}
    assert {(one["code"], one["key"]) for one in told["warnings"]} == {("no-path", "ml.model_path")}
    assert not (desk.root / "plan.json").exists()
    assert json.loads(desk.done(*call).stdout)["probe"] is None


def test_what_the_world_says_of_what_is_applied_stands_in_the_json(desk):
    desk.done("plan", "server.host=nowhere.invalid", "-o", "plan.json")
    result = desk.run("apply", "plan.json", "--probe", "--format", "json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["written"]) == (1, [])
    assert {one["code"] for one in told["probe"]["problems"]} == {"unknown-host"}
    assert told["problems"] == told["probe"]["problems"]


def test_what_no_longer_validates_is_not_applied_and_said_so_in_json(counter):
    few = Rule(
        "few", "error", ("live",), ("cart.limit",), "cart.limit must be less than 90", lambda s: s.cart.limit > 89
    )
    result = counter.run("apply", "plan.json", "--format", "json", application=stall(rules=(few,)))
    told = json.loads(result.stdout)
    assert (result.exit_code, told["written"], [one["code"] for one in told["problems"]]) == (1, [], ["few"])
    assert "error[few]" in result.stderr
    assert counter.text("settings/live.yaml") == "cart: {limit: 2}\n"


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("plan", "cart.limit=5", "--env", "dev"), 0),
        (("plan", "cart.limit=1", "--env", "live"), 1),
        (("plan", "cart.limit=90", "--env", "live", "--strict"), 1),
        (("plan", "cart.limti=5"), 2),
        (("plan", "till.token=x"), 2),
        (("apply", "plan.json"), 0),
        (("apply", "plan.json", "--dry-run"), 0),
        (("apply", "plan.json", "--strict"), 1),
        (("apply", "odd.json"), 2),
        (("apply", "none.json"), 2),
        (("migrate",), 0),
        (("migrate", "--wait", "-1"), 2),
        (("schema", "--against", "earlier.json"), 0),
        (("schema", "--against", "none"), 2),
        (("schema", "--against", "odd.json"), 2),
        (("schema", "--against", "earlier.json", "--check"), 2),
        (("reads", "app"), 0),
        (("reads", "app", "--strict"), 1),
        (("reads", "nowhere"), 2),
        (("history", "--env", "live"), 0),
        (("history", "--env", "lvie"), 2),
        (("validate", "--env", "live"), 0),
    ],
)
def test_every_command_ends_with_the_code_that_is_promised(counter, call, code, form):
    counter.write("odd.json", "{")
    result = counter.run(*call, "--format", form)
    assert result.exit_code == code, result.output
    assert "Traceback" not in result.output

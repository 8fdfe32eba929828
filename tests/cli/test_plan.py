"""plan and apply: what a change would mean, told before it is made; and exactly that change made, or none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from shop import SHOP

from synfinance_settings.editing.changes import LayerFiles
from synfinance_settings.editing.edits import setting_edit
from synfinance_settings.editing.remarks import REMARKS
from synfinance_settings.layers.project import find_project
from synfinance_settings.sections.application import SYNFINANCE

pytestmark = pytest.mark.usefixtures("in_the_root")

CHECKOUT = Path(__file__).parents[2]
CANARY = "canary91f2c7d0a4e85b36"


@pytest.fixture
def in_the_root(tmp_path, monkeypatch):
    """Where the plans lie."""
    monkeypatch.chdir(tmp_path)


def remarked(result) -> set[tuple[str, str]]:
    """Code and key of every remark of a plan in JSON."""
    return {(remark["code"], remark["key"]) for remark in json.loads(result.stdout)["remarks"]}


def test_a_plan_tells_old_and_new_what_wins_and_what_takes_a_restart(shipped_desk, nothing_written):
    nothing_written()
    result = shipped_desk.done("plan", "server.timeout=90", "server.workers=12", "--env", "production")
    assert "  server.workers: 8 → 12\n    settings/production.yaml:11:12 wins, over 4 from" in result.stdout
    assert "settings/default.yaml:11:12; takes a restart\n  server.timeout: 120 → 90\n" in result.stdout
    assert result.stdout.endswith("2 settings changed in 1 environment; 1 of them after a restart; 0 remarks\n")


@pytest.mark.parametrize(
    ("others", "counted"),
    [
        ([], "1 of them after a restart unless followed"),
        (["server.workers=12"], "2 of them after a restart, 1 unless followed"),
    ],
)
def test_a_plan_does_not_know_whether_a_program_follows_a_setting_and_says_so(shipped_desk, others, counted):
    told = shipped_desk.done("plan", "database.pool_size=7", *others, "--env", "staging").stdout
    assert "takes a restart, unless the program follows it\n" in told
    assert f"; {counted}; " in told


def test_a_change_of_the_default_layer_is_told_for_every_environment(shipped_desk):
    result = shipped_desk.done("plan", "cache.ttl=7200", "--env", "default", "--format", "json")
    told = {one["environment"]: one["settings"][0] for one in json.loads(result.stdout)["environments"]}
    assert [(name, one["old"], one["new"]) for name, one in told.items()] == [
        ("development", 3600, 7200),
        ("staging", 1800, 1800),
        ("production", 3600, 3600),
        ("test", 300, 300),
    ]
    assert told["staging"]["origin"] == "settings/staging.yaml:28:8"


def test_what_this_machine_sets_hides_nothing_and_is_told(shipped_desk):
    told = shipped_desk.done("plan", "server.timeout=70", "--env", "staging", SYNFINANCE_SERVER__TIMEOUT="90")
    assert "server.timeout: 60 → 70" in told.stdout
    assert "overridden here by env SYNFINANCE_SERVER__TIMEOUT" in told.stdout


def test_a_plan_that_does_not_validate_says_where_and_ends_with_1(shipped_desk, nothing_written):
    nothing_written()
    result = shipped_desk.run("plan", "default:debug=off", "prod:server.reload=on", "-o", "plan.json")
    assert result.exit_code == 1
    assert "development: validates" in result.stdout
    assert "production: does not validate" in result.stdout
    assert "error[reload-outside-development]: in production: server.reload may be on" in result.stderr


@pytest.mark.parametrize(
    "call", [(), ("server.timeout",), ("server.prot=1",), ("--unset", "server.prot"), ("none.yaml",)]
)
def test_a_call_that_names_no_change_is_refused(desk, nothing_written, call):
    nothing_written()
    assert desk.run("plan", *call).exit_code == 2


@pytest.mark.parametrize("columns", [80, 120])
def test_a_plan_fits_the_terminal(shipped_desk, columns):
    shown = shipped_desk.done(
        "plan",
        "server.timeout=60000",
        "server.cors_origins=https://a.example",
        "--env",
        "production",
        COLUMNS=str(columns),
    )
    assert max(map(len, shown.stdout.splitlines())) <= columns


# what is worth a look

SENSIBLE = (
    ("server.port", "8010"),
    ("server.timeout", "90"),
    ("server.workers", "12"),
    ("server.log_level", "INFO"),
    ("database.pool_size", "25"),
    ("database.name", "ledger"),
    ("cache.ttl", "1800"),
    ("security.jwt_expiry", "7200"),
    ("generation.fraud_rate", "0.03"),
    (
        "server.cors_origins",
        "https://synfinance.com,https://api.synfinance.com,https://app.synfinance.com,https://ops.example",
    ),
    ("monitoring.metrics_file", "/var/log/metrics/production.log"),
)


@pytest.mark.parametrize(("key", "value"), SENSIBLE)
def test_nothing_is_remarked_on_a_sensible_change(shipped_desk, key, value):
    result = shipped_desk.done("plan", f"{key}={value}", "--env", "production", "--format", "json")
    told = {found for found in remarked(result) if found != ("other-kind", "server.log_level")}
    assert not told
    shipped_desk.done(
        "plan", f"{key}={value}", "--env", "production", "--strict"
    ) if key != "server.log_level" else None


ODD = (
    ("tenfold", "server.timeout", "1200"),
    ("tenfold", "cache.max_size", "1000"),
    ("zero", "database.max_overflow", "0"),
    ("digit-slip", "server.timeout", "20"),
    ("digit-slip", "server.timeout", "210"),
    ("list-shrank", "security.allowed_hosts", "synfinance.com"),
    ("near-miss", "database.name", "synfinance_prd"),
    ("near-miss", "monitoring.metrics_file", "/var/log/synfinanace/metrics.log"),
    ("other-form", "monitoring.metrics_file", "logs/metrics.log"),
    ("became-nothing", "server.cors_origins", ""),
    ("no-reference", "database.name", "{{ DB_NAME }}"),
    ("other-reference", "security.jwt_secret", "${SYNFINANCE_JWT_SECERT}"),
    ("other-kind", "database.ssl_mode", "prefer"),
    ("as-elsewhere", "database.name", "synfinance_dev"),
    ("as-another", "security.jwt_expiry", "1000"),
    ("weak-database-tls", "database.ssl_mode", "disable"),
)


@pytest.mark.parametrize(("code", "key", "value"), ODD)
def test_what_is_odd_about_a_change_is_remarked_on(shipped_desk, code, key, value):
    result = shipped_desk.run("plan", f"{key}={value}", "--env", "production", "--format", "json")
    assert (code, key) in remarked(result), result.output
    assert shipped_desk.run("plan", f"{key}={value}", "--env", "production", "--strict").exit_code == 1


def test_every_code_of_a_remark_is_tried_here_or_below_and_explained():
    assert {*REMARKS} == {code for code, _, _ in ODD if code in REMARKS} | {"line-gone", "secret-gone"}
    page = (CHECKOUT / "docs/editing.md").read_text()
    assert all(f"| `{code}` | {meaning} |" in page for code, meaning in REMARKS.items())


LINE = re.compile(r"(?P<head>\s*(?P<name>\w+): )(?P<value>[^#\s]+)(?P<rest>.*)")


def mutants(text: str, wrong):
    """The text with one line made wrong, for every line where that can be; a line that is to go is ""."""
    lines = text.splitlines()
    for at, line in enumerate(lines):
        found = LINE.fullmatch(line)
        made = wrong(found) if found and found["name"] != "environment" else None
        if made is not None:
            yield line, "\n".join([*lines[:at], *([made] if made else []), *lines[at + 1 :]]) + "\n"


MISTAKES = {
    "a thousand times": lambda line: (
        f"{line['head']}{float(line['value']) * 1000:g}" if re.fullmatch(r"\d+(\.\d+)?", line["value"]) else None
    ),
    "zero": lambda line: f"{line['head']}0" if re.fullmatch(r"\d+(\.\d+)?", line["value"]) else None,
    "line deleted": lambda line: "",
    "secret emptied": lambda line: f'{line["head"]}""' if line["value"].startswith("${") else None,
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_every_such_mistake_is_refused_or_remarked_on(shipped, mistake):
    """All that changes a value: where a line goes and the layer below says the same, nothing is amiss."""
    project = find_project(SYNFINANCE, environ={}, settings_dir=shipped.settings, environment="production")
    files, tried = LayerFiles(project, None), 0
    for line, text in mutants((shipped.settings / "production.yaml").read_text(), MISTAKES[mistake]):
        plan = files.plan({"production": lambda old, name, text=text: text})
        is_moved = any(row.is_moved for outlook in plan.outlooks for row in outlook.rows)
        assert plan.problems or any(plan.remarks) or not is_moved, line
        tried += is_moved
    assert tried >= 3


# apply


def test_exactly_what_was_planned_is_written_with_reason_and_author(shipped_desk):
    was = shipped_desk.text("production")
    shipped_desk.done(
        "plan", "server.timeout=90", "--unset", "server.workers", "--env", "production", "-o", "plan.json"
    )
    assert shipped_desk.text("production") == was
    shipped_desk.done("apply", "plan.json", "--reason", "fewer of them")
    assert shipped_desk.text("production") == was.replace("timeout: 120", "timeout: 90").replace("  workers: 8\n", "")
    (version, found) = json.loads(shipped_desk.done("history", "--env", "production", "--format", "json").stdout)
    assert (version["command"], version["reason"]) == ("apply plan.json", "fewer of them")
    assert version["user"]
    assert version["changed"] == ["server.timeout", "server.workers"]
    assert found["command"] == "found"
    shipped_desk.done("rollback", "--env", "production", "--yes")
    assert shipped_desk.text("production") == was


def test_several_layers_are_written_as_one_change(shipped_desk):
    shipped_desk.done("plan", "default:cache.ttl=1800", "production:cache.ttl=1800", "prod:debug=no", "-o", "plan.json")
    done = shipped_desk.done("apply", "plan.json")
    assert "wrote settings/default.yaml and settings/production.yaml" in done.stderr
    assert shipped_desk.done("get", "cache.ttl", "--env", "development").stdout == "1800\n"
    told = [
        json.loads(shipped_desk.done("history", "--env", name, "--format", "json").stdout)[0]
        for name in ("default", "production")
    ]
    assert told[0]["when"] == told[1]["when"]


def test_several_layers_are_refused_where_no_history_can_make_them_one_change(shipped_desk):
    shipped_desk.done("plan", "default:cache.ttl=1800", "production:cache.ttl=1800", "-o", "plan.json")
    was = shipped_desk.text("default"), shipped_desk.text("production")
    shipped_desk.state.write_text("no folder")
    result = shipped_desk.run("apply", "plan.json")
    assert result.exit_code == 2
    assert "several layers can be written as one change only if the history can be written" in result.stderr
    assert (shipped_desk.text("default"), shipped_desk.text("production")) == was


def test_a_plan_of_a_whole_file_is_applied_as_import_would(shipped_desk, shipped):
    file = shipped.write("new.yaml", "server: {timeout: 75}\nsecurity: {jwt_enabled: false}\n")
    shipped_desk.done("plan", str(file), "--env", "development", "-o", "plan.json")
    shipped_desk.done("apply", "plan.json")
    applied = shipped_desk.text("development")
    shipped_desk.done("rollback", "--env", "development", "--yes")
    shipped_desk.done("import", str(file), "--env", "development", "--yes")
    assert shipped_desk.text("development") == applied


@pytest.mark.parametrize("moved", ["production", "default"])
def test_a_stale_plan_is_refused(shipped_desk, moved):
    shipped_desk.done("plan", "server.timeout=90", "--env", "production", "-o", "plan.json")
    shipped_desk.done("set", "cache.ttl", "1900", "--env", moved)
    was = shipped_desk.text("production")
    result = shipped_desk.run("apply", "plan.json")
    assert result.exit_code == 2
    assert f"error[stale-plan]: plan.json is stale: {moved}.yaml changed since it was made" in result.stderr
    assert shipped_desk.text("production") == was


def test_a_dry_run_and_strictness_write_nothing(shipped_desk):
    shipped_desk.done("plan", "server.timeout=60000", "--env", "production", "-o", "plan.json")
    was = shipped_desk.text("production")
    assert "+  timeout: 60000" in shipped_desk.done("apply", "plan.json", "--dry-run").stdout
    assert shipped_desk.run("apply", "plan.json", "--strict").exit_code == 1
    assert shipped_desk.text("production") == was


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("format", 2),
        ("application", "SHOP_"),
        ("layers", []),
        ("layers", [{"layer": "qa"}]),
        ("salt", "no digits"),
        ("base", None),
        ("author", 1),
    ],
)
def test_what_is_no_plan_is_refused(shipped_desk, part, value):
    shipped_desk.done("plan", "server.timeout=90", "--env", "production", "-o", "plan.json")
    file = shipped_desk.root / "plan.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), part: value}))
    result = shipped_desk.run("apply", str(file))
    assert result.exit_code == 2
    assert "is not a plan: " in result.stderr


@pytest.mark.parametrize("text", ["", "[", "[" * 10_000, "{}", "null", '"\\ud800"'])
def test_a_file_that_is_none_at_all_is_refused_too(shipped_desk, text):
    (shipped_desk.root / "plan.json").write_text(text)
    assert shipped_desk.run("apply", "plan.json").exit_code == 2


def test_no_plan_holds_a_secret(shipped_desk, shipped):
    """Neither one that is given, nor one that stands in a layer, stays there, or goes."""
    assert shipped_desk.run("plan", f"database.password={CANARY}").exit_code == 2
    shipped.write("new.yaml", f"database: {{password: {CANARY}}}\n")
    assert CANARY not in shipped_desk.run("plan", "new.yaml").output
    shipped_desk.done("set", "database.password", "-", "--allow-secret", "--env", "staging", input=CANARY)
    stays = shipped_desk.done("plan", "server.timeout=90", "--env", "staging", "-o", "plan.json", "--format", "json")
    gone = shipped_desk.done("plan", "--unset", "database.password", "--env", "staging", "-o", "-")
    for told in (stays.output, gone.output, (shipped_desk.root / "plan.json").read_text()):
        assert CANARY not in told
    assert "secret-gone" in gone.output
    data = json.loads((shipped_desk.root / "plan.json").read_text())
    data["layers"][0]["set"]["database.password"] = CANARY
    (shipped_desk.root / "plan.json").write_text(json.dumps(data))
    result = shipped_desk.run("apply", "plan.json")
    assert result.exit_code == 2
    assert CANARY not in result.output


# another program


def test_another_application_is_planned_for_alike(tmp_path):
    folder = tmp_path / "settings"
    folder.mkdir()
    (folder / "default.yaml").write_text("cart: {limit: 50, currencies: [EUR, INR]}\n")
    (folder / "live.yaml").write_text("{}\n")
    files = LayerFiles(find_project(SHOP, environ={}, settings_dir=folder), None)
    edit = setting_edit(SHOP, "cart.limit", "5", allow_secret=False, from_stdin=False)
    plan = files.plan({"default": edit})
    assert [(remark.code, remark.key) for remark, _ in plan.remarks] == [("tenfold", "cart.limit")]
    assert "live" in {outlook.environment for outlook in plan.outlooks}
    edit = setting_edit(SHOP, "cart.limit", "1", allow_secret=False, from_stdin=False)
    assert [problem.code for problem in files.plan({"default": edit}).problems] == ["small-cart"]


def test_what_a_change_of_much_costs_is_bounded(shipped_desk):
    """Long lists and texts are not compared with one another letter by letter, nor item by item."""
    long = ",".join(f"https://{number}.a.example" for number in range(2_000))
    shipped_desk.done("set", "server.cors_origins", long, "--env", "staging")
    shipped_desk.done("set", "app_name", "a" * 50_000, "--env", "staging")
    plan = shipped_desk.done("plan", "app_name=" + "b" * 50_000, "server.cors_origins=" + long[:-3], "--env", "staging")
    assert "[other-form]" not in plan.stdout

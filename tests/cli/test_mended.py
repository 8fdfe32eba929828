"""Odd calls and odd files: each ends with an exit code and a place, tells no secret and writes no nonsense."""

from __future__ import annotations

import json
import sqlite3

import pytest
import yaml

from synfinance_settings import HistoryError, InvalidSettingsError

CANARY = "canary5d8b2f6a9c3e7014"


@pytest.mark.parametrize("path", ["missing.yaml", "settings"])
def test_an_import_of_what_is_no_file_is_refused(desk, nothing_written, path):
    nothing_written()
    result = desk.run("import", f"{desk.root}/{path}", "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr


def test_a_schema_file_that_is_not_utf8_is_out_of_date(desk, project):
    path = project.write("schema.json", b"\xff{}")
    result = desk.run("schema", "--check", "--output", str(path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is out of date" in result.stderr


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("app_name", "\udcff"),
        ("server.cors_origins", "a,\udcff"),
        ("server.cors_origins", "[a, \udcff]"),
        ("server.cors_origins", '["\\ud800"]'),
        ("server", "{host: \udcff}"),
    ],
    ids=ascii,
)
def test_a_value_that_is_no_text_is_refused(desk, nothing_written, key, value):
    nothing_written()
    result = desk.run("set", key, value)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "  --> the argument\n" in result.stderr


COMMENTED = f"""\
# {CANARY}-top
app_name: x  # {CANARY}-beside
security:
  api_keys:  # {CANARY}-list
    - {CANARY}-one
    - {CANARY}-two
    # - {CANARY}-three
  # jwt_secret: {CANARY}-jwt
  jwt_expiry: 60 # {CANARY}-after
server: {{port: 8001}} # {CANARY}-end
"""


@pytest.mark.parametrize(
    "call",
    [
        ["set", "app_name", "y"],
        ["set", "security.jwt_expiry", "61"],
        ["set", "security.api_keys", "[]"],
        ["set", "server.port", "8002"],
        ["unset", "security.api_keys"],
        ["unset", "security"],
        ["unset", "server"],
    ],
    ids=" ".join,
)
def test_a_difference_tells_no_comment(desk, project, call):
    project.layer("development", COMMENTED)
    shown = desk.done(*call)
    back = desk.done("rollback", "--yes")
    assert shown.stdout.startswith("--- settings/development.yaml\n")
    assert CANARY not in shown.output + back.output
    assert desk.text("development") == COMMENTED


@pytest.mark.parametrize(
    ("now", "is_told"),
    [(f"[{CANARY}, b]", False), (f"\n    - {CANARY}\n    - b", False), (f"[{CANARY}, c]", True), (f"[{CANARY}]", True)],
    ids=["the same", "written otherwise", "another item", "an item less"],
)
def test_a_list_of_secrets_is_told_as_changed_only_where_it_is(desk, project, now, is_told):
    project.layer("development", f"debug: off\nsecurity:\n  api_keys: [{CANARY}, b] # ours\n")
    desk.done("set", "debug", "on")
    project.layer("development", f"security:\n  api_keys: {now}\n")
    shown = desk.done("rollback", "--yes").stdout
    assert "api_keys: [**********" in shown
    assert ("(changed)" in shown) is is_told
    assert CANARY not in shown


class TestHistory:
    def test_a_layer_that_a_command_made_can_be_undone(self, desk):
        desk.done("set", "debug", "on", "--env", "test")
        desk.done("rollback", "--env", "test", "--yes")
        assert desk.text("test") == "{}\n"

    def test_what_is_broken_is_kept_as_not_valid_and_passed_over(self, desk, project):
        desk.done("set", "server.port", "8001")
        good = desk.text("development")
        project.layer("development", "server: {port: 80}\n")
        path = project.write("in.yaml", "server: {port: 8003}\n")
        desk.done("import", str(path), "--yes")
        found = json.loads(desk.done("history", "--format", "json").stdout)
        assert [version["valid"] for version in found] == [True, False, True, True]
        assert "found, not valid" in desk.done("history").stdout
        desk.done("rollback", "--yes")
        assert desk.text("development") == good

    @pytest.mark.parametrize("column", ["at", "changed"])
    @pytest.mark.parametrize("value", ["{", "yesterday", "5", b"\xff"])
    @pytest.mark.parametrize(
        "call", [["history"], ["rollback", "--yes"], ["diff", "development", "v1"]], ids=lambda call: call[0]
    )
    def test_a_store_that_was_tampered_with_is_told(self, desk, column, value, call):
        desk.done("set", "debug", "on")
        desk.done("set", "server.port", "8001")
        before = desk.text("development")
        (store,) = desk.state.glob("*.sqlite3")
        with sqlite3.connect(store) as connection:
            connection.execute(f"update versions set {column} = ?", (value,))
        connection.close()
        result = desk.run(*call)
        assert (result.exit_code, result.stdout) == (1, "")
        assert "error[no-history]: " in result.stderr
        assert isinstance(desk.run("--debug", *call).exception, HistoryError)
        assert desk.text("development") == before


class TestDoctor:
    @pytest.mark.parametrize("host", ["[::1", "[::1]x", "[", "/nowhere", "::1%x", "h?x"])
    @pytest.mark.parametrize("form", ["text", "json"])
    def test_the_password_is_told_in_no_spelling(self, desk, host, form):
        variables = {"SYNFINANCE_DB_HOST": host, "SYNFINANCE_DB_PASSWORD": "canary@pw!xxx"}
        result = desk.run("doctor", "--format", form, **variables)
        assert result.exit_code == 1
        assert isinstance(result.exception, SystemExit)
        assert not [part for part in ("canary", "pw!", "pw%21", "xxx") if part in result.output]

    @pytest.mark.parametrize(
        ("check", "text", "variables"),
        [
            ("cache", "{}", {"SYNFINANCE_REDIS_BACKEND": "redis", "SYNFINANCE_REDIS_HOST": "[::1"}),
            ("cache", "{}", {"SYNFINANCE_REDIS_BACKEND": "redis", "SYNFINANCE_REDIS_HOST": "a..b"}),
            ("database", "{}", {"SYNFINANCE_DB_HOST": "a..b"}),
            ("ports", "{}", {"SYNFINANCE_SERVER_HOST": "a..b"}),
            ("paths", 'monitoring: {metrics_file: "a\\0/b"}', {}),
            ("tls", 'security: {ssl_enabled: on, ssl_cert_path: "a\\0b", ssl_key_path: c}', {}),
        ],
    )
    def test_a_host_or_path_that_is_none_is_a_finding(self, desk, project, check, text, variables):
        project.layer("development", text)
        result = desk.run("doctor", "--format", "json", **variables)
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code == 1
        found = {finding["check"]: finding for finding in json.loads(result.stdout)}
        assert found[check]["status"] == "fail"
        assert found[check]["mend"]
        assert {"settings", "database", "cache", "tls", "paths", "ports", "secrets"} <= set(found)


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_an_export_without_secrets_keeps_what_the_layer_says_of_them(shipped_desk, form):
    """An export leaves the references out too; the layer that it replaces knows them."""
    secrets = {
        "SYNFINANCE_DB_PASSWORD": f"{CANARY}-database",
        "SYNFINANCE_REDIS_PASSWORD": f"{CANARY}-cache",
        "SYNFINANCE_ALERT_WEBHOOK": f"https://{CANARY}.example/",
        "SYNFINANCE_API_KEYS": f"{CANARY}-one-of-many-keys",
        "SYNFINANCE_JWT_SECRET": f"{CANARY}-for-all-the-tokens",
    }
    path = shipped_desk.root / f"out.{form}"
    shown = shipped_desk.done("show", "--env", "production", "--reveal", **secrets).stdout
    shipped_desk.done("export", str(path), "--env", "production", "--format", form, **secrets)
    assert CANARY not in path.read_text()
    result = shipped_desk.done("import", str(path), "--env", "production", "--yes")
    assert CANARY not in result.output
    layer = yaml.safe_load(shipped_desk.text("production"))
    assert layer["database"]["password"] == "${SYNFINANCE_DB_PASSWORD}"
    assert layer["security"]["jwt_secret"] == "${SYNFINANCE_JWT_SECRET}"
    assert shipped_desk.done("show", "--env", "production", "--reveal", **secrets).stdout == shown


@pytest.mark.parametrize("key", ["database.password", "cache.password", "security.jwt_secret", "security.api_keys"])
@pytest.mark.parametrize("stdin", ["", "\n"], ids=["nothing", "a line end"])
def test_a_secret_of_nothing_from_stdin_is_refused(desk, nothing_written, key, stdin):
    nothing_written()
    result = desk.run("set", key, "-", "--allow-secret", input=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{key}: stdin is empty" in result.stderr


def test_an_export_reveals_no_placeholders(desk, nothing_written):
    nothing_written()
    result = desk.run("export", str(desk.root / "out.yaml"), "--reveal", "--placeholders")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--reveal goes without --placeholders" in result.stderr


@pytest.mark.parametrize(
    ("text", "place"), [("server:\n  port: [\n", "3:1"), ("server:\n  port: 8\0\n", "2:10"), ("a: *b\n", "1:4")]
)
@pytest.mark.parametrize("call", [["set", "debug", "on"], ["unset", "server"]], ids=lambda call: call[0])
def test_a_layer_that_does_not_parse_is_told_at_its_place(desk, project, nothing_written, call, text, place):
    project.layer("development", text)
    nothing_written()
    result = desk.run(*call)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"  --> settings/development.yaml:{place}\n" in result.stderr


@pytest.mark.parametrize(
    "call", [["show"], ["set", "server.port", "80"], ["diff", "development", "test"]], ids=lambda call: call[0]
)
class TestCommonOptions:
    @pytest.fixture(autouse=True)
    def broken(self, project):
        project.layer("development", "server: {port: x}\n")

    def test_colours_may_be_asked_for_before_a_command_or_after_it(self, desk, call):
        assert "\x1b[" in desk.run("--color", "always", *call).stderr
        assert "\x1b[" in desk.run(*call, "--color", "always").stderr
        assert "\x1b[" in desk.run("--color", "never", *call, "--color", "always").stderr
        assert "\x1b[" not in desk.run("--color", "always", *call, "--color", "never").stderr
        assert "\x1b[" not in desk.run(*call, "--color", "never", FORCE_COLOR="1").stderr

    def test_a_traceback_may_be_asked_for_before_a_command_or_after_it(self, desk, call):
        assert isinstance(desk.run("--debug", *call).exception, InvalidSettingsError)
        assert isinstance(desk.run(*call, "--debug").exception, InvalidSettingsError)
        assert isinstance(desk.run(*call).exception, SystemExit)

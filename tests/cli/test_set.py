"""set and unset."""

from __future__ import annotations

import json
import os
import stat

import pytest
from patience import PATIENCE

CANARY = "canary4b1d0c8e7f5a3926"


def test_set_writes_one_line_and_shows_it(desk, project):
    project.layer("development", "# ours\nserver:\n  port: 8001  # taken\n  workers: 2\n")
    result = desk.run("set", "server.port", "8443")
    assert (result.exit_code, result.stderr) == (0, "wrote settings/development.yaml\n")
    assert [line.partition("  #")[0] for line in result.stdout.splitlines()] == [
        "--- settings/development.yaml",
        "+++ settings/development.yaml",
        "@@ -3 +3 @@",
        "-  port: 8001",
        "+  port: 8443",
    ]
    assert desk.text("development") == "# ours\nserver:\n  port: 8443  # taken\n  workers: 2\n"
    assert desk.done("get", "server.port").stdout == "8443\n"


def test_unset_lets_lower_layers_count_again(desk, project):
    project.layer("development", "server:\n  port: 8001\n  workers: 2\n")
    result = desk.done("unset", "server.port")
    assert "-  port: 8001" in result.stdout
    assert desk.text("development") == "server:\n  workers: 2\n"
    assert desk.run("unset", "server.port").exit_code == 2
    said = desk.done("unset", "server").stderr.splitlines()
    assert said == [
        "remark[line-gone]: server.workers falls back to 4 (default),"
        " since its line in settings/development.yaml is gone",
        "wrote settings/development.yaml",
    ]
    assert desk.text("development") == "{}\n"


@pytest.mark.parametrize(
    ("key", "literal", "printed"),
    [
        ("app_name", "a: 'b' #c \"d\"", "a: 'b' #c \"d\""),
        ("app_name", "010", "010"),
        ("app_name", "two\nlines\n", "two\nlines\n"),
        ("app_name", " ₹ 🎉 ", " ₹ 🎉 "),
        ("app_name", "null", "null"),
        ("app_name", "a $$ b", "a $ b"),
        ("app_name", "${NO:-x}", "x"),
        ("app_name", "", ""),
        ("generation.seed", "null", "null"),
        ("cache.password", "null", "null"),
        ("generation.fraud_rate", "1e-2", "0.01"),
        ("server.timeout", "2m", "120"),
        ("server.max_request_size", "64KiB", "65536"),
        ("generation.start_date", "2024-02-29", "2024-02-29"),
        ("server.reload", "on", "true"),
        ("server.log_level", "warning", "WARNING"),
        ("server.cors_origins", "a.example, b.example", '["a.example", "b.example"]'),
        ("server.cors_origins", "[a.example, 'b, c']", '["a.example", "b, c"]'),
        ("server.cors_origins", '["a", "b"]', '["a", "b"]'),
        ("server.cors_origins", "[1, true]", '["1", "true"]'),
        ("server.cors_origins", "[]", "[]"),
        ("server.cors_origins", "", "[]"),
    ],
)
def test_the_value_reads_back(desk, key, literal, printed):
    desk.done("set", key, literal)
    assert desk.done("get", key, "--reveal").stdout == f"{printed}\n"


def test_a_negative_number_follows_after_two_dashes(desk):
    desk.done("set", "--", "generation.seed", "-5")
    assert desk.text("development") == "generation:\n  seed: -5\n"


def test_the_value_may_come_from_stdin(desk):
    desk.done("set", "app_name", "-", input="a\nb\n")
    assert desk.done("get", "app_name").stdout == "a\nb\n"


@pytest.mark.parametrize(
    "literal", ["{port: 8002, cors_origins: [a, b]}", '{"port": 8002, "cors_origins": ["a", "b"]}']
)
def test_a_section_is_set_as_a_mapping(desk, project, literal):
    project.layer("development", "server:\n  # ours\n  port: 8001\n  workers: 2\n")
    desk.done("set", "server", literal)
    assert desk.text("development") == "server:\n  # ours\n  port: 8002\n  cors_origins: [a, b]\n"


@pytest.mark.parametrize("literal", ["8001", "{prot: 1}", "[a", "{port: {a: 1}}", "{port: 1, port: 2}", ""])
def test_a_section_takes_nothing_else(desk, nothing_written, literal):
    nothing_written()
    result = desk.run("set", "server", literal)
    assert result.exit_code in (1, 2)
    assert "error[" in result.stderr
    assert result.stdout == ""


def test_the_old_value_again_is_no_change(desk, project, nothing_written):
    project.layer("development", "server: {port: 8001}\n")
    nothing_written()
    result = desk.run("set", "server.port", "8001")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "settings/development.yaml already says that; nothing was written\n"


@pytest.mark.parametrize("call", [["set", "debug", "on"], ["unset", "server.port"]], ids=lambda call: call[0])
def test_a_dry_run_shows_the_change_and_writes_nothing(desk, project, nothing_written, call):
    project.layer("development", "server: {port: 8001}\n")
    nothing_written()
    result = desk.run(*call, "--dry-run")
    assert (result.exit_code, result.stderr.splitlines()[-1]) == (0, "nothing was written")
    assert result.stdout.startswith("--- settings/development.yaml\n+++ settings/development.yaml\n@@")


def test_a_layer_that_is_not_there_is_made(desk):
    desk.done("set", "server.port", "8001", "--env", "test")
    assert desk.text("test") == "server:\n  port: 8001\n"


def test_a_layer_that_is_made_names_the_schema_that_lies_beside_it(desk, project):
    path = project.write("in.yaml", "debug: on\n")
    desk.done("import", str(path), "--yes")
    assert desk.text("development") == "debug: on\n"
    desk.done("schema", "--output", str(desk.settings / "schema.json"))
    desk.done("set", "debug", "off", "--env", "test")
    line = "# yaml-language-server: $schema=schema.json\n"
    assert desk.text("test") == f"{line}debug: off\n"
    (desk.settings / "test.yaml").unlink()
    desk.done("import", str(path), "--env", "test", "--yes")
    assert desk.text("test") == f"{line}debug: on\n"
    assert stat.S_IMODE((desk.settings / "test.yaml").stat().st_mode) & 0o600 == 0o600


@pytest.mark.parametrize(
    ("name", "text", "after"),
    [
        ("development.yml", "debug: off\n", "debug: on\n"),
        ("development.json", '{"debug": false}', '{"debug": "on"}'),
    ],
)
def test_the_layer_is_changed_in_the_form_that_it_has(desk, project, name, text, after):
    (desk.settings / "development.yaml").unlink()
    path = project.layer(name, text)
    desk.done("set", "debug", "on")
    assert path.read_text() == after


def test_mode_and_link_and_line_ends_and_mark_are_kept(desk, project):
    path = project.write("elsewhere/development.yaml", b"\xef\xbb\xbfserver:\r\n  port: 8001\r\n")
    path.chmod(0o640)
    link = desk.settings / "development.yaml"
    link.unlink()
    link.symlink_to("../elsewhere/development.yaml")
    desk.done("set", "server.port", "8002")
    desk.done("set", "debug", "on")
    assert path.read_bytes() == b"\xef\xbb\xbfdebug: on\r\nserver:\r\n  port: 8002\r\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert str(link.readlink()) == "../elsewhere/development.yaml"
    assert [other.name for other in path.parent.iterdir()] == ["development.yaml"]


def test_what_hides_the_change_is_told(desk, project):
    project.layer("development.local", "server: {port: 8003}\n")
    assert desk.done("set", "server.port", "8001").stderr.splitlines() == [
        "note: server.port is overridden by settings/development.local.yaml:1:16",
        "wrote settings/development.yaml",
    ]
    project.write(".env", "SYNFINANCE_DEBUG=off\n")
    assert "note: debug is overridden by .env:1\n" in desk.done("set", "debug", "on").stderr
    result = desk.done("set", "app_name", "x", SYNFINANCE_APP_NAME="y")
    assert "note: app_name is overridden by env SYNFINANCE_APP_NAME\n" in result.stderr


def test_what_hides_a_default_is_told_with_its_environment(shipped_desk):
    result = shipped_desk.done("set", "server.workers", "3", "--env", "default")
    notes = [line for line in result.stderr.splitlines() if "overridden" in line]
    assert notes
    assert all(f" in {name} by settings/{name}.yaml:" in line for line in notes for name in [line.split()[5]])
    assert "note: server.workers is overridden in production by settings/production.yaml:" in result.stderr


def test_placeholders_that_were_lent_are_told(desk):
    result = desk.done("set", "app_name", "${NOBODY_SETS_THIS}")
    assert "note: validated with placeholders for NOBODY_SETS_THIS\n" in result.stderr


def test_a_default_is_validated_in_every_environment(shipped_desk, nothing_written):
    nothing_written()
    result = shipped_desk.run("set", "generation.start_date", "2024-02-01", "--env", "default")
    assert (result.exit_code, result.stdout) == (1, "")
    (failed,) = (line for line in result.stderr.splitlines() if line.startswith("error["))
    assert failed.startswith("error[inconsistent]: in test: generation.end_date ")


def test_a_failure_of_a_default_in_all_environments_is_told_once(shipped_desk):
    result = shipped_desk.run("set", "monitoring.grafana_port", "1", "--env", "default")
    assert "error[out-of-range]: monitoring.grafana_port must be at least 1024" in result.stderr
    assert result.stderr.count("--> settings/default.yaml:") == 1
    assert result.stderr.endswith("\n1 error\n")


def test_a_default_is_validated_in_the_environments_that_have_a_layer_file(desk, project):
    project.layer("production", "security: {api_key_enabled: on}\n")
    result = desk.run("set", "server.reload", "on", "--env", "default")
    assert result.exit_code == 1
    assert "in production: security.api_key_enabled needs" in result.stderr
    assert "in production: server.reload" in result.stderr
    project.secure_production()
    result = desk.done("set", "server.workers", "3", "--env", "default")
    assert "note: passed over: staging and test, which have no layer file here\n" in result.stderr


def test_a_default_is_validated_in_the_environment_that_was_decided(desk, project):
    assert desk.run("set", "server.workers", "3", "--env", "default", SYNFINANCE_ENV="staging").exit_code == 1
    (project.settings / "development.yaml").unlink()
    assert desk.done("set", "server.workers", "3", "--env", "default").exit_code == 0


def test_a_machine_s_own_variables_do_not_decide_what_a_layer_may_say(desk):
    assert desk.run("set", "server.port", "80", SYNFINANCE_SERVER__PORT="8001").exit_code == 1
    assert desk.run("set", "server.port", "8002", SYNFINANCE_SERVER__PORT="80").exit_code == 0


SECRETS = [
    ("database.password", CANARY),
    ("cache.password", CANARY),
    ("security.jwt_secret", CANARY),
    ("monitoring.alert_webhook", f"https://{CANARY}.example/"),
    ("security.api_keys", f"[{CANARY}, b]"),
    ("database", f"{{password: {CANARY}}}"),
]


@pytest.mark.parametrize(("key", "literal"), SECRETS, ids=[key for key, _ in SECRETS])
class TestSecrets:
    def test_a_secret_is_refused(self, desk, nothing_written, key, literal):
        nothing_written()
        for value, stdin in ((literal, None), ("-", literal)):
            result = desk.run("set", key, value, input=stdin)
            assert result.exit_code == 2
            assert "is a secret and does not belong in a file" in result.stderr
            assert "= help: set SYNFINANCE_" in result.stderr
            assert "_FILE" in result.stderr
            assert CANARY not in result.output

    def test_a_secret_is_not_taken_from_the_command_line(self, desk, nothing_written, key, literal):
        nothing_written()
        result = desk.run("set", key, literal, "--allow-secret")
        assert result.exit_code == 2
        assert "on stdin" in result.stderr
        assert CANARY not in result.output

    def test_a_secret_from_stdin_is_written_and_never_shown(self, desk, key, literal):
        for stdin in (literal, literal.replace(CANARY, f"{CANARY}2"), literal):
            result = desk.done("set", key, "-", "--allow-secret", input=stdin)
            assert "wrote settings/development.yaml" in result.stderr
            assert "+" in result.stdout
            assert CANARY not in result.output
            assert CANARY in desk.text("development")
        assert CANARY not in desk.done("history").output
        assert CANARY not in desk.done("unset", key).output
        assert CANARY not in desk.text("development")
        assert CANARY not in desk.done("rollback", "--yes").output
        assert CANARY in desk.text("development")


def test_a_new_layer_that_holds_a_secret_is_for_its_owner_alone(desk):
    (desk.settings / "development.yaml").unlink()
    desk.done("set", "cache.password", "-", "--allow-secret", "--env", "test", input=CANARY)
    for call in (["cache.password", "${NAME}"], ["security.api_keys", "[]"], ["database.password", ""]):
        desk.done("set", *call)
        found = {name: (desk.settings / f"{name}.yaml").stat().st_mode for name in ("test", "development")}
        assert stat.S_IMODE(found["test"]) == 0o600
        assert found["development"] == (desk.settings / "default.yaml").stat().st_mode
        (desk.settings / "development.yaml").unlink()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a machine where the tests run as root")
@pytest.mark.parametrize("before", [None, "debug: on\n"], ids=["new", "old"])
def test_a_layer_that_root_changes_belongs_to_whom_it_did(desk, project, before):
    path = project.layer("development", before or "")
    if before is None:
        path.unlink()
    else:
        os.chown(path, 1234, 4321)
        path.chmod(0o640)
    os.chown(desk.settings, 1234, 4321)
    project.write("in.yaml", "app_name: imported\n")
    for call in (["set", "debug", "off"], ["unset", "debug"], ["import", "in.yaml", "--yes"], ["rollback", "--yes"]):
        result = desk.start(*call)
        said = result.communicate(timeout=PATIENCE)
        assert result.returncode == 0, said
        found = path.stat()
        assert (found.st_uid, found.st_gid) == (1234, 4321)
        assert stat.S_IMODE(found.st_mode) == (
            0o640 if before else (desk.settings / "default.yaml").stat().st_mode & 0o777
        )


@pytest.mark.parametrize("literal", ["${NAME}", "${name}", "null", ""])
def test_what_tells_no_secret_may_be_written(desk, literal):
    desk.done("set", "cache.password", literal)


@pytest.mark.parametrize(
    "literal",
    ["x${NAME}", f"${{NAME:-{CANARY}}}", f"${{NAME:?{CANARY}}}", f"${CANARY}", "$NAME", "${NAME}${NAME}", "${A", "$1"],
)
def test_what_only_begins_like_a_reference_is_a_secret(desk, literal):
    result = desk.run("set", "database.password", literal)
    assert result.exit_code == 2
    assert CANARY not in result.output


def test_a_secret_beside_the_change_is_not_shown(desk, project):
    project.layer("development", f"# password: {CANARY}\ndatabase: {{password: {CANARY}, user: a}} # key {CANARY}\n")
    for call in (["set", "database.user", "b"], ["set", "debug", "on"], ["unset", "database"]):
        assert CANARY not in desk.done(*call).output


def test_an_empty_secret_beside_the_change_hides_nothing(desk, project):
    project.layer("development", "database: {password: '', port: 1}\n")
    shown = desk.done("set", "database.port", "2").stdout
    assert "-database: {password: '', port: 1}\n" in shown
    project.layer("development", "database: {password: ''}\n")
    shown = desk.done("set", "database.password", "-", "--allow-secret", input=CANARY).stdout
    assert "+database: {password: **********}\n" in shown
    assert CANARY not in shown


def test_a_faulty_secret_is_not_shown(desk):
    result = desk.run("set", "monitoring.alert_webhook", "-", "--allow-secret", input=CANARY)
    assert result.exit_code == 1
    assert CANARY not in result.output


def test_bytes_that_are_no_text_are_refused(desk):
    process = desk.start("set", "app_name", "a\udcffb")
    _, stderr = process.communicate(timeout=PATIENCE)
    assert process.returncode in (1, 2)
    assert "Traceback" not in stderr
    assert desk.text("development") == "{}\n"


def test_json_is_spelled_as_json(desk, project):
    (desk.settings / "development.yaml").unlink()
    path = project.layer("development.json", '{\n  "server": {\n    "port": 8001\n  }\n}\n')
    for key, value in (
        ("server.port", "8002"),
        ("debug", "true"),
        ("app_name", '7 "a"\n'),
        ("generation.seed", "null"),
    ):
        desk.done("set", key, value)
    assert json.loads(path.read_text()) == {
        "server": {"port": 8002},
        "debug": True,
        "app_name": '7 "a"\n',
        "generation": {"seed": None},
    }


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


@pytest.mark.parametrize("key", ["database.password", "cache.password", "security.jwt_secret", "security.api_keys"])
@pytest.mark.parametrize("stdin", ["", "\n"], ids=["nothing", "a line end"])
def test_a_secret_of_nothing_from_stdin_is_refused(desk, nothing_written, key, stdin):
    nothing_written()
    result = desk.run("set", key, "-", "--allow-secret", input=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{key}: stdin is empty" in result.stderr


def test_what_does_not_validate_with_a_developer_s_own_layer_is_told(desk, project):
    project.layer("development.local", "generation: {start_date: 2024-06-01}\n")
    result = desk.done("set", "generation.end_date", "2024-03-01")
    assert (
        "note: together with what else is set here, development does not validate: "
        "generation.end_date must not be before generation.start_date (settings/development.yaml:2:13)\n"
    ) in result.stderr
    assert "does not validate" not in desk.done("set", "debug", "on", "--env", "test").stderr
    assert "does not validate" not in desk.done("unset", "generation.end_date").stderr


@pytest.mark.parametrize("call", [["set", "SYNFINANCE_SERVER__PORT", "8001"], ["unset", "SYNFINANCE_SERVER__PORT"]])
def test_a_variable_in_the_place_of_a_key_is_told(desk, nothing_written, call):
    nothing_written()
    result = desk.run(*call)
    assert result.exit_code == 2
    assert "error[unknown-key]: SYNFINANCE_SERVER__PORT is a variable; a layer file names the setting" in result.stderr
    assert "= help: server.port" in result.stderr


def test_a_byte_order_mark_is_kept_and_not_shown(desk, project):
    project.layer("development", b"\xef\xbb\xbfserver:\r\n  port: 8001\r\n")
    shown = desk.done("unset", "server").stdout
    assert "\n-server:\n" in shown
    assert "\n+{}\n" in shown
    assert (desk.settings / "development.yaml").read_bytes() == b"\xef\xbb\xbf{}\r\n"


def test_a_key_that_is_set_elsewhere_is_not_taken_out(desk, nothing_written):
    nothing_written()
    result = desk.run("unset", "server.port")
    assert result.exit_code == 2
    assert "= help: explain server.port says where it is" in result.stderr

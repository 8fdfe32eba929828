"""history and rollback."""

from __future__ import annotations

import json
import os
import pwd
import sqlite3
import stat
from datetime import UTC, datetime

import pytest
from patience import PATIENCE

from synfinance_settings import HistoryError

CANARY = "canary5d8b2f6a9c3e7014"


def versions(desk, *arguments: str) -> list[dict]:
    """The history as scripts see it."""
    return json.loads(desk.done("history", "--format", "json", *arguments).stdout)


@pytest.fixture
def edited(desk, project):
    """A desk where three edits were made; the layer as it was after each."""
    project.layer("development", "# ours\nserver: {port: 8001}\n")
    texts = [desk.text("development")]
    for port in ("8002", "8003", "8004"):
        desk.done("set", "server.port", port)
        texts.append(desk.text("development"))
    return desk, texts


def test_the_history_tells_what_was_done(edited):
    desk, _ = edited
    found = versions(desk)
    assert [version["command"] for version in found] == ["set server.port"] * 3 + ["found"]
    assert [version["changed"] for version in found] == [["server.port"]] * 3 + [[]]
    assert {version["environment"] for version in found} == {"development"}
    assert [version["version"] for version in found] == sorted((version["version"] for version in found), reverse=True)
    assert all({"version", "environment", "when", "command", "changed"} <= set(version) for version in found)
    assert all(
        abs((datetime.now(UTC) - datetime.fromisoformat(version["when"])).total_seconds()) < 600 for version in found
    )


def test_the_history_as_a_table(edited):
    desk, _ = edited
    layer, head, *lines = desk.done("history").stdout.splitlines()
    assert layer == "development: settings/development.yaml"
    assert head.split() == ["version", "when", "who", "command", "changed"]
    assert len(lines) == 4
    user = pwd.getpwuid(os.geteuid()).pw_name
    assert lines[0].endswith(f"  {user}  set server.port  server.port")
    assert lines[-1].endswith(f"  {' ' * len(user)}  found")
    assert [version["user"] for version in versions(desk)] == [user] * 3 + [None]
    version = versions(desk)[0]
    told = " ".join(lines[0].split()[1:4])
    assert lines[0].split()[0] == str(version["version"])
    assert datetime.fromisoformat(told) == datetime.fromisoformat(version["when"]).replace(microsecond=0)


def test_a_history_that_does_not_know_who_goes_on(edited):
    desk, _ = edited
    (store,) = desk.state.glob("*.sqlite3")
    with sqlite3.connect(store) as connection:
        connection.execute("drop table users")
    connection.close()
    assert {version["user"] for version in versions(desk)} == {None}
    desk.done("set", "server.port", "8005")
    assert [version["user"] is None for version in versions(desk)] == [False, True, True, True, True]


def test_each_layer_has_its_own_history(edited):
    desk, _ = edited
    desk.done("set", "debug", "on", "--env", "test")
    assert {version["environment"] for version in versions(desk, "--env", "test")} == {"test"}
    assert {version["environment"] for version in versions(desk)} == {"development"}
    assert versions(desk, "--env", "staging") == []
    assert "no versions of staging" in desk.done("history", "--env", "staging").stderr


def test_the_history_holds_secrets_for_its_owner_only(edited):
    desk, _ = edited
    assert stat.S_IMODE(desk.state.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in desk.state.iterdir()} == {0o600}


def test_without_an_argument_the_last_other_version_comes_back(edited):
    desk, texts = edited
    result = desk.done("rollback", "--yes")
    assert desk.text("development") == texts[-2]
    assert "-server: {port: 8004}" in result.stdout
    assert "+server: {port: 8003}" in result.stdout
    assert f"version {versions(desk)[2]['version']}, " in result.stderr


def test_any_version_comes_back_and_nothing_is_lost(edited):
    desk, texts = edited
    before = versions(desk)
    for version, text in zip(reversed(before), texts, strict=True):
        desk.done("rollback", str(version["version"]), "--yes")
        assert desk.text("development") == text
    after = versions(desk)
    assert after[-len(before) :] == before
    assert after[0]["command"] == f"rollback {before[0]['version']}"
    assert after[0]["changed"] == ["server.port"]


def test_an_edit_by_hand_is_kept_when_it_is_rolled_back(edited, project):
    desk, texts = edited
    project.layer("development", "server: {port: 9999}\n")
    desk.done("rollback", "--yes")
    assert desk.text("development") == texts[-1]
    desk.done("rollback", "--yes")
    assert desk.text("development") == "server: {port: 9999}\n"


@pytest.mark.parametrize("broken", ["server: [", "server: {port: 1}\n", "\0", "a: 1\na: 2\n", ""])
def test_a_broken_layer_is_rolled_back(edited, project, broken):
    desk, texts = edited
    project.layer("development", broken)
    desk.done("rollback", "--yes")
    assert desk.text("development") == texts[-1]


def test_bytes_that_are_no_text_are_rolled_back(edited, project):
    desk, texts = edited
    project.layer("development", b"server: {host: \xff}\n")
    desk.done("rollback", "--yes")
    assert desk.text("development") == texts[-1]


def test_a_layer_that_is_gone_comes_back(edited):
    desk, texts = edited
    (desk.settings / "development.yaml").unlink()
    desk.done("rollback", "--yes")
    assert desk.text("development") == texts[-1]


@pytest.mark.parametrize("data", [b"\xef\xbb\xbfdebug: on\r\n", b"debug: on", b"# only\n\n\n{}"])
def test_a_version_is_kept_byte_for_byte(desk, project, data):
    project.layer("development", data)
    desk.done("set", "server.port", "8002")
    desk.done("rollback", "--yes")
    assert (desk.settings / "development.yaml").read_bytes() == data


def test_a_layer_that_was_not_there_is_undone(desk):
    desk.done("set", "debug", "on", "--env", "test")
    desk.done("rollback", "--env", "test", "--yes")
    assert "debug" not in desk.text("test")
    assert desk.done("validate", "--env", "test").exit_code == 0


def test_a_broken_layer_is_kept_but_is_no_place_to_go_back_to(edited, project):
    desk, texts = edited
    project.layer("development", "server: [")
    desk.done("rollback", "--yes")
    desk.done("set", "debug", "on")
    desk.done("rollback", "--yes")
    assert desk.text("development") == texts[-1]
    assert [version["valid"] for version in versions(desk)].count(False) == 1


def test_a_version_that_no_longer_validates_is_refused(edited, project, nothing_written):
    desk, _ = edited
    project.layer("default", "security: {ssl_enabled: on}\n")
    nothing_written()
    result = desk.run("rollback", "--yes")
    assert result.exit_code == 1
    assert "error[inconsistent]" in result.stderr


@pytest.mark.parametrize("number", ["99", "0", "1000000000000000000000"])
def test_an_unknown_version_is_answered(edited, nothing_written, number):
    desk, _ = edited
    nothing_written()
    result = desk.run("rollback", number, "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error[no-such-version]: " in result.stderr
    assert f"version {number} " in result.stderr


def test_a_version_of_another_layer_is_answered(edited, nothing_written):
    desk, _ = edited
    desk.done("set", "debug", "on", "--env", "test")
    other = versions(desk, "--env", "test")[0]
    nothing_written()
    assert desk.run("rollback", str(other["version"]), "--yes").exit_code == 2


def test_no_history_is_answered(desk, nothing_written):
    nothing_written()
    result = desk.run("rollback", "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "error[no-such-version]: " in result.stderr


@pytest.mark.parametrize("arguments", [[], ["--dry-run"]], ids=["without a terminal", "--dry-run"])
def test_a_rollback_shows_the_difference_and_asks(edited, nothing_written, arguments):
    desk, _ = edited
    nothing_written()
    result = desk.run("rollback", *arguments)
    assert result.exit_code == (0 if arguments else 2)
    assert "+server: {port: 8003}" in result.stdout


def test_a_history_that_cannot_be_written_stops_no_edit(desk, caplog):
    desk.state.write_text("no folder")
    result = desk.run("set", "server.port", "8002")
    assert result.exit_code == 0
    assert "port: 8002" in desk.text("development")
    assert "history" in result.stderr + caplog.text


@pytest.mark.parametrize("call", [["history"], ["rollback", "--yes"]], ids=lambda call: call[0])
def test_a_history_that_cannot_be_read_is_answered(edited, call):
    desk, texts = edited
    for path in desk.state.iterdir():
        path.write_bytes(b"no database" * 1000)
    result = desk.run(*call)
    assert result.exit_code in (1, 2)
    assert "error[no-history]" in result.stderr
    assert desk.text("development") == texts[-1]


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


def test_a_layer_that_a_command_made_can_be_undone(desk):
    desk.done("set", "debug", "on", "--env", "test")
    desk.done("rollback", "--env", "test", "--yes")
    assert desk.text("test") == "{}\n"


def test_what_is_broken_is_kept_as_not_valid_and_passed_over(desk, project):
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
def test_a_store_that_was_tampered_with_is_told(desk, column, value, call):
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


@pytest.mark.parametrize("comments", ["# nothing of our own yet\n", ""])
def test_a_rollback_to_a_layer_without_content_is_taken_by_a_running_service(desk, project, comments):
    project.layer("development", comments)
    desk.done("set", "server.port", "8001")
    service = project.manager()
    assert service.get_config().server.port == 8001
    desk.done("rollback", "--yes")
    assert service.reload_config().server.port == 8000
    assert desk.text("development") == f"{comments}{{}}\n"
    desk.done("rollback", "--yes")
    assert "port: 8001" in desk.text("development")


@pytest.mark.parametrize(
    "call", [["history"], ["rollback", "--yes"], ["diff", "development", "v1"]], ids=lambda call: call[0]
)
def test_a_history_that_others_could_have_written_is_refused(edited, call):
    desk, texts = edited
    desk.state.chmod(0o777)
    result = desk.run(*call)
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        f"error[unsafe-history]: the history is not used, since others could change it: {desk.state} " in result.stderr
    )
    assert f"= help: chmod go-w {desk.state}" in result.stderr
    assert desk.text("development") == texts[-1]


def test_an_edit_beside_such_a_history_is_made_and_says_so(edited):
    desk, _ = edited
    before = versions(desk)
    desk.state.chmod(0o777)
    result = desk.done("set", "server.port", "8005")
    assert "port: 8005" in desk.text("development")
    assert f"chmod go-w {desk.state}" in result.stderr
    desk.state.chmod(0o700)
    assert versions(desk) == before
    desk.done("set", "server.port", "8006")
    assert [version["command"] for version in versions(desk)][:2] == ["set server.port", "found"]


def test_a_command_whose_write_fails_leaves_no_version(edited, without_rights):
    desk, texts = edited
    before = versions(desk)
    desk.settings.chmod(0o500)
    process = desk.start("set", "server.port", "8005", before=without_rights)
    assert "cannot be written" in process.communicate(timeout=PATIENCE)[1]
    desk.settings.chmod(0o700)
    assert (process.returncode, desk.text("development"), versions(desk)) == (2, texts[-1], before)


def test_a_rollback_to_what_is_not_utf8_is_refused(desk, project):
    project.layer("development", b"app_name: \xff\n")
    desk.done("import", str(project.write("in.yaml", "debug: on\n")), "--yes")
    found = versions(desk)[-1]
    result = desk.run("rollback", str(found["version"]), "--yes")
    assert result.exit_code == 1
    assert "error[not-utf8]: settings/development.yaml is not UTF-8" in result.stderr


def test_a_version_of_another_layer_is_told(desk):
    desk.done("set", "debug", "on", "--env", "test")
    result = desk.run("rollback", "2", "--yes")
    assert result.exit_code == 2
    assert "there is no version 2 of development.yaml" in result.stderr
    assert "= help: it is one of test: --env test" in result.stderr

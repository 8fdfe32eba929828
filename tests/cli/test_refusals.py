"""Every command that changes something, and every way for it to go wrong: exit code, place, and nothing written."""

from __future__ import annotations

import pytest
from patience import PATIENCE

BAD = "server:\n  prot: 8001\n"
OUT_OF_RANGE = "server:\n  port: 80\n"


@pytest.fixture
def told(desk, project):
    """A desk with two versions in its history and files to import."""
    project.layer("development", "# ours\nserver:\n  workers: 2\n")
    desk.done("set", "server.port", "8002")
    project.write("good.yaml", "server: {port: 8003}\n")
    project.write("unknown.yaml", BAD)
    project.write("range.yaml", OUT_OF_RANGE)
    project.write("broken.yaml", "server:\n  port: [\n")
    return desk


def refusal(desk, nothing_written, *call: str, **variables: str) -> tuple[int, str]:
    """How a call that must fail ends: its exit code and what it says."""
    nothing_written()
    result = desk.run(*call, **variables)
    assert "Traceback" not in result.output
    assert result.stdout == ""
    return result.exit_code, result.stderr


@pytest.mark.parametrize("call", [["set", "server.prot", "1"], ["unset", "server.prot"]], ids=lambda call: call[0])
def test_a_bad_key(told, nothing_written, call):
    code, said = refusal(told, nothing_written, *call)
    assert code == 2
    assert "error[unknown-key]: server.prot is not a setting" in said
    assert "did you mean server.port?" in said


@pytest.mark.parametrize(
    ("text", "call", "said"),
    [
        ("debug: on\n", ["unset", "server.port"], "server.port is not set in this file"),
        (
            "app_name: &a x\nversion: *a\n",
            ["set", "app_name", "y"],
            "the value is shared: an alias on line 2 uses it",
        ),
    ],
    ids=["not set", "shared"],
)
def test_a_refused_edit_names_the_file(desk, project, nothing_written, text, call, said):
    project.layer("development", text)
    code, told = refusal(desk, nothing_written, *call)
    assert code == 2
    assert f"error[refused-edit]: {said}" in told
    assert "  --> settings/development.yaml\n" in told


@pytest.mark.parametrize(
    ("call", "code", "place"),
    [
        (["set", "server.port", "80"], 1, "settings/development.yaml:3:9"),
        (["set", "server.port", "x"], 1, "settings/development.yaml:3:9"),
        (["set", "server.port", ""], 1, "settings/development.yaml:3:9"),
        (["set", "server.reload", "null"], 1, "settings/development.yaml:5:11"),
        (["set", "app_name", "${A"], 1, "settings/development.yaml:2:12"),
        (["set", "app_name", "**********"], 1, "settings/development.yaml:2:11"),
        (["set", "server.cors_origins", "[a"], 2, "the argument"),
        (["set", "server.cors_origins", "[[a]]"], 2, None),
        (["set", "environment", "production"], 1, "settings/development.yaml:2:14"),
        (["import", "range.yaml", "--yes"], 1, "range.yaml:2:9"),
        (["import", "unknown.yaml", "--yes"], 1, "unknown.yaml:2:3"),
        (["import", "broken.yaml", "--yes"], 1, "broken.yaml:2:9"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, list) else None,
)
def test_a_bad_value(told, nothing_written, monkeypatch, call, code, place):
    monkeypatch.chdir(told.root)
    found, said = refusal(told, nothing_written, *call)
    assert found == code
    assert "error[" in said
    assert place is None or f"--> {place}" in said


@pytest.mark.parametrize(
    "call",
    [["import", "no.yaml", "--yes"], ["import", ".", "--yes"], ["export", "."], ["export", "no/out.yaml"]],
    ids=" ".join,
)
def test_a_missing_file(told, nothing_written, monkeypatch, call):
    monkeypatch.chdir(told.root)
    code, said = refusal(told, nothing_written, *call)
    assert code == 2
    assert call[1].partition("/")[0] in said


CALLS = [
    ["set", "server.port", "8004"],
    ["unset", "server.port"],
    ["import", "good.yaml", "--yes"],
    ["rollback", "--yes"],
    ["export", "out.yaml"],
    ["history"],
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
@pytest.mark.parametrize("name", ["prodution", "", "Test", "default "])
def test_an_unknown_environment(told, nothing_written, monkeypatch, call, name):
    monkeypatch.chdir(told.root)
    assert refusal(told, nothing_written, *call, "--env", name)[0] == 2
    code, said = refusal(told, nothing_written, *call, SYNFINANCE_ENV=name)
    assert code == 2
    assert "error[unknown-environment]" in said


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call[0])
def test_no_settings_folder(told, nothing_written, monkeypatch, call):
    monkeypatch.chdir(told.root)
    code, said = refusal(told, nothing_written, *call, SYNFINANCE_SETTINGS_DIR=str(told.root / "nowhere"))
    assert code == 2
    assert "nowhere" in said


@pytest.mark.parametrize("call", CALLS[:3], ids=lambda call: call[0])
@pytest.mark.parametrize(
    ("name", "text", "place"),
    [
        ("default", "debug: [\n", "settings/default.yaml:1:8"),
        ("default", "server:\n  prot: 1\n", "settings/default.yaml:2:3"),
        ("default", "server:\n  port: 1\n  port: 2\n", "settings/default.yaml:3:3"),
        ("default", b"debug: \xff\n", "settings/default.yaml:1"),
    ],
    ids=["syntax", "unknown key", "twice", "not UTF-8"],
)
def test_a_broken_layer_below(told, project, nothing_written, monkeypatch, call, name, text, place):
    monkeypatch.chdir(told.root)
    project.layer(name, text)
    code, said = refusal(told, nothing_written, *call)
    assert code == 1
    assert f"--> {place}" in said


@pytest.mark.parametrize("call", CALLS[:2], ids=lambda call: call[0])
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("server: {port: 1}\ndebug: [\n", "settings/development.yaml:2:8"),
        ("server:\n  prot: 2\n  port: 1\n", "settings/development.yaml:2:3"),
        ("server:\n  port: 1\n  port: 2\n", "settings/development.yaml:3:3"),
        ("server: {port: 1}\ndebug: !x 2\n", "settings/development.yaml:2:8"),
        (b"server: {port: 1}\ndebug: \xff\n", "settings/development.yaml:2"),
    ],
    ids=["syntax", "unknown key", "twice", "tag", "not UTF-8"],
)
def test_the_layer_itself_is_broken(told, project, nothing_written, call, text, place):
    project.layer("development", text)
    code, said = refusal(told, nothing_written, *call)
    assert code == 1
    assert f"--> {place}" in said


@pytest.mark.parametrize("call", CALLS[:4], ids=lambda call: call[0])
def test_one_layer_in_two_files(told, project, nothing_written, monkeypatch, call):
    monkeypatch.chdir(told.root)
    project.layer("development.yml", "{}\n")
    code, said = refusal(told, nothing_written, *call)
    assert code == 1
    assert "development.yaml and settings/development.yml" in said


@pytest.mark.parametrize("call", CALLS[:5], ids=lambda call: call[0])
def test_a_folder_that_is_read_only(told, nothing_written, without_rights, call):
    here = told.settings if call[0] != "export" else told.root
    here.chmod(0o555)
    nothing_written()
    process = told.start(*call, before=without_rights)
    _, stderr = process.communicate(timeout=PATIENCE)
    here.chmod(0o755)
    assert process.returncode == 2
    assert "error[unwritable]" in stderr
    assert f"{'out.yaml' if call[0] == 'export' else here} cannot be written" in stderr


def test_a_layer_that_is_no_file(told, nothing_written):
    (told.settings / "development.yaml").unlink()
    (told.settings / "development.yaml").mkdir()
    code, said = refusal(told, nothing_written, "set", "debug", "on")
    assert code == 1
    assert "error[unreadable]: settings/development.yaml is not a regular file" in said


def test_a_link_to_nothing(told, nothing_written):
    (told.settings / "development.yaml").unlink()
    (told.settings / "development.yaml").symlink_to("nowhere.yaml")
    code, said = refusal(told, nothing_written, "set", "debug", "on")
    assert code == 1
    assert "settings/development.yaml is a broken link" in said


@pytest.mark.parametrize(
    "call",
    [
        ["set"],
        ["set", "debug"],
        ["set", "generation.seed", "-5"],
        ["unset"],
        ["import"],
        ["rollback", "one"],
        ["export"],
        ["export", "x", "--format", "toml"],
        ["history", "--format", "yaml"],
    ],
    ids=" ".join,
)
def test_a_call_that_is_none(told, nothing_written, call):
    code, said = refusal(told, nothing_written, *call)
    assert code == 2
    assert said.startswith("Usage: ")


@pytest.mark.parametrize(
    ("text", "place"), [("server:\n  port: [\n", "2:9"), ("server:\n  port: 8\0\n", "2:10"), ("a: *b\n", "1:4")]
)
@pytest.mark.parametrize("call", [["set", "debug", "on"], ["unset", "server"]], ids=lambda call: call[0])
def test_a_layer_that_does_not_parse_is_told_at_its_place(desk, project, nothing_written, call, text, place):
    project.layer("development", text)
    nothing_written()
    result = desk.run(*call)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"  --> settings/development.yaml:{place}\n" in result.stderr


@pytest.mark.parametrize("path", ["missing.yaml", "settings"])
def test_an_import_of_what_is_no_file_is_refused(desk, nothing_written, path):
    nothing_written()
    result = desk.run("import", f"{desk.root}/{path}", "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "Traceback" not in result.stderr

"""The files that commands write beside the layers: nothing is replaced unasked, and nothing that a load reads."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import yaml

from synfinance_settings import EditError

CANARY = "canary4c7e1b9d2f8a6053"
WRITERS = [
    pytest.param(lambda path: ["export", path], id="export"),
    pytest.param(lambda path: ["schema", "--output", path], id="schema"),
    pytest.param(lambda path: ["env-template", "--output", path], id="env-template"),
    pytest.param(lambda path: ["show", "--output", path], id="show"),
    pytest.param(lambda path: ["show", "--format", "env", "--output", path], id="show as env"),
]


@pytest.mark.parametrize("call", WRITERS)
@pytest.mark.parametrize(
    "name",
    [
        "settings/default.yaml",
        "settings/development.yaml",
        "settings/production.yaml",
        "settings/production.json",
        "settings/test.local.yml",
        "link.yaml",
        ".env",
        "secrets/password",
    ],
)
def test_nothing_that_a_load_reads_is_replaced(desk, project, nothing_written, call, name):
    """Layers of all environments, whether they are there or not; by another name, too; and with --yes."""
    (desk.root / "link.yaml").symlink_to(desk.settings / "development.yaml")
    project.write(".env", "SYNFINANCE_DB_PASSWORD_FILE=secrets/password\n")
    project.write("secrets/password", CANARY)
    nothing_written()
    result = desk.run(*call(str(desk.root / name)), "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert CANARY not in result.output


@pytest.mark.parametrize(("name", "layer"), [("default", "default"), ("development", "development"), ("test", "test")])
def test_who_exports_to_a_layer_is_told_the_way(desk, nothing_written, name, layer):
    nothing_written()
    result = desk.run("export", str(desk.settings / f"{name}.yaml"), "--yes")
    assert "error[refused-edit]: " in result.stderr
    assert f"import FILE --env {layer}" in result.stderr


def test_a_layer_of_another_checkout_is_none_of_ours_either(desk, project, nothing_written):
    path = project.write("other/settings/default.yaml", "debug: on\n").with_name("staging.yaml")
    nothing_written()
    assert desk.run("export", str(path), "--yes").exit_code == 2


def test_the_manager_writes_over_no_layer(project):
    manager = project.manager()
    before = (project.settings / "development.yaml").read_bytes()
    with pytest.raises(EditError):
        manager.export_config(project.settings / "development.yaml")
    assert (project.settings / "development.yaml").read_bytes() == before


@pytest.mark.parametrize("call", WRITERS)
def test_a_file_is_replaced_only_when_that_is_said(desk, call):
    path = desk.root / "mine.txt"
    path.write_text("mine\n")
    result = desk.run(*call(str(path)))
    assert (result.exit_code, result.stdout, path.read_text()) == (2, "", "mine\n")
    assert "--yes" in result.stderr
    code, said = desk.asked("n", *call(str(path)))
    assert (code, path.read_text()) == (1, "mine\n")
    assert "exists. Overwrite it? [y/N]: " in said
    desk.done(*call(str(path)), "--yes")
    assert path.read_text() != "mine\n"


@pytest.mark.parametrize("call", WRITERS)
def test_a_dash_is_stdout(desk, project, nothing_written, call):
    nothing_written()
    without = [argument for argument in call("") if argument not in ("--output", "")]
    shown = desk.done(*call("-")).stdout
    assert shown.count("\n") > 1
    assert without[0] == "export" or shown == desk.done(*without).stdout


@pytest.mark.parametrize("call", WRITERS)
def test_a_device_is_no_file_to_replace(desk, call):
    result = desk.run(*call("/dev/null"), "--yes")
    assert (result.exit_code, result.stdout) == (2, "")
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize("call", WRITERS[2:3] + WRITERS[4:])
def test_a_dotenv_may_be_started_where_there_is_none(desk, call):
    desk.done(*call(str(desk.root / ".env")))
    assert stat.S_IMODE((desk.root / ".env").stat().st_mode) == 0o600


@pytest.mark.parametrize("call", WRITERS[:2])
def test_what_is_no_dotenv_does_not_take_its_place(desk, call):
    assert desk.run(*call(str(desk.root / ".env"))).exit_code == 2
    assert not (desk.root / ".env").exists()


class TestForms:
    @pytest.mark.parametrize(
        ("name", "read"),
        [("x.json", json.loads), ("x.yaml", yaml.safe_load), ("x.yml", yaml.safe_load), ("x.txt", yaml.safe_load)],
    )
    @pytest.mark.parametrize("call", WRITERS[::3])
    def test_a_file_is_written_as_its_suffix_says(self, desk, call, name, read):
        desk.done(*call(str(desk.root / name)))
        assert read((desk.root / name).read_text())["server"]["port"] == 8000
        assert (desk.root / name).read_text().startswith("{") is name.endswith(".json")

    def test_what_is_exported_by_its_suffix_imports(self, desk, project):
        project.layer("development", "server: {port: 8001}\n")
        desk.done("export", str(desk.root / "x.json"))
        project.layer("development", "{}\n")
        desk.done("import", str(desk.root / "x.json"), "--yes")
        assert desk.done("get", "server.port").stdout == "8001\n"

    def test_the_manager_writes_what_reads_back(self, project):
        project.manager().export_config(project.root / "x.json")
        assert json.loads((project.root / "x.json").read_text())["server"]["port"] == 8000

    @pytest.mark.parametrize(("name", "form"), [("x.json", "yaml"), ("x.yaml", "json"), ("x.yml", "json")])
    def test_a_form_that_is_not_the_suffix_is_refused(self, desk, nothing_written, name, form):
        nothing_written()
        result = desk.run("export", str(desk.root / name), "--format", form)
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"would be read as {'json' if form == 'yaml' else 'yaml'}" in result.stderr

    def test_an_env_file_is_shown_as_one(self, desk):
        desk.done("show", "--output", str(desk.root / "x.env"), SYNFINANCE_SERVER_PORT="8005")
        assert "SYNFINANCE_SERVER__PORT=8005\n" in (desk.root / "x.env").read_text()


@pytest.mark.parametrize("reveal", [False, True])
@pytest.mark.parametrize("name", ["x.env", "x.yaml", "x.json"])
def test_what_holds_secrets_is_for_its_owner_alone(desk, project, name, reveal):
    project.layer("development", f"database: {{password: {CANARY}}}\n")
    path = desk.root / name
    path.write_text("")
    path.chmod(0o644)
    result = desk.done("show", "--output", str(path), "--yes", *(["--reveal"] if reveal else []))
    assert CANARY not in result.output
    assert (CANARY in path.read_text()) is reveal
    assert stat.S_IMODE(path.stat().st_mode) == (0o600 if reveal or name == "x.env" else 0o644)

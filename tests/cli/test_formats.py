"""One table of formats: whoever reads, edits or writes a file asks it, so that a format is a leaf and an entry."""

from __future__ import annotations

import json

import pytest
from ini import Ini

from synfinance_settings import SettingsError
from synfinance_settings.text import formats
from synfinance_settings.text.formats import format_of, layer_format, layer_suffixes


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.yaml", "yaml"),
        ("a.yml", "yaml"),
        ("a.json", "json"),
        (".env", "env"),
        ("x/.env.local", "env"),
        ("a.env", "env"),
    ],
)
def test_a_name_says_its_format(name, expected):
    assert format_of(name).name == expected


@pytest.mark.parametrize("name", ["a.txt", "a", "-", "a.env"])
def test_a_layer_of_another_name_is_read_as_yaml(name):
    assert layer_format(name).name == "yaml"


def test_no_layer_can_be_a_dotenv():
    assert layer_suffixes() == (".yaml", ".yml", ".json")


@pytest.fixture
def ini(monkeypatch):
    monkeypatch.setattr(formats, "FORMATS", (*formats.FORMATS, Ini()))


TEXT = (
    "# ours\ndebug = yes\n[server]\nport = 8001\ncors_origins = a,b\n\n[ml.feature_engineering]\ntotal_features = 70\n"
)


@pytest.mark.usefixtures("ini")
class TestAFormatOfAStranger:
    """`Ini` is one leaf, and one entry in `FORMATS`; nobody else has heard of it."""

    def test_is_loaded_with_places(self, project):
        project.write("settings/test.ini", TEXT)
        manager = project.manager(SYNFINANCE_ENV="test")
        config = manager.get_config()
        assert (config.debug, config.server.port, config.ml.feature_engineering.total_features) == (True, 8001, 70)
        assert str(manager.explain("server.port").origin) == "settings/test.ini:4:8"

    def test_is_told_of_with_an_excerpt(self, project):
        project.write("settings/test.ini", "[server]\nport = 99999\nprot = 1\nport = 2\n[database]\npassword = hush\n")
        with pytest.raises(SettingsError) as caught:
            project.manager(SYNFINANCE_ENV="test").get_config()
        said = str(caught.value)
        assert "settings/test.ini:2:8" in said
        assert "port = 99999" in said
        assert "did you mean server.port?" in said
        assert "server.port is given twice" in said
        assert "hush" not in said

    def test_is_edited_in_place(self, desk):
        path = desk.settings / "test.ini"
        (desk.settings / "test.yaml").unlink(missing_ok=True)
        path.write_text(TEXT)
        for call in (["server.port", "8002"], ["server.timeout", "5"], ["database.port", "5433"], ["debug", "no"]):
            result = desk.run("set", *call, "--env", "test")
            assert result.exit_code == 0, result.output
        assert desk.run("unset", "ml", "--env", "test").exit_code == 0
        assert path.read_text() == (
            "# ours\ndebug = no\n[server]\nport = 8002\ntimeout = 5\ncors_origins = a,b\n[database]\nport = 5433\n\n"
        )

    def test_is_exported_and_comes_back(self, desk):
        desk.run("set", "server.port", "8002", "--env", "test")
        result = desk.run("export", str(desk.root / "x.ini"), "--env", "test")
        assert result.exit_code == 0, result.output
        text = (desk.root / "x.ini").read_text()
        assert text.startswith("# Secrets left out: ")
        assert "[server]\n" in text
        assert "port = 8002\n" in text
        assert desk.run("import", str(desk.root / "x.ini"), "--env", "test", "--dry-run").exit_code == 0

    def test_is_shown_when_it_is_asked_for(self, desk):
        assert "[server]\nhost = " in desk.run("show", "--format", "ini", "--section", "server").stdout


def test_an_export_follows_its_name(desk):
    assert desk.run("set", "server.port", "8002", "--env", "test").exit_code == 0
    for name in ("x.yaml", "x.json", "x.env"):
        assert desk.run("export", str(desk.root / name), "--env", "test").exit_code == 0
    assert json.loads((desk.root / "x.json").read_text())["server"]["port"] == 8002
    assert "  port: 8002\n" in (desk.root / "x.yaml").read_text()
    assert "SYNFINANCE_SERVER__PORT=8002\n" in (desk.root / "x.env").read_text()
    assert (desk.root / "x.env").stat().st_mode & 0o777 == 0o600


def test_a_schema_follows_its_name(desk):
    for name in ("s.json", "s.yaml"):
        assert desk.run("schema", "--output", str(desk.root / name)).exit_code == 0
    assert json.loads((desk.root / "s.json").read_text())["$schema"]
    assert (desk.root / "s.yaml").read_text().startswith("$schema: https://")


@pytest.mark.parametrize(
    ("command", "name"), [("schema", "x.env"), ("env-template", "x.yaml"), ("env-template", "x.json")]
)
def test_what_no_reader_of_the_name_could_read_is_not_written(desk, command, name):
    result = desk.run(command, "--output", str(desk.root / name))
    assert result.exit_code == 2
    assert "choose another suffix" in result.stderr
    assert not (desk.root / name).exists()

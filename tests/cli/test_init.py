"""init: the files that a program starts with, which validate as they lie there, and nothing over what is there."""

from __future__ import annotations

import os
from typing import Annotated, ClassVar, Literal

import pytest
import shop
from click.testing import CliRunner
from pydantic import SecretStr

from synfinance_settings.cli.group import group, group_for
from synfinance_settings.environment import EnvironmentKind
from synfinance_settings.model.application import Application
from synfinance_settings.model.forms import Boolean, Choice, Secret, Text, TextList, Whole
from synfinance_settings.model.resource import Credential
from synfinance_settings.model.rule import Rule
from synfinance_settings.model.section import Contradiction, Section, setting


class InnerConfig(Section):
    """Inside: of # all."""

    text: Text = setting("a $ {b}: # 'c'", "First\n  line: # and second.")
    words: TextList = setting(("x, y", "*", "- z", "null"), "Words.")
    none: Text | None = setting(None, "Nothing.")
    number: Text = setting("0123", "Digits.")
    kind: Annotated[Literal["on", "off"], *Choice] = setting("on", "A word that YAML knows.")


class DoorConfig(Section):
    """Who comes in."""

    by_name: Boolean = setting(False, "By name.")
    by_key: Boolean = setting(False, "By key.")
    key: Secret = setting(SecretStr(""), "The key.")
    inner: InnerConfig = InnerConfig()
    RESOURCES: ClassVar = (Credential("key", when={"by_key": True}),)
    CONTRADICTIONS: ClassVar = (
        Contradiction(
            ("by_key", "key"), "a key is needed", lambda door: door.by_key and not door.key.get_secret_value()
        ),
    )


class HouseConfig(Section):
    """A house."""

    floors: Whole = setting(2, "How many.")
    door: DoorConfig = DoorConfig()


def house(*keys: str, rule) -> Application:
    rules = (Rule("locked", "error", ("away",), keys, "the door must be locked", rule),)
    kinds = (EnvironmentKind("home"), EnvironmentKind("away", strict=True))
    return Application(HouseConfig, prefix="HOUSE_", environments=kinds, rules=rules, settings_dir_name="conf")


LOCKED = house("door.by_key", "door.by_name", rule=lambda config: not (config.door.by_key or config.door.by_name))
KEYED = house("door.by_name", "door.by_key", rule=lambda config: not config.door.by_key)
HIGH = house("floors", rule=lambda config: config.floors < 3)


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*arguments, commands=group, **variables):
        others = {name: None for name in os.environ if name.startswith(("SYNFINANCE_", "SHOP_", "HOUSE_"))}
        return CliRunner(env={**others, **variables}).invoke(commands, arguments)

    return run


FILES = {
    "SynFinance": (group, "settings", ["default", "development", "staging", "production", "test"]),
    "a shop": (group_for(shop.SHOP), "settings", ["default", "dev", "qa", "live"]),
    "a house": (group_for(LOCKED), "conf", ["default", "home", "away"]),
    "a house with a key": (group_for(KEYED), "conf", ["default", "home", "away"]),
}


@pytest.mark.parametrize(("commands", "folder", "layers"), FILES.values(), ids=FILES)
class TestAnyApplication:
    def names(self, folder, layers):
        return [*(f"{folder}/{layer}.yaml" for layer in layers), f"{folder}/schema.json", ".env.example", ".gitignore"]

    def test_what_is_laid_down_is_told_line_by_line_and_validates(self, run, tmp_path, commands, folder, layers):
        result = run("init", commands=commands)
        assert (result.exit_code, result.stderr) == (0, "")
        names = self.names(folder, layers)
        assert result.stdout.splitlines() == [f"wrote {name}" for name in names]
        assert sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()) == sorted(
            names
        )
        found = run("validate", "--all", "--placeholders", commands=commands)
        assert found.exit_code == 0, found.output
        assert run("schema", "--check", commands=commands).exit_code == 0

    def test_the_settings_are_those_of_the_models(self, run, commands, folder, layers):
        first = layers[1]
        bare = run("show", "--env", first, commands=commands).stdout
        run("init", commands=commands)
        assert run("show", "--env", first, commands=commands).stdout == bare != ""

    def test_nothing_is_written_over_what_is_there(self, run, tmp_path, commands, folder, layers):
        names = self.names(folder, layers)
        run("init", commands=commands)
        for name in names[:-1]:
            (tmp_path / name).write_text(f"# mine\n{'{}' if name.endswith(('yaml', 'json')) else ''}\n")
        before = {name: (tmp_path / name).read_bytes() for name in names}
        result = run("init", commands=commands)
        assert (result.exit_code, result.stderr) == (0, "")
        assert result.stdout.splitlines() == [f"left {name} as it is" for name in names]
        assert {name: (tmp_path / name).read_bytes() for name in names} == before

    def test_a_dry_run_says_the_same_and_writes_nothing(self, run, tmp_path, commands, folder, layers):
        result = run("init", "new/place", "--dry-run", commands=commands)
        assert result.exit_code == 0
        names = self.names(folder, layers)
        assert result.stdout.splitlines() == [f"would write new/place/{name}" for name in names]
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_that_is_named_is_made(self, run, tmp_path, commands, folder, layers):
        assert run("init", "new/place", commands=commands).exit_code == 0
        assert (tmp_path / "new/place" / folder / "default.yaml").exists()


def test_what_the_rules_of_an_environment_demand_stands_in_its_layer(run, tmp_path):
    run("init", commands=group_for(KEYED))
    text = (tmp_path / "conf/away.yaml").read_text()
    assert text.endswith("# the door must be locked\ndoor:\n  by_key: true\n  key: ${HOUSE_DOOR_KEY}\n")
    assert (tmp_path / "conf/home.yaml").read_text().endswith("\n{}\n")


def test_a_rule_that_no_switch_fulfils_is_left_to_people(run, tmp_path):
    commands = group_for(HIGH)
    assert run("init", commands=commands).exit_code == 0
    assert (tmp_path / "conf/away.yaml").read_text().endswith("\n{}\n")
    assert "the door must be locked" in run("validate", "--env", "away", commands=commands).stdout


def test_a_layer_of_another_suffix_is_there_too(run, tmp_path):
    (tmp_path / "settings").mkdir()
    (tmp_path / "settings/default.json").write_text("{}")
    result = run("init", commands=group_for(shop.SHOP))
    assert "left settings/default.json as it is" in result.stdout
    assert not (tmp_path / "settings/default.yaml").exists()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ".env\n*.local.*\n"),
        ("*.pyc", "*.pyc\n.env\n*.local.*\n"),
        (".env\n", ".env\n*.local.*\n"),
        ("*.local.*\n# mine\n.env\n", "*.local.*\n# mine\n.env\n"),
    ],
)
def test_what_git_is_to_ignore_is_added_where_it_is_not_named(run, tmp_path, before, after):
    (tmp_path / ".gitignore").write_text(before)
    run("init")
    assert (tmp_path / ".gitignore").read_text() == after


def test_no_secret_of_this_machine_stands_in_what_is_written(run, tmp_path):
    run("init", SYNFINANCE_DB_PASSWORD="canary5512", SYNFINANCE_API_KEYS="canary5512" * 4)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "canary5512" in path.read_text()]


def test_a_file_where_the_folder_would_be_ends_with_2(run, tmp_path):
    (tmp_path / "settings").write_text("")
    result = run("init")
    assert result.exit_code == 2
    assert "Traceback" not in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["settings"]


def test_what_was_laid_down_is_changed_by_the_commands(run, tmp_path):
    run("init")
    result = run("set", "server.port", "9000", "--env", "production", SYNFINANCE_STATE_DIR=str(tmp_path / "state"))
    assert result.exit_code == 0, result.output
    assert "port: 9000" in (tmp_path / "settings/production.yaml").read_text()

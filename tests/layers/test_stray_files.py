"""Files in the settings folder that look like a layer and that no layer reads."""

from __future__ import annotations

import pytest

from synfinance_settings import Environment


def ignored(manager):
    return [(w.message, w.hint) for w in manager.snapshot.warnings if w.code == "ignored"]


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("dev.yaml", "development.yaml"),
        ("prod.yml", "production.yml"),
        ("stage.json", "staging.json"),
        ("developement.yaml", "development.yaml"),
        ("Production.yaml", "production.yaml"),
        ("defaults.yaml", "default.yaml"),
        ("devel.yaml", "development.yaml"),
        ("tests.yaml", "test.yaml"),
        ("default.YAML", "default.yaml"),
        ("dev.local.yaml", "development.local.yaml"),
        ("production.toml", "production.yaml"),
        ("settings.toml", "default.yaml"),
        ("settings.local.yaml", "default.local.yaml"),
        ("staging.local.ini", "staging.local.yaml"),
    ],
)
def test_a_file_that_looks_like_a_layer_is_named_with_the_name_that_is_read(project, name, wanted):
    project.write(f"settings/{name}", "no: [layer")
    ((message, hint),) = ignored(project.manager())
    assert message == f"settings/{name} is not read by any layer"
    assert hint.startswith(f"settings/{wanted} is the name that is read")


@pytest.mark.parametrize("name", [".secrets.yaml", "secrets.toml"])
def test_a_file_of_secrets_is_told_where_secrets_come_from(project, name):
    project.write(f"settings/{name}", "database: {password: canary-5f1d}")
    ((message, hint),) = ignored(project.manager())
    assert message == f"settings/{name} is not read by any layer"
    assert "settings/default.local.yaml" in hint
    assert "variables" in hint


@pytest.mark.parametrize(
    "name",
    [
        "schema.json",
        "default.yaml.bak",
        "development.yaml~",
        ".default.yaml.swp",
        ".#default.yaml",
        "default.yaml.orig",
        "production-old.yaml",
        "logging.yaml",
        "README.md",
        "..data",
        "staging.local.yaml",
        "te.yaml",
    ],
)
def test_what_is_no_layer_and_does_not_look_like_one_is_passed_over(project, name):
    project.write(f"settings/{name}", "{}")
    assert ignored(project.manager()) == []


def test_every_environment_has_its_layers(project):
    for name in ("default", *Environment):
        for local in ("", ".local"):
            project.layer(name + local, "{}")
    assert ignored(project.manager()) == []


def test_a_file_given_in_the_place_of_the_environments_layer_is_read(project):
    path = project.layer("dev", "app_name: given\n")
    manager = project.manager()
    assert manager.load_config(path).app_name == "given"
    assert ignored(manager) == []


def test_strict_validation_refuses_a_file_that_nothing_reads(project):
    project.layer("dev", "{}")
    assert project.command("validate").exit_code == 0
    assert project.command("validate", "--strict").exit_code == 1


def test_a_file_that_nothing_reads_is_told_once_in_the_log(project, caplog):
    project.layer("dev", "{}")
    manager = project.manager()
    manager.load_config()
    project.layer("default", "app_name: new\n")
    manager.reload_config()
    assert caplog.text.count("dev.yaml is not read by any layer") == 1

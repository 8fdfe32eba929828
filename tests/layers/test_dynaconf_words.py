"""dynaconf's tokens are just text, and those who know dynaconf are told so."""

from __future__ import annotations

import pytest

CANARY = "canary-93be"


def warnings(manager):
    return [w for w in manager.snapshot.warnings if w.code == "ignored"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("@format {env[USER]}", "${NAME} refers to a variable"),
        ("@jinja {{ env.USER }}", "${NAME} refers to a variable"),
        ("@read_file /etc/hostname", "a variable with _FILE after its name takes its value from a file"),
        ("@int 5", "the field decides the type; write only the value"),
        ("@none", "write null for no value, or leave the key out"),
    ],
)
def test_a_token_is_text_with_a_warning_at_its_place(project, text, hint):
    project.layer("default", f"database:\n  user: '{text}'\n")
    manager = project.manager()
    assert manager.get_config().database.user == text
    (warning,) = warnings(manager)
    assert warning.message == f"database.user begins with {text.split()[0]}, a dynaconf token, which is just text here"
    assert (str(warning.origin), warning.hint) == ("settings/default.yaml:2:9", hint)
    assert warning.excerpt.text == f"  user: '{text}'"


@pytest.mark.parametrize("text", ["@home", "@ int", "me@int", "@integer 5", "@INT 5", "dynaconf_merger", "@", "@int5"])
def test_other_text_is_no_token(project, text):
    project.layer("default", f"database: {{user: '{text}'}}")
    assert warnings(project.manager()) == []


@pytest.mark.parametrize("item", ["dynaconf_merge", "dynaconf_merge_unique", "@merge"])
def test_a_list_item_is_told_where_it_stands(project, item):
    project.layer("default", f"server:\n  cors_origins: ['http://a', '{item}']\n")
    manager = project.manager()
    assert item in manager.get_config().server.cors_origins
    (warning,) = warnings(manager)
    assert str(warning.origin) == "settings/default.yaml:2:30"
    assert warning.hint == "a list replaces that of a lower layer; write all its items"


def test_a_token_in_a_variable_or_in_dotenv_is_told_too(project):
    project.write(".env", "SYNFINANCE_APP_NAME=@str x\n")
    manager = project.manager(SYNFINANCE_DATABASE__USER="@str y")
    assert [str(w.origin) for w in warnings(manager)] == [".env:1", "env SYNFINANCE_DATABASE__USER"]


def test_a_token_that_a_higher_layer_hides_is_nobodys_concern(project):
    project.layer("default", "app_name: '@format x'")
    project.layer("development", "app_name: plain")
    assert warnings(project.manager()) == []


def test_a_secret_is_not_shown(project):
    project.layer("default", f"database:\n  password: '@format {CANARY}'\nsecurity: {{api_keys: ['@int {CANARY}']}}\n")
    manager = project.manager()
    found = warnings(manager)
    assert [w.key for w in found] == ["database.password", "security.api_keys"]
    assert not any(CANARY in str(w) or "@" in str(w) for w in found)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("dynaconf_merge: true", "mappings merge by themselves, and lists replace; leave it out"),
        ("server: {dynaconf_merge: true}", "mappings merge by themselves, and lists replace; leave it out"),
        ("dynaconf_include: [x.yaml]", "no file includes another; a layer of your own is default.local.yaml"),
    ],
)
def test_a_key_of_dynaconfs_is_no_setting_and_the_hint_says_what_to_do_instead(project, text, hint):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.code, problem.hint) == ("unknown-key", hint)

"""`EnvLoader`: `.env` below the process environment, behind typed getters."""

from __future__ import annotations

import os

import pytest

from synfinance_settings import EnvLoader, ExpansionError, LayerError, SettingsError, VariableError

TEXT = """\
WHOLE=42
NUMBER=2.5
YES=on
LIST=a, b,c
JSON=["a,b", 1]
EMPTY=
BOTH=file
QUOTED='$WHOLE'
JOINED=${WHOLE}-${NO:-none}
BAD=${NOWHERE}
"""


@pytest.fixture
def loader(project):
    return EnvLoader(project.write(".env", TEXT), {"BOTH": "process", "OWN": "1"})


def test_the_process_environment_wins_over_the_file(loader):
    assert (loader.get("BOTH"), loader.get("WHOLE"), loader.get("OWN")) == ("process", "42", "1")


def test_the_variables_of_the_process_are_copied_whenever_the_file_is_read(project):
    code = """if True:
        import os
        from synfinance_settings import EnvLoader
        loader, given = EnvLoader(), EnvLoader(environ={"NAME": "given"})
        os.environ["NAME"] = "one"
        print(loader.get("NAME"), given.get("NAME"))
        loader.load_env_file(), given.load_env_file()
        print(loader.get("NAME"), given.get("NAME"), loader.get("JOINED"))
    """
    project.write(".env", "JOINED=${NAME:-none}\n")
    run = project.python(code)
    assert run.stdout == "None given\none given one\n", run.stderr


def test_values_are_expanded_as_in_the_layers(loader):
    assert (loader.get("JOINED"), loader.get("QUOTED")) == ("42-none", "$WHOLE")
    with pytest.raises(ExpansionError, match="NOWHERE is not set anywhere"):
        loader.get("BAD")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_that_was_found_must_be_ours_and_one_that_was_named_need_not_be(project, monkeypatch):
    monkeypatch.chdir(project.root)
    path = project.write(".env", TEXT)
    assert EnvLoader(environ={}).get("WHOLE") == "42"
    os.chown(path, 12345, 12345)
    with pytest.raises(LayerError, match=r"\.env is not read: .* belongs to user 12345"):
        EnvLoader(environ={})
    assert EnvLoader(path, {}).get("WHOLE") == "42"


def test_typed_getters_give_types(loader):
    assert loader.get_int("WHOLE") == 42
    assert loader.get_float("NUMBER") == 2.5
    assert loader.get_bool("YES") is True
    assert loader.get_list("LIST") == ["a", "b", "c"]
    assert loader.get_list("JSON") == ["a,b", "1"]
    assert loader.get_list("LIST", separator=" ") == ["a,", "b,c"]
    assert loader.get_list("EMPTY") == []


@pytest.mark.parametrize("separator", [",", ";", " ", "--"])
def test_what_is_empty_between_separators_is_no_item(separator):
    text = separator.join(["a", "", " b ", " ", ""])
    assert EnvLoader(environ={"LIST": text}).get_list("LIST", separator) == ["a", "b"]


@pytest.mark.parametrize("text", ["[null]", '["a", ["b"]]', '[{"a": 1}]'])
def test_a_json_array_of_other_than_texts_is_no_list(text):
    with pytest.raises(VariableError, match="LIST must be a list of text items"):
        EnvLoader(environ={"LIST": text}).get_list("LIST")


def test_the_default_is_for_unset_variables_alone(loader):
    assert (loader.get("NO"), loader.get("NO", "d"), loader.get("EMPTY", "d")) == (None, "d", "")
    assert (loader.get_int("NO", 1), loader.get_float("NO", 1.5), loader.get_bool("NO", True)) == (1, 1.5, True)
    assert loader.get_list("NO", default=["d"]) == ["d"]
    assert loader.get_list("NO", default="d, e") == ["d", "e"]
    assert loader.get_list("NO") == []


@pytest.mark.parametrize(
    ("getter", "name"), [("get_int", "NUMBER"), ("get_int", "EMPTY"), ("get_float", "LIST"), ("get_bool", "WHOLE")]
)
def test_a_value_of_another_type_names_the_variable_and_its_place(loader, getter, name):
    with pytest.raises(VariableError) as caught:
        getattr(loader, getter)(name, None)
    (problem,) = caught.value.problems
    line = TEXT.splitlines().index(next(line for line in TEXT.splitlines() if line.startswith(name))) + 1
    assert (problem.key, problem.origin.line, problem.code) == (name, line, "wrong-variable")


def test_require_gives_the_value_or_names_the_variable(loader):
    assert loader.require("WHOLE") == "42"
    with pytest.raises(VariableError, match="NO is not set"):
        loader.require("NO")


def test_a_missing_variable_is_caught_as_a_value_error_too(loader):
    with pytest.raises(ValueError, match="NO is not set"):
        loader.require("NO")
    with pytest.raises(ValueError, match="YES must be a whole number"):
        loader.get_int("YES")


def test_all_missing_names_are_told_at_once(loader):
    loader.validate_required(["WHOLE", "OWN"])
    with pytest.raises(VariableError, match="NEITHER is not set"):
        loader.validate_required("NEITHER")
    with pytest.raises(VariableError) as caught:
        loader.validate_required(["NO", "WHOLE", "EMPTY", "NEITHER"])
    assert [problem.key for problem in caught.value.problems] == ["NO", "EMPTY", "NEITHER"]


def test_substitution_makes_a_new_structure(loader):
    data = {"a": "${WHOLE}", "$WHOLE": ["$BOTH", 1, None, True, ("$$",)], "b": {"c": "${NO:-d}"}}
    assert loader.substitute_in_config(data) == {
        "a": "42",
        "$WHOLE": ["process", 1, None, True, ("$",)],
        "b": {"c": "d"},
    }
    assert data["a"] == "${WHOLE}"
    assert loader.substitute_in_config("$WHOLE") == "42"
    assert loader.substitute_in_config(5) == 5


def test_substitution_tells_all_faults_at_once(loader):
    with pytest.raises(ExpansionError) as caught:
        loader.substitute_in_config({"a": "$NO", "b": ["ok", "${"], "c": {"d": "$BAD"}})
    assert [problem.key for problem in caught.value.problems][:2] == ["a", "b[1]"]
    assert len(caught.value.problems) == 3


def test_a_structure_that_contains_itself_is_an_error(loader):
    data = []
    data.append(data)
    with pytest.raises(SettingsError):
        loader.substitute_in_config(data)


def test_a_missing_file_is_an_empty_one(project):
    loader = EnvLoader(project.root / ".env", {"A": "1"})
    assert (loader.is_loaded(), loader.load_env_file(), loader.get_all()) == (False, False, {"A": "1"})


def test_a_file_that_appears_is_read_at_the_next_load(project):
    loader = EnvLoader(project.root / ".env", {})
    project.write(".env", "A=1\n")
    assert loader.get("A") is None
    assert loader.load_env_file()
    assert (loader.is_loaded(), loader.get("A")) == (True, "1")


def test_a_broken_line_keeps_what_was_read_before(project):
    path = project.write(".env", "A=1\n")
    loader = EnvLoader(path, {})
    path.write_text("A=2\nbroken line\n")
    with pytest.raises(LayerError) as caught:
        loader.load_env_file()
    assert caught.value.problems[0].origin.line == 2
    assert loader.get("A") == "1"


def test_from_env_file_needs_the_file(project):
    with pytest.raises(LayerError, match="does not exist"):
        EnvLoader.from_env_file(project.root / "no.env", {})
    assert EnvLoader.from_env_file(project.write("x.env", "A=1\n"), {}).get("A") == "1"


def test_the_file_is_the_one_of_the_project_root(project):
    project.write(".env", "A=1\n")
    assert EnvLoader(environ={"SYNFINANCE_SETTINGS_DIR": str(project.settings)}).get("A") == "1"


def test_get_all_holds_the_file_below_the_process_environment(project):
    loader = EnvLoader(project.write(".env", "A=1\nB=2\n"), {"B": "3", "C": "4"})
    assert loader.get_all() == {"A": "1", "B": "3", "C": "4"}


def test_a_template_that_cannot_be_written_whole_is_not_written(project):
    code = """if True:
        import resource, signal
        from synfinance_settings import EnvLoader, SettingsError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            EnvLoader().create_env_template("template")
        except SettingsError as error:
            print(error)
    """
    run = project.python(code)
    assert run.stdout.startswith("error[unwritable]: template cannot be written"), run.stderr
    assert sorted(path.name for path in project.root.iterdir()) == ["settings"]


@pytest.mark.parametrize("target", ["nowhere", "settings/default.yaml"])
def test_a_template_does_not_follow_a_link(loader, project, target):
    (project.root / "template").symlink_to(project.root / target)
    with pytest.raises(SettingsError, match="exists already"):
        loader.create_env_template(project.root / "template")
    assert not (project.root / "nowhere").exists()


def test_a_template_is_written_once(loader, project):
    path = loader.create_env_template(project.root / ".env.example")
    assert "SYNFINANCE_SERVER__PORT=8000" in path.read_text()
    with pytest.raises(SettingsError, match="exists already; nothing was written"):
        loader.create_env_template(path)
    with pytest.raises(SettingsError, match="cannot be written"):
        loader.create_env_template(project.root / "no" / "template")

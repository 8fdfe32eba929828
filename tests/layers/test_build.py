"""From sources to one snapshot: which layer wins, what may be missing, and that all faults are told at once."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from synfinance_settings import (
    ConfigManager,
    EnvironmentNameError,
    InvalidSettingsError,
    LayerError,
    UnknownKeyError,
    ValidationReport,
)
from synfinance_settings.layers.build import build
from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.precedence import LAYERS
from synfinance_settings.layers.project import find_project
from synfinance_settings.sections.application import SYNFINANCE


def test_the_order_of_the_layers_is_visible():
    assert [layer.name for layer in LAYERS] == [
        "default",
        "environment",
        "default.local",
        "environment.local",
        "remote",
        ".env",
        "secrets folder",
        "process environment",
        "arguments",
        "override",
    ]


@pytest.mark.parametrize(("port", "is_good"), [("8001", True), ("0", False)])
def test_a_build_comes_to_the_report_that_users_know(project, port, is_good):
    project.layer("default", f"server: {{port: {port}}}")
    found = find_project(SYNFINANCE, environ={}, settings_dir=project.settings)
    report = build(look_at(found))
    assert isinstance(report, ValidationReport)
    assert (bool(report), report.snapshot is not None, not report.problems) == (is_good, is_good, is_good)
    with nullcontext() if is_good else pytest.raises(InvalidSettingsError, match=r"server\.port"):
        assert report.require().config.server.port == 8001


def test_what_a_build_comes_to_is_made_of_what_was_read_alone(project):
    project.layer("default", "server: {port: 8001}")
    found = find_project(SYNFINANCE, environ={}, settings_dir=project.settings)
    look = look_at(found)
    snapshot = build(look).require()
    assert build(look).snapshot == snapshot
    assert (snapshot.loaded_at, snapshot.number, snapshot.pending_restart) == (look.looked_at, 0, ())


SOURCES = [
    ("settings/default.yaml", "app_name: default\n", "settings/default.yaml:1:11"),
    ("settings/development.yaml", "app_name: development\n", "settings/development.yaml:1:11"),
    ("settings/default.local.yaml", "app_name: default.local\n", "settings/default.local.yaml:1:11"),
    ("settings/development.local.yaml", "app_name: development.local\n", "settings/development.local.yaml:1:11"),
    (".env", "SYNFINANCE_APP_NAME=.env\n", ".env:1"),
]


@pytest.mark.parametrize("present", range(len(SOURCES)))
def test_a_later_layer_wins_and_remembers_what_it_hides(project, present):
    for path, text, _ in SOURCES[: present + 1]:
        project.write(path, text)
    explanation = project.manager().explain("app_name")
    origins = [origin for _, _, origin in reversed(SOURCES[: present + 1])]
    assert str(explanation.origin) == origins[0]
    assert [str(hidden.origin) for hidden in explanation.overridden] == [*origins[1:], "default"]


def test_the_process_environment_wins_over_all_files(project):
    for path, text, _ in SOURCES:
        project.write(path, text)
    manager = project.manager(SYNFINANCE_APP_NAME="variable")
    assert manager.get_config().app_name == "variable"
    assert str(manager.snapshot.origins["app_name"]) == "env SYNFINANCE_APP_NAME"


def test_a_section_in_two_layers_is_merged_and_a_list_is_replaced(project):
    project.layer("default", "server: {port: 8001, cors_origins: [a, b]}\nml: {feature_engineering: {enabled: off}}\n")
    project.layer("development", "server: {cors_origins: [c]}\nml: {feature_engineering: {total_features: 9}}\n")
    config = project.load()
    assert (config.server.port, config.server.cors_origins) == (8001, ("c",))
    assert (config.ml.feature_engineering.enabled, config.ml.feature_engineering.total_features) == (False, 9)


def test_null_in_an_overlay_means_null(project):
    project.layer("default", "generation: {seed: 42}\ncache: {password: x}")
    project.layer("development", "generation: {seed: null}\ncache: {password: ~}")
    config = project.load()
    assert (config.generation.seed, config.cache.password) == (None, None)


def test_a_null_section_and_an_empty_file_are_empty(project):
    project.layer("default", "server: {port: 8001}")
    project.layer("development", "server:\n")
    project.layer("default.local", "")
    project.layer("development.local", "# nothing yet\n")
    assert project.load().server.port == 8001


@pytest.mark.parametrize("name", ["development.json", "development.yml"])
def test_a_layer_that_says_null_alone_is_no_mapping(project, name):
    project.layer("default", "server: {port: 8001}")
    (project.settings / "development.yaml").unlink()
    project.layer(name, "null\n")
    assert project.problems() == [("not-a-mapping", None, f"settings/{name}:1:1")]


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".json"])
def test_a_layer_may_be_yaml_or_json(project, suffix):
    (project.settings / "default.yaml").unlink()
    project.write(f"settings/default{suffix}", '{"server": {"port": 9001}}')
    manager = project.manager()
    assert manager.get_config().server.port == 9001
    assert str(manager.snapshot.origins["server.port"]) == f"settings/default{suffix}:1:21"


@pytest.mark.parametrize("other", ["default.json", "default.yml", "development.json"])
def test_two_files_for_one_layer_are_an_error(project, other):
    project.write(f"settings/{other}", "{}")
    problem = project.problem()
    assert problem.code == "two-files"
    assert other in problem.message


@pytest.mark.parametrize("stem", ["default.local", "development.local"])
def test_a_local_layer_overrides_the_shared_one(project, stem):
    project.layer("development", "app_name: shared")
    project.layer(stem, "app_name: mine")
    assert project.load().app_name == "mine"


def test_local_layers_are_ignored_in_production_with_a_warning(project):
    project.secure_production("app_name: shared")
    project.layer("default.local", "app_name: mine")
    project.layer("production.local", "not: even: yaml")
    manager = project.manager(SYNFINANCE_ENV="production")
    assert manager.get_config().app_name == "shared"
    ignored = [warning.message for warning in manager.snapshot.warnings if warning.code == "ignored"]
    assert ignored == [
        "settings/default.local.yaml is ignored in production",
        "settings/production.local.yaml is ignored in production",
    ]


@pytest.mark.parametrize("environment", ["staging", "production"])
@pytest.mark.parametrize("stem", ["default", "environment"])
def test_a_missing_layer_is_an_error_where_it_matters(project, environment, stem):
    project.secure_production()
    project.layer("staging", "{}")
    (project.settings / f"{environment if stem == 'environment' else stem}.yaml").unlink()
    problem = project.problem(SYNFINANCE_ENV=environment)
    assert (problem.code, str(problem.origin)) == ("missing-layer", "settings")


@pytest.mark.parametrize("stem", ["default", "staging"])
def test_the_hint_for_a_missing_layer_names_its_file_in_the_folder_as_it_is_called(project, stem):
    folder = project.settings.rename(project.root / "conf")
    (folder / "staging.yaml").write_text("{}\n")
    (folder / f"{stem}.yaml").unlink()
    with pytest.raises(LayerError) as caught:
        ConfigManager(settings_dir=folder, environ={}, environment="staging").load_config()
    (problem,) = caught.value.problems
    assert problem.message == f"conf/{stem}.yaml is missing"
    assert problem.hint == f"create conf/{stem}.yaml, or set SYNFINANCE_SETTINGS_DIR to the folder of the layers"


@pytest.mark.parametrize("environment", ["development", "test"])
def test_a_missing_layer_is_a_warning_elsewhere(project, environment, caplog):
    for path in project.settings.iterdir():
        path.unlink()
    manager = project.manager(SYNFINANCE_ENV=environment)
    assert manager.get_config().server.port == 8000
    assert [warning.code for warning in manager.snapshot.warnings] == ["missing-layer"] * 2
    assert f"settings/{environment}.yaml is missing" in caplog.text


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("nowhere")])
def test_a_layer_that_cannot_be_read_is_always_an_error(project, make):
    make(project.settings / "default.local.yaml")
    error = project.error()
    assert isinstance(error, LayerError)
    assert [problem.code for problem in error.problems] == ["unreadable"]


def test_a_slip_in_the_name_of_the_environment_suggests_the_right_one(project):
    error = project.error(SYNFINANCE_ENV="prodution")
    assert isinstance(error, EnvironmentNameError)
    assert str(error) == (
        "error[unknown-environment]: 'prodution' is not an environment\n"
        "  --> env SYNFINANCE_ENV\n"
        "   = help: did you mean production?"
    )


def test_the_environment_may_stand_in_dotenv(project):
    project.write(".env", "SYNFINANCE_ENV=test\n")
    project.layer("test", "app_name: tested")
    manager = project.manager()
    assert (manager.get_environment(), manager.get_config().app_name) == ("test", "tested")
    assert str(manager.snapshot.origins["environment"]) == ".env:1"


def test_the_process_environment_decides_before_dotenv(project):
    project.write(".env", "SYNFINANCE_ENV=production\n")
    assert project.load(SYNFINANCE_ENV="development").environment == "development"


@pytest.mark.parametrize("name", ["", " ", "Production", "PROD", "production ", "prodd", "qa"])
def test_no_other_spelling_of_an_environment_is_taken(project, name):
    assert project.problem(SYNFINANCE_ENV=name).code == "unknown-environment"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("settings/default.yaml", "environment: production"),
        ("settings/development.yaml", "environment: test"),
        (".env", "SYNFINANCE_ENVIRONMENT=prod"),
    ],
)
def test_a_layer_for_another_environment_is_an_error(project, path, text):
    project.write(path, text)
    problem = project.problem()
    assert (problem.code, problem.origin.source, problem.origin.line) == ("other-environment", path, 1)


def test_a_layer_may_say_its_environment_in_short_or_by_reference(project):
    project.layer("development", "environment: ${WHERE}")
    project.layer("development.local", "environment: dev")
    assert project.load(WHERE="development", SYNFINANCE_ENVIRONMENT="dev").environment == "development"


def test_a_slip_in_a_key_is_told_at_its_line_and_column(project):
    project.layer("development", "server:\n  prot: 1\n")
    error = project.error()
    assert isinstance(error, UnknownKeyError)
    assert str(error) == (
        "error[unknown-key]: server.prot is not a setting\n"
        "  --> settings/development.yaml:2:3\n"
        "   |\n"
        " 2 |   prot: **********\n"
        "   |   ^^^^\n"
        "   = help: did you mean server.port?"
    )


def test_ten_mistakes_in_three_layers_are_ten_located_problems(project):
    project.layer(
        "default",
        "server:\n  port: eighty\n  prot: 1\n  workers: 99\ndatabase:\n  password: ${NOWHERE}\n  ssl_mode: strict\n",
    )
    project.layer("development", "databse: {}\ngeneration:\n  start_date: 2024-02-30\n  seed: 1.5\n")
    project.write(".env", "SYNFINANCE_CACHE__TTL=soon\nSYNFINANCE_SERVER=x\n")
    error = project.error()
    assert isinstance(error, InvalidSettingsError)
    assert sorted((problem.code, str(problem.origin)) for problem in error.problems) == [
        ("not-a-choice", "settings/default.yaml:7:13"),
        ("not-a-setting", ".env:2"),
        ("out-of-range", "settings/default.yaml:4:12"),
        ("unknown-key", "settings/default.yaml:3:3"),
        ("unknown-key", "settings/development.yaml:1:1"),
        ("unset-variable", "settings/default.yaml:6:13"),
        ("wrong-type", ".env:1"),
        ("wrong-type", "settings/default.yaml:2:9"),
        ("wrong-type", "settings/development.yaml:3:15"),
        ("wrong-type", "settings/development.yaml:4:9"),
    ]
    assert str(error).startswith("10 problems\n")
    assert all(str(problem) in str(error) for problem in error.problems)


def test_faults_of_reading_and_of_values_are_told_together(project):
    project.layer("default", "server: {port: 1}\n")
    project.layer("development", "database: [\n")
    project.write(".env", "NOT AN ASSIGNMENT\n")
    error = project.error(SYNFINANCE_ENV="development")
    assert [problem.code for problem in error.problems] == ["syntax", "syntax", "out-of-range"]


def test_a_wrong_value_that_a_higher_layer_hides_does_no_harm(project):
    project.layer("default", "server: {port: eighty}\ndatabase: {password: '${NOWHERE}'}\n")
    assert project.load(SYNFINANCE_SERVER__PORT="8001", SYNFINANCE_DB_PASSWORD="x").server.port == 8001


def test_a_problem_tells_the_value_that_it_hides(project):
    project.layer("default", "server:\n  port: 8000\n")
    project.layer("development", "server:\n  workers: 2\n  port: 99999\n")
    assert str(project.error()) == (
        "error[out-of-range]: server.port must be at most 65535\n"
        "  --> settings/development.yaml:3:9\n"
        "   |\n"
        " 3 |   port: 99999\n"
        "   |         ^^^^^\n"
        "   = overrides 8000 from settings/default.yaml:2:9"
    )


@pytest.mark.parametrize("password", ["1e3", "007", "p@ss $HOME $$ #x", "@jinja {{ 7*7 }}", " x ", "true", "null", "é"])
def test_a_password_in_a_variable_arrives_as_typed(project, password):
    given = {"SYNFINANCE_DB_PASSWORD": password, "HOME": "/home/u"}
    assert project.load(**given).database.password.get_secret_value() == password


@pytest.mark.parametrize("password", ["1e3", "007", "0x1F", "12:30", "NO", "1_000", "2024-01-01", ".inf", "1.10"])
def test_an_unquoted_password_in_a_layer_is_its_text(project, password):
    project.layer("default", f"database: {{password: {password}}}\napp_name: {password}")
    config = project.load()
    assert (config.database.password.get_secret_value(), config.app_name) == (password, password)


@pytest.mark.parametrize("head", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_line_ends_and_byte_order_marks_move_no_place(project, head, end):
    project.layer("default", head + end.join(["server:", "  port: 8001", "  prot: 1", ""]).encode())
    project.write(".env", head + f"A=1{end}SYNFINANCE_SERVER__WORKERS=many{end}".encode())
    assert sorted(project.problems()) == [
        ("unknown-key", "server.prot", "settings/default.yaml:3:3"),
        ("wrong-type", "server.workers", ".env:2"),
    ]


def test_places_outside_the_project_are_absolute(project, tmp_path_factory):
    path = tmp_path_factory.mktemp("elsewhere") / "other.yaml"
    path.write_text("server: {port: x}")
    report = project.manager().validate_config(path)
    assert str(report.problems[0].origin) == f"{path}:1:16"


def test_a_file_given_is_judged_as_the_overlay_that_it_is(project):
    """No variable hides what it says, and no developer's own layer helps it."""
    project.layer("default", "server: {port: 8001}")
    project.layer("development.local", "server: {port: 8002}")
    path = project.write("candidate.yaml", "server: {port: x}")
    report = project.manager(SYNFINANCE_SERVER__PORT="8003").validate_config(path)
    assert not report
    assert [problem.key for problem in report.problems] == ["server.port"]
    path.write_text("server: {workers: 2}")
    assert project.manager().validate_config(path)
    assert project.manager().validate_config(path).snapshot.config.server.port == 8001


def test_every_warning_goes_to_the_log_in_one_line(project, caplog):
    project.manager(SYNFINANCE_SERVR__PORT="1").load_config()
    (record,) = [record for record in caplog.records if record.name == "synfinance_settings"]
    assert record.levelname == "WARNING"
    assert record.getMessage() == (
        "env SYNFINANCE_SERVR__PORT: SYNFINANCE_SERVR__PORT is not a setting (did you mean SYNFINANCE_SERVER__PORT?)"
    )


def test_faults_of_one_kind_have_its_class(project):
    project.layer("default", "a: 1\nb: 2\n")
    assert isinstance(project.error(), UnknownKeyError)
    project.layer("default", "{")
    assert isinstance(project.error(), LayerError)

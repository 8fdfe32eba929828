"""Variables as layers: spellings, conflicts, reserved names, and names that lead nowhere."""

from __future__ import annotations

import pytest

from synfinance_settings import SettingsError
from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings
RESERVED = SYNFINANCE.variables.reserved
VARIABLES = SYNFINANCE.variables.keys
VARIABLES_OF = SYNFINANCE.variables.names


@pytest.fixture(params=["process", "dotenv"])
def given(request, project):
    """The variables of a load, set in the process environment or in `.env`; gives the manager."""

    def load(**variables):
        if request.param == "process":
            return project.manager(**variables)
        project.write(".env", "".join(f"{name}='{value}'\n" for name, value in variables.items()))
        return project.manager()

    load.layer = request.param
    return load


@pytest.mark.parametrize(
    "name",
    ["SYNFINANCE_DATABASE__PORT", "SYNFINANCE_DATABASE_PORT", "SYNFINANCE_DB__PORT", "SYNFINANCE_DB_PORT"],
)
def test_every_spelling_sets_the_value_and_is_its_origin(given, name):
    manager = given(**{name: "5433"})
    assert manager.get_config().database.port == 5433
    origin = f"env {name}" if given.layer == "process" else ".env:1"
    assert str(manager.snapshot.origins["database.port"]) == origin


def test_the_canonical_spelling_wins_and_a_warning_names_both(given):
    manager = given(SYNFINANCE_DB_PORT="1", SYNFINANCE_DATABASE__PORT="2", SYNFINANCE_DB__PORT="2")
    assert manager.get_config().database.port == 2
    (warning,) = manager.snapshot.warnings
    assert warning.code == "conflicting-variables"
    assert "SYNFINANCE_DATABASE__PORT and SYNFINANCE_DB_PORT" in warning.message


def test_two_spellings_that_agree_are_silent(given):
    manager = given(SYNFINANCE_DB_PORT="1", SYNFINANCE_DATABASE__PORT="1")
    assert manager.snapshot.warnings == ()


def test_between_layers_the_later_one_wins_whatever_the_spelling(project):
    project.write(".env", "SYNFINANCE_DATABASE__PORT=1\n")
    manager = project.manager(SYNFINANCE_DB_PORT="2")
    assert (manager.get_config().database.port, manager.snapshot.warnings) == (2, ())


def test_a_value_in_the_process_environment_is_never_expanded(project):
    value = "$HOME ${X} $$ ${"
    assert project.load(SYNFINANCE_APP_NAME=value, HOME="/h").app_name == value


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("SYNFINANCE_APP_NAME", lambda config: config.app_name == ""),
        ("SYNFINANCE_DB_PASSWORD", lambda config: config.database.password.get_secret_value() == ""),
        ("SYNFINANCE_SERVER__CORS_ORIGINS", lambda config: config.server.cors_origins == ()),
        ("SYNFINANCE_API_KEYS", lambda config: config.security.api_keys == ()),
    ],
)
def test_an_empty_variable_is_empty_text_or_an_empty_list(given, name, read):
    assert read(given(**{name: ""}).get_config())


NULLABLE = [key for key, setting in SETTINGS.items() if setting.nullable]


@pytest.mark.parametrize("name", [name for key in NULLABLE for name in VARIABLES_OF[key]])
def test_an_empty_variable_is_null_where_the_field_may_be(given, project, name):
    section, _, field = VARIABLES[name].partition(".")
    layer = {"generation": "7", "monitoring": "http://a.example"}.get(section, "x")
    project.layer("development", f"{section}: {{{field}: {layer}}}")
    assert getattr(getattr(given(**{name: ""}).get_config(), section), field) is None


def test_an_empty_file_of_a_variable_is_null_where_the_field_may_be(given, project):
    path = str(project.write("webhook", "\n"))
    assert given(SYNFINANCE_ALERT_WEBHOOK_FILE=path).get_config().monitoring.alert_webhook is None


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("SERVER__PORT", "wrong-type"),
        ("DEBUG", "wrong-type"),
        ("ML__FRAUD_THRESHOLD", "wrong-type"),
        ("GENERATION__START_DATE", "wrong-type"),
        ("CACHE__BACKEND", "not-a-choice"),
        ("SERVER__LOG_LEVEL", "not-a-choice"),
    ],
)
def test_an_empty_variable_is_an_error_for_the_rest(given, name, code):
    with pytest.raises(SettingsError) as caught:
        given(**{f"SYNFINANCE_{name}": ""}).load_config()
    (problem,) = caught.value.problems
    assert (problem.code, problem.hint) == (code, "it is empty; leave it out to keep what lower layers say")


@pytest.mark.parametrize("name", ["SERVER", "DB", "DATABASE", "REDIS", "ML__FEATURE_ENGINEERING", "SECURITY"])
def test_a_variable_that_names_a_section_is_an_error(project, name):
    problem = project.problem(**{f"SYNFINANCE_{name}": "{}"})
    assert (problem.code, str(problem.origin)) == ("not-a-setting", f"env SYNFINANCE_{name}")


@pytest.mark.parametrize("name", ["SERVER__PORT__X", "SERVER__CORS_ORIGINS__0", "DB_PASSWORD__A__B"])
def test_a_variable_below_a_field_is_an_error(project, name):
    assert project.problem(**{f"SYNFINANCE_{name}": "1"}).code == "not-a-setting"


def test_a_name_that_leads_nowhere_is_a_warning_with_a_suggestion(given):
    (warning,) = given(SYNFINANCE_SERVER__PROT="1").snapshot.warnings
    assert (warning.code, warning.severity) == ("unknown-variable", "warning")
    assert warning.hint == "did you mean SYNFINANCE_SERVER__PORT?"


def test_a_name_that_leads_nowhere_is_an_error_under_strict(project):
    assert project.command("validate", SYNFINANCE_SERVER__PROT="1").exit_code == 0
    assert project.command("validate", "--strict", SYNFINANCE_SERVER__PROT="1").exit_code == 1


def test_a_name_that_a_layer_refers_to_leads_somewhere(project):
    """Even where what refers to it is hidden by another layer, in a list, or wants it for a secret; in ``.env`` too."""
    project.layer(
        "default", "app_name: $SYNFINANCE_BRAND\nserver: {cors_origins: ['https://${SYNFINANCE_SITE:-x.example}']}"
    )
    project.layer("development", "app_name: hides it\nsecurity: {jwt_secret: '${SYNFINANCE_SIGNER}'}")
    used = {"SYNFINANCE_BRAND": "b", "SYNFINANCE_SITE": "y.example"}
    project.write(".env", "# for the layers\nSYNFINANCE_SIGNER=s\n")
    assert project.manager(**used).snapshot.warnings == ()
    (warning,) = project.manager(**used, SYNFINANCE_BRANT="c").snapshot.warnings
    assert str(warning.origin) == "env SYNFINANCE_BRANT"


@pytest.mark.parametrize("name", ["synfinance_server__port", "SYNFINANCESERVER__PORT", "DYNACONF_SERVER__PORT", "PORT"])
def test_a_variable_of_another_prefix_changes_nothing(given, name):
    manager = given(**{name: "9001"})
    assert manager.get_config().server.port == 8000
    assert manager.snapshot.warnings == ()


WITH_FORMS_OF_THEIR_OWN = {
    f"SYNFINANCE_{name}" for name in ("ENV", "ENV_FILE", "FALLBACK", "REMOTE_URL", "REMOTE_URL_FILE", "SECRETS_DIR")
}


@pytest.mark.parametrize("name", sorted(set(RESERVED) - WITH_FORMS_OF_THEIR_OWN))
def test_a_reserved_name_is_no_setting(project, name):
    assert project.manager(**{name: str(project.settings)}).snapshot.warnings == ()


@pytest.mark.parametrize("name", sorted(set(RESERVED) - {"SYNFINANCE_ENV"}))
def test_a_reserved_name_in_dotenv_is_ignored_with_a_warning(project, name):
    project.write(".env", f"{name}=x\n")
    (warning,) = project.manager().snapshot.warnings
    assert (warning.code, str(warning.origin)) == ("ignored", ".env:1")


def test_the_mask_is_no_value(given):
    with pytest.raises(Exception, match="is the mask"):
        given(SYNFINANCE_DB_PASSWORD="**********").load_config()


def test_a_named_env_file_replaces_dotenv(project):
    project.write(".env", "SYNFINANCE_SERVER__PORT=9001\n")
    path = project.write("other.env", "SYNFINANCE_SERVER__WORKERS=2\n")
    config = project.load(SYNFINANCE_ENV_FILE=str(path))
    assert (config.server.port, config.server.workers) == (8000, 2)
    assert project.problem(SYNFINANCE_ENV_FILE="no").code == "no-such-file"


def test_the_first_twenty_unknown_variables_get_a_suggestion(project):
    """A comparison with every name is work, and who has more of them is told enough."""
    variables = {f"SYNFINANCE_SERVER__PORT{number}": "1" for number in range(150)}
    found = project.manager(**variables).snapshot.warnings
    assert [warning.hint for warning in found[:21]] == ["did you mean SYNFINANCE_SERVER__PORT?"] * 20 + [None]
    assert (len(found), found[-1].others) == (101, 50)


def test_what_variables_say_is_made_once_where_they_name_no_file(given, project):
    manager = given(SYNFINANCE_SERVER__PORT="8001")
    manager.load_config()
    project.layer("development", "server: {workers: 2}")
    before = dict(manager.snapshot.layers)
    manager.reload_config()
    layer = ".env" if given.layer == "dotenv" else "process environment"
    assert manager.snapshot.config.server.workers == 2
    assert dict(manager.snapshot.layers)[layer] is before[layer]


def test_a_file_that_a_variable_names_is_looked_into_at_each_reload(given, project):
    secret = project.write("secret", "one")
    manager = given(SYNFINANCE_CACHE__PASSWORD_FILE=str(secret))
    manager.load_config()
    project.write("secret", "two")
    assert manager.reload_config().cache.password.get_secret_value() == "two"

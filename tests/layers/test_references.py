"""References of settings to one another: what they come to, where they come from, and what is refused."""

from __future__ import annotations

import json
import pickle

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from synfinance_settings import ExpansionError
from synfinance_settings.layers.references import References, as_inserted
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.expansion import Wanted

SETTINGS = SYNFINANCE.catalogue.settings
values_of = SYNFINANCE.catalogue.values_of

CANARY = "canary-in-the-mine"


def loaded(project, text, **variables):
    project.layer("default", text)
    return values_of(project.load(**variables))


@pytest.mark.parametrize(
    ("text", "key", "value"),
    [
        ("server: {host: a}\ncache: {host: '${server.host}'}", "cache.host", "a"),
        ("cache: {host: 'x-${server.host}-y'}", "cache.host", "x-0.0.0.0-y"),
        ("server: {port: '+08001'}\napp_name: ':${server.port}'", "app_name", ":8001"),
        ("server: {timeout: 2m}\ndatabase: {pool_timeout: '${server.timeout}'}", "database.pool_timeout", 120),
        ("server: {reload: 'YES'}\napp_name: '${server.reload}'", "app_name", "true"),
        ("server: {log_level: debug}\napp_name: '${server.log_level}'", "app_name", "DEBUG"),
        ("app_name: '${generation.start_date} ${generation.fraud_rate}'", "app_name", "2024-01-01 0.02"),
        ("app_name: '${ml.feature_engineering.total_features}'", "app_name", "69"),
        ("server: {host: $$x}\ncache: {host: '${server.host}'}", "cache.host", "$x"),
        ("server: {host: '$${cache.host}'}\ncache: {host: '${server.host}'}", "cache.host", "${cache.host}"),
        ("app_name: $server.host", None, "unset-variable"),
        ("app_name: '${security.ssl_key_path:-none}'", "app_name", "none"),
        ("app_name: '${security.ssl_key_path-none}'", "app_name", "none"),
        ("app_name: 'x${security.ssl_key_path:+set}'", "app_name", "x"),
        ("app_name: '${server.host:+${server.port}}'", "app_name", "8000"),
        ("app_name: '${server.host:-${app.nothing.such}}'", None, "bad-reference"),
        ("app_name: '${NO:-${server.host}}'", "app_name", "0.0.0.0"),
        ("security: {ssl_key_path: '${security.ssl_cert_path:-}'}", "security.ssl_key_path", None),
        ("server: {host: ''}\napp_name: '${server.host:-empty}'", "app_name", "empty"),
        ("server: {host: ''}\napp_name: '<${server.host-empty}>'", "app_name", "<>"),
        (
            "server: {cors_origins: [a, b]}\nsecurity: {allowed_hosts: '${server.cors_origins}'}",
            "security.allowed_hosts",
            ("a", "b"),
        ),
        (
            "server: {cors_origins: ['a,b', c]}\nsecurity: {allowed_hosts: '${server.cors_origins}'}",
            "security.allowed_hosts",
            ("a,b", "c"),
        ),
        ("security: {allowed_hosts: ['${server.host}', x]}", "security.allowed_hosts", ("0.0.0.0", "x")),
        ("server: {cors_origins: []}\napp_name: '${server.cors_origins:-nobody}'", "app_name", "nobody"),
    ],
)
def test_a_reference_to_a_setting_becomes(project, text, key, value):
    if key is None:
        project.layer("default", text)
        assert project.problem().code == value
    else:
        assert loaded(project, text)[key] == value


def test_the_value_that_won_is_inserted_whatever_layer_it_is_of(project):
    project.write(".env", "SYNFINANCE_CACHE__PORT=7002\n")
    project.layer("development", "server: {host: over}")
    text = "server: {host: under}\napp_name: '${server.host}:${cache.port}:${database.port}'"
    assert loaded(project, text, SYNFINANCE_DATABASE__PORT="7003")["app_name"] == "over:7002:7003"


def test_a_variable_of_the_process_is_never_expanded(project):
    values = loaded(project, "cache: {host: '${server.host}'}", SYNFINANCE_SERVER__HOST="${database.host}")
    assert values["cache.host"] == values["server.host"] == "${database.host}"


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("${server.host}", "h"),
        ('"<${server.host}>\\t"', "<h>\t"),
        ("'${server.host}'", "${server.host}"),
        ("$${server.host}", "${server.host}"),
        ("$A-${server.host:+$A}-${B:-${server.host}} # note", "up-up-h"),
        ("$A-${database.host}", "up-$A"),
    ],
)
def test_a_line_of_dotenv_that_sets_a_setting_may_refer_to_another(project, line, value):
    project.layer("default", "server: {host: h}\ndatabase: {host: $$A}")
    project.write(".env", f"A=up\nSYNFINANCE_CACHE__HOST={line}\nA=down\nB=below\n")
    assert project.load().cache.host == value


def test_a_setting_in_a_layer_file_sees_what_a_line_of_dotenv_took(project):
    project.layer("default", "server: {host: h}\napp_name: ${cache.host}")
    project.write(".env", "SYNFINANCE_CACHE__HOST=x-${server.host}\n")
    manager = project.manager()
    assert manager.load_config().app_name == "x-h"
    assert str(manager.snapshot.origins["cache.host"]) == ".env:1, with server.host from settings/default.yaml:1:16"


@pytest.mark.parametrize(
    ("lines", "code", "place"),
    [
        ("\nSYNFINANCE_APP_NAME=x${no.such}", "bad-reference", ".env:2:22"),
        ("SYNFINANCE_APP_NAME=${database.password}", "secret-reference", ".env:1:21"),
        ("SYNFINANCE_APP_NAME='a' ${server.host", "syntax", ".env:1"),
        ("SYNFINANCE_CACHE__HOST=${cache.host}", "circular-reference", ".env:1:24"),
        ("X=${server.host}\nSYNFINANCE_APP_NAME=$X", "bad-reference", ".env:1:3"),
        ("SYNFINANCE_DB_PASSWORD_FILE=${server.host}", "bad-reference", ".env:1:29"),
        ("SYNFINANCE_ENVIRONMENT=${server.host}", "bad-reference", ".env:1:24"),
    ],
)
def test_a_reference_of_a_line_of_dotenv_that_is_wrong_is_told_at_its_place(project, lines, code, place):
    project.write(".env", lines + "\n")
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == (code, place)


def test_the_last_line_of_a_name_counts_whatever_the_first_referred_to(project):
    project.write(".env", "SYNFINANCE_APP_NAME=${server.host}\nSYNFINANCE_APP_NAME=plain\n")
    assert project.load().app_name == "plain"


def test_a_reference_in_a_value_that_lost_is_not_looked_at(project):
    project.layer("development", "app_name: fine")
    text = "app_name: '${no.such}'\nserver: {host: '${database.password}'}"
    assert loaded(project, text, SYNFINANCE_SERVER__HOST="h")["app_name"] == "fine"


def test_a_secret_may_take_another_secret(project):
    values = loaded(project, "cache: {password: '${database.password}'}", SYNFINANCE_DB_PASSWORD=CANARY)
    assert values["cache.password"].get_secret_value() == CANARY


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        ("app_name: 'x ${no.such}'", "bad-reference", "1:14", "app_name: no.such is not a setting"),
        ("app_name: '${server.prot}'", "bad-reference", "1:12", "app_name: server.prot is not a setting"),
        ("app_name: '${ml.feature_engineering}'", "bad-reference", "1:12", "app_name: ml.feature_engineering is a sec"),
        ("app_name: '${server.port.x}'", "bad-reference", "1:12", "app_name: server.port.x is not a setting"),
        ("app_name: '${server.}'", "bad-reference", "1:12", "app_name: ${ must be followed by a name"),
        ("app_name: '${server.port'", "bad-reference", "1:12", "app_name: ${ must be followed by a name"),
        ("app_name: '${security.ssl_key_path}'", "null-reference", "1:12", "app_name: security.ssl_key_path is null"),
        ("app_name: '${cache.password}'", "secret-reference", "1:12", "app_name: cache.password is a secret, and"),
        ("app_name: '${NO:+${cache.password}}'", "secret-reference", "1:18", "app_name: cache.password is a secret"),
        (
            "server: {host: '${server.host}'}",
            "circular-reference",
            "1:17",
            "server.host: it refers to itself: server.h",
        ),
        (
            "security: {api_keys: ['${security.api_keys}']}",
            "circular-reference",
            "1:24",
            "security.api_keys: it refers",
        ),
        ("cache: {password: '${cache.nothing}'}", "bad-reference", "1:20", "cache.password: a name after a dollar is"),
        ("environment: '${server.host}'", "bad-reference", "1:14", "environment: a name after a dollar is that of a"),
    ],
)
def test_a_reference_that_is_wrong_is_told_at_its_place(project, text, code, place, message):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == (code, f"settings/default.yaml:{place}")
    assert problem.message.startswith(message)
    assert isinstance(project.error(), ExpansionError)


def test_a_slip_of_the_pen_gets_a_suggestion(project):
    project.layer("default", "app_name: '${server.prot}'")
    assert project.problem().hint == "did you mean ${server.port}?"


def test_a_circle_is_told_once_with_all_that_are_in_it(project):
    project.layer(
        "default",
        "app_name: '${server.host}'\nserver: {host: '${cache.host}'}\ncache: {host: '${database.host}'}\n"
        "database: {host: '${server.host}'}",
    )
    assert project.problem().message.endswith("server.host -> cache.host -> database.host -> server.host")


def test_a_circle_through_a_default_that_is_not_used_is_none(project):
    values = loaded(project, "server: {host: '${APP:-${cache.host}}'}\ncache: {host: '${server.host}'}", APP="x")
    assert values["cache.host"] == "x"


def test_what_refers_to_a_setting_at_fault_is_not_told_too(project):
    project.layer("default", "server: {port: eighty, timeout: '${NO}'}\napp_name: '${server.port} ${server.timeout}'")
    assert [problem.key for problem in project.error().problems] == ["server.timeout", "server.port"]


def test_the_limits_of_the_field_that_refers_count(project):
    project.layer("default", "database: {pool_size: '${server.port}'}")
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == ("out-of-range", "settings/default.yaml:1:23")


def test_the_origin_names_the_places_of_both(project):
    project.layer("default", "app_name: '${server.host}:${server.port}'\nserver: {host: h}")
    manager = project.manager()
    manager.load_config()
    snapshot = pickle.loads(pickle.dumps(manager.snapshot))
    text = "settings/default.yaml:1:11, with server.host from settings/default.yaml:2:16, server.port from default"
    assert str(snapshot.origins["app_name"]) == text
    assert text in project.command("explain", "app_name").output.replace("\n", "")
    assert json.loads(project.command("show", "--origin", "--format", "json").stdout)["app_name"]["origin"] == text


def test_a_reload_takes_the_new_value_with_it(project):
    project.layer("default", "server: {host: a}\ncache: {host: '${server.host}'}")
    manager = project.manager()
    manager.load_config()
    before = manager.snapshot.fingerprint
    project.layer("default", "server: {host: b}\ncache: {host: '${server.host}'}")
    assert manager.reload_config().cache.host == "b"
    assert manager.snapshot.fingerprint != before


def test_a_placeholder_goes_where_its_setting_is_referred_to(project):
    project.layer("default", "database: {password: '${PW}'}\ncache: {password: '${database.password}'}")
    report = project.command("validate", "--placeholders")
    assert "database.password" in report.output
    assert "cache.password" in report.output


def test_a_placeholder_of_a_line_of_dotenv_is_told_of_its_setting(project):
    project.layer("default", "database: {password: a}")
    project.write(".env", "SYNFINANCE_DATABASE__PASSWORD=$PW\n")
    assert "placeholders for database.password" in project.command("validate", "--placeholders").output


def test_no_error_of_a_reference_tells_a_secret(project):
    project.layer(
        "default",
        "security: {api_keys: ['${database.password}']}\nmonitoring: {alert_webhook: '${database.password}'}\n"
        "app_name: '${database.password}'\ncache: {password: '${database.password}${cache.password}'}",
    )
    error = project.error(SYNFINANCE_DB_PASSWORD=CANARY)
    assert {problem.code for problem in error.problems} == {"wrong-type", "secret-reference", "circular-reference"}
    assert CANARY not in str(error) + repr(error)


def test_set_validates_what_refers_to_the_setting(project):
    project.layer("default", "server: {workers: 4}\ndatabase: {pool_size: '${server.timeout}'}")
    refused = project.command("set", "server.timeout", "101", "--env", "default")
    assert (refused.exit_code, "database.pool_size must be at most 100" in refused.output) == (1, True)
    assert project.command("set", "cache.host", "${server.host}", "--env", "default").exit_code == 0
    assert project.command("get", "cache.host").output == "0.0.0.0\n"


def test_a_reference_to_a_setting_in_the_place_of_a_secret_is_shown(project):
    project.layer("default", "cache: {host: a, password: '${database.password}'}\n")
    shown = project.command("set", "cache.host", "b", "--env", "default", "--dry-run").output
    assert "+cache: {host: b, password: '${database.password}'}" in shown


def test_what_looks_like_a_reference_to_a_setting_in_the_place_of_a_secret_is_not_shown(project):
    project.layer("default", f"cache: {{password: '${{{CANARY.replace('-', '.')}}}'}}\n")
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == ("bad-reference", "settings/default.yaml:1:20")
    assert CANARY.replace("-", ".") not in str(problem)


KEYS = ("app_name", "server.host", "cache.host", "database.host", "database.name", "database.user")
PIECES = st.one_of(
    st.text("ab:. ", max_size=3),
    st.sampled_from(KEYS[1:]).map(lambda key: f"${{{key}}}"),
    st.tuples(st.sampled_from(KEYS[1:]), st.sampled_from([":-", "-", ":+"]), st.sampled_from(KEYS[1:])).map(
        lambda drawn: f"${{{drawn[0]}{drawn[1]}${{{drawn[2]}}}}}"
    ),
)
DEFAULTS = {"server.host": "0.0.0.0", "cache.host": "localhost", "database.host": "localhost"}
DEFAULTS |= {"app_name": "SynFinance", "database.name": "synfinance", "database.user": "postgres"}


class Circle(Exception):
    pass


def model(said, key, path=()):
    """What `key` comes to, by plain recursion; none of the settings is null."""
    if key in path:
        raise Circle
    if key not in said:
        return DEFAULTS[key]
    return "".join(model_piece(said, piece, (*path, key)) for piece in said[key])


def model_piece(said, piece, path):
    if not piece.startswith("${"):
        return piece
    head, _, rest = piece[2:-1].partition("${")
    name = head.rstrip(":-+")
    value, operator = model(said, name, path), head[len(name) :]
    if operator == ":+":
        return model(said, rest[:-1], path) if value else ""
    return model(said, rest[:-1], path) if operator == ":-" and not value else value


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(said=st.dictionaries(st.sampled_from(KEYS), st.lists(PIECES, max_size=3), max_size=6))
def test_what_references_come_to_is_what_a_simple_model_says(project, said):
    layer = {}
    for key, pieces in said.items():
        section, _, name = key.rpartition(".")
        (layer.setdefault(section, {}) if section else layer)[name] = "".join(pieces)
    project.layer("default", json.dumps(layer))
    try:
        wanted = {key: model(said, key) for key in KEYS}
    except Circle:
        assert {problem.code for problem in project.error().problems} == {"circular-reference"}
    else:
        values = values_of(project.load())
        assert {key: values[key] for key in KEYS} == wanted


class Chained(Catalogue):
    """A catalogue of settings alone, all alike: more than anybody would declare."""

    def __init__(self, length):
        self.settings = {f"a.{number}": SETTINGS["server.host"] for number in range(length + 1)}
        self.sections = {}


def chain(length):
    """Steps of a chain of settings, each of which refers to the next, and how often one was begun."""
    begun = []

    def work(key):
        begun.append(key)
        number = int(key.partition(".")[2])
        if number < length:
            yield Wanted(f"a.{number + 1}", True)

    return work, begun


def test_a_chain_of_any_length_begins_each_setting_once():
    length = 5000
    work, begun = chain(length)
    asked = []
    found = References(Chained(length), work, asked.append)
    found.settle("a.0")
    assert begun == [f"a.{n}" for n in range(length + 1)]
    assert len(asked) == length
    assert found.taken["a.0"] == ("a.1",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, None),
        (True, "true"),
        (1e-05, "1e-05"),
        ((), ""),
        (("a", "b"), "a,b"),
        ((" a",), '[" a"]'),
        (("[a",), '["[a"]'),
        (("a,b", 'c"'), '["a,b", "c\\""]'),
    ],
)
def test_a_value_is_inserted_as_a_variable_would_spell_it(value, text):
    assert as_inserted(value) == text

"""From merged layers to a config, or every reason why not, each at its place."""

from __future__ import annotations

import pytest

from synfinance_settings.errors import number_of


@pytest.mark.parametrize(
    ("text", "code", "place", "message"),
    [
        ("server: {port: eighty}", "wrong-type", "1:16", "server.port must be a whole number"),
        ("server: {port: 80}", "out-of-range", "1:16", "server.port must be at least 1024"),
        (
            "server: {timeout: 30x}",
            "wrong-type",
            "1:19",
            "server.timeout must be a whole number, or one followed by s, m, h or d",
        ),
        ("server: {timeout: 0d}", "out-of-range", "1:19", "server.timeout must be at least 1 second"),
        ("cache: {ttl: 59s}", "out-of-range", "1:14", "cache.ttl must be at least 60 seconds"),
        (
            "server: {max_request_size: 1kB}",
            "out-of-range",
            "1:28",
            "server.max_request_size must be at least 1024 bytes",
        ),
        (
            "server: {max_request_size: 1kb}",
            "wrong-type",
            "1:28",
            "server.max_request_size must be a whole number, or one",
        ),
        ("server: {workers: 4s}", "wrong-type", "1:19", "server.workers must be a whole number"),
        ("server: {port: null}", "null", "1:16", "server.port must not be null"),
        ("server: {port: [1]}", "wrong-type", "1:16", "server.port must be a whole number"),
        ("server: {port: {a: 1}}", "wrong-type", "1:16", "server.port must be a whole number"),
        ("server: {host: [a]}", "wrong-type", "1:16", "server.host must be text"),
        ("server: {cors_origins: {a: b}}", "wrong-type", "1:24", "server.cors_origins must be a list"),
        ("server: {cors_origins: [a, [b]]}", "wrong-type", "1:28", "item 2 of server.cors_origins must be text"),
        ("server: {cors_origins: [a, null]}", "null", "1:28", "item 2 of server.cors_origins must not be null"),
        ("server: {cors_origins: ['']}", "empty-item", "1:25", "item 1 of server.cors_origins must not be empty"),
        ("security: {api_keys: [a, ' ']}", "empty-item", "1:26", "item 2 of security.api_keys must not be empty"),
        ("security: {api_keys: ['${NO:-}']}", "empty-item", "1:23", "item 1 of security.api_keys must not be empty"),
        ("security: {allowed_hosts: '[\"\"]'}", "empty-item", "1:27", "item 1 of security.allowed_hosts must not be"),
        ("server: 8000", "not-a-mapping", "1:9", "server must be a mapping; it is a section"),
        ("server: []", "not-a-mapping", "1:9", "server must be a mapping; it is a section"),
        ("null", "not-a-mapping", "1:1", "a layer must be a mapping of sections"),
        ("# ours\n--- ~\n", "not-a-mapping", "2:5", "a layer must be a mapping of sections"),
        ('app_name: "a\\0b"', "wrong-type", "1:11", "app_name must be text without a NUL character"),
        ('database: {password: "\\0"}', "wrong-type", "1:22", "database.password must be text without a NUL"),
        ("[server]", "not-a-mapping", "1:1", "a layer must be a mapping of sections"),
        ("text", "not-a-mapping", "1:1", "a layer must be a mapping of sections"),
        ("debug: maybe", "wrong-type", "1:8", "debug must be a boolean"),
        ("generation: {start_date: 2024-02-30}", "wrong-type", "1:26", "generation.start_date must be a date"),
        ("cache: {backend: disk}", "not-a-choice", "1:18", "cache.backend must be one of memory, redis"),
        ("database: {password: '**********'}", "masked-value", "1:22", "database.password is the mask"),
        ("security: {api_keys: [a, '**********']}", "masked-value", "1:22", "security.api_keys is the mask"),
        ("Server: {port: 1}", "unknown-key", "1:1", "Server is not a setting"),
        ("server: {a: {b: 1}}", "unknown-key", "1:10", "a key of 1 character in server is not a setting"),
        ("app_name: ${NO}", "unset-variable", "1:11", "app_name: NO is not set anywhere"),
        ("app_name: 'a ${NO'", "bad-reference", "1:14", "app_name: ${ must be followed by a name"),
        ("app_name: $$${NO}", "unset-variable", "1:13", "app_name: NO is not set anywhere"),
        ("server: {cors_origins: [a, $NO]}", "unset-variable", "1:28", "server.cors_origins: NO is not set anywhere"),
        ("app_name: ${NO:?ask}", "unset-variable", "1:11", "app_name: NO is required: ask"),
    ],
)
def test_a_fault_is_told_at_its_place(project, text, code, place, message):
    project.layer("default", text)
    problem = project.problem()
    assert (problem.code, str(problem.origin)) == (code, f"settings/default.yaml:{place}")
    assert problem.message.startswith(message)


@pytest.mark.parametrize("text", ["null", " null\n"])
def test_null_as_a_whole_json_file_is_no_mapping(project, text):
    (project.settings / "default.yaml").unlink()
    project.layer("default.json", text)
    assert project.problem().code == "not-a-mapping"


def test_a_section_that_is_null_changes_nothing(project):
    project.layer("development", "server: null\ncache:\n")
    assert project.load() == project.load(SYNFINANCE_ENV="development")


@pytest.mark.parametrize("indicator", ["|", ">"])
def test_a_reference_in_a_block_is_told_at_its_own_line(project, indicator):
    project.layer("default", f"app_name: {indicator}\n  one $$\n  two ${{NO}}\n")
    assert project.problems() == [("unset-variable", "app_name", "settings/default.yaml:3:7")]


def test_an_anchored_value_is_told_where_it_is_written(project):
    project.layer("default", "version: &v x\nserver:\n  port: *v\n")
    assert project.problems() == [("wrong-type", "server.port", "settings/default.yaml:1:10")]


def test_a_reference_is_expanded_after_merging(project):
    project.layer("default", "app_name: ${NO}\nserver: {port: '${PORT:-8001}', cors_origins: '${ORIGINS}'}")
    project.layer("development", "app_name: $NAME")
    config = project.load(NAME="x $NAME", ORIGINS='["a,b", "c"]')
    assert (config.app_name, config.server.port, config.server.cors_origins) == ("x $NAME", 8001, ("a,b", "c"))


@pytest.mark.parametrize("text", ["${X:-}", "$X", "${X:+}", "${Y:-}"])
@pytest.mark.parametrize("key", ["generation.seed", "monitoring.alert_webhook", "cache.password"])
def test_a_reference_that_comes_to_nothing_is_null_where_the_field_may_be(project, key, text):
    section, name = key.split(".")
    project.layer("default", f"{section}: {{{name}: '{text}'}}")
    assert getattr(getattr(project.load(X=""), section), name) is None


def test_a_reference_that_comes_to_nothing_is_an_error_where_the_field_has_neither_null_nor_empty_text(project):
    project.layer("default", "server: {port: '${X:-}', host: '${X:-}', cors_origins: '${X:-}'}")
    assert project.problems() == [("wrong-type", "server.port", "settings/default.yaml:1:16")]


def test_empty_text_in_a_layer_is_text_where_the_field_may_be_null(project):
    """A layer can say null, so what it says in quotes is meant."""
    project.layer("default", "security: {ssl_cert_path: ''}\ncache: {password: ''}\n")
    config = project.load()
    assert (config.security.ssl_cert_path, config.cache.password.get_secret_value()) == ("", "")


def test_an_unset_name_is_told_with_the_ways_to_mend_it(project):
    project.layer("default", "app_name: ${A}\nmonitoring: {alert_webhook: '${B}'}\ndatabase: {password: '${C}'}\n")
    hints = [
        problem.hint.removeprefix("set it in the process environment or in .env, or ")
        for problem in project.error().problems
    ]
    assert hints == [
        "give a default: ${NAME:-default}",
        "name a file that holds it: SYNFINANCE_ALERT_WEBHOOK_FILE, or write ${NAME:-} if it may be missing",
        "name a file that holds it: SYNFINANCE_DB_PASSWORD_FILE",
    ]


def test_keys_are_never_expanded(project):
    project.layer("default", "$KEY: x")
    assert project.problem(KEY="app_name").code == "unknown-key"


def test_a_value_over_100_000_characters_is_too_long(project):
    project.layer("default", f"app_name: {'x' * 100_001}")
    assert project.problems() == [("too-long", "app_name", "settings/default.yaml:1:11")]


def test_thousands_of_references_in_one_list_are_told_each_at_its_place(project):
    items = ", ".join(["'${Y}'"] * 8000)
    project.layer("default", f"server: {{cors_origins: [{items}]}}\n")
    error = project.error()
    places = [str(problem.origin) for problem in error.problems]
    assert number_of(error.problems) == 8000
    assert places[:2] == ["settings/default.yaml:1:26", "settings/default.yaml:1:34"]


@pytest.mark.parametrize(
    ("text", "key", "column"),
    [
        ("app_name: ${X}", "app_name", 11),
        ("server: {cors_origins: [a, '${X}']}", "server.cors_origins", 28),
        ("server: {cors_origins: 'a,${X}'}", "server.cors_origins", 24),
        ("server: {cors_origins: '[\"\\ud800\"]'}", "server.cors_origins", 24),
        ("database: {password: '${X}'}", "database.password", 22),
    ],
)
def test_half_a_surrogate_pair_is_no_text(project, text, key, column):
    project.layer("default", text)
    assert project.problems(X="\udcff") == [("wrong-type", key, f"settings/default.yaml:1:{column}")]


def test_references_that_grow_without_end_are_stopped(project):
    lines = ["A0=" + "x" * 99_000] + [f"A{n}=$A{n - 1}" for n in range(1, 200)]
    project.write(".env", "\n".join(lines) + "\nSYNFINANCE_APP_NAME=$A199\n")
    assert project.problem().code == "too-long"


def test_faults_that_hid_behind_others_are_found_in_the_same_run(project):
    """A section that is wrong in one field is judged as a whole all the same."""
    project.layer(
        "default",
        "server: {port: x}\n"
        "generation: {seed: x, start_date: 2025-01-01}\n"
        "security: {jwt_expiry: x, ssl_enabled: on, ssl_cert_path: c}\n",
    )
    keys = [(problem.code, problem.key) for problem in project.error().problems]
    assert sorted(keys) == [
        ("inconsistent", "generation.end_date"),
        ("inconsistent", "security.ssl_enabled"),
        ("wrong-type", "generation.seed"),
        ("wrong-type", "security.jwt_expiry"),
        ("wrong-type", "server.port"),
    ]


def test_all_kinds_of_faults_are_told_in_one_run(project):
    """A contradiction, values that do not fit, a rule, unknown keys, a reference: none hides another."""
    project.layer("default", "generation: {end_date: 2023-01-01, seed: x}\nservr: {}\n")
    project.layer(
        "production",
        "debug: true\n"
        "server: {reload: true, port: 80}\n"
        "database: {echo: true, pool_size: $NO}\n"
        "security: {ssl_enabled: true, jwt_enabled: true, jwt_secret: short, jwt_expiry: soon, api_keys: [a, [b]]}\n",
    )
    report = project.manager(SYNFINANCE_ENV="production", SYNFINANCE_DBB="x").validate_config(
        project.settings / "production.yaml"
    )
    assert sorted((problem.code, problem.key) for problem in report.problems) == [
        ("debug-in-production", "debug"),
        ("inconsistent", "generation.end_date"),
        ("inconsistent", "security.ssl_enabled"),
        ("inconsistent", "security.ssl_enabled"),
        ("out-of-range", "server.port"),
        ("reload-outside-development", "server.reload"),
        ("short-jwt-secret", "security.jwt_secret"),
        ("unknown-key", "servr"),
        ("unset-variable", "database.pool_size"),
        ("wrong-type", "generation.seed"),
        ("wrong-type", "security.api_keys"),
        ("wrong-type", "security.jwt_expiry"),
    ]
    warned = [warning.code for warning in report.warnings]
    assert sorted(warned) == [
        "any-cors-origin",
        "any-host",
        "echo-in-production",
        "unknown-variable",
        "weak-database-tls",
    ]


@pytest.mark.parametrize(
    ("text", "variables"),
    [
        ("jwt_secret: [a]", {}),
        ("jwt_secret: $NO", {}),
        ("jwt_secret: '**********'", {}),
        ("jwt_secret: a, jwt_secret: b", {}),
        ("jwt_secret: !x a", {}),
        ("jwt_enabled: maybe, jwt_secret: a", {}),
        ("jwt_algorithm: HS1, jwt_secret: a", {}),
        ("jwt_enabled: true", {"SYNFINANCE_JWT_SECRET": "a", "SYNFINANCE_JWT_SECRET_FILE": "nowhere"}),
        ("jwt_enabled: true", {"SYNFINANCE_JWT_SECRET": "\udcff"}),
    ],
)
def test_what_rests_on_a_value_in_doubt_is_not_told(project, text, variables):
    """The secret seems to be missing or too short only because its value, or what it depends on, is at fault."""
    project.layer("default", "{}")
    security = text if "jwt_enabled" in text else f"jwt_enabled: true, {text}"
    project.layer("production", f"debug: true\nsecurity: {{api_key_enabled: on, api_keys: [k], {security}}}\n")
    codes = [problem.code for problem in project.error(SYNFINANCE_ENV="production", **variables).problems]
    assert len(codes) >= 2
    assert not {"short-jwt-secret", "inconsistent"} & set(codes)
    assert "debug-in-production" in codes


def test_a_section_that_is_none_puts_its_settings_in_doubt(project):
    project.layer("production", "security: on\ndebug: true\n")
    codes = [problem.code for problem in project.error(SYNFINANCE_ENV="production").problems]
    assert codes == ["not-a-mapping", "debug-in-production"]

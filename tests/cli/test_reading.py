"""validate, show, get, explain, schema, env-template."""

from __future__ import annotations

import json
import os
import re

import pytest
import yaml
from patience import PATIENCE

from synfinance_settings import Environment
from synfinance_settings.sections.application import SYNFINANCE

SECTIONS = SYNFINANCE.catalogue.sections
SETTINGS = SYNFINANCE.catalogue.settings

CANARY = "canary1a9e5c3b7d8f2046"
OUTER = [key for key in SECTIONS if "." not in key]


def test_validate_all_tells_a_line_for_each_environment(shipped):
    result = shipped.command("validate", "--all", "--placeholders")
    assert result.exit_code == 0
    verdicts = [line.split()[:2] for line in result.stdout.splitlines() if line.startswith("valid")]
    assert verdicts == [["valid", str(name)] for name in Environment]


def test_validate_fails_when_one_environment_does(shipped):
    result = shipped.command("validate", "--all")
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines() if line[:5] in ("valid", "inval")] == [
        "valid",
        "invalid",
        "invalid",
        "valid",
    ]


def test_validate_tells_every_problem_in_the_form_of_errors(project):
    project.layer("default", "server: {port: x, prot: 1}\n")
    result = project.command("validate")
    assert all(f"{problem}\n   = in development\n" in result.stdout for problem in project.error().problems)
    assert result.stdout.endswith("invalid  development  2 errors\n")


def test_validate_a_file_as_the_overlay_that_it_is(project):
    project.layer("default", "server: {port: 8001}\n")
    path = project.layer("test", "server: {workers: 2}\n")
    assert project.command("validate", str(path)).exit_code == 0
    path.write_text("environment: production\n")
    assert project.command("validate", str(path)).exit_code == 1


def test_validate_names_the_environment_after_the_file(project):
    path = project.layer("production", "debug: true\nsecurity: {api_key_enabled: true, api_keys: [k]}\n")
    assert "error[debug-in-production]" in project.command("validate", str(path)).stdout
    assert project.command("validate", str(path), "--env", "development").exit_code == 0


def test_validate_takes_several_files(project):
    good, bad = project.write("good.yaml", "debug: true"), project.write("bad.yaml", "debug: maybe")
    result = project.command("validate", str(good), str(bad))
    assert result.exit_code == 1
    assert [line.split()[0] for line in result.stdout.splitlines()[-2:]] == ["valid", "invalid"]


def test_strict_turns_warnings_into_errors(project):
    (project.settings / "development.yaml").unlink()
    assert project.command("validate").exit_code == 0
    assert project.command("show").exit_code == 0
    assert project.command("validate", "--strict").exit_code == 1
    assert project.command("show", "--strict").exit_code == 1
    assert project.command("get", "debug", "--strict").exit_code == 1


def test_validate_as_json(project):
    project.layer("default", "server: {prot: 1}\n")
    result = project.command("validate", "--format", "json", SYNFINANCE_NONSENSE="1")
    (report,) = json.loads(result.stdout)
    assert (report["name"], report["environment"], report["valid"]) == ("development", "development", False)
    (problem,), (warning,) = report["problems"], report["warnings"]
    assert (problem["code"], problem["key"], problem["origin"]) == (
        "unknown-key",
        "server.prot",
        "settings/default.yaml:1:10",
    )
    assert (warning["code"], warning["severity"]) == ("unknown-variable", "warning")


def test_validate_as_annotations(project):
    project.layer("default", "server: {prot: 1}\n")
    result = project.command("validate", "--format", "github", SYNFINANCE_NONSENSE="1")
    error, warning = result.stdout.splitlines()
    assert error == (
        "::error file=settings/default.yaml,line=1,col=10,title=unknown-key"
        "::server.prot is not a setting (did you mean server.port?)"
    )
    assert warning.startswith("::warning title=unknown-variable::SYNFINANCE_NONSENSE is not a setting")


def test_validate_under_github_escapes_what_would_be_a_command(project):
    project.layer("default", '"debug%\\n": 1\n')
    (line,) = project.command("validate", "--format", "github").stdout.splitlines()
    assert "\n" not in line
    assert "%25" in line


@pytest.mark.parametrize(("format", "read"), [("yaml", yaml.safe_load), ("json", json.loads)])
def test_show_prints_all_settings_with_secrets_masked(project, format, read):
    project.layer("default", "server: {port: 8001}\ndatabase: {password: hush}\n")
    shown = read(project.command("show", "--format", format).stdout)
    assert (shown["server"]["port"], shown["database"]["password"]) == (8001, "**********")
    assert sorted(key for key in shown if isinstance(shown[key], dict)) == sorted(OUTER)
    revealed = read(project.command("show", "--format", format, "--reveal").stdout)
    assert revealed["database"]["password"] == "hush"


@pytest.mark.parametrize("section", OUTER)
def test_show_one_section(project, section):
    shown = json.loads(project.command("show", "--section", section, "--format", "json").stdout)
    assert list(shown) == [section]


def test_show_as_env_reads_back(project):
    project.layer(
        "default", "app_name: 'a $$ \"b\" #c'\nserver: {cors_origins: ['a,b', c]}\ndatabase: {password: 'x$$y'}"
    )
    before = project.load()
    shown = project.command("show", "--format", "env", "--reveal").stdout
    project.layer("default", "{}")
    project.layer("default.local", "{}")
    project.write(".env", shown)
    assert project.load() == before


def test_show_as_env_sets_what_differs_and_names_the_secrets(project):
    project.layer("default", f"server: {{port: 8001, workers: 4}}\ndatabase: {{password: {CANARY}}}\n")
    project.layer("development", "server: {workers: 4}\napp_name: ${NAME}\n")
    result = project.command("show", "--format", "env", "--placeholders")
    assert result.stdout.splitlines() == [
        "# The settings of development: what differs from the defaults, without secrets.",
        "# SYNFINANCE_ENV=development",
        "# SYNFINANCE_APP_NAME=    # needs NAME, which nothing sets",
        "SYNFINANCE_SERVER__PORT=8001",
        "# SYNFINANCE_DATABASE__PASSWORD=    # a secret, from settings/default.yaml:2:22",
    ]
    every = project.command("show", "--format", "env", "--placeholders", "--all").stdout
    assert "\nSYNFINANCE_SERVER__WORKERS=4\n" in every
    assert "# SYNFINANCE_SECURITY__JWT_SECRET=    # a secret, not set\n" in every
    assert len(every.splitlines()) == len(SETTINGS) + 1
    assert "SYNFINANCE_ENVIRONMENT" not in every
    assert CANARY not in result.output + every


def test_a_value_that_a_lower_layer_has_otherwise_is_set_although_it_is_the_default(project):
    project.layer("default", "server: {port: 8001}\n")
    assert (
        "SYNFINANCE_SERVER__PORT=8000\n"
        in project.command("show", "--format", "env", SYNFINANCE_SERVER_PORT="8000").stdout
    )


def test_nothing_advises_to_write_over_a_dotenv(project):
    assert ".env" not in [word for word in project.command("show", "--help").stdout.split() if word.startswith(">")]
    assert "> .env" not in project.command("show", "--help").stdout


def test_show_origin_tells_where_each_value_was_written(project):
    project.layer("default", "server:\n  port: 8001\n")
    result = project.command("show", "--origin", SYNFINANCE_DEBUG="on")
    rows = dict(reversed(re.split(r" {2,}(?=\S+ = )", line)) for line in result.stdout.splitlines())
    assert [row.split(" = ")[0] for row in rows] == list(SETTINGS)
    assert rows["server.port = 8001"] == "settings/default.yaml:2:9"
    assert rows["debug = true"] == "env SYNFINANCE_DEBUG"
    assert rows["server.workers = 4"] == "default"
    data = json.loads(project.command("show", "--origin", "--format", "json").stdout)
    assert data["server"]["port"] == {"value": 8001, "origin": "settings/default.yaml:2:9"}
    assert (
        "# settings/default.yaml:2:9\nSYNFINANCE_SERVER__PORT=8001\n"
        in project.command("show", "--origin", "--format", "env").stdout
    )


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 120])
def test_no_line_of_an_origin_is_wider_than_the_terminal(shipped, columns):
    result = shipped.command("show", "--env", "production", "--placeholders", "--origin", COLUMNS=str(columns))
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    if columns >= 80:
        assert "settings/production.yaml:11:12  server.workers = 8" in lines
        assert (
            any(line.endswith("= [https://synfinance.com, https://api.synfinance.com,") for line in lines)
            or columns < 120
        )


def test_a_pipe_gets_every_value_whole_and_in_one_line(project):
    name = "word " * 200 + "🎉"
    project.layer("default", f"app_name: '{name}'\n")
    assert f"app_name = {name}\n" in project.command("show", "--origin").stdout
    assert project.command("explain", "app_name").stdout.startswith(f"app_name = {name}\n")


@pytest.mark.parametrize(
    "call", [["get", "app_name"], ["show"], ["show", "--origin"], ["explain", "app_name"]], ids=" ".join
)
@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_what_the_terminal_cannot_say_is_no_crash(desk, project, call, encoding):
    project.layer("default", "app_name: café 🎉\n")
    process = desk.start(*call, PYTHONIOENCODING=f"{encoding}:strict", PYTHONUTF8="0")
    process.stdout.reconfigure(errors="replace")
    out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, err
    assert "caf" in out


def test_a_listing_for_people_is_no_file(desk, nothing_written):
    nothing_written()
    result = desk.run("show", "--origin", "--output", str(desk.root / "x.yaml"))
    assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("said", ["", "null"], ids=["empty", "null"])
def test_a_secret_that_is_empty_is_not_set_everywhere(project, said):
    project.layer("default", f"cache: {{password: '{said}'}}\n" if not said else "cache: {password: null}\n")
    value = said if not said else None
    assert "  password: ''  # not set\n" in project.command("show", "--section", "database").stdout
    assert "# not set\n" in project.command("show", "--section", "cache").stdout
    shown = json.loads(project.command("show", "--format", "json").stdout)
    assert (shown["cache"]["password"], shown["database"]["password"], shown["security"]["api_keys"]) == (value, "", [])
    assert "cache.password = not set\n" in project.command("show", "--origin", "--section", "cache").stdout
    explained = project.command("explain", "cache.password", SYNFINANCE_REDIS_PASSWORD=CANARY).stdout
    assert "cache.password = **********\n" in explained
    assert "not set  from settings/default.yaml:1:" in explained
    assert "             not set  from default" in explained
    told = json.loads(project.command("explain", "cache.password", "--format", "json").stdout)
    assert (told["value"], told["overridden"]) == (value, [{"value": None, "origin": "default"}])


def test_a_placeholder_is_no_secret_that_is_masked(project):
    project.layer("default", "cache: {password: '${NO}'}\n")
    explained = project.command("explain", "cache.password", "--placeholders").stdout
    assert explained.startswith("cache.password = placeholder\n")
    assert "a placeholder, since nothing sets what it refers to" in explained
    assert "'**********'  # a placeholder\n" in project.command("show", "--placeholders").stdout
    assert "cache.password = placeholder\n" in project.command("show", "--placeholders", "--origin").stdout


def test_values_have_their_types_in_json(project):
    project.layer("default", "server: {port: 8001, reload: on, cors_origins: ['*']}\ngeneration: {seed: 3}\n")
    project.layer("development", "server: {port: '${PORT:-8002}', reload: off, cors_origins: a}\n")
    overridden = {}
    for key in ("server.port", "server.reload", "server.cors_origins"):
        told = json.loads(project.command("explain", key, "--format", "json", SYNFINANCE_GENERATION_SEED="4").stdout)
        overridden[key] = [item["value"] for item in told["overridden"]]
    assert overridden == {
        "server.port": [8001, 8000],
        "server.reload": [True, False],
        "server.cors_origins": [["*"], ["*"]],
    }
    (report,) = json.loads(project.command("validate", "--format", "json", SYNFINANCE_GENERATION_SEED="x").stdout)
    assert report["problems"][0]["overrides"]["value"] == 3


def test_a_slip_in_the_name_of_a_section_is_answered(project):
    result = project.command("show", "--section", "servr")
    assert result.exit_code == 2
    assert "servr is not a section; did you mean server?" in result.stderr
    assert (
        "server.port is a setting, not a section; its section is server"
        in project.command("show", "--section", "server.port").stderr
    )


@pytest.mark.parametrize("command", ["get", "explain"])
@pytest.mark.parametrize(
    ("key", "said", "mend"),
    [
        ("server.prt", "server.prt is not a setting", "did you mean server.port?"),
        ("server", "server is a section, not a setting", "show --section server prints all of it"),
        (
            "ml.feature_engineering",
            "ml.feature_engineering is a section, not a setting",
            "show --section ml.feature_engineering prints all of it",
        ),
        (
            "SYNFINANCE_SERVER_PORT",
            "SYNFINANCE_SERVER_PORT is a variable of server.port",
            "name the setting: server.port",
        ),
    ],
)
def test_every_key_that_is_none_is_answered_in_one_way(project, command, key, said, mend):
    result = project.command(command, key)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == f"error[unknown-key]: {said}\n  --> the argument\n   = help: {mend}\n\n1 error\n"


@pytest.mark.parametrize(
    "call", [["show"], ["get", "debug"], ["export", "-"], ["validate"], ["explain", "debug"]], ids=" ".join
)
def test_what_to_do_next_is_said_last(project, call):
    project.layer("default", "database: {password: '${NO}'}\n")
    result = project.command(*call)
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "to look without the secrets of this environment, pass --placeholders"


def test_warnings_go_to_stderr(project):
    result = project.command("get", "server.port", SYNFINANCE_NONSENSE="1")
    assert result.stdout == "8000\n"
    assert result.stderr.startswith("warning: SYNFINANCE_NONSENSE is not a setting")


@pytest.mark.parametrize(
    ("key", "printed"),
    [
        ("server.port", "8000"),
        ("debug", "false"),
        ("generation.seed", "null"),
        ("generation.start_date", "2024-01-01"),
        ("server.cors_origins", '["*"]'),
        ("server.log_level", "INFO"),
        ("environment", "development"),
        ("generation.fraud_rate", "0.02"),
    ],
)
def test_get_prints_the_bare_value(project, key, printed):
    assert project.command("get", key).stdout == f"{printed}\n"


def test_get_prints_a_secret_only_when_it_is_asked_for_by_name(project):
    project.layer("default", "database: {password: hush}")
    result = project.command("get", "database.password")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--reveal" in result.stderr
    assert project.command("get", "database.password", "--reveal").stdout == "hush\n"


def test_get_takes_an_environment(shipped):
    assert shipped.command("get", "server.workers", "--env", "prod", "--placeholders").stdout == "8\n"


@pytest.mark.parametrize("command", ["get", "explain"])
def test_a_slip_in_a_key_is_answered(project, command):
    result = project.command(command, "server.prot")
    assert "did you mean server.port?" in result.stderr
    assert "show --section server" in project.command(command, "server").stderr


def test_explain_tells_the_winner_first_and_all_that_it_hides(project):
    project.layer("default", "server:\n  port: 8001\n")
    project.layer("development", "server:\n  port: 8002\n")
    result = project.command("explain", "server.port", SYNFINANCE_SERVER_PORT="8003")
    assert [line.rstrip() for line in result.stdout.splitlines()] == [
        "server.port = 8003",
        "  from       env SYNFINANCE_SERVER_PORT",
        "  overrides  8002  from settings/development.yaml:2:9",
        "             8001  from settings/default.yaml:2:9",
        "             8000  from default",
        "  meaning    TCP port to listen on.",
        "  allowed    1024 to 65535",
        "  variable   SYNFINANCE_SERVER__PORT",
        "             SYNFINANCE_SERVER_PORT",
        "  restart    needed for a change to take effect",
    ]


def test_explain_as_json(project):
    project.layer("default", "database: {password: low}")
    result = project.command("explain", "database.password", "--format", "json", SYNFINANCE_DB_PASSWORD="high")
    found = json.loads(result.stdout)
    assert (found["value"], found["origin"]) == ("**********", "env SYNFINANCE_DB_PASSWORD")
    assert found["overridden"][0] == {"value": "**********", "origin": "settings/default.yaml:1:22"}
    assert found["variables"][0] == "SYNFINANCE_DATABASE__PASSWORD"


@pytest.mark.parametrize(
    ("broken", "left_out"),
    [
        ({"settings/development.yaml": "server: [\n"}, ["settings/development.yaml"]),
        ({"settings/development.yaml": b"\xff"}, ["settings/development.yaml"]),
        ({"settings/default.json": "{}"}, ["settings/default.yaml", "settings/default.json"]),
        ({"settings/development.local.yaml": "x: y: z"}, ["settings/development.local.yaml"]),
        ({".env": b"\xff"}, [".env"]),
        ({"settings/development.yaml": "server: {port: 1}"}, []),
    ],
)
def test_explain_names_the_layers_that_it_could_not_read(project, broken, left_out):
    for path, text in broken.items():
        project.write(path, text)
    result = project.command("explain", "server.port", SYNFINANCE_ENV="development")
    assert result.exit_code == 1
    assert [line.split() for line in result.stdout.splitlines() if "left out" in line] == [
        ["left", "out", f"{name},", "which", "cannot", "be", "read"] for name in left_out
    ]
    told = project.command("explain", "server.port", "--format", "json", SYNFINANCE_ENV="development").stdout
    assert json.loads(told)["left_out"] == left_out


def test_explain_names_a_layer_that_is_missing_where_it_may_not_be(project):
    result = project.command("explain", "server.port", "--env", "staging")
    assert "left out  settings/staging.yaml, which cannot be read" in result.stdout


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_can_be_explained(project, key):
    result = project.command("explain", key)
    assert result.exit_code == 0
    assert SETTINGS[key].description in result.stdout


def test_schema_is_written_to_a_file(project):
    path = project.root / "schema.json"
    assert project.command("schema", "--output", str(path)).exit_code == 0
    assert path.read_text() == project.command("schema").stdout
    assert project.command("schema", "--check", "--output", str(path)).exit_code == 0


def test_env_template_is_written_once(project):
    path = project.root / ".env.example"
    assert project.command("env-template", "--output", str(path)).exit_code == 0
    assert path.read_text() == project.command("env-template").stdout
    assert project.command("env-template", "--output", str(path)).exit_code == 2


def test_a_placeholder_is_told_on_stderr(project):
    project.layer("default", "database: {password: '${NO}'}")
    assert project.command("show").exit_code == 1
    result = project.command("show", "--placeholders")
    assert (result.exit_code, result.stderr) == (0, "placeholders for database.password\n")


def test_a_schema_file_that_is_not_utf8_is_out_of_date(desk, project):
    path = project.write("schema.json", b"\xff{}")
    result = desk.run("schema", "--check", "--output", str(path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert "is out of date" in result.stderr


@pytest.mark.parametrize("odd", ["a pipe", "/dev/zero", "nothing"])
def test_a_schema_that_is_no_file_is_answered(desk, project, odd):
    path = project.root / "schema.json"
    if odd == "a pipe":
        os.mkfifo(path)
    else:
        path.symlink_to(odd)
    result = desk.run("schema", "--check", "--output", str(path))
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"error[unreadable]: {path} is" in result.stderr


def test_validate_a_default_layer_in_every_environment(project):
    project.secure_production()
    project.layer("staging", "{}\n")
    path = project.layer("default", "database: {password: '${DB_PASSWORD}'}\n")
    assert project.command("validate", str(path)).exit_code == 0
    path.write_text("server: {reload: on}\n")
    result = project.command("validate", str(path))
    assert result.exit_code == 1
    assert result.stdout.count("error[reload-outside-development]") == 1
    verdicts = [line.split() for line in result.stdout.splitlines() if line.startswith(("valid", "invalid"))]
    assert [(verdict, name) for verdict, _, name, *_ in verdicts] == [
        ("valid", "(development)"),
        ("invalid", "(staging)"),
        ("invalid", "(production)"),
    ]
    assert project.command("validate", str(path), "--env", "development").exit_code == 0


def test_validate_a_default_layer_where_every_environment_hides_its_fault(project):
    project.layer("development", "server: {workers: 2}\n")
    path = project.layer("default", "server: {workers: many}\n")
    assert "error[wrong-type]: server.workers" in project.command("validate", str(path)).stdout


def test_validate_a_default_layer_in_the_environments_that_the_project_has(project):
    project.layer("default", "server: {reload: on}\n")
    result = project.command("validate", f"{project.settings}/default.yaml")
    assert (result.exit_code, result.stdout.count("no complaints")) == (0, 1)
    assert result.stderr == "note: passed over: staging, production and test, which have no layer file here\n"


@pytest.mark.parametrize("name", ["default.local", "development.local"])
def test_validate_a_local_layer_on_the_layers_below_it(project, name):
    project.layer("development", "generation: {end_date: 2023-06-01}\n")
    path = project.layer(name, "generation: {start_date: 2024-06-01}\n")
    assert "generation.end_date" in project.command("validate", str(path)).stdout
    path.write_text("server: {port: 80}\n")
    result = project.command("validate", str(path), SYNFINANCE_SERVER__PORT="8001")
    assert f"--> settings/{name}.yaml:1:16" in result.stdout


def test_a_local_layer_for_production_is_told_to_be_ignored(project):
    project.secure_production()
    path = project.layer("production.local", "server: {port: 80}\n")
    result = project.command("validate", str(path))
    assert result.exit_code == 0
    assert "settings/production.local.yaml is ignored in production" in result.stdout

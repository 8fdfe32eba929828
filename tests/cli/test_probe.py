"""--probe: what the world says against settings, as problems at their places, before a service runs on them."""

from __future__ import annotations

import json
import re
import socket

import pytest
from patience import PATIENCE
from servers import free_port

CANARY = "canary5d0b77e1a94c2f63"
PROBE = ("--probe", "--probe-timeout", str(PATIENCE / 4))
QUIET = (
    "ml: {model_path: .}\n"
    "monitoring: {log_metrics: false, prometheus_enabled: false}\n"
    "server: {host: 127.0.0.1, port: %d}\n"
)


@pytest.fixture
def world(desk, project, postgres, redis_server, monkeypatch):
    """A development layer about which the world has nothing to say; lines of it are replaced by others."""
    monkeypatch.chdir(desk.root)
    lines = {
        "database": f"{{host: 127.0.0.1, port: {postgres.port}, user: operator, name: postgres}}",
        "cache": f"{{backend: redis, host: 127.0.0.1, port: {redis_server.port}}}",
        "ml": "{model_path: .}",
        "monitoring": "{log_metrics: false, prometheus_enabled: false}",
        "server": f"{{host: 127.0.0.1, port: {free_port()}}}",
    }

    def world(**others: str) -> dict[str, str]:
        said = {**lines, **{name: others[name] for name in others}}
        project.layer("development", "".join(f"{name}: {text}\n" for name, text in said.items()))
        return {"SYNFINANCE_DB_PASSWORD": postgres.password, "SYNFINANCE_REDIS_PASSWORD": redis_server.password}

    return world


def told(desk, *arguments: str, **variables: str) -> tuple[list[tuple], list[tuple]]:
    """Code, key and place of the errors and of the warnings that validate --probe tells."""
    (report,) = json.loads(desk.run("validate", *PROBE, "--format", "json", *arguments, **variables).stdout)
    problems, warnings = (
        [(problem["code"], problem["key"], problem["origin"]) for problem in report[name]]
        for name in ("problems", "warnings")
    )
    assert report["valid"] is not bool(problems)
    assert all(problem["hint"] for problem in (*report["problems"], *report["warnings"]))
    return problems, warnings


def test_a_world_that_agrees_says_nothing(desk, world):
    result = desk.done("validate", *PROBE, **world())
    assert result.stdout == "valid    development  no complaints\n"


@pytest.mark.parametrize(
    ("section", "text", "code", "key", "column"),
    [
        ("database", "{host: nowhere.invalid}", "unknown-host", "database.host", 18),
        ("database", "{host: 127.0.0.1, port: CLOSED}", "no-answer", "database.port", 35),
        ("database", "{host: 127.0.0.1, port: OPEN, name: nowhere, user: operator}", "no-database", "database.name", 0),
        ("database", "{host: 127.0.0.1, port: OPEN, user: nobody}", "refused-login", None, 0),
        ("database", "{host: 127.0.0.1, port: OPEN, ssl_mode: require}", "tls-refused", "database.ssl_mode", 0),
        ("cache", "{backend: redis, host: nowhere.invalid}", "unknown-host", "cache.host", 31),
        ("cache", "{backend: redis, host: 127.0.0.1, port: CLOSED}", "no-answer", "cache.port", 48),
        ("security", "{ssl_enabled: on, ssl_cert_path: no.crt, ssl_key_path: no.key}", "no-path", None, 0),
        ("server", "{host: nowhere.invalid}", "unknown-host", "server.host", 16),
    ],
)
def test_what_the_world_does_not_know_is_an_error_where_it_is_written(
    desk, world, postgres, section, text, code, key, column
):
    variables = world(**{section: text.replace("CLOSED", str(free_port())).replace("OPEN", str(postgres.port))})
    problems, _ = told(desk, **variables)
    ((found_code, found_key, origin),) = problems
    assert found_code == code
    assert key in (None, found_key)
    assert origin.startswith(("settings/development.yaml:", "env SYNFINANCE_"))
    assert not column or origin.endswith(f":{column}")


def test_a_report_shows_the_line_and_the_step_that_mends_it(desk, world):
    port = free_port()
    result = desk.run("validate", *PROBE, **world(cache=f"{{backend: redis, host: 127.0.0.1, port: {port}}}"))
    assert result.exit_code == 1
    assert result.stdout == (
        f"error[no-answer]: cache.port: 127.0.0.1:{port}/0: Connection refused\n"
        "  --> settings/development.yaml:2:48\n"
        "   |\n"
        f" 2 | cache: {{backend: redis, host: 127.0.0.1, port: {port}}}\n"
        f"   | {' ' * 47}{'^' * len(str(port))}\n"
        "   = help: start the server, or correct cache.host, cache.port and cache.db; "
        "cache.host is from settings/development.yaml:2:31\n"
        "   = in development\n"
        "\n"
        "invalid  development  1 error\n"
    )


def test_a_report_for_a_workflow_names_the_line(desk, world):
    variables = world(database="{host: nowhere.invalid}")
    result = desk.run("validate", *PROBE, "--format", "github", **variables)
    assert result.exit_code == 1
    head = "::error file=settings/development.yaml,line=1,col=18,title=unknown-host::database.host: "
    assert result.stdout.startswith(head)


@pytest.mark.parametrize("path", ["models", "out/models"])
def test_what_can_be_mended_by_a_start_is_a_warning(desk, world, path):
    variables = world(ml=f"{{model_path: {path}}}")
    assert told(desk, **variables) == ([], [("no-path", "ml.model_path", "settings/development.yaml:3:18")])
    assert desk.run("validate", *PROBE, "--strict", **variables).exit_code == 1


def test_a_certificate_of_another_key_is_told_at_both(desk, world, certificates):
    paths = f"ssl_cert_path: {certificates / 'good.crt'}, ssl_key_path: {certificates / 'other.key'}"
    problems, _ = told(desk, **world(security=f"{{ssl_enabled: on, {paths}}}"))
    assert [(code, key) for code, key, _ in problems] == [("bad-certificate", "security.ssl_cert_path")]


def test_a_value_of_a_variable_is_told_at_the_variable(desk, world):
    variables = world() | {"SYNFINANCE_CACHE_HOST": "nowhere.invalid"}
    assert told(desk, **variables)[0] == [("unknown-host", "cache.host", "env SYNFINANCE_CACHE_HOST")]


@pytest.mark.parametrize("name", ["SYNFINANCE_DB_PASSWORD", "SYNFINANCE_REDIS_PASSWORD"])
@pytest.mark.parametrize("form", ["text", "json", "github"])
def test_a_password_that_is_not_taken_is_told_at_its_place_and_never_shown(desk, world, name, form):
    result = desk.run("validate", *PROBE, "--format", form, **world() | {name: CANARY})
    assert result.exit_code == 1
    assert CANARY[:8] not in result.output
    assert "refused-login" in result.output
    assert form == "github" or f"env {name}" in result.output


def test_no_probe_shows_a_secret_that_stands_in_a_layer(desk, world):
    """Every kind of thing that is asked fails here, and each has a secret in its line."""
    closed = free_port()
    tls = "ssl_enabled: on, ssl_cert_path: no, ssl_key_path: no"
    sections = {
        "database": f"{{host: 127.0.0.1, port: {closed}, password: {CANARY}}}",
        "cache": f"{{backend: redis, host: 127.0.0.1, port: {closed}, password: {CANARY}}}",
        "monitoring": f"{{alert_webhook: 'http://{CANARY}@127.0.0.1:{closed}/{CANARY}'}}",
        "security": f"{{{tls}, jwt_enabled: on, jwt_secret: {CANARY[:9]}}}",
    }
    world(**sections)
    for form in ("text", "json", "github"):
        result = desk.run("validate", *PROBE, "--format", form)
        assert result.exit_code == 1
        assert CANARY[:9] not in result.output
        told = set(re.findall(r"no-answer|no-path|weak-secret", result.output))
        assert told == {"no-answer", "no-path", "weak-secret"}


def test_nobody_is_asked_with_a_placeholder(desk, world, project, postgres):
    cache = {"SYNFINANCE_REDIS_PASSWORD": world()["SYNFINANCE_REDIS_PASSWORD"]}
    world(database=f"{{host: 127.0.0.1, port: {postgres.port}, password: '${{NOT_SET}}'}}")
    assert told(desk, "--placeholders", **cache) == ([], [])
    world(database=f"{{host: 127.0.0.1, port: {free_port()}, password: '${{NOT_SET}}'}}")
    problems, _ = told(desk, "--placeholders", **cache)
    assert [code for code, *_ in problems] == ["no-answer"], "whether it lets one connect needs no password"


def test_settings_that_do_not_validate_are_asked_about_nothing(desk, project):
    project.layer("development", "server: {prot: 1}\ndatabase: {host: nowhere.invalid}\n")
    result = desk.run("validate", *PROBE)
    assert "nothing was asked about development, which does not validate" in result.stderr
    assert "nowhere" not in result.output


def test_all_environments_are_asked_at_once(desk, world, project):
    variables = world(database="{host: nowhere.invalid}")
    project.layer("test", QUIET % free_port() + "database: {host: elsewhere.invalid}\n")
    result = desk.run("validate", "--all", *PROBE, "--format", "json", **variables)
    reports = {report["name"]: report["problems"] for report in json.loads(result.stdout)}
    assert [problem["code"] for problem in reports["development"]] == ["unknown-host"]
    assert [problem["origin"] for problem in reports["test"]] == ["settings/test.yaml:4:18"]


def test_a_timeout_without_probes_is_a_slip(desk):
    result = desk.run("validate", "--probe-timeout", "3")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "--probe-timeout needs --probe" in result.stderr


def test_a_server_that_comes_to_no_end_is_an_error_in_time(desk, world):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        variables = world(cache=f"{{backend: redis, host: 127.0.0.1, port: {port}}}")
        result = desk.run("validate", "--probe", "--probe-timeout", "0.5", **variables)
    assert f"127.0.0.1:{port}/0: no answer in time" in result.stdout


class TestChanges:
    """set, unset and import ask about what they change, and write nothing that the world does not know."""

    def test_a_value_that_the_world_does_not_know_is_not_written(self, desk, world):
        variables = world()
        before = desk.text("development")
        result = desk.run("set", "database.host", "nowhere.invalid", *PROBE, **variables)
        assert result.exit_code == 1
        assert "error[unknown-host]: database.host: " in result.stderr
        assert "--> settings/development.yaml:1:18" in result.stderr
        assert desk.text("development") == before

    def test_a_value_that_it_knows_is(self, desk, world, postgres):
        variables = world()
        desk.done("set", "database.host", "localhost", *PROBE, **variables)
        assert "host: localhost" in desk.text("development")

    def test_what_is_not_changed_is_not_asked_about(self, desk, world):
        variables = world(database="{host: nowhere.invalid}")
        desk.done("set", "database.pool_size", "7", *PROBE, **variables)
        desk.done("set", "cache.host", "localhost", *PROBE, **variables)

    def test_a_warning_is_told_and_the_value_written(self, desk, world):
        result = desk.done("set", "ml.model_path", "models", *PROBE, **world())
        assert "warning[no-path]: ml.model_path: models is missing, and can be created" in result.stderr
        assert "model_path: models" in desk.text("development")

    def test_a_dry_run_asks_too(self, desk, world):
        result = desk.run("set", "cache.host", "nowhere.invalid", "--dry-run", *PROBE, **world())
        assert result.exit_code == 1
        assert "unknown-host" in result.stderr

    def test_a_default_layer_is_asked_about_as_it_counts_here(self, desk, world):
        variables = world(cache="{backend: redis}")
        result = desk.run("set", "cache.host", "nowhere.invalid", "--env", "default", *PROBE, **variables)
        assert result.exit_code == 1
        assert "--> settings/default.yaml:2:9" in result.stderr

    def test_what_unset_brings_back_is_asked_about(self, desk, world, project):
        project.layer("default", "database: {host: nowhere.invalid}\n")
        result = desk.run("unset", "database.host", *PROBE, **world())
        assert result.exit_code == 1
        assert "--> settings/default.yaml:1:18" in result.stderr

    def test_an_import_is_asked_about(self, desk, world, project):
        variables = world()
        path = project.write("new.yaml", "database: {host: nowhere.invalid}\n")
        before = desk.text("development")
        result = desk.run("import", str(path), "--yes", *PROBE, **variables)
        assert result.exit_code == 1
        assert "unknown-host" in result.stderr
        assert desk.text("development") == before

    def test_a_plan_is_asked_about_and_not_kept_where_the_world_does_not_agree(self, desk, world):
        variables = world()
        result = desk.run("plan", "cache.host=nowhere.invalid", "-o", "plan.json", *PROBE, **variables)
        assert result.exit_code == 1
        assert "error[unknown-host]: cache.host: " in result.stderr
        assert not (desk.root / "plan.json").exists()

    def test_a_plan_is_applied_only_where_the_world_agrees(self, desk, world):
        variables = world()
        before = desk.text("development")
        desk.done("plan", "cache.host=nowhere.invalid", "-o", "plan.json", **variables)
        result = desk.run("apply", "plan.json", *PROBE, **variables)
        assert result.exit_code == 1
        assert "error[unknown-host]: cache.host: " in result.stderr
        assert desk.text("development") == before

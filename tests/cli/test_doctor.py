"""doctor, against servers that run and servers that do not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys

import psycopg
import pytest
import redis

CANARY = "canary7a1c4e9b2d5f8036"
SPECIAL = "".join(map(chr, range(33, 127)))
PASSWORDS = [
    *(f"a{character}b" for character in SPECIAL if not character.isalnum()),
    SPECIAL,
    " a b ",
    "größe₹🎉",
    "%41%",
    "${A}$$$B",
    "010",
    "null",
    "a\tb",
]


def found(desk, *arguments: str, code: int | None = None, **variables: str) -> dict[str, list[dict]]:
    """What doctor finds, by check."""
    result = desk.run("doctor", "--format", "json", *arguments, **variables)
    assert code is None or result.exit_code == code, result.output
    checks: dict[str, list[dict]] = {}
    for finding in json.loads(result.stdout):
        assert list(finding) == ["check", "status", "message", "mend"]
        assert finding["status"] in ("ok", "warn", "fail")
        assert finding["status"] == "ok" or finding["mend"]
        checks.setdefault(finding["check"], []).append(finding)
    return checks


def stati(findings: list[dict]) -> list[str]:
    return [finding["status"] for finding in findings]


@pytest.fixture
def at(desk, project):
    """Put the places of the servers into the layers."""

    def at(postgres=None, redis=None, **database: str) -> None:
        lines = ["security: {api_key_enabled: false}"]
        if postgres:
            more = "".join(f", {name}: {value}" for name, value in database.items())
            lines.append(f"database: {{host: 127.0.0.1, port: {postgres}, user: operator, name: postgres{more}}}")
        if redis:
            lines.append(f"cache: {{backend: redis, host: 127.0.0.1, port: {redis}}}")
        project.layer("development", "\n".join(lines) + "\n")

    return at


@pytest.fixture
def closed_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class TestServers:
    def test_healthy(self, desk, at, postgres, redis_server):
        at(postgres.port, redis_server.port)
        passwords = {"SYNFINANCE_DB_PASSWORD": postgres.password, "SYNFINANCE_REDIS_PASSWORD": redis_server.password}
        checks = found(desk, **passwords)
        (database,), (cache,) = checks["database"], checks["cache"]
        assert (database["status"], cache["status"]) == ("ok", "ok"), checks
        assert f"operator@127.0.0.1:{postgres.port}/postgres answers, PostgreSQL" in database["message"]
        assert f"127.0.0.1:{redis_server.port}/0 answers, Redis" in cache["message"]

    def test_stopped(self, desk, at, closed_port):
        at(closed_port, closed_port)
        checks = found(desk, code=1)
        (database,), (cache,) = checks["database"], checks["cache"]
        assert (database["status"], cache["status"]) == ("fail", "fail")
        assert "refused" in database["message"]
        assert "refused" in cache["message"]
        assert database["mend"].startswith("start the server")

    def test_a_wrong_password(self, desk, at, postgres, redis_server):
        at(postgres.port, redis_server.port)
        result = desk.run("doctor", SYNFINANCE_DB_PASSWORD=CANARY, SYNFINANCE_REDIS_PASSWORD=CANARY)
        assert result.exit_code == 1
        assert CANARY not in result.output
        assert "password authentication failed" in result.stdout
        assert "check database.user and database.password (SYNFINANCE_DB_PASSWORD)" in result.stdout
        assert "check cache.password (SYNFINANCE_REDIS_PASSWORD)" in result.stdout

    def test_no_password_where_one_is_asked_for(self, desk, at, postgres, redis_server):
        at(postgres.port, redis_server.port)
        checks = found(desk, code=1)
        assert stati(checks["database"] + checks["cache"]) == ["fail", "fail"]
        assert "SYNFINANCE_REDIS_PASSWORD" in checks["cache"][0]["mend"]
        assert "SYNFINANCE_DB_PASSWORD" in checks["database"][0]["mend"]

    def test_a_database_that_does_not_exist(self, desk, at, postgres):
        at(postgres.port)
        (database,) = found(desk, SYNFINANCE_DB_PASSWORD=postgres.password, SYNFINANCE_DB_NAME="nowhere")["database"]
        assert database["status"] == "fail"
        assert 'database "nowhere" does not exist' in database["message"]
        assert database["mend"].startswith("create the database")

    def test_a_server_without_tls_where_tls_is_asked_for(self, desk, at, postgres):
        at(postgres.port, ssl_mode="require")
        (database,) = found(desk, SYNFINANCE_DB_PASSWORD=postgres.password)["database"]
        assert database["status"] == "fail"
        assert "SSL" in database["message"]

    @pytest.mark.long
    def test_a_server_that_never_answers(self, desk, at):
        with socket.socket() as silent:
            silent.bind(("127.0.0.1", 0))
            silent.listen()
            at(redis=silent.getsockname()[1])
            (cache,) = found(desk, code=1)["cache"]
        assert cache["status"] == "fail"
        assert "imeout" in cache["message"] or "imed out" in cache["message"]

    def test_a_cache_in_memory_needs_no_server(self, desk):
        (cache,) = found(desk)["cache"]
        assert (cache["status"], cache["message"]) == ("ok", "in memory")
        (cache,) = found(desk, SYNFINANCE_CACHE_ENABLED="off")["cache"]
        assert (cache["status"], cache["message"]) == ("ok", "switched off")

    def test_drivers_that_are_missing_are_named(self, desk, at, closed_port, monkeypatch):
        at(closed_port, closed_port)
        monkeypatch.setitem(sys.modules, "psycopg", None)
        monkeypatch.setitem(sys.modules, "redis", None)
        checks = found(desk)
        assert [checks[name][0]["status"] for name in ("database", "cache")] == ["warn", "warn"]
        assert checks["database"][0]["mend"] == "pip install 'synfinance-settings[postgres]'"
        assert checks["cache"][0]["mend"] == "pip install 'synfinance-settings[redis]'"


def test_every_password_connects_through_the_url_of_the_database(project, postgres):
    with psycopg.connect(
        host="127.0.0.1", port=postgres.port, user="operator", password=postgres.password, dbname="postgres"
    ) as admin:
        admin.autocommit = True
        for number, password in enumerate(PASSWORDS):
            name = f'role "{number}" @:/%'
            admin.execute(
                psycopg.sql.SQL("create role {} login password {}").format(
                    psycopg.sql.Identifier(name), psycopg.sql.Literal(password)
                )
            )
            config = project.load(
                SYNFINANCE_DB_HOST="127.0.0.1",
                SYNFINANCE_DB_PORT=str(postgres.port),
                SYNFINANCE_DB_NAME="postgres",
                SYNFINANCE_DB_USER=name,
                SYNFINANCE_DB_PASSWORD=password,
            )
            with psycopg.connect(config.database.url) as connection:
                assert connection.execute("select current_user").fetchone() == (name,)


def test_every_password_connects_through_the_url_of_the_cache(project, redis_server):
    admin = redis.Redis(port=redis_server.port, password=redis_server.password)
    before = redis_server.password
    try:
        for password in PASSWORDS:
            admin.config_set("requirepass", password)
            config = project.load(
                SYNFINANCE_CACHE_BACKEND="redis",
                SYNFINANCE_CACHE_HOST="127.0.0.1",
                SYNFINANCE_CACHE_PORT=str(redis_server.port),
                SYNFINANCE_CACHE_PASSWORD=password,
            )
            with redis.Redis.from_url(config.cache.url) as client:
                assert client.ping()
    finally:
        admin.config_set("requirepass", before)
        admin.close()


@pytest.fixture(scope="session")
def certificates(tmp_path_factory):
    """Pairs of certificate and key: good, about to expire, expired, and a key of another."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl: apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    for name, days in (("good", ["-days", "100"]), ("soon", ["-days", "5"]), ("other", ["-days", "100"])):
        call = [openssl, "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        call += ["-subj", f"/CN={name}.example", "-keyout", f"{name}.key", "-out", f"{name}.crt", *days]
        subprocess.run(call, cwd=folder, check=True, capture_output=True)
    request = ["req", "-new", "-key", "good.key", "-subj", "/CN=old.example", "-out", "old.csr"]
    signing = ["ca", "-selfsign", "-batch", "-notext", "-config", "ca.cnf", "-keyfile", "good.key", "-in", "old.csr"]
    signing += ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z", "-out", "old.crt"]
    (folder / "index.txt").write_text("")
    (folder / "serial").write_text("01\n")
    (folder / "ca.cnf").write_text(
        "[ca]\ndefault_ca = here\n[here]\ndatabase = index.txt\nserial = serial\nnew_certs_dir = .\n"
        "default_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n"
    )
    for call in (request, signing):
        subprocess.run([openssl, *call], cwd=folder, check=True, capture_output=True)
    return folder


class TestTls:
    @pytest.fixture
    def tls(self, desk, project, certificates):
        def tls(certificate: str, key: str) -> list[dict]:
            paths = f"ssl_cert_path: {certificates / certificate}, ssl_key_path: {certificates / key}"
            project.layer("development", f"security: {{ssl_enabled: on, {paths}}}\n")
            return found(desk)["tls"]

        return tls

    def test_a_good_pair_has_days_left(self, tls):
        (finding,) = tls("good.crt", "good.key")
        assert finding["status"] == "ok"
        assert finding["message"].endswith("is good for 99 days")

    def test_a_pair_that_ends_soon_is_a_warning(self, tls):
        (finding,) = tls("soon.crt", "soon.key")
        assert finding["status"] == "warn"
        assert finding["message"].endswith("is good for 4 days")
        assert finding["mend"].startswith("renew ")

    def test_a_pair_that_ended_fails(self, tls):
        finding = tls("old.crt", "good.key")[0]
        assert finding["status"] == "fail"
        assert "expired" in finding["message"]

    def test_a_key_of_another_fails(self, tls):
        (finding,) = tls("good.crt", "other.key")
        assert finding["status"] == "fail"
        assert finding["message"].endswith("the key does not belong to the certificate")

    @pytest.mark.parametrize(("pair", "said"), [(("no.crt", "good.key"), "no.crt"), (("good.crt", "no.key"), "no.key")])
    def test_a_file_that_is_not_there_fails(self, tls, pair, said):
        (finding,) = tls(*pair)
        assert finding["status"] == "fail"
        assert finding["message"].endswith(f"{said} does not exist")

    def test_a_file_that_is_no_certificate_fails(self, tls):
        (finding,) = tls("good.key", "good.key")
        assert finding["status"] == "fail"

    def test_a_key_that_others_can_read_is_a_warning(self, tls, certificates):
        shutil.copy(certificates / "good.key", certificates / "open.key")
        (certificates / "open.key").chmod(0o644)
        first, second = tls("good.crt", "open.key")
        assert (first["status"], second["status"]) == ("ok", "warn")
        assert second["mend"].startswith("chmod 600 ")


class TestHere:
    """What needs no server."""

    def test_a_line_a_finding(self, desk):
        result = desk.run("doctor")
        lines = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
        assert {line.split()[0] for line in lines} <= {"ok", "warn", "fail"}
        assert {line.split()[1] for line in lines} >= {
            "settings",
            "database",
            "cache",
            "tls",
            "paths",
            "ports",
            "secrets",
            "files",
        }
        assert all(line.strip().startswith("mend: ") for line in result.stdout.splitlines() if line.startswith(" "))

    def test_a_warning_fails_when_strict(self, desk, at, postgres, monkeypatch):
        at(postgres.port)
        monkeypatch.chdir(desk.root)
        assert found(desk, SYNFINANCE_DB_PASSWORD=postgres.password, code=0)["paths"][0]["status"] == "warn"
        found(desk, "--strict", SYNFINANCE_DB_PASSWORD=postgres.password, code=1)

    def test_settings_that_do_not_validate(self, desk, project):
        project.layer("development", "server: {port: 1, prot: 2}\n")
        checks = found(desk, code=1)
        told = {check[0]["message"] for name, check in checks.items() if name not in ("files", "settings")}
        assert told == {"not checked: the settings do not validate"}
        assert checks["settings"][0]["message"] == "2 errors"
        assert checks["settings"][0]["mend"] == "synfinance-settings validate --env development"

    def test_paths(self, desk, monkeypatch):
        monkeypatch.chdir(desk.root)
        assert stati(found(desk)["paths"]) == ["warn", "warn"]
        for name in ("models", "logs"):
            (desk.root / name).mkdir()
        assert stati(found(desk)["paths"]) == ["ok", "ok"]

    def test_ports(self, desk, closed_port):
        variables = {"SYNFINANCE_SERVER_HOST": "127.0.0.1", "SYNFINANCE_MONITORING_PROMETHEUS_ENABLED": "off"}
        (free,) = found(desk, SYNFINANCE_SERVER_PORT=str(closed_port), **variables)["ports"]
        assert (free["status"], free["message"]) == ("ok", f"server.port 127.0.0.1:{closed_port} is free")
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = str(taken.getsockname()[1])
            (busy,) = found(desk, SYNFINANCE_SERVER_PORT=port, **variables)["ports"]
        assert busy["status"] == "warn"
        assert "in use" in busy["message"]
        assert port in busy["mend"]

    @pytest.mark.parametrize(
        ("secret", "said"),
        [
            ("", "is empty"),
            ("tiny", "is shorter than"),
            ("a" * 40, "repeats"),
            ("changeme-changeme-now", "holds a word that is tried first"),
            ("correct horse battery staple 7", None),
        ],
    )
    def test_the_strength_of_secrets(self, desk, secret, said):
        result = found(desk, SYNFINANCE_DB_PASSWORD=secret)["secrets"]
        assert stati(result) == ["warn" if said else "ok"]
        assert said is None or f"database.password {said}" in result[0]["message"]
        assert not secret or secret not in json.dumps(result)

    def test_files_that_others_can_write(self, desk, project):
        project.layer("default", "{}\n").chmod(0o666)
        (finding,) = [finding for finding in found(desk, code=1)["files"] if finding["status"] == "fail"]
        assert finding["message"] == "settings/default.yaml can be written by others"
        assert finding["mend"] == "chmod go-w settings/default.yaml"

    def test_a_dotenv_that_others_can_read(self, desk, project):
        path = project.write(".env", "SYNFINANCE_DEBUG=on\n")
        path.chmod(0o644)
        assert any(finding["message"] == ".env can be read by others" for finding in found(desk)["files"])
        path.chmod(0o600)
        assert stati(found(desk)["files"]) == ["ok"]

    def test_a_dotenv_that_git_would_take(self, desk, project):
        if shutil.which("git") is None:
            pytest.skip("needs git: apt-get install git")
        project.write(".env", "SYNFINANCE_DEBUG=on\n").chmod(0o600)
        clean = {"PATH": os.environ["PATH"], "HOME": str(desk.root)}
        subprocess.run(["git", "init", "-q"], cwd=desk.root, env=clean, check=True)
        (finding,) = [finding for finding in found(desk, code=1)["files"] if finding["status"] == "fail"]
        assert (finding["message"], finding["mend"]) == ("git does not ignore .env", "echo .env >> .gitignore")
        project.write(".gitignore", ".env\n")
        assert any(finding["message"] == "git ignores .env" for finding in found(desk)["files"])

    @pytest.mark.parametrize("call", [["--env", "prodution"], ["--format", "yaml"], ["extra"]], ids=" ".join)
    def test_a_call_that_is_none(self, desk, nothing_written, call):
        nothing_written()
        result = desk.run("doctor", *call)
        assert (result.exit_code, result.stdout) == (2, "")


@pytest.mark.parametrize("host", ["[::1", "[::1]x", "[", "/nowhere", "::1%x", "h?x"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_the_password_is_told_in_no_spelling(desk, host, form):
    variables = {"SYNFINANCE_DB_HOST": host, "SYNFINANCE_DB_PASSWORD": "canary@pw!xxx"}
    result = desk.run("doctor", "--format", form, **variables)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert not [part for part in ("canary", "pw!", "pw%21", "xxx") if part in result.output]


@pytest.mark.parametrize(
    ("check", "text", "variables"),
    [
        ("cache", "{}", {"SYNFINANCE_REDIS_BACKEND": "redis", "SYNFINANCE_REDIS_HOST": "[::1"}),
        ("cache", "{}", {"SYNFINANCE_REDIS_BACKEND": "redis", "SYNFINANCE_REDIS_HOST": "a..b"}),
        ("database", "{}", {"SYNFINANCE_DB_HOST": "a..b"}),
        ("ports", "{}", {"SYNFINANCE_SERVER_HOST": "a..b"}),
        ("paths", 'monitoring: {metrics_file: "a\\0/b"}', {}),
        ("tls", 'security: {ssl_enabled: on, ssl_cert_path: "a\\0b", ssl_key_path: c}', {}),
    ],
)
def test_a_host_or_path_that_is_none_is_a_finding(desk, project, check, text, variables):
    project.layer("development", text)
    result = desk.run("doctor", "--format", "json", **variables)
    assert isinstance(result.exception, SystemExit)
    assert result.exit_code == 1
    found = {finding["check"]: finding for finding in json.loads(result.stdout)}
    assert found[check]["status"] == "fail"
    assert found[check]["mend"]
    assert {"settings", "database", "cache", "tls", "paths", "ports", "secrets"} <= set(found)

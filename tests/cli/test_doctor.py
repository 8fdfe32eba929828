"""doctor, against servers that run and servers that do not."""

from __future__ import annotations

import json
import os
import shutil
import socket
import socketserver
import subprocess
import threading
from contextlib import ExitStack, suppress

import psycopg
import pytest
import redis
from patience import PATIENCE

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


@pytest.fixture
def stranger():
    """Start a server that talks to everybody as `talk` does; its port."""
    with ExitStack() as servers:

        def stranger(talk) -> int:
            class Handler(socketserver.BaseRequestHandler):
                def handle(self):
                    with suppress(OSError):
                        talk(self.request)

            server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
            servers.callback(server.server_close)
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            servers.callback(thread.join)
            servers.callback(server.shutdown)
            return server.server_address[1]

        yield stranger


def endless(part: bytes):
    """Talk that sends `part` again and again until the other side goes."""

    def talk(connection) -> None:
        connection.settimeout(0.05)
        while True:
            if part:
                connection.sendall(part)
            with suppress(TimeoutError):
                if len(part) < 2 and not connection.recv(65536):
                    return

    return talk


def once(said: bytes):
    """Talk that answers the first words with `said`, and ends."""

    def talk(connection) -> None:
        connection.recv(65536)
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)

    return talk


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
        assert database["message"].endswith("/nowhere: the database does not exist")
        assert database["mend"].startswith("create the database")

    def test_a_server_without_tls_where_tls_is_asked_for(self, desk, at, postgres):
        at(postgres.port, ssl_mode="require")
        (database,) = found(desk, SYNFINANCE_DB_PASSWORD=postgres.password)["database"]
        assert database["status"] == "fail"
        assert "SSL" in database["message"]

    @pytest.mark.parametrize("part", [b"", b"+", b"$99999999999\r\n" + b"x" * 65536], ids=["silent", "drips", "floods"])
    def test_a_server_that_comes_to_no_end(self, desk, at, stranger, part):
        port = stranger(endless(part))
        at(port, port)
        checks = found(desk, "--timeout", "1", code=1)
        assert stati(checks["database"] + checks["cache"]) == ["fail", "fail"]
        assert checks["cache"][0]["message"] == f"127.0.0.1:{port}/0: no answer in time"

    @pytest.mark.parametrize(
        "said",
        [
            "-ERR {}",
            "-WRONGPASS {}",
            "-NOPERM {}",
            "-{}",
            "+PONG\r\n-ERR {}",
            "+OK\r\n+PONG\r\n$72\r\nredis_version:{}",
            "N\x00{}",
            "E\x00\x00\x00\x6cSFATAL\0C28P01\0M{}\0\0",
            "NE\x00\x00\x00\x6cSFATAL\0C28P01\0M{}\0\0",
        ],
        ids=ascii,
    )
    def test_what_a_server_says_is_never_shown(self, desk, at, stranger, said):
        """It may say the password that it was given, whole or in part, in any spelling."""
        echoed = f"{CANARY} {CANARY[:12]}  {CANARY[::-1]} \x1b[2J"
        port = stranger(once(f"{said.format(echoed)}\r\n".encode()))
        at(port, port)
        variables = {"SYNFINANCE_DB_PASSWORD": CANARY, "SYNFINANCE_REDIS_PASSWORD": CANARY}
        result = desk.run("doctor", **variables)
        assert isinstance(result.exception, SystemExit)
        assert [part for part in (CANARY[:12], CANARY[::-1][:12], "\x1b") if part in result.output] == []

    def test_a_cache_in_memory_needs_no_server(self, desk):
        (cache,) = found(desk)["cache"]
        assert (cache["status"], cache["message"]) == ("ok", "not in use: cache.backend is memory")
        (cache,) = found(desk, SYNFINANCE_CACHE_ENABLED="off")["cache"]
        assert (cache["status"], cache["message"]) == ("ok", "not in use: cache.enabled is false")

    def test_drivers_that_are_missing_are_named(self, desk, at, closed_port, project):
        at(closed_port, closed_port)
        for name in ("psycopg", "redis"):
            path = project.write(f"without/{name}.py", "raise ImportError\n")
        checks = found(desk, PYTHONPATH=str(path.parent))
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

    @pytest.mark.parametrize("kind", ["pipe", "device", "huge", "folder"])
    @pytest.mark.parametrize("pair", [("x", "good.key"), ("good.crt", "x")], ids=["certificate", "key"])
    def test_a_file_that_comes_to_no_end_fails(self, tls, tmp_path, kind, pair):
        path = tmp_path / "x"
        if kind == "pipe":
            os.mkfifo(path)
        elif kind == "device":
            path.symlink_to("/dev/zero")
        elif kind == "folder":
            path.mkdir()
        else:
            with path.open("wb") as file:
                file.truncate(1 << 31)
        (finding,) = tls(*(str(path) if name == "x" else name for name in pair))
        assert finding["status"] == "fail"
        assert finding["message"].startswith(f"{path} ")

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

    def test_a_line_a_finding_and_one_that_counts_them(self, desk):
        result = desk.run("doctor")
        *lines, last = [line for line in result.stdout.splitlines() if not line.startswith(" ")]
        stati = [line.split()[0] for line in lines]
        failed, warned, good = (stati.count(status) for status in ("fail", "warn", "ok"))
        assert last == f"{failed} failed, {warned} warning{'' if warned == 1 else 's'}, {good} ok"
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
        assert all(line.strip().startswith("help: ") for line in result.stdout.splitlines() if line.startswith(" "))

    @pytest.mark.parametrize("columns", ["60", "80", "120"])
    def test_a_finding_hangs_below_itself_and_a_command_stays_in_one_line(self, desk, columns):
        variables = {"SYNFINANCE_JWT_SECRET": "x", "SYNFINANCE_SECURITY_JWT_ENABLED": "on"}
        text = desk.run("doctor", COLUMNS=columns, **variables).stdout
        command = "help: SYNFINANCE_JWT_SECRET=$(python -c 'import secrets; print(secrets.token_urlsafe(32))')"
        assert f"{' ' * 18}{command}\n" in text
        lines = text.replace(command, "help:").splitlines()[:-1]
        assert max(map(len, lines)) <= int(columns)
        assert all(line[16:18] == "  " for line in lines)
        assert text.split() == desk.run("doctor", **variables).stdout.split()

    def test_a_warning_fails_when_strict(self, desk, at, postgres, monkeypatch):
        at(postgres.port)
        monkeypatch.chdir(desk.root)
        assert found(desk, SYNFINANCE_DB_PASSWORD=postgres.password, code=0)["paths"][0]["status"] == "warn"
        found(desk, "--strict", SYNFINANCE_DB_PASSWORD=postgres.password, code=1)

    def test_settings_that_do_not_validate(self, desk, project):
        project.layer("development", "server: {port: 1, prot: 2}\n")
        checks = found(desk, code=1)
        assert set(checks) == {"files", "settings"}
        not_checked = "not checked without settings: database, cache, monitoring, tls, paths, ports, secrets"
        assert checks["settings"][0]["message"] == f"2 errors; {not_checked}"
        assert checks["settings"][0]["mend"] == "synfinance-settings validate --env development"

    def test_paths(self, desk, monkeypatch):
        monkeypatch.chdir(desk.root)
        model, metrics = found(desk)["paths"]
        assert (model["status"], model["message"]) == ("warn", "ml.model_path: models is missing, and can be created")
        assert (metrics["status"], metrics["mend"]) == ("warn", "mkdir -p -- logs")
        for name in ("models", "logs"):
            (desk.root / name).mkdir()
        assert stati(found(desk)["paths"]) == ["ok", "ok"]
        (desk.root / "logs").rmdir()
        (desk.root / "logs").write_text("")
        assert found(desk)["paths"][1]["message"] == "monitoring.metrics_file: logs is not a folder"

    def test_paths_that_others_own(self, desk, without_rights):
        (desk.root / "logs").mkdir(mode=0o555)
        (desk.root / "here").mkdir(mode=0o555)
        variables = {"SYNFINANCE_ML_MODEL_PATH": "here/below/models"}
        with desk.start("doctor", "--format", "json", before=without_rights, **variables) as process:
            findings = json.loads(process.communicate(timeout=PATIENCE)[0])
        model, metrics = [finding for finding in findings if finding["check"] == "paths"]
        assert model["message"].startswith("ml.model_path: here/below/models is missing, and cannot be created in /")
        assert metrics["message"] == "monitoring.metrics_file: logs cannot be written"
        assert metrics["mend"] == "chmod u+rwx -- logs"

    @pytest.mark.parametrize("name", ["a b", "$(touch pwned)", "; touch pwned", "-v", "it's"])
    def test_a_mend_is_quoted_for_the_shell(self, desk, monkeypatch, name):
        monkeypatch.chdir(desk.root)
        mend = found(desk, SYNFINANCE_ML_MODEL_PATH=name)["paths"][0]["mend"]
        subprocess.run(["sh", "-c", mend], check=True, timeout=PATIENCE)
        assert (desk.root / name).is_dir()
        assert not (desk.root / "pwned").exists()

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
            ("changeme-changeme-now", "contains a word that attackers try first"),
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
        assert finding["mend"] == "chmod go-w -- settings/default.yaml"

    def test_a_dotenv_that_others_can_read(self, desk, project):
        path = project.write(".env", "SYNFINANCE_DEBUG=on\n")
        path.chmod(0o644)
        assert any(finding["message"] == ".env can be read by others" for finding in found(desk)["files"])
        path.chmod(0o600)
        assert stati(found(desk)["files"]) == ["ok"]

    @pytest.fixture
    def git(self, desk, project):
        """git in the project, which is a repository with a ``.env``."""
        if shutil.which("git") is None:
            pytest.skip("needs git: apt-get install git")
        project.write(".env", "SYNFINANCE_DEBUG=on\n").chmod(0o600)
        clean = {"PATH": os.environ["PATH"], "HOME": str(desk.root), "GIT_CONFIG_NOSYSTEM": "1"}

        def git(*arguments: str) -> None:
            call = ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments]
            subprocess.run(call, cwd=desk.root, env=clean, check=True, capture_output=True)

        git("init", "-q")
        return git

    def test_a_dotenv_that_git_would_take(self, desk, project, git):
        (finding,) = [finding for finding in found(desk, code=1)["files"] if finding["status"] == "fail"]
        assert (finding["message"], finding["mend"]) == ("git does not ignore .env", "echo .env >> .gitignore")
        project.write(".gitignore", ".env\n")
        assert any(finding["message"] == "git ignores .env" for finding in found(desk)["files"])

    def test_a_dotenv_that_git_took(self, desk, project, git):
        git("add", ".env")
        project.write(".gitignore", ".env\n")
        (finding,) = [finding for finding in found(desk, code=1)["files"] if finding["status"] == "fail"]
        assert (finding["message"], finding["mend"]) == ("git tracks .env", "git rm --cached -- .env")

    def test_a_dotenv_that_only_this_checkout_ignores(self, desk, project, git):
        project.write(".git/info/exclude", ".env\n")
        assert any(finding["message"] == "git ignores .env" for finding in found(desk)["files"])

    def test_a_dotenv_in_a_second_checkout(self, desk, project, git):
        git("commit", "--allow-empty", "-m", "x")
        git("worktree", "add", "second")
        for path in (".env", "settings/default.yaml", "settings/development.yaml"):
            target = project.write(f"second/{path}", (desk.root / path).read_text())
        target.parents[1].joinpath(".gitignore").write_text(".env\n")
        files = found(desk, SYNFINANCE_SETTINGS_DIR=str(target.parent))["files"]
        assert any(finding["message"] == "git ignores .env" for finding in files)

    def test_git_runs_nothing_that_the_repository_names(self, desk, project, git):
        program = project.write("evil", f"#!/bin/sh\ntouch {desk.root}/pwned\n")
        program.chmod(0o755)
        for option in ("core.fsmonitor", "core.pager", "core.sshCommand", "core.hooksPath", "alias.check-ignore"):
            git("config", option, str(program) if option != "alias.check-ignore" else f"!{program}")
        project.write(".gitattributes", "* filter=evil\n")
        git("config", "filter.evil.clean", str(program))
        project.write(".gitignore", ".env\n")
        assert any(finding["message"] == "git ignores .env" for finding in found(desk)["files"])
        assert not (desk.root / "pwned").exists()

    def test_a_list_of_exceptions_that_comes_to_no_end(self, desk, git):
        os.mkfifo(desk.root / ".gitignore")
        (finding,) = [finding for finding in found(desk, "--timeout", "1")["files"] if finding["status"] == "warn"]
        assert finding["message"] == "git cannot say whether it ignores .env"

    def test_a_git_that_does_not_answer_is_asked_once(self, desk, project, git):
        """The bound is one for all that is asked of it."""
        slow = project.write("bin/git", f"#!/bin/sh\necho asked >> {desk.root}/asked\nexec sleep {PATIENCE}\n")
        slow.chmod(0o755)
        path = f"{slow.parent}:{os.environ['PATH']}"
        (finding,) = [
            finding for finding in found(desk, "--timeout", "1", PATH=path)["files"] if finding["status"] == "warn"
        ]
        assert finding["message"] == "git cannot say whether it ignores .env"
        assert (desk.root / "asked").read_text() == "asked\n"

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

"""`remote set --stages`: an operator brings a change in by stages, and a fleet that does not bear it takes it back."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from patience import PATIENCE, until

from synfinance_settings.remote.keyspace import point_of

NAMES = sorted(map("web-{}".format, range(8)), key=point_of)
FIRST = [name for name in NAMES if point_of(name) < 0.2]
assert 0 < len(FIRST) < 5
CANARY = "canary41c7e9"


@pytest.fixture
def operator(shared, project):
    """The commands below remote, with the store of the test."""

    def run(*arguments, **variables):
        variables = {"SYNFINANCE_REMOTE_URL": shared.url, "COLUMNS": "80", **variables}
        return project.command("remote", *arguments, **variables)

    return run


@pytest.fixture
def watchful(fleet, shared):
    """Eight members, who say what they have run; thirteen workers do not agree with them."""
    shared.commit(3, server__workers="6", database__password=CANARY)
    fleet.join(*NAMES)
    ran = {name: [member.workers] for name, member in fleet.members.items()}

    def follow(name, manager):
        def check(old, new):
            ran[name].append(new.workers)
            manager.report_health(new.workers != 13, "it is an unlucky number")

        manager.subscribe(check, section="server")

    for name, member in fleet.members.items():
        follow(name, member.manager)
    return ran


def plain(result):
    assert CANARY not in result.output
    return " ".join(result.stderr.split())


def test_a_good_change_passes_every_stage(fleet, watchful, operator):
    result = operator("set", "server.workers", "8", "--stages", "20%,60%", "--soak", "1s", "--reason", "more customers")
    assert result.exit_code == 0, result.stderr
    assert re.search(r"stage 3 of 3, 100 % of all instances: \d of 8 run it", plain(result))
    assert plain(result).endswith("revision 4 of redis synfinance:settings:development is in force")
    fleet.become(**{name.replace("-", "_"): "runs" for name in NAMES})
    assert set(map(tuple, watchful.values())) == {(6, 8)}
    (newest, *_) = json.loads(operator("history", "--format", "json").stdout)
    assert (newest["revision"], newest["current"], newest["reason"]) == (4, True, "more customers")


def test_a_harmful_change_stays_in_the_first_stage_and_goes_back_by_itself(fleet, watchful, operator):
    result = operator("set", "server.workers", "13", "--stages", "20%,60%,100%", "--soak", "1h")
    assert result.exit_code == 1, result.stderr
    assert "revision 4 was taken back" in plain(result)
    assert "is not well: it is an unlucky number" in plain(result)
    fleet.become(**{name.replace("-", "_"): "runs" for name in NAMES})
    assert watchful == {name: [6, 13, 6] if name in FIRST else [6] for name in NAMES}
    (newest, *_) = json.loads(operator("history", "--format", "json").stdout)
    assert (newest["current"], "unlucky" in newest["taken_back"]) == (False, True)
    history = operator("history")
    assert "taken back: web-" in history.stdout
    assert CANARY not in history.output
    back = operator("rollback", "--yes")
    assert "no revision that says something else" in plain(back), "what went back was never in force"


def test_what_a_process_of_the_first_stage_refuses_goes_back(fleet, watchful, operator):
    def refuse(old, new):
        raise ValueError("thirteen")

    fleet.members[FIRST[0]].manager.subscribe(refuse, section="server", on_error="rollback")
    result = operator("set", "server.workers", "14", "--stages", "20%,60%,100%", "--soak", "1h")
    assert result.exit_code == 1, result.stderr
    assert f"was taken back: {FIRST[0]} (process " in plain(result)
    assert ") refused it: " in plain(result)
    fleet.become(**{name.replace("-", "_"): "runs" for name in NAMES})
    assert {member.workers for member in fleet.members.values()} == {6}
    assert all(14 not in watchful[name] for name in NAMES if name not in FIRST)


def test_a_fleet_that_is_not_well_tries_nothing(fleet, watchful, operator, shared):
    fleet.members[NAMES[-1]].manager.report_health(False, "the disk is full")
    until(lambda: "unwell" in fleet.standings().values())
    result = operator("set", "server.workers", "8", "--stages", "20%")
    assert (result.exit_code, f"{NAMES[-1]} (process " in plain(result), shared.store().base().revision) == (2, True, 3)


def test_a_stage_is_seen_while_it_lasts_and_an_operator_may_end_it(fleet, watchful, operator, project, shared):
    command = [sys.executable, "-m", "synfinance_settings", "remote", "set", "server.workers", "8"]
    environ = {"SYNFINANCE_SETTINGS_DIR": str(project.settings), "SYNFINANCE_REMOTE_URL": shared.url}
    command += ["--stages", "20%", "--soak", "1h"]
    with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE) as staying:
        until(lambda: all(watchful[name] == [6, 8] for name in FIRST))
        seen = project.command("fleet", SYNFINANCE_REMOTE_URL=shared.url)
        other = operator("set", "server.workers", "9")
        assert operator("rollback", "--yes", "--author", "ada").exit_code == 0
        assert b"ada ended it" in staying.communicate(timeout=PATIENCE)[1]
    assert (seen.exit_code, other.exit_code, staying.returncode) == (1, 2, 1)
    assert "revision 4 is in stage 1 of 2, 20 % of all instances, for " in seen.stdout
    assert len(re.findall(r"^web-.* 4 +1 +runs it$", seen.stdout, re.MULTILINE)) == len(FIRST)
    assert "is being brought in by stages" in plain(other)
    fleet.become(**{name.replace("-", "_"): "runs" for name in NAMES})
    assert {member.workers for member in fleet.members.values()} == {6}
    assert "taken back: ada ended it" in operator("history").stdout


@pytest.mark.parametrize(("says", "code"), [("0", 0), ("3", 1)])
def test_a_gate_is_a_command_that_runs_where_the_operator_sits(fleet, watchful, operator, shared, says, code):
    gate = f"{sys.executable} -c 'raise SystemExit({says})'"
    result = operator("set", "server.workers", "8", "--stages", "20%", "--soak", "1s", "--gate", gate)
    assert result.exit_code == code, result.stderr
    assert ("its gate ended with 3" in plain(result)) == bool(code)
    assert {tuple(watchful[name]) for name in NAMES if name not in FIRST} == ({(6,)} if code else {(6, 8)})
    dump = b"".join(shared.client.dump(key) or b"" for key in shared.client.keys("*"))
    assert b"SystemExit" not in dump, "nobody else learns of it"


class Says(BaseHTTPRequestHandler):
    def do_GET(self):
        code = int(self.path.strip("/"))
        self.send_response(code)
        self.send_header("Location", "/200")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize(("says", "why"), [(204, None), (500, "its gate answered 500"), (302, "its gate answered 302")])
def test_a_gate_is_a_url_that_answers_well(says, why):
    from synfinance_settings.cli.gate import Gate

    server = HTTPServer(("127.0.0.1", 0), Says)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    assert Gate(url=f"http://127.0.0.1:{server.server_port}/{says}").failure() == why
    thread.join(PATIENCE)
    server.server_close()
    assert (
        Gate(url=f"http://127.0.0.1:{server.server_port}/200").failure()
        == "its gate did not answer: Connection refused"
    )


@pytest.mark.parametrize(
    "options",
    [
        ["--stages", "50%,5%"],
        ["--stages", "0%"],
        ["--stages", "101%"],
        ["--stages", "nan%"],
        ["--stages", "a few"],
        ["--stages", ",".join(f"{one}%" for one in range(1, 40))],
        ["--soak", "2m"],
        ["--stages", "5%", "--soak", "2 m"],
        ["--stages", "5%", "--confirm-within", "2m"],
        ["--stages", "5%", "--gate", "no-such-command-here"],
        ["--stages", "5%", "--gate", "'"],
        ["--stages", "5%"],
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_refused_and_nothing_is_written(shared, operator, options):
    shared.commit(3, server__workers="6")
    result = operator("set", "server.workers", "8", *options)
    assert (result.exit_code, shared.store().base().revision) == (2, 3), result.output

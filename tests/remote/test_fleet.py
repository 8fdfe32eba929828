"""The fleet as an operator sees it: who runs what, who refused and why, who is behind, who fell silent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE, until

from synfinance_settings.foreign import is_printable
from synfinance_settings.remote.answers import Answer, answer, fleet_of, read_answer
from synfinance_settings.remote.revisions import Note, commit, revisions

CANARY = "canary5b1d9e"


@pytest.fixture
def command(shared, project):
    """The command ``fleet``, with the store of the test."""

    def run(*arguments, **variables):
        return project.command("fleet", *arguments, SYNFINANCE_REMOTE_URL=shared.url, **variables)

    return run


def test_all_agree_as_soon_as_each_has_answered_for_what_is_in_force(fleet, shared, command):
    shared.commit(3, server__workers="6")
    fleet.join("web-1", "web-2")
    fleet.become(web_1="runs", web_2="runs")
    shared.commit(4, server__workers="7")
    result = command("--wait", "60")
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "all 2 agree")
    assert {member.workers for member in fleet.members.values()} == {7}
    said = json.loads(command("--format", "json").stdout)
    assert (said["revision"], said["agree"], said["stage"]) == (4, True, None)
    assert [(one["instance"], one["revision"], one["pid"]) for one in said["processes"]] == [
        ("web-1", 4, os.getpid()),
        ("web-2", 4, os.getpid()),
    ]


def test_what_is_invalid_is_refused_by_each_by_name_and_nothing_goes_down(fleet, shared, command):
    shared.commit(3, server__workers="6", database__password=CANARY)
    fleet.join("web-1", "web-2")
    shared.commit(4, server__workers="600", database__password=CANARY)
    fleet.become(web_1="refused", web_2="refused")
    result = command(COLUMNS="80")
    assert result.exit_code == 1
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [" ".join(line.split()) for line in lines if line.startswith("web-")] == [
        f"{name} {place} 3 - refused 4"
        for name, place in ((name, f"{os.uname().nodename}:{os.getpid()}") for name in ("web-1", "web-2"))
    ]
    assert "server.workers must be at most 32" in " ".join(result.stdout.split())
    assert lines[-1] == "0 of 2 run it, 2 refused"
    assert CANARY not in result.stdout + command("--format", "json").stdout
    assert CANARY.encode() not in b"".join(shared.client.mget(shared.client.keys(shared.keyspace.answers())))
    assert {member.workers for member in fleet.members.values()} == {6}


def test_a_change_past_the_commands_is_seen_and_one_that_is_invalid_is_named(fleet, shared, command):
    shared.commit(3, server__workers="6")
    fleet.join("web-1", poll_interval=0.1)
    shared.force(server__workers="7")
    until(lambda: fleet.members["web-1"].workers == 7)
    fleet.become(web_1="runs")
    assert command().stdout.splitlines()[0] == "development: revision 3, and changed past the commands since"
    shared.force(server__workers="700")
    fleet.become(web_1="refused")
    assert command().exit_code == 1


def test_one_that_says_goodbye_is_gone_and_one_that_does_not_is_silent(fleet, shared, command):
    shared.commit(3, server__workers="6")
    fleet.join("web-1", "web-2")
    fleet.members["web-1"].watcher.stop()
    fleet.become(web_2="runs")
    answer(shared.store(), Answer("0" * 16, "web-3", "cellar", 7, revision=3, beat=0.001))
    fleet.become(web_2="runs", web_3="silent")
    result = command()
    assert (result.exit_code, result.stdout.splitlines()[-1]) == (1, "1 of 2 run it, 1 silent")
    assert command("--ignore-silent").exit_code == 0


def test_a_program_that_is_not_well_says_so_at_once(fleet, shared, command):
    shared.commit(3, server__workers="6")
    fleet.join("web-1", beat=600)
    fleet.members["web-1"].manager.report_health(False, "errors:\n12 %\u202e" + "x" * 1000)
    fleet.become(web_1="unwell")
    result = command()
    assert result.exit_code == 1
    assert r"errors:\n12 %\u202exxx" in result.stdout
    assert all(map(is_printable, result.stdout.splitlines()))
    fleet.members["web-1"].manager.report_health(True)
    fleet.become(web_1="runs")


def test_nobody_does_not_agree(shared, command):
    result = command()
    assert (result.exit_code, "nobody answers" in result.stdout) == (1, True)


def test_without_a_shared_store_the_call_is_wrong(project):
    result = project.command("fleet")
    assert result.exit_code == 2
    assert "there is no shared store here" in result.stderr


@pytest.mark.parametrize("text", ["", "[", "[" * 5000, "{}", '{"pid": -1}', "null", "\xff", '"a"'])
def test_an_answer_that_no_process_wrote_is_counted_and_harms_nobody(shared, text, command):
    assert read_answer("a", text.encode("latin-1")) is None
    shared.client.set(shared.keyspace.answers("a"), text.encode("latin-1"))
    shared.client.zadd(shared.keyspace.processes, {"a": 1e15})
    found = fleet_of(shared.store())
    assert (found.heard, found.unread) == ((), 1)
    assert command().exit_code == 1


def test_hostile_answers_are_bounded(shared):
    huge = "x" * 100_000
    client, keyspace = shared.client, shared.keyspace
    client.zadd(keyspace.processes, {huge: 1e15, "a": 1e15, "b": 1e15, "c": "inf"})
    client.set(keyspace.answers("a"), huge)
    client.hset(keyspace.answers("b"), "field", huge)
    found = fleet_of(shared.store())
    assert (found.heard, found.unread) == ((), 2)


def test_an_answer_is_read_as_it_was_given():
    said = Answer("p", "web", "host", 1, 2, "d", "f", 3, True, 4, ("a problem",), False, "why", 10.0)
    assert read_answer("p", said.as_text().encode()) == said


def test_a_wait_tells_what_changes_and_ends_in_time(fleet, shared, command):
    shared.commit(3, server__workers="6")
    fleet.join("web-1", auto_reload=False)
    shared.commit(4, server__workers="7")
    result = command("--wait", "0.5")
    assert result.exit_code == 1
    assert result.stderr == "0 of 1 run it, 1 behind\n"
    assert "behind: is to run 4" in result.stdout


def test_what_nobody_confirms_is_taken_back_by_whoever_watches(fleet, shared):
    store, note = shared.store(), Note("ada@desk", "set server.workers")
    commit(store, store.base(), {"server.workers": "6"}, note)
    fleet.join("web-1", "web-2", beat=0.2)
    commit(store, store.base(), {"server.workers": "9"}, note, confirm_within=1)
    until(lambda: store.base().values == {"server.workers": "6"})
    until(lambda: {member.workers for member in fleet.members.values()} == {6})
    assert [one.note.command for one in revisions(store)] == ["not confirmed", note.command, note.command]


def test_a_manager_whose_settings_come_from_files_alone_costs_nothing(project):
    code = """if True:
        import sys, threading
        from synfinance_settings import ConfigManager, ConfigWatcher
        with ConfigWatcher(ConfigManager()):
            names = [thread.name for thread in threading.enumerate()]
        print([name for name in sys.modules if "settings.remote" in name or "live.member" in name or name == "redis"])
        print([name for name in names if "member" in name])
    """
    assert project.python(code).stdout == "[]\n[]\n"


def test_after_a_fork_the_parent_answers_and_the_child_does_once_it_watches(shared, project):
    shared.commit(3, server__workers="6")
    code = f"""if True:
        import os, sys, warnings
        sys.path.insert(0, {str(Path(__file__).parents[1])!r})
        warnings.simplefilter("ignore", DeprecationWarning)
        from members import beating
        from synfinance_settings import ConfigManager, ConfigWatcher
        manager = ConfigManager(beating(60.0), environ=dict(SYNFINANCE_REMOTE_URL={shared.url!r}))
        watcher = ConfigWatcher(manager)
        watcher.start()
        child = os.fork()
        if not child:
            manager.report_health(False, "nobody hears it")
            manager.report_health(True)
            watcher.start()
        sys.stdin.readline()
        if child:
            os.waitpid(child, 0)
        watcher.stop()
    """
    process = subprocess.Popen([sys.executable, "-c", code], cwd=project.root, stdin=subprocess.PIPE)
    until(lambda: len(fleet_of(shared.store()).present) == 2)
    assert {one.pid == process.pid for one in fleet_of(shared.store()).present} == {True, False}
    process.communicate(b"\n\n", timeout=PATIENCE)
    assert process.returncode == 0
    assert fleet_of(shared.store()).heard == ()

"""The store of versions: what was announced counts once the file holds it; nothing that others could write is read."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import subprocess
import sys

import pytest
from patience import PATIENCE

from synfinance_settings import ConfigManager, HistoryError
from synfinance_settings.editing.history import Entry, History, Step
from synfinance_settings.sections.application import SYNFINANCE

OLD, NEW, OTHER = b"a: old\n", b"a: new\n", b"a: other\n"
FILE = "development.yaml"


@pytest.fixture
def layer(project):
    """The file whose versions are kept."""
    return project.layer("development", OLD)


@pytest.fixture
def history(project, layer):
    return History(project.root / "state", project.settings, SYNFINANCE.kinds)


def entry(content: bytes, command: str = "set") -> Entry:
    return Entry("development", {FILE: content, "default.yaml": b"{}\n"}, command)


def kept(history) -> list[tuple[str, bytes]]:
    """Command and content of every version, newest first."""
    return [(version.command, version.files[FILE]) for version in history.versions("development")]


def rows(history) -> int:
    with sqlite3.connect(history.path) as store:
        (number,) = store.execute("select count(*) from versions").fetchone()
    store.close()
    return number


FOUND, SET = ("found", OLD), ("set", NEW)


def test_an_announced_version_counts_once_the_file_holds_it(history, layer):
    history.announce(Step(entry(OLD, "found"), entry(NEW), FILE))
    assert kept(history) == [FOUND]
    layer.write_bytes(NEW)
    assert kept(history) == [SET, FOUND]
    assert history.latest("development").files[FILE] == NEW
    history.settle()
    layer.write_bytes(OTHER)
    assert kept(history) == [SET, FOUND]


def test_an_announced_version_whose_file_was_never_written_is_dropped(history, layer):
    history.announce(Step(entry(OLD, "found"), entry(NEW), FILE))
    history.settle()
    layer.write_bytes(NEW)
    assert kept(history) == [FOUND]
    assert rows(history) == 1


@pytest.mark.parametrize("is_written", [True, False])
def test_what_a_killed_command_announced_is_settled_by_the_next(history, layer, is_written):
    history.announce(Step(entry(OLD, "found"), entry(NEW, "killed"), FILE))
    now = NEW if is_written else OLD
    layer.write_bytes(now)
    history.announce(Step(entry(now, "found"), entry(OTHER, "next"), FILE))
    layer.write_bytes(OTHER)
    history.settle()
    killed = [("killed", NEW)] if is_written else []
    assert kept(history) == [("next", OTHER), *killed, FOUND]
    assert rows(history) == len(kept(history))


def test_what_cannot_be_settled_now_is_settled_later(history, layer):
    """A file that cannot be read is neither the announced one nor another."""
    history.announce(Step(entry(OLD, "found"), entry(NEW), FILE))
    layer.unlink()
    layer.mkdir()
    history.settle()
    assert kept(history) == [FOUND]
    layer.rmdir()
    layer.write_bytes(NEW)
    assert kept(history) == [SET, FOUND]


def test_what_a_service_accepted_is_no_longer_dropped(history, layer):
    """A reload sees the file between its replacement and the settling of the command that was killed then."""
    history.announce(Step(entry(OLD, "found"), entry(NEW), FILE))
    layer.write_bytes(NEW)
    assert history.record(entry(NEW, "reload")) is None
    layer.write_bytes(OTHER)
    history.settle()
    assert kept(history) == [SET, FOUND]


def test_what_a_service_accepts_while_a_change_is_announced_is_kept_beside_it(history, layer):
    history.announce(Step(entry(OLD, "found"), entry(NEW), FILE))
    assert history.record(entry(OTHER, "reload")) is not None
    layer.write_bytes(NEW)
    history.settle()
    assert kept(history) == [("reload", OTHER), SET, FOUND]


def test_a_store_from_before_versions_were_announced_is_used(history, layer):
    history.record(entry(OLD, "found"))
    with sqlite3.connect(history.path) as store:
        store.execute("drop table announced")
    store.close()
    assert kept(history) == [FOUND]
    history.announce(Step(entry(OLD, "found"), entry(NEW), FILE))
    layer.write_bytes(NEW)
    assert kept(history) == [SET, FOUND]


HALF = """
import os, sqlite3, sys
store = sqlite3.connect(sys.argv[1], isolation_level=None)
store.execute("pragma cache_size = 1")
store.execute("begin immediate")
for number in range(9):
    store.execute("insert into files select version, name || ?, randomblob(9000) from files limit 3", (str(number),))
os._exit(0)
"""
"""Ends like a killed command whose changes have reached the store in part."""


@pytest.fixture
def half_written(history):
    """A store that was left in the middle of a write."""
    history.record(entry(OLD, "found"))
    subprocess.run([sys.executable, "-c", HALF, str(history.path)], check=True, timeout=PATIENCE)
    journal = history.path.with_name(f"{history.path.name}-journal")
    assert journal.stat().st_size > 0
    return history


def test_a_write_that_a_kill_left_half_done_is_undone(half_written):
    assert kept(half_written) == [FOUND]
    half_written.record(entry(NEW))
    assert kept(half_written) == [SET, FOUND]


@pytest.mark.parametrize("is_half_written", [True, False])
def test_a_store_that_may_not_be_written_is_read(project, request, without_rights, is_half_written):
    history = request.getfixturevalue("half_written" if is_half_written else "history")
    if not is_half_written:
        history.record(entry(OLD, "found"))
    for path in history.path.parent.iterdir():
        path.chmod(0o400)
    history.path.parent.chmod(0o500)
    before = {path.name: path.read_bytes() for path in history.path.parent.iterdir()}
    call = [*without_rights, sys.executable, "-m", "synfinance_settings", "history", "--format", "json"]
    variables = {"SYNFINANCE_SETTINGS_DIR": str(project.settings), "SYNFINANCE_STATE_DIR": str(history.path.parent)}
    told = subprocess.run(call, env=variables, cwd=project.root, capture_output=True, text=True, timeout=PATIENCE)
    assert (told.stderr, told.returncode) == ("", 0)
    assert [version["command"] for version in json.loads(told.stdout)] == ["found"]
    assert {path.name: path.read_bytes() for path in history.path.parent.iterdir()} == before


def test_every_folder_that_is_made_is_for_its_owner_alone(project, layer):
    before = os.umask(0)
    try:
        history = History(project.root / "a" / "b" / "state", project.settings, SYNFINANCE.kinds)
        history.record(entry(OLD))
    finally:
        os.umask(before)
    folders = [history.path.parent, *history.path.parent.parents[:2]]
    assert {stat.S_IMODE(path.stat().st_mode) for path in folders} == {0o700}


def test_a_store_that_others_can_read_is_closed_to_them(history):
    history.record(entry(OLD))
    history.path.chmod(0o644)
    history.record(entry(NEW))
    assert stat.S_IMODE(history.path.stat().st_mode) == 0o600


def refusal(call) -> tuple[str, str]:
    with pytest.raises(HistoryError) as caught:
        call()
    (problem,) = caught.value.problems
    return problem.code, problem.hint


@pytest.mark.parametrize("unsafe", ["the folder", "a folder above", "the store"])
def test_what_others_can_write_is_neither_read_nor_written(project, history, unsafe):
    history.record(entry(OLD))
    path = {"the folder": history.path.parent, "a folder above": project.root, "the store": history.path}[unsafe]
    path.chmod(0o777)
    before = history.path.read_bytes()
    for call in (lambda: kept(history), lambda: history.record(entry(NEW)), history.settle):
        assert refusal(call) == ("unsafe-history", f"chmod go-w {path}")
    assert history.path.read_bytes() == before
    path.chmod(0o700)
    assert kept(history) == [("set", OLD)]


def test_no_store_is_made_below_what_others_can_write(project, layer):
    project.root.chmod(0o777)
    history = History(project.root / "new" / "state", project.settings, SYNFINANCE.kinds)
    assert refusal(lambda: history.record(entry(OLD))) == ("unsafe-history", f"chmod go-w {project.root}")
    assert names_in(project.root) == ["settings"]
    project.root.chmod(0o1777)
    history.record(entry(OLD))


def names_in(folder) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("leads", ["to a file", "nowhere"])
def test_a_link_in_the_stores_place_is_not_followed(project, history, leads):
    history.path.parent.mkdir(mode=0o700)
    target = project.root / "target"
    if leads == "to a file":
        target.write_text("ours")
    history.path.symlink_to(target)
    for call in (lambda: kept(history), lambda: history.record(entry(NEW))):
        with pytest.raises(HistoryError):
            call()
    assert (target.read_text() if target.exists() else None) == ("ours" if leads == "to a file" else None)


def test_a_pipe_in_the_stores_place_is_answered(history):
    history.path.parent.mkdir(mode=0o700)
    os.mkfifo(history.path)
    for call in (lambda: kept(history), lambda: history.record(entry(NEW))):
        assert refusal(call)[0] == "unsafe-history"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs a machine where the tests run as root")
@pytest.mark.parametrize("foreign", ["the folder", "the store"])
def test_what_belongs_to_another_user_is_not_used(history, foreign):
    history.record(entry(OLD))
    path = history.path if foreign == "the store" else history.path.parent
    os.chown(path, 1234, 1234)
    for call in (lambda: kept(history), lambda: history.record(entry(NEW))):
        code, hint = refusal(call)
        assert code == "unsafe-history"
        assert f"chown -hR 0 {path}" in hint


ENDLESS = "with recursive n(x) as (select 1 union all select x + 1 from n) select"
DEEP = "[" * 60_000
MANY = "with recursive n(x) as (select 9 union all select x + 1 from n where x < 600000) insert into versions select"
HOSTILE = {
    "a view in the place of a table": [
        "alter table versions rename to kept",
        f"create view versions as {ENDLESS} x as version, 'development' as environment, '' as at, '' as command,"
        " '[]' as changed, '' as digest, 1 as valid from n",
    ],
    "a view in the place of another": ["drop table announced", f"create view announced as {ENDLESS} x, x from n"],
    "a trigger": [f"create trigger t before insert on versions begin {ENDLESS} x from n; end"],
    "an index": ["create index i on files (abs(version))"],
    "a column more": ["alter table versions add column more text"],
    "a table of another schema": ["drop table users", "create table users (version text, name text)"],
    "a long file": ["update files set content = zeroblob(9000000)"],
    "many files": [
        "with recursive n(x) as (select 9 union all select x + 1 from n where x < 99)"
        " insert into files select 1, x, zeroblob(9) from n"
    ],
    "many versions": [f"{MANY} x, 'other', '', '', '[]', '', 1 from n"],
    "deep JSON": [f"update versions set changed = '{DEEP}'"],
    "long JSON": [f"update versions set changed = '[{'1,' * 99999}1]'"],
    "JSON of another kind": ["update versions set changed = '{}'"],
    "an odd date": ["update versions set at = 'soon'"],
    "a date before all others": ["update versions set at = '0001-01-01T00:00:00+00:00'"],
    "a date after all others": ["update versions set at = '9999-12-31T23:59:59+00:00'"],
    "a date without a zone": ["update versions set at = '2026-01-01T00:00:00'"],
    "a date that is a number": ["update versions set at = 1e300"],
    "a command that is none": ["update versions set command = x'00ff'"],
    "an environment that is none": ["update versions set environment = 'nowhere'"],
    "text that is none": ["update versions set command = cast(x'ff' as text)"],
    "a file that is text": ["update files set content = 'text'"],
}
"""What a store may hold whose owner was made to take it over: the statements that make it so."""


@pytest.mark.parametrize("what", HOSTILE)
def test_what_a_foreign_store_holds_is_a_fault_of_the_history(history, project, what):
    history.record(entry(OLD, "found"))
    with sqlite3.connect(history.path) as store:
        for statement in HOSTILE[what]:
            store.execute(statement)
    store.close()
    with pytest.raises(HistoryError) as caught:
        list(history.versions())
    assert [problem.code for problem in caught.value.problems] == ["no-history"]
    asked = project.command("history", SYNFINANCE_STATE_DIR=str(history.path.parent))
    if what not in ("an environment that is none", "many versions"):  # those are of no layer that is asked for
        assert (asked.exit_code, asked.stdout) == (1, "")
    start(project, history)


@pytest.mark.parametrize(
    "statement",
    [
        "update versions set at = 'canary4d5e6f'",
        "update versions set command = cast(x'63616e61727934643565366600ff' as text)",
        "update versions set changed = '[canary4d5e6f'",
        "alter table versions rename column at to canary4d5e6f",
    ],
)
def test_no_fault_of_a_store_says_what_stands_in_it(history, statement):
    history.record(entry(OLD, "found"))
    with sqlite3.connect(history.path) as store:
        store.execute(statement)
    store.close()
    with pytest.raises(HistoryError, match="damaged") as caught:
        list(history.versions())
    assert "canary" not in f"{caught.value} {caught.value!r}"


def start(project, history):
    """A start of a service that keeps what it accepts."""
    project.layer("development", "{}")
    ConfigManager(settings_dir=project.settings, environ={}, state_dir=history.path.parent).load_config()


def test_a_store_that_another_process_holds_is_not_waited_for_by_a_start(history, project, caplog):
    history.record(entry(OLD, "found"))
    with sqlite3.connect(history.path, isolation_level=None) as store:
        store.execute("begin exclusive")
        start(project, history)
    store.close()
    assert "the history cannot be used: another process holds it" in caplog.text


def test_an_empty_store_has_no_versions(history):
    """As a kill leaves it that came before the first version."""
    history.record(entry(OLD))
    history.path.write_bytes(b"")
    assert kept(history) == []
    assert history.record(entry(OLD)) == 1


def step(history, project, name: str) -> Step:
    """One of two files of a change, in an environment of its own."""
    entries = [Entry(name, {f"{name}.yaml": content}, what) for content, what in ((OLD, "found"), (NEW, "apply"))]
    project.layer(name, OLD)
    return Step(*entries, f"{name}.yaml")


def test_a_change_of_two_files_is_begun_while_one_of_them_is_new(history, project):
    history.announce(step(history, project, "development"), step(history, project, "test"))
    assert history.begun() is None
    project.layer("development", NEW)
    begun = history.begun()
    assert (begun.command, begun.names) == ("apply", ("development.yaml", "test.yaml"))
    assert begun.left == {"test.yaml": NEW}
    history.settle()
    assert history.begun() == begun
    project.layer("test", NEW)
    assert history.begun() is None
    history.settle()
    assert [history.latest(name).command for name in ("development", "test")] == ["apply", "apply"]


def test_a_file_that_was_edited_since_is_left_as_it_is(history, project):
    history.announce(step(history, project, "development"), step(history, project, "test"))
    project.layer("development", NEW)
    project.layer("test", OTHER)
    assert history.begun() is None
    history.settle()
    assert [history.latest(name).command for name in ("development", "test")] == ["apply", "found"]


def test_a_reason_is_kept(history, layer):
    history.record(Entry("development", {FILE: OLD}, "apply", reason="why not"))
    assert history.latest("development").reason == "why not"

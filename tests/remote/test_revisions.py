"""Revisions of the shared store: one step that looks first, so nothing is lost; a change that goes back by itself."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from synfinance_settings import RemoteError
from synfinance_settings.remote.revisions import (
    KEPT_REVISIONS,
    Note,
    commit,
    confirm,
    go_back_if_due,
    revisions,
    waiting,
)

NOTE = Note("jo@desk", "set server.workers", "more customers", ("server.workers",))


def refusal(ask):
    with pytest.raises(RemoteError) as caught:
        ask()
    return caught.value.problems[0]


def test_a_change_becomes_a_revision_that_keeps_who_what_when_and_why(shared):
    store = shared.store()
    assert commit(store, store.base(), {"server.workers": "6", "app_name": "é$x"}, NOTE) == 1
    assert commit(store, store.base(), {}, NOTE) == 2
    newest, oldest = revisions(store)
    assert (newest.number, newest.before, newest.values) == (2, 1, {})
    assert (oldest.number, oldest.before, oldest.note) == (1, None, NOTE)
    assert oldest.values == {"server.workers": "6", "app_name": "é$x"}
    reading = store.read("a")
    assert (reading.values, reading.revision, reading.is_forced) == ({}, 2, False)


def test_what_was_written_past_the_commands_is_kept_before_it_is_replaced(shared):
    store = shared.store()
    shared.force(server__workers="7")
    assert commit(store, store.base(), {"server.workers": "6"}, NOTE) == 2
    found = revisions(store)[1]
    assert (found.note.command, found.values) == ("found", {"server.workers": "7"})


@pytest.mark.parametrize("change", ["commit", "force", "forget"])
def test_a_change_of_what_is_there_no_more_writes_nothing_and_says_who_was_first(shared, change):
    store, other = shared.store(), shared.store()
    commit(store, store.base(), {"server.workers": "6"}, NOTE)
    base = store.base()
    if change == "commit":
        commit(other, other.base(), {"server.workers": "9"}, Note("al@desk", "set server.workers"))
    elif change == "force":
        shared.force(server__workers="9")
    else:
        shared.client.delete(shared.keyspace.values)
    before = shared.client.hgetall(shared.keyspace.values)
    problem = refusal(lambda: commit(store, base, {"server.workers": "7"}, NOTE))
    assert problem.code == "changed-meanwhile"
    assert ("revision 2, set server.workers, by al@desk" in problem.message) == (change == "commit")
    assert shared.client.hgetall(shared.keyspace.values) == before


def test_of_twenty_editors_at_once_none_loses_an_update_without_an_error(shared):
    refused = []

    def edit(number):
        store = shared.store(seconds=10.0)
        for attempt in range(60):
            base = store.base()
            values = {**(base.values or {}), f"key.{number}": str(attempt)}
            try:
                return commit(store, base, values, NOTE)
            except RemoteError as error:
                refused.append(error.problems[0].code)
        raise AssertionError("it was refused each time")

    with ThreadPoolExecutor(20) as pool:
        written = list(pool.map(edit, range(20)))
    store = shared.store()
    assert sorted(written) == list(range(1, 21))
    assert set(refused) <= {"changed-meanwhile"}
    assert set(store.base().values) == {f"key.{number}" for number in range(20)}
    for revision in revisions(store):
        assert len(revision.values) == revision.number


def test_the_oldest_revisions_go(shared):
    store = shared.store()
    for number in range(KEPT_REVISIONS + 3):
        commit(store, store.base(), {"server.workers": str(number)}, NOTE)
    assert [revision.number for revision in revisions(store)] == list(range(KEPT_REVISIONS + 3, 3, -1))


def test_numbers_go_on_above_those_that_the_store_has_lost(shared):
    store = shared.store()
    assert commit(store, store.base(), {}, NOTE, above=41) == 42


def test_a_change_that_nobody_confirms_goes_back_once_whoever_asks(shared):
    store = shared.store()
    commit(store, store.base(), {"server.workers": "6"}, NOTE)
    commit(store, store.base(), {"server.workers": "9"}, NOTE, confirm_within=1)
    assert waiting(store).revision == 2
    assert refusal(lambda: commit(store, store.base(), {}, NOTE)).code == "changed-meanwhile"
    stores = [shared.store() for _ in range(8)]

    def ask_all():
        with ThreadPoolExecutor(8) as pool:
            return [done for done in pool.map(go_back_if_due, stores) if done]

    done: list[tuple[int, int]] = []
    while not done:  # the time of the store passes
        done += ask_all()
    done += ask_all()
    assert done == [(2, 3)]
    assert store.base().values == {"server.workers": "6"}
    newest = revisions(store)[0]
    assert (newest.note.command, newest.before) == ("not confirmed", 2)
    assert waiting(store) is None


def test_a_change_that_is_confirmed_stays(shared):
    store = shared.store()
    commit(store, store.base(), {"server.workers": "9"}, NOTE, confirm_within=3600)
    assert go_back_if_due(store) is None
    assert refusal(lambda: confirm(store, 7)).code == "no-such-version"
    assert confirm(store) == 1
    assert waiting(store) is None
    assert refusal(lambda: confirm(store)).code == "no-such-version"


def test_a_way_back_may_take_the_place_of_a_change_that_waits(shared):
    store = shared.store()
    commit(store, store.base(), {"server.workers": "9"}, NOTE, confirm_within=3600)
    assert commit(store, store.base(), {}, NOTE, goes_back=True) == 2
    assert waiting(store) is None


@pytest.mark.parametrize(
    "entry", ["", "[]", "{}", "[" * 3000, json.dumps({"revision": "x"}), '{"revision":1e400,"when":9e99}', b"\xff"]
)
def test_a_history_that_others_wrote_into_is_a_located_error(shared, entry):
    shared.client.hset(shared.keyspace.log, "1", entry)
    assert refusal(lambda: revisions(shared.store())).code == "bad-store"


def test_a_change_that_waits_and_was_written_by_others_is_a_located_error(shared):
    shared.client.hset(shared.keyspace.confirm, mapping={"revision": "canary8e2a7c", "until": "x"})
    problem = refusal(lambda: waiting(shared.store()))
    assert problem.code == "bad-store"
    assert "canary" not in str(problem)
    shared.client.delete(shared.keyspace.confirm)
    shared.client.set(shared.keyspace.confirm, "x")
    assert refusal(lambda: go_back_if_due(shared.store())).code == "bad-store"


def test_where_the_answer_got_lost_one_is_told_that_it_may_be_written(doomed):
    base = doomed.store().base()
    doomed.server.pause()
    problem = refusal(lambda: commit(doomed.store(seconds=0.2), base, {"server.workers": "6"}, NOTE))
    doomed.server.resume()
    assert problem.code == "unreachable"
    assert "remote history" in problem.hint


def test_a_store_that_says_no_is_not_said_to_have_written_perhaps(doomed):
    base = doomed.store().base()
    doomed.client.acl_setuser("default", enabled=True, nopass=True, keys=["*"], commands=["+@all", "-hset"])
    problem = refusal(lambda: commit(doomed.store(), base, {"server.workers": "6"}, NOTE))
    assert problem.code == "refused-login"
    assert "remote history" not in (problem.hint or "")
    assert doomed.store().base().values is None

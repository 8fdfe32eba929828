"""The shared store against a real server: one bounded step, and a located error for whatever else it holds."""

from __future__ import annotations

import pytest
from patience import PATIENCE, RARELY
from remote_store import Stranger

from synfinance_settings import Origin, RemoteError
from synfinance_settings.remote.address import Address, read_address
from synfinance_settings.remote.answers import Answer, answer
from synfinance_settings.remote.backoff import ceiling
from synfinance_settings.remote.keyspace import Keyspace, digest_of, point_of
from synfinance_settings.remote.reading import Stage
from synfinance_settings.remote.store import MOST_BYTES, MOST_FIELDS, Store

CANARY = "canary8e2a7c"


def answered(store):
    return answer(store, Answer("0" * 16, "web-1", "host", 7))


def problem_of(store, instance="a"):
    with pytest.raises(RemoteError) as caught:
        store.read(instance)
    (problem,) = caught.value.problems
    assert str(problem.origin) == store.keyspace.place
    assert CANARY not in str(caught.value)
    return problem


def test_a_plain_hash_is_read_without_revisions(shared):
    assert shared.store().read("a").values is None
    shared.force(server__workers="6", app_name="")
    reading = shared.store().read("a")
    assert (reading.values, reading.revision) == ({"app_name": "", "server.workers": "6"}, None)
    assert "6" not in repr(reading.values is None) + repr(reading)


def test_a_revision_is_what_was_committed_until_somebody_writes_past_it(shared):
    store = shared.store()
    shared.commit(17, server__workers="6")
    reading = store.read("a")
    assert (reading.values, reading.revision, reading.is_forced) == ({"server.workers": "6"}, 17, False)
    shared.force(server__workers="7")
    forced = store.read("a")
    assert (forced.values, forced.revision, forced.is_forced) == ({"server.workers": "7"}, 17, True)
    assert forced != reading


def test_a_revision_without_settings_is_not_a_store_that_lost_them(shared):
    store = shared.store()
    shared.commit(17)
    assert store.read("a").values == {}
    shared.client.hset(shared.keyspace.head, "fields", 1)
    assert store.read("a").values is None


def test_what_has_not_changed_is_asked_for_in_one_round_trip_and_not_sent_again(shared):
    store = shared.store()
    shared.commit(17, **{f"key{number}": "x" * 50 for number in range(100)})
    first = store.read("a")
    shared.client.config_resetstat()
    assert store.read("a") == first
    commands = shared.client.info("commandstats")
    assert commands["cmdstat_evalsha_ro"]["calls"] == 1
    assert "cmdstat_hgetall" not in commands
    assert shared.client.info("stats")["total_net_output_bytes"] < 5000


def test_an_instance_has_one_point_whoever_asks():
    points = {name: point_of(name) for name in map("host-{}".format, range(1000))}
    assert points["host-7"] == 0.2654511131170809
    assert 400 < sum(point < 0.5 for point in points.values()) < 600
    assert all(0 <= point < 1 for point in points.values())


def test_an_open_stage_is_read_by_those_whose_point_lies_below_its_share(shared):
    inside, outside = sorted(("a", "b"), key=point_of)
    share = (point_of(inside) + point_of(outside)) / 2
    wanted = {"server.workers": "9"}
    shared.commit(17, server__workers="6")
    rollout = {"candidate": 18, "share": share, "stage": 1, "fields": 1, "digest": digest_of(wanted)}
    shared.client.hset(shared.keyspace.candidate, mapping=wanted)
    shared.client.hset(shared.keyspace.rollout, mapping=rollout)
    shared.client.hset(shared.keyspace.head, "counter", 18)
    store = shared.store()
    for instance, values, revision in ((inside, wanted, 18), (outside, {"server.workers": "6"}, 17)):
        reading = store.read(instance)
        assert (reading.values, reading.revision, reading.is_forced, reading.counter) == (values, revision, False, 18)
        assert reading.stage == Stage(18, 1, share, is_in=instance == inside)
    shared.client.hset(shared.keyspace.rollout, "share", 1)
    assert store.read(outside).revision == 18
    shared.client.delete(shared.keyspace.rollout, shared.keyspace.candidate)
    assert store.read(inside).revision == 17


def test_revisions_that_run_backwards_are_refused_until_they_pass_what_was_read(shared):
    store = shared.store()
    shared.commit(17, server__workers="6")
    store.read("a")
    shared.commit(12, server__workers="5")
    problem = problem_of(store)
    assert problem.code == "old-revision"
    assert "is at revision 12, but 17 was read before" in problem.message
    assert "HSET {synfinance:settings:development}:head counter 17" in (problem.hint or "")
    shared.client.delete(shared.keyspace.head)
    assert "has lost its revision" in problem_of(store).message
    shared.client.hset(shared.keyspace.head, "counter", 17)
    assert store.read("a").values == {"server.workers": "5"}


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda client, keys: client.set(keys.values, CANARY), "synfinance:settings:development is a string"),
        (lambda client, keys: client.rpush(keys.head, CANARY), "{synfinance:settings:development}:head is a list"),
        (lambda client, keys: client.sadd(keys.rollout, CANARY), "rollout is a set, not a hash"),
        (
            lambda client, keys: (
                client.hset(keys.rollout, mapping={"candidate": 1, "share": 1}),
                client.set(keys.candidate, CANARY),
            ),
            "candidate is a string",
        ),
        (lambda client, keys: client.hset(keys.head, "revision", CANARY), "as the revision is no number"),
        (lambda client, keys: client.hset(keys.head, "counter", "9" * 60), "as the counter is no number"),
        (lambda client, keys: client.hset(keys.head, "digest", CANARY * 10000), ":head takes 131,"),
        (lambda client, keys: client.hset(keys.head, mapping=dict.fromkeys(map(str, range(101)), "1")), "101 fields"),
        (
            lambda client, keys: client.hset(keys.rollout, mapping={"candidate": b"\xff", "share": 1}),
            "as the candidate is no number",
        ),
        (
            lambda client, keys: client.hset(keys.rollout, mapping={"candidate": 1, "share": "nan"}),
            "the share of its rollout is no number",
        ),
        (
            lambda client, keys: client.hset(keys.values, "app_name", CANARY * MOST_BYTES),
            "bytes; it may take 2,097,152",
        ),
        (
            lambda client, keys: client.eval(
                "for number = 1, 1e4 do redis.call('HSET', KEYS[1], number, '') end", 1, keys.values
            ),
            "holds 10,001 fields; it may hold 10,000",
        ),
    ],
)
def test_what_a_store_should_never_hold_is_an_error_at_its_place(shared, spoil, said):
    shared.client.hset(shared.keyspace.values, "server.workers", "6")
    if "a string" in said:
        shared.client.delete(shared.keyspace.values)
    spoil(shared.client, shared.keyspace)
    problem = problem_of(shared.store(seconds=PATIENCE))
    assert problem.code == "bad-store"
    assert said in problem.message


def test_as_much_as_a_store_may_hold_is_read(shared):
    shared.client.hset(shared.keyspace.values, mapping=dict.fromkeys(map(str, range(MOST_FIELDS)), "x"))
    reading = shared.store(seconds=PATIENCE).read("a")
    assert reading.values is not None
    assert len(reading.values) == MOST_FIELDS


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("redis://:{canary}@127.0.0.1:{port}", "refused-login", "does not accept the user or the password"),
        ("redis://weak:{canary}@127.0.0.1:{port}", "refused-login", "does not let this user do that"),
        ("redis://127.0.0.1:{port}/99", "bad-store", "has no database of this number"),
        ("unix:///nowhere/{canary}.sock", "unreachable", "cannot be reached"),
        ("redis+sentinel://127.0.0.1:{port}/shop", "bad-store", "does not know a command"),
    ],
)
def test_what_a_server_refuses_is_told_in_words_of_our_own(shared, url, code, said):
    shared.client.execute_command("ACL", "SETUSER", "weak", "on", f">{CANARY}", "~*", "+@connection", "+eval_ro")
    address = read_address(url.format(port=shared.server.port, canary=CANARY), Origin("test"))
    problem = problem_of(Store(address, shared.keyspace))
    assert problem.code == code
    assert said in problem.message


def drip(line, over, said):
    """One byte after the other of an answer without end."""
    line.sendall(b"*1000000\r\n")
    while not over.wait(0.01):
        line.sendall(b":1\r\n")


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            lambda line, over, said: line.sendall(f"HTTP/1.1 400 {CANARY}\r\n\r\n".encode()),
            "does not answer as Redis does",
        ),
        (lambda line, over, said: line.sendall(b"-ERR " + CANARY.encode() + b"\r\n"), "refuses what it is asked"),
        (lambda line, over, said: line.sendall(b"-MOVED 99 127.0.0.1:1\r\n"), "is a node of a cluster"),
        (lambda line, over, said: line.sendall(b":1\r\n"), "does not answer as Redis does"),
        (lambda line, over, said: line.sendall(b"$99999999999999999999\r\n"), "does not answer as Redis does"),
        (lambda line, over, said: line.shutdown(2), "cannot be reached"),
        (lambda line, over, said: over.wait(PATIENCE), "did not answer within 0.3 s"),
        (drip, "did not answer within 0.3 s"),
    ],
)
def test_whatever_listens_there_a_read_ends_in_time_with_an_error(answer, said):
    stranger = Stranger(answer)
    try:
        address = Address((("127.0.0.1", stranger.port),))
        store = Store(address, Keyspace("shop", "live"), seconds=0.3, longest_wait=RARELY)
        assert said in problem_of(store).message
        calls = stranger.calls
        again = problem_of(store)
        assert said in again.message
        assert (stranger.calls == calls) == ("within" in said), "what took long is not tried again at once"
        store.forgive()
        problem_of(store)
        assert stranger.calls > calls
    finally:
        stranger.close()


def test_the_wait_grows_up_to_its_bound_however_often_it_fails():
    assert [ceiling(failures, 0.5, 30) for failures in (0, 1, 3, 6, 10**9)] == [0.5, 1, 4, 30, 30]


@pytest.mark.parametrize(
    ("state", "ask", "said"),
    [
        ({"replica-serve-stale-data": "yes"}, answered, "takes no changes: it is a replica"),
        ({"replica-serve-stale-data": "no"}, Store.base, "has lost its master"),
        ({"maxmemory": 1}, answered, "takes no changes: it is out of memory"),
    ],
)
def test_a_server_that_may_not_or_cannot_says_why(shared, state, ask, said):
    shared.commit(17, server__workers="6")
    for option, value in state.items():
        shared.client.config_set(option, value)
    if "maxmemory" not in state:
        shared.client.replicaof("127.0.0.1", "1")
    try:
        with pytest.raises(RemoteError, match=said):
            ask(shared.store())
    finally:
        shared.client.replicaof("NO", "ONE")
        shared.client.config_set("replica-serve-stale-data", "yes")
        shared.client.config_set("maxmemory", 0)

"""The subscription: it tells of every change, comes back when it breaks, and ends when it is told to."""

from __future__ import annotations

import threading
from dataclasses import replace
from queue import Queue

import pytest
from patience import PATIENCE, RARELY
from remote_store import SOON, Stranger

from synfinance_settings import Origin
from synfinance_settings.remote.address import Address, read_address
from synfinance_settings.remote.push import Subscription
from synfinance_settings.remote.store import Store


@pytest.fixture
def hear(shared):
    """Subscribe to the store, at another port where one is given; hints come into a queue."""
    stops = []

    def begin(port=shared.server.port, **options):
        hints = Queue()
        store = Store(read_address(f"redis://127.0.0.1:{port}", Origin("test")), shared.keyspace, seconds=PATIENCE)
        wanted = {"seconds": PATIENCE, "longest_wait": SOON, "quiet": RARELY, **options}
        stop = Subscription(lambda: store, lambda: hints.put(None), **wanted).start()
        stops.append(stop)
        hints.get(timeout=PATIENCE)  # after it has subscribed
        return hints, stop

    yield begin
    for stop in stops:
        stop()


def ears(shared):
    return dict(shared.client.pubsub_numsub(shared.keyspace.changes))[shared.keyspace.changes.encode()]


def test_every_message_is_a_hint_whatever_it_says(shared, hear):
    hints, _ = hear()
    for message in ("18", "", b"\xff", "x" * 100_000):
        shared.client.publish(shared.keyspace.changes, message)
        hints.get(timeout=PATIENCE)
    shared.client.publish(f"{shared.keyspace.changes}:other", "18")
    assert hints.empty()


def test_it_comes_back_as_often_as_it_is_broken(shared, hear):
    hints, _ = hear()
    for _ in range(3):
        assert shared.client.client_kill_filter(_type="pubsub") == 1
        hints.get(timeout=PATIENCE)
    assert ears(shared) == 1


def test_a_line_on_which_nothing_comes_is_asked_and_kept_while_it_answers(shared, hear):
    hints, _ = hear(quiet=0.01)
    shared.client.config_resetstat()
    while shared.client.info("commandstats").get("cmdstat_ping", {"calls": 0})["calls"] < 3:
        pass
    assert hints.empty()
    assert ears(shared) == 1


def test_a_line_that_is_dead_without_a_word_is_given_up(shared):
    """As where the network went away: nothing comes, and nothing says so."""
    channel = shared.keyspace.changes
    welcome = f"*3\r\n$9\r\nsubscribe\r\n${len(channel)}\r\n{channel}\r\n:1\r\n".encode()

    def answer(line, over, said):
        """Let a client in, and say nothing more once it has subscribed."""
        if b"SUBSCRIBE" in said:
            line.sendall(welcome)
            over.wait(PATIENCE)
        else:
            line.sendall(b"+OK\r\n" * said.count(b"CLIENT"))

    silent = Stranger(answer)
    store = Store(Address((("127.0.0.1", silent.port),)), shared.keyspace)
    hints = Queue()
    stop = Subscription(lambda: store, lambda: hints.put(None), seconds=0.2, longest_wait=SOON, quiet=0.05).start()
    for _ in range(3):
        hints.get(timeout=PATIENCE)  # each from a line of its own
    stop()
    silent.close()


def test_it_follows_where_the_store_is_moved_to(shared):
    first, second = shared.store(), shared.store()
    second.keyspace = replace(shared.keyspace, environment="test")
    stores, hints = iter([first, second]), Queue()
    times = {"seconds": PATIENCE, "longest_wait": SOON, "quiet": 0.01}
    stop = Subscription(lambda: next(stores, second), lambda: hints.put(None), **times).start()
    for _ in range(2):
        hints.get(timeout=PATIENCE)
    shared.client.publish(second.keyspace.changes, "18")
    hints.get(timeout=PATIENCE)
    stop()


def test_a_user_who_may_not_listen_is_told_of_once(shared, caplog):
    shared.client.execute_command("ACL", "SETUSER", "deaf", "on", "nopass", "~*", "resetchannels", "+@all")
    store = Store(read_address(shared.url.replace("//", "//deaf:any@"), Origin("test")), shared.keyspace)
    tries = Queue()
    wanted = {"seconds": PATIENCE, "longest_wait": 0.0}
    stop = Subscription(lambda: (tries.put(None), store)[1], lambda: None, **wanted).start()
    for _ in range(4):
        tries.get(timeout=PATIENCE)
    stop()
    said = "the shared store does not let this user do that, so changes are seen by looks at intervals alone"
    assert caplog.messages.count(said) == 1


def test_it_ends_at_once_when_it_is_told_to(shared, hear):
    before = set(threading.enumerate())
    hints, stop = hear()
    (thread,) = set(threading.enumerate()) - before
    stop()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    shared.client.publish(shared.keyspace.changes, "18")
    assert hints.empty()

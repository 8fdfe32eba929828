"""A password that changes under load: nobody's query fails, and a wrong one changes nothing and is named."""

from __future__ import annotations

import secrets
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from patience import PATIENCE

from synfinance_settings import SettingsError
from synfinance_settings.following import redis, sqlalchemy

THREADS = 8
ROTATIONS = 20
WRONG_AT = 3
CANARY = "canary-"
PAUSE = 0.01
"""Seconds between two questions of a thread: what is tested is the change, not the machine."""


class Load:
    """Threads that ask without pause, and what they met."""

    def __init__(self, ask):
        self._ask = ask
        self._over = threading.Event()
        self._told = threading.Condition()
        self.answers = dict.fromkeys(range(THREADS), 0)
        self.failures = []

    def _work(self, name):
        while not self._over.is_set():
            try:
                self._ask()
            except Exception as error:  # noqa: BLE001 - it is counted
                self.failures.append(error)
            with self._told:
                self.answers[name] += 1
                self._told.notify_all()
            self._over.wait(PAUSE)

    def go_on(self):
        """Wait until each of the threads has asked once more, from its start to its end."""
        with self._told:
            wanted = {name: count + 2 for name, count in self.answers.items()}
            assert self._told.wait_for(lambda: all(self.answers[name] >= wanted[name] for name in wanted), PATIENCE)

    @contextmanager
    def running(self):
        with ThreadPoolExecutor(THREADS) as threads:
            for name in self.answers:
                threads.submit(self._work, name)
            try:
                self.go_on()
                yield
            finally:
                self._over.set()


def rotate(load, manager, tell_server, write, section, rotations=ROTATIONS):
    """Change the password so often, first at the server, once to a wrong one; returns all that was put down as text."""
    seen = []
    with load.running():
        for number in range(1, rotations + 1):
            word = f"{CANARY}{secrets.token_hex(8)}"
            if number == WRONG_AT:
                write(f"{word}-wrong")
                with pytest.raises(
                    SettingsError, match=rf"what follows {section} .*password authentication failed"
                ) as no:
                    manager.reload_config()
                seen += [str(no.value), repr(no.value.problems), manager.last_failure.problems[0].hint]
            version = manager.version
            tell_server(word)
            write(word)
            manager.reload_config()
            assert (manager.version, manager.last_failure) == (version + 1, None)
            load.go_on()
    return seen


def check(load, seen, caplog, rotations=ROTATIONS):
    assert load.failures == []
    assert min(load.answers.values()) > rotations
    assert CANARY not in f"{seen}{caplog.text}"
    assert caplog.text.count("could not be made anew") == 1
    assert caplog.text.count("is another one now") == rotations
    assert caplog.text.count("before is closed") == rotations + 1


@pytest.mark.parametrize("rotations", [4, pytest.param(ROTATIONS, marks=pytest.mark.long)])
def test_a_password_of_postgresql_that_changes(project, postgres, caplog, rotations):
    caplog.set_level("INFO", "synfinance_settings")
    manager = project.manager()

    def write(word):
        where = f"port: {postgres.port}, user: rotated, name: postgres, host: 127.0.0.1, pool_size: {THREADS}"
        project.layer("default", f"database: {{{where}, password: '{word}'}}\n")

    with manager_of(postgres) as operator:

        def tell_server(word):
            operator(f"ALTER ROLE rotated PASSWORD '{word}'")

        operator("DROP ROLE IF EXISTS rotated")
        operator("CREATE ROLE rotated LOGIN")
        tell_server(f"{CANARY}first")
        write(f"{CANARY}first")
        with manager.follow("database", sqlalchemy.engine(warm=THREADS)) as engine:

            def ask():
                with engine.use() as current, current.connect() as connection:
                    assert connection.exec_driver_sql("SELECT current_user").scalar() == "rotated"

            load = Load(ask)
            seen = rotate(load, manager, tell_server, write, "database", rotations)
    check(load, seen, caplog, rotations)


@contextmanager
def manager_of(server):
    """What tells the server what to do."""
    import psycopg

    where = f"host=127.0.0.1 port={server.port} user=operator dbname=postgres"
    with psycopg.connect(where, password=server.password, autocommit=True) as connection:
        yield connection.execute


def test_a_password_of_redis_that_changes(project, redis_server, caplog):
    """Redis knows several passwords of one user at once, so that there is no moment in which one is wrong."""
    import redis as library

    caplog.set_level("INFO", "synfinance_settings")
    manager = project.manager()
    words = []

    def write(word):
        where = f"port: {redis_server.port}, host: 127.0.0.1, backend: redis"
        project.layer("default", f"cache: {{{where}, password: '{word}'}}\n")

    with library.Redis(port=redis_server.port, password=redis_server.password) as operator:

        def tell_server(word):
            for old in words[:-1]:
                operator.acl_setuser("default", enabled=True, passwords=[f"-{old}"])
                words.remove(old)
            operator.acl_setuser("default", enabled=True, passwords=[f"+{word}"])
            words.append(word)

        tell_server(f"{CANARY}first")
        write(f"{CANARY}first")
        with manager.follow("cache", redis.client()) as cache:

            def ask():
                with cache.use() as current:
                    assert current.ping()

            load = Load(ask)
            seen = rotate(load, manager, tell_server, write, "cache")
        for word in words:
            operator.acl_setuser("default", enabled=True, passwords=[f"-{word}"])
    check(load, seen, caplog)

"""A shared store of a test's own: a real Redis, changed as the commands change it, or past them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from socket import create_connection, create_server, socket
from typing import Any

import pytest
from redis import Redis
from redis_process import RedisProcess

from synfinance_settings import AppConfig, Application, ConfigManager
from synfinance_settings.errors import Origin
from synfinance_settings.layers.precedence import LAYERS
from synfinance_settings.layers.remote_layer import RemoteLayer
from synfinance_settings.remote.address import read_address
from synfinance_settings.remote.keyspace import Keyspace, digest_of
from synfinance_settings.remote.store import Store
from synfinance_settings.sections.application import SYNFINANCE

SECONDS = 20.0
"""How long the store is waited for where it is there: longer than any machine needs."""

SOON = 0.5
"""Seconds until a store that is away is asked again, at most."""


def quick_application(seconds: float = SECONDS) -> Application[AppConfig]:
    """SynFinance with a remote layer of its own, which gives up after `seconds`, and tries again soon."""
    quick = RemoteLayer(seconds, longest_wait=SOON)
    return replace(SYNFINANCE, layers=tuple(quick if layer.name == quick.name else layer for layer in LAYERS))


@dataclass
class Shared:
    """The store of `environment` in a server that the test may stop."""

    server: RedisProcess
    environment: str = "development"

    @property
    def client(self) -> Redis:
        return self.server.client

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.server.port}/0"

    @property
    def keyspace(self) -> Keyspace:
        return Keyspace("synfinance", self.environment)

    def store(self, **options: Any) -> Store:
        """The store as a process sees it that was just started."""
        return Store(read_address(self.url, Origin("test")), self.keyspace, **{"seconds": SECONDS, **options})

    def force(self, **values: str) -> None:
        """Write values past the commands, as ``redis-cli HSET`` does: nobody is told."""
        self.client.hset(self.keyspace.values, mapping=spelled(values))

    def commit(self, revision: int, **values: str) -> None:
        """Put exactly `values` in force as a revision, in one transaction, and tell of it."""
        keyspace, wanted = self.keyspace, spelled(values)
        head = {"revision": revision, "counter": revision, "fields": len(wanted), "digest": digest_of(wanted)}
        with self.client.pipeline() as pipe:
            pipe.delete(keyspace.values)
            if wanted:
                pipe.hset(keyspace.values, mapping=wanted)
            pipe.hset(keyspace.head, mapping=head)
            pipe.publish(keyspace.changes, revision)
            pipe.execute()

    def manager(
        self, settings: Path, *, seconds: float = SECONDS, state_dir: Path | None = None, **variables: str
    ) -> ConfigManager:
        """What a process of the fleet has, in this process; it fails without the store unless told otherwise."""
        named = {"SYNFINANCE_REMOTE_URL": self.url, "SYNFINANCE_REMOTE_UNAVAILABLE": "fail", **variables}
        environ = {name: text for name, text in named.items() if text}
        application = quick_application(seconds)
        return ConfigManager(application, settings_dir=settings, environ=environ, state_dir=state_dir)


def spelled(values: dict[str, str]) -> dict[str, str]:
    """``server__workers`` as ``server.workers``."""
    return {name.replace("__", "."): text for name, text in values.items()}


@pytest.fixture(scope="module")
def redis_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """A server that the tests of a module share, and none of them stops."""
    process = RedisProcess(tmp_path_factory.mktemp("redis"))
    process.start()
    yield process
    process.stop()


@pytest.fixture
def shared(redis_of_module: RedisProcess) -> Shared:
    """An empty store in the server of the module."""
    redis_of_module.client.flushall()
    return Shared(redis_of_module)


@pytest.fixture
def doomed(tmp_path: Path) -> Iterator[Shared]:
    """An empty store in a server of the test's own, to be stopped, killed, paused and started again."""
    (tmp_path / "redis").mkdir()
    process = RedisProcess(tmp_path / "redis")
    process.start()
    yield Shared(process)
    with suppress(AssertionError):
        process.resume()
    process.stop()


class Proxy:
    """What stands between a program and a server: it may cut all that goes through it, and let nothing through."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._is_cut = False
        self._lines: list[socket] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        """Drop every connection, and each new one."""
        self._is_cut = True
        self._drop()

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self._listener.close()
        self._drop()

    def _drop(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            with suppress(OSError):
                line.shutdown(2)
            line.close()

    def _accept(self) -> None:
        with suppress(OSError):  # closed
            while True:
                near = self._listener.accept()[0]
                if self._is_cut:
                    near.close()
                    continue
                try:
                    far = create_connection(("127.0.0.1", self._target))
                except OSError:
                    near.close()
                    continue
                with self._lock:
                    self._lines += [near, far]
                for source, sink in ((near, far), (far, near)):
                    threading.Thread(target=self._pass_on, args=(source, sink), daemon=True).start()

    @staticmethod
    def _pass_on(source: socket, sink: socket) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(1)


@pytest.fixture
def proxy(shared: Shared) -> Iterator[Proxy]:
    """A way to the server of the module that may be cut."""
    made = Proxy(shared.server.port)
    yield made
    made.close()


class Stranger:
    """What listens where Redis should; it counts what it is asked."""

    def __init__(self, answer: Callable[[socket, threading.Event, bytes], object]) -> None:
        self.calls = 0
        self._listener = create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._answer = answer
        self._over = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                line = self._listener.accept()[0]
                threading.Thread(target=self._talk, args=(line,), daemon=True).start()

    def _talk(self, line: socket) -> None:
        with suppress(OSError), line:
            while said := line.recv(1 << 16):
                self.calls += 1
                self._answer(line, self._over, said)

    def close(self) -> None:
        self._over.set()
        self._listener.close()

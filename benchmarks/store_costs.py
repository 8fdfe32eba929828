"""What each thing that a process of a fleet asks of the shared store costs the store: measured on a real Redis.

The processor's time is that of the server, so that whoever asks, and whatever else the machine does, counts little.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis_server import RedisServer

from synfinance_settings import ConfigManager, ConfigWatcher, Origin
from synfinance_settings.remote.address import read_address
from synfinance_settings.remote.answers import Answer, answer
from synfinance_settings.remote.client import client_of
from synfinance_settings.remote.keyspace import Keyspace
from synfinance_settings.remote.revisions import Note, commit
from synfinance_settings.remote.store import SECONDS, Store

SETTINGS: Final = 30
"""How many settings the store holds, of 60 bytes each or so."""

_KEYSPACE: Final = Keyspace("synfinance", "development")


@dataclass(frozen=True)
class Costs:
    """Seconds of the store's processor for each, but for the last two, and bytes over its network."""

    read: float
    """A look that finds nothing new."""
    fetch: float
    """A look that fetches what changed."""
    answer: float
    deliver: float
    """A message to one who listens."""
    connect: float
    """A connection that is made, greets, and subscribes."""
    read_bytes: float
    fetch_bytes: float
    answer_bytes: float
    lines: int
    """Connections that a process keeps open."""
    memory: float
    """Bytes that a connection and an answer take in the store."""


class _Asked:
    """The server, and what it has spent."""

    def __init__(self, server: RedisServer) -> None:
        self.client = Redis(port=server.port)
        self.address = read_address(server.url, Origin("the benchmark"))
        self.store = Store(self.address, _KEYSPACE)

    def spent(self) -> tuple[float, float]:
        """Seconds of the processor, and bytes over the network, since it started."""
        said: Mapping[str, Any] = self.client.info()
        seconds = said["used_cpu_user"] + said["used_cpu_sys"]
        return seconds, said["total_net_input_bytes"] + said["total_net_output_bytes"]

    def cost(self, ask: Callable[[int], object], times: int) -> tuple[float, float]:
        """Seconds and bytes of one call of `ask`."""
        ask(0)
        before = self.spent()
        for number in range(times):
            ask(number)
        seconds, size = (now - then for now, then in zip(self.spent(), before, strict=True))
        return seconds / times, size / times


def measured(folder: Path, times: int = 2000) -> Costs:
    """The costs, each the mean of so many `times`, of a server of its own in `folder`."""
    with RedisServer(folder) as server:
        asked = _Asked(server)
        store = asked.store
        values = {f"server.setting_{number}": f"a text of some length, {number}" for number in range(SETTINGS)}
        commit(store, store.base(), values, Note("the benchmark", "import"))
        read, read_bytes = asked.cost(lambda number: store.read("web-1"), times)
        fetch, fetch_bytes = asked.cost(lambda number: store.base(), times)
        said = Answer("0" * 16, "web-1", "host-1", 4711, 17, "0" * 16, "0" * 64, beat=10.0)
        one, answer_bytes = asked.cost(lambda number: answer(store, said), times)
        connect, _ = asked.cost(lambda number: _subscribe_once(asked), max(1, times // 10))
        deliver, memory = _delivered(asked, max(1, times // 5))
        lines = _lines(folder, server, asked)
    size = len(said.as_text()) + 200  # with the name of its key, and its place in the sorted set
    return Costs(
        read, fetch, one, deliver, connect, read_bytes, fetch_bytes, answer_bytes, lines, memory * lines + size
    )


def _subscribe_once(asked: _Asked) -> None:
    lines = client_of(asked.address, SECONDS).pubsub()
    lines.subscribe(_KEYSPACE.changes)
    lines.get_message(timeout=SECONDS)
    lines.close()


def _delivered(asked: _Asked, listeners: int) -> tuple[float, float]:
    """Seconds for a message to one of so many, and the bytes that its connection takes."""
    place = ("127.0.0.1", asked.address.hosts[0][1])
    before = asked.client.info("memory")["used_memory"]
    with ExitStack() as stack:
        for _ in range(listeners):
            line = stack.enter_context(socket.create_connection(place))
            line.sendall(f"SUBSCRIBE {_KEYSPACE.changes}\r\n".encode())
            line.recv(1 << 10)
        memory = asked.client.info("memory")["used_memory"] - before
        seconds, _ = asked.cost(lambda number: asked.client.publish(_KEYSPACE.changes, number), 50)
    return seconds / listeners, memory / listeners


def _lines(folder: Path, server: RedisServer, asked: _Asked) -> int:
    """How many connections a process that watches keeps."""
    settings = folder / "settings"
    settings.mkdir()
    for name in ("default", "development"):
        (settings / f"{name}.yaml").write_text("{}\n")
    base = asked.store.base()
    commit(asked.store, base, {"server.workers": "8"}, Note("the benchmark", "set"))
    before = len(asked.client.client_list())
    manager = ConfigManager(settings_dir=settings, environ={"SYNFINANCE_REMOTE_URL": server.url})
    manager.load_config()
    with ConfigWatcher(manager, poll_interval=0.05):
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and not asked.client.zcard(_KEYSPACE.processes):
            time.sleep(0.05)
        time.sleep(0.5)  # some looks, so that a look and an answer have met
        return len(asked.client.client_list()) - before

"""What the tests of the live half share: watchers that are stopped at the end, and an ear for what they say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from patience import PATIENCE, RARELY

from synfinance_settings import AppConfig, ConfigEvent, ConfigManager, ConfigWatcher


class Ear:
    """A listener that keeps what it hears, and waits for what must come."""

    def __init__(self) -> None:
        self._heard: list[tuple[ConfigEvent, Any]] = []
        self._news = threading.Condition()

    def __call__(self, event: ConfigEvent, data: Any) -> None:
        with self._news:
            self._heard.append((event, data))
            self._news.notify_all()

    @property
    def heard(self) -> list[tuple[ConfigEvent, Any]]:
        with self._news:
            return list(self._heard)

    @property
    def events(self) -> list[str]:
        return [str(event) for event, _ in self.heard]

    def all(self, event: str) -> list[Any]:
        """The data of every `event` heard so far."""
        return [data for heard, data in self.heard if heard == event]

    def until(self, holds: Callable[[], object]) -> None:
        """Wait until something is true after an event."""
        with self._news:
            assert self._news.wait_for(holds, PATIENCE), f"heard only {self.events}"

    def wait(self, event: str, count: int = 1) -> Any:
        """Wait until `event` was heard `count` times; returns the data of the last."""
        self.until(lambda: len(self.all(event)) >= count)
        return self.all(event)[count - 1]


class Watch:
    """A running watcher, its manager and an ear at it."""

    def __init__(self, manager: ConfigManager, **options: Any) -> None:
        self.manager = manager
        self.ear = Ear()
        self.watcher = ConfigWatcher(manager, **options)
        self.watcher.add_listener(self.ear)
        self.watcher.start()

    @property
    def config(self) -> AppConfig:
        return self.manager.get_config()

    def shows(self, app_name: str) -> None:
        """Wait until `app_name` is in force."""
        self.ear.until(lambda: self.config.app_name == app_name)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def watching(project) -> Iterator[Callable[..., Watch]]:
    """Watch the project, or a manager; looks that no hint asked for are rare, so that the hints must do it."""
    with ExitStack() as stack:

        def watch(manager: ConfigManager | None = None, **options: Any) -> Watch:
            made = Watch(manager or project.manager(), **{"poll_interval": RARELY, **options})
            stack.callback(made.watcher.stop)
            return made

        yield watch

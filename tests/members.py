"""Members of a fleet in the test's own process: each with a manager and a watcher, and a name of its own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from patience import RARELY, until
from remote_store import SECONDS, SOON

from synfinance_settings import AppConfig, Application, ConfigManager, ConfigWatcher
from synfinance_settings.layers.precedence import LAYERS
from synfinance_settings.layers.remote_layer import RemoteLayer
from synfinance_settings.remote.agreement import Agreement
from synfinance_settings.remote.answers import fleet_of
from synfinance_settings.sections.application import SYNFINANCE

BEAT = 60.0
"""Seconds between two answers that nothing asks for: none falls silent because the machine is busy."""


def beating(beat: float = BEAT) -> Application[AppConfig]:
    """SynFinance, whose processes answer every `beat` seconds."""
    layer = RemoteLayer(SECONDS, longest_wait=SOON, beat=beat)
    return replace(SYNFINANCE, layers=tuple(layer if one.name == layer.name else one for one in LAYERS))


class Member:
    """One of a fleet; it looks when it is told of a change, and hardly ever else."""

    def __init__(self, url: str, settings: Path, instance: str, beat: float, **options: Any) -> None:
        environ = {"SYNFINANCE_REMOTE_URL": url, "SYNFINANCE_INSTANCE": instance}
        self.manager = ConfigManager(beating(beat), settings_dir=settings, environ=environ)
        self.watcher = ConfigWatcher(self.manager, debounce=0.001, **{"poll_interval": RARELY, **options})
        self.watcher.start()

    @property
    def workers(self) -> int:
        return self.manager.get_config().server.workers


@dataclass
class Fleet:
    """The members that a test started, and what the store knows of them."""

    shared: Any
    settings: Path
    members: dict[str, Member] = field(default_factory=dict)

    def join(self, *instances: str, beat: float = BEAT, **options: Any) -> None:
        """Start a member for each name, and wait until all have answered."""
        for name in instances:
            self.members[name] = Member(self.shared.url, self.settings, name, beat, **options)
        until(lambda: {one.answer.instance for one in self.seen().members} >= {*instances}, "all answer")

    def seen(self) -> Agreement:
        """The fleet as an operator sees it."""
        store = self.shared.store()
        return Agreement(fleet_of(store), store.base())

    def standings(self) -> dict[str, str]:
        return {member.answer.instance: str(member.standing) for member in self.seen().members}

    def become(self, **standings: str) -> None:
        """Wait until exactly these members stand so, their names with ``_`` for ``-``."""
        wanted = {name.replace("_", "-"): standing for name, standing in standings.items()}
        until(lambda: self.standings() == wanted, f"wanted {wanted}")

    def stop(self) -> None:
        for member in self.members.values():
            member.watcher.stop()


@pytest.fixture
def fleet(shared: Any, project: Any) -> Iterator[Fleet]:
    """A fleet without members yet, around the store that tests share."""
    made = Fleet(shared, project.settings)
    yield made
    made.stop()

"""Servers that fork their workers: the master keeps what was accepted last, and each worker starts on that.

    # gunicorn.conf.py
    from synfinance_settings.servers import gunicorn_hooks
    on_starting, on_reload, post_fork = gunicorn_hooks()

A worker reads no layer to start, so none can keep it from starting: it has its master's snapshot, and from then on a
watch of its own. What is accepted is the manager's business, what a fork waits for the worker's of a watch.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

from synfinance_settings.errors import SettingsError
from synfinance_settings.live.facade import load_or_exit
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.live.watcher import ConfigWatcher
from synfinance_settings.record import Record


class GunicornHooks(Record):
    """What ``gunicorn.conf.py`` has to name, each by the name that it has here."""

    on_starting: Callable[[Any], None]
    on_reload: Callable[[Any], None]
    post_fork: Callable[[Any, Any], None]


def gunicorn_hooks(manager: ConfigManager[Any] | None = None) -> GunicornHooks:
    """The hooks with which gunicorn's workers start whatever stands in the layers, with ``preload_app`` or without.

    They serve the settings of `manager`, else those that `settings` shows. The master loads these before it listens;
    where they do not validate it prints on stderr what ``validate`` prints, and ends with 1. On HUP it loads them
    anew, with the variables of now; where they do not validate, those in force stay.
    """
    watched = ConfigManager() if manager is None else manager
    watcher = _watcher(watched)

    def on_starting(server: Any) -> None:
        load_or_exit(watched)
        watcher.start()

    def on_reload(server: Any) -> None:
        with suppress(SettingsError):  # logged where others are in force, else each worker raises it
            watched.load_config()
        with suppress(SettingsError):
            watcher.start()  # before this HUP the file may have named no hooks

    def post_fork(server: Any, worker: Any) -> None:
        watcher.start()

    return GunicornHooks(on_starting, on_reload, post_fork)


@cache
def _watcher(manager: ConfigManager[Any]) -> ConfigWatcher[Any]:
    """The one of `manager`: gunicorn reads its file anew on HUP, and two watchers would see everything twice."""
    return ConfigWatcher(manager, forks=True)

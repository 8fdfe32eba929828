"""The command watch: one line for each event of the layers."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.program import Command
from synfinance_settings.errors import SettingsError
from synfinance_settings.foreign import as_json

if TYPE_CHECKING:
    from queue import SimpleQueue

    from synfinance_settings.live.announcer import ConfigEvent
    from synfinance_settings.live.manager import ConfigManager

_SIGNAL_SECONDS: Final = 0.5
"""How long a signal may wait that does not wake the main thread."""

_STYLES: Final = {
    "config_reloaded": "good",
    "rolled_back": "warning",
    "validation_failed": "error",
    "reload_failed": "error",
    "file_changed": "quiet",
}


@click.command(cls=Command, short_help="Follow the layers, one line for each event.")
@options.environment_option
@click.option("--polling", is_flag=True, help="Only look every --interval seconds; do not use file system events.")
@click.option(
    "--interval", type=click.FloatRange(min=0.05), default=2.0, show_default=True, help="Seconds between looks."
)
@options.format_option("text", "json")
def watch(environment: str | None, polling: bool, interval: float, output: str) -> None:
    """Follow the layers and say what each edit would do to a running service, a line an event.

    Changed keys are named with their old and new values, secrets without. Ends on Ctrl-C and SIGTERM.

    \b
    {call} watch --env {environment} --format json
    """
    import logging
    import signal
    from queue import SimpleQueue

    from synfinance_settings.live.manager import ConfigManager
    from synfinance_settings.live.watcher import ConfigWatcher
    from synfinance_settings.log import logger

    ended: SimpleQueue[None] = SimpleQueue()  # a signal handler may put to it at any moment
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: ended.put(None))
    logger.addHandler(logging.NullHandler())
    manager = ConfigManager(options.application(), environment=environment, state_dir=options.state_dir())
    manager.current.joins = False
    teller = _Teller(manager, output, ended)
    watcher = ConfigWatcher(manager, polling=polling, poll_interval=interval)
    watcher.add_listener(teller.tell)
    with watcher:
        teller.say("watching", {"files": [render.place(path) for path in watcher.get_watched_files()]})
        _await(ended)
    teller.say("stopped", {})


def _await(ended: SimpleQueue[None]) -> None:
    """Wait for the end; what was put by a signal that reached another thread, or came just before, is seen soon."""
    from queue import Empty

    while True:
        with suppress(Empty):
            return ended.get(timeout=_SIGNAL_SECONDS)


class _Teller:
    """Writes a line an event: time, event, and what it is about."""

    def __init__(self, manager: ConfigManager, output: str, ended: SimpleQueue[None]) -> None:
        self._manager = manager
        self._output = output
        self._ended = ended
        self._catalogue = options.application().catalogue
        self._config = manager.get_config()
        self._widest = max(map(len, _STYLES))

    def tell(self, event: ConfigEvent, data: Any) -> None:
        """The listener."""
        from pathlib import Path

        if isinstance(data, SettingsError):
            self.say(event, {"problems": [problem.as_dict() for problem in data.problems]})
        elif str(event) == "file_changed":  # a layer that is not a file tells its place
            self.say(event, {"path": render.place(data) if isinstance(data, Path) else str(data)})
        else:
            known = (snapshot.number for snapshot in self._manager.history() if snapshot.config is data)
            self.say(event, {"version": next(known, self._manager.version), "changed": self._changes(data)})

    def _changes(self, config: Any) -> dict[str, list[Any]]:
        """What changed since the last line that told of it: old and new by key; secrets masked."""
        from synfinance_settings.layers.comparison import changed_keys
        from synfinance_settings.layers.output import told

        catalogue = self._catalogue
        old, new = catalogue.values_of(self._config), catalogue.values_of(config)
        keys = changed_keys(self._config, config)
        self._config = config
        return {key: [told(catalogue.settings[key], value) for value in (old[key], new[key])] for key in keys}

    def say(self, event: str, facts: dict[str, Any]) -> None:
        """Write one line."""
        now = datetime.now().astimezone()
        if self._output == "json":
            record = {"time": now.isoformat(timespec="milliseconds"), "event": str(event), **facts}
            line = render.Shown(as_json(record))
        else:
            label = render.style(str(event).ljust(self._widest), _STYLES.get(event, ""))
            zone = f"; times are {now:%z}" if event == "watching" else ""
            text = f"  {self._in_words(facts)}{zone}".rstrip()
            line = render.joined([f"{now:%Y-%m-%d %H:%M:%S}  ", label, text])
        try:
            render.say(line)
        except BrokenPipeError:  # nobody reads any more, as after | head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            self._ended.put(None)

    def _in_words(self, facts: dict[str, Any]) -> str:
        """The facts of an event for people: problems, changed keys, or files."""
        if "problems" in facts:
            return "; ".join(f"{problem['origin'] or '-'}: {problem['message']}" for problem in facts["problems"])
        if "changed" in facts:
            shown = self._catalogue.shown
            changed = ", ".join(
                f"{key}: {shown(key, old)} -> {shown(key, new)}" for key, (old, new) in facts["changed"].items()
            )
            return f"version {facts['version']}  {changed or 'nothing changed'}"
        return ", ".join(facts.get("files", ())) or str(facts.get("path", ""))

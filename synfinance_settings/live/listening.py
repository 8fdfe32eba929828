"""Hints from layers that can tell by themselves that it is time to look, as a server does that pushes.

It is to layers what `hints` is to files: nothing is read here, and a hint is never the truth.
"""

from __future__ import annotations

from synfinance_settings.layers.layer import Stop, Wake
from synfinance_settings.layers.precedence import layers_of
from synfinance_settings.layers.project import Project


class Listening:
    """Calls `wake` when a layer of the project that is followed tells of a change."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._project: Project | None = None
        self._stops: list[Stop] = []

    def follow(self, project: Project) -> list[tuple[str, OSError | RuntimeError]]:
        """Listen to the layers of exactly `project`; returns those that cannot be listened to, with the reason."""
        if project == self._project:
            return []
        self.stop()
        self._project = project
        failures: list[tuple[str, OSError | RuntimeError]] = []
        for layer in layers_of(project.application):
            try:
                stop = layer.listen(project, self._wake)
            except (OSError, RuntimeError) as error:
                failures.append((layer.name, error))
            else:
                self._stops += [stop] if stop else []
        return failures

    def stop(self) -> None:
        """Listen to nobody; returns at once."""
        stops, self._stops, self._project = self._stops, [], None
        for stop in stops:
            stop()

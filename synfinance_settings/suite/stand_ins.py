"""What stands in for servers and secrets while tests run on the values of another environment.

No test reaches a server of that environment, and none gets to know a secret of it: servers stay those of the tests' own
environment, and a secret that is set is a placeholder.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from synfinance_settings.layers.build import build
from synfinance_settings.layers.layer import Finding, Glance
from synfinance_settings.layers.look import Look, look_at
from synfinance_settings.layers.output import plain
from synfinance_settings.layers.project import Project
from synfinance_settings.layers.report import placeholder
from synfinance_settings.layers.snapshot import Layers, trail
from synfinance_settings.layers.values import ValuesLayer
from synfinance_settings.live.current import Choice
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.lines import is_set
from synfinance_settings.model.resource import Server
from synfinance_settings.text.node import Node

STAND_INS: Final = "stand-ins"
_PARTS: Final = ("url", "host", "port", "user", "password", "database")


class StandIns(ValuesLayer):
    """The layer above all others but overrides: what stays as it is by the `own` choice, and placeholders.

    `kept` are patterns of keys; None means what the sections declare of the servers that are connected to.
    """

    name = STAND_INS

    def __init__(self, own: Choice, kept: Iterable[str] | None) -> None:
        self.own: Final = own
        self.kept: Final = _kept(own.application.catalogue, kept)
        self._looks: tuple[Look, Look] | None = None
        self._found: Finding = Finding(self.name)

    def look(self, glance: Glance) -> tuple[Finding]:
        """What both environments say now; the very same finding where they say what they said before."""
        theirs = glance.project._replace(application=self.own.application)
        ours = own_project(self.own, theirs)
        before = self._looks
        looks = look_at(ours, before and before[0]), look_at(theirs, before and before[1])
        if before is None or any(now.changed(was) for now, was in zip(looks, before, strict=True)):
            self._found = Finding(self.name, self._values(*looks) if _differ(ours, theirs) else {})
        self._looks = looks
        return (self._found,)

    def _values(self, ours: Look, theirs: Look) -> Mapping[str, object]:
        catalogue = self.own.application.catalogue
        own, other = (build(look, placeholders=True).layers for look in (ours, theirs))
        values: dict[str, object] = {key: _said(own, catalogue, key) for key in self.kept}
        for key, setting in catalogue.settings.items():
            if setting.is_secret and not _is_set(values.get(key)) and _is_set(next(trail(other, key), None)):
                values[key] = placeholder(key.replace(".", "-"))
        return values


def own_project(own: Choice, project: Project) -> Project:
    """What `own` decides with the variables of `project`."""
    return own.project(project.environ, None, None)


def _differ(ours: Project, theirs: Project) -> bool:
    return ours.environment != theirs.environment


def _kept(catalogue: Catalogue, patterns: Iterable[str] | None) -> tuple[str, ...]:
    if patterns is None:
        servers = (resource for resource in catalogue.resources if isinstance(resource, Server))
        named = {key for server in servers for role, key in server.keys.items() if role in _PARTS}
        return tuple(key for key in catalogue.settings if key in named)
    wanted = tuple(patterns)
    return tuple(key for key in catalogue.settings if any(_means(pattern, key) for pattern in wanted))


def _means(pattern: str, key: str) -> bool:
    return fnmatchcase(key, pattern) or key.startswith(f"{pattern}.")


def _said(layers: Layers, catalogue: Catalogue, key: str) -> Node | Any:
    """What `layers` say of `key`, else its default."""
    return next(trail(layers, key), None) or plain(catalogue.settings[key].default, "reveal")


def _is_set(value: object) -> bool:
    return is_set(value.value if isinstance(value, Node) else value)

"""One validated, immutable state of all settings, and where each of its values comes from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic

from synfinance_settings.errors import DEFAULT, Occurrence, Origin, Problem, printable
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Catalogue, catalogue_of
from synfinance_settings.model.section import Section
from synfinance_settings.record import Record
from synfinance_settings.text.node import Branch, Node, text_of

if TYPE_CHECKING:  # what is there at run time knows no default
    from typing_extensions import TypeVar

    Model_co = TypeVar("Model_co", bound=Section, covariant=True, default=Any)
else:
    from typing import TypeVar

    Model_co = TypeVar("Model_co", covariant=True)

Layers = tuple[tuple[str, Branch], ...]
"""The layers of a snapshot with their names, lowest first, as they were before merging."""


Taken = Mapping[str, tuple[str, ...]]
"""The keys of the settings that the value of a setting took text from, by its key."""


class Origins(Mapping[str, Origin]):
    """The origin of every setting by its key, found in the layers when asked for, with those of what it took."""

    def __init__(self, layers: Layers, catalogue: Catalogue, taken: Taken) -> None:
        self._catalogue = catalogue
        self._layers = layers
        self._taken = taken

    def __getitem__(self, key: str) -> Origin:
        if key not in self._catalogue.settings:
            raise KeyError(key)
        origin = self._place(key)
        taken = self._taken.get(key)
        return origin._replace(taken=tuple((other, self._place(other)) for other in taken)) if taken else origin

    def _place(self, key: str) -> Origin:
        return next((node.origin for node in trail(self._layers, key)), DEFAULT)

    def __iter__(self) -> Iterator[str]:
        return iter(self._catalogue.settings)

    def __len__(self) -> int:
        return len(self._catalogue.settings)


def trail(layers: Layers, key: str) -> Iterator[Node]:
    """What the layers say of `key`, the winner first."""
    *path, name = key.split(".")
    for _, branch in reversed(layers):
        inner: Any = branch
        for part in path:
            inner = inner.get(part, {})
        if name in inner:
            yield inner[name]


def occurrence(catalogue: Catalogue, key: str, node: Node) -> Occurrence:
    """What `node` says of `key`, a secret masked; of a mapping, which no setting takes, nobody knows what it holds."""
    if catalogue.settings[key].is_secret:
        return Occurrence(catalogue.shown(key, node.value), node.origin)
    return Occurrence("a mapping" if _holds_mapping(node) else printable(text_of(node)), node.origin)


def _holds_mapping(node: Node) -> bool:
    value = node.value
    return isinstance(value, dict) or (isinstance(value, list) and any(map(_holds_mapping, value)))


@dataclass(frozen=True)
class Snapshot(Generic[Model_co]):
    """One validated, immutable state of all settings.

    A build gives the values, the environment that they are of, where they come from and when that was read
    (`loaded_at`, in UTC). The rest is said by the
    timeline in which the snapshot comes into force: `number` counts from 1 in one manager, and is 0 before;
    `pending_restart` names the changed settings that take effect only after a restart, less those that are followed;
    `pending_files` is true after a rollback whose layer files still hold what was rolled back from, and `restores` is
    then the number of the snapshot whose values these are. `taken` says what settings took from one another. A snapshot
    can be pickled, and then carries its secrets with it.
    """

    config: Model_co
    environment: str
    loaded_at: datetime
    layers: Layers = field(repr=False)
    warnings: tuple[Problem, ...] = ()
    number: int = 0
    pending_restart: tuple[str, ...] = ()
    pending_files: bool = False
    restores: int | None = None
    taken: Taken = field(default_factory=dict, repr=False)
    waived: tuple[Problem, ...] = ()
    """The warnings that layers accept for a while."""

    def agrees_with(self, other: Snapshot[Any]) -> bool:
        """True where the other has the same values, in the same environment."""
        return self.environment == other.environment and bool(self.config == other.config)

    @property
    def catalogue(self) -> Catalogue:
        """The settings by their keys, and what is known of each."""
        model: type[Section] = type(self.config)
        return catalogue_of(model)

    @property
    def origins(self) -> Origins:
        """The origin of every setting by its dotted key."""
        return Origins(self.layers, self.catalogue, self.taken)

    @cached_property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that differ whenever a value that is not a secret differs."""
        catalogue = self.catalogue
        items = catalogue.values_of(self.config).items()
        values = {key: value for key, value in items if not catalogue.settings[key].is_secret}
        return hashlib.sha256(json.dumps(values, default=str).encode()).hexdigest()[:16]


class Explanation(Record):
    """All that is known about one setting as it is in force.

    `overridden` holds what the lower layers and the default say, nearest first; secrets are masked there, and `value`
    of a secret is a `SecretStr`. `needs_restart` is true where a change takes effect only when the process starts anew,
    and false in a process that follows the setting; `unless_followed` is true where one can.
    """

    key: str
    value: Any
    origin: Origin
    overridden: tuple[Occurrence, ...]
    description: str
    limits: str
    variables: tuple[str, ...]
    needs_restart: bool
    unless_followed: bool


def explain(application: Application, layers: Layers, key: str, snapshot: Snapshot[Section] | None) -> Explanation:
    """Explain `key`, a setting of `application`; without a `snapshot` its value is the text that the winner says."""
    catalogue = application.catalogue
    setting = catalogue.settings[key]
    occurrences = [occurrence(catalogue, key, node) for node in trail(layers, key)]
    default = Occurrence(catalogue.shown(key, setting.default), DEFAULT)
    first = occurrences[0] if occurrences else default
    return Explanation(
        key=key,
        value=catalogue.value_of(snapshot.config, key) if snapshot else first.value,
        origin=snapshot.origins[key] if snapshot else first.origin,
        overridden=(*occurrences[1:], *([] if setting.is_required else [default])) if occurrences else (),
        description=setting.description,
        limits=setting.limits,
        variables=application.variables.names[key],
        needs_restart=setting.needs_restart,
        unless_followed=setting.unless_followed,
    )

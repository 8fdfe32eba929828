"""What the keys of the shared store are called, and what stands in each: nobody else spells one.

For the settings of a shop in production, with ``{tag}`` for ``{shop:settings:production}``:

    shop:settings:production    hash      the settings in force: key to text, as a plain ``HSET`` puts them there
    {tag}:head                  hash      ``revision`` in force; ``counter``, the highest number ever given; ``fields``,
                                          how many settings the revision has; ``digest`` of them (`digest_of`)
    {tag}:log                   hash      each revision that is kept, by its number: JSON
    {tag}:candidate             hash      all settings of a staged change, where one is open: key to text
    {tag}:rollout               hash      of that change: its number, ``candidate``; its ``fields`` and ``digest``, as
                                          in the head; ``stage``, from 1; ``share``, the part of all instances that
                                          runs it, from 0 to 1; and what else its leader needs
    {tag}:confirm               hash      a change that goes back by itself unless it is confirmed in time
    {tag}:lease                 string    who leads; it expires
    {tag}:answers:<process>     string    what a process said last of what it runs: JSON; it expires after an hour
    {tag}:processes             sorted    the processes that answered within the hour, by when they did last: ms
    {tag}:changes               channel   told after each change; a message is a hint, and may say anything

The tag puts all keys of one environment into one slot of a cluster, that of the plain first key. ``counter`` only ever
rises: whoever changes anything takes the next number, and one above all that the processes answer where the store fell
back behind them. A store without ``head`` has no revisions; its settings are read all the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass

_POINTS = 1 << 53  # what a double holds exactly


@dataclass(frozen=True, slots=True)
class Keyspace:
    """The names of the keys of one environment of one application."""

    namespace: str
    environment: str

    @property
    def values(self) -> str:
        """The hash of the settings in force."""
        return f"{self.namespace}:settings:{self.environment}"

    @property
    def place(self) -> str:
        """How messages and origins call it."""
        return f"redis {self.values}"

    @property
    def head(self) -> str:
        """The hash that says which revision is in force."""
        return self._beside("head")

    @property
    def log(self) -> str:
        """The hash of the revisions that are kept."""
        return self._beside("log")

    @property
    def rollout(self) -> str:
        """The hash of the staged change that is open."""
        return self._beside("rollout")

    @property
    def candidate(self) -> str:
        """The hash of the settings of a staged change."""
        return self._beside("candidate")

    @property
    def confirm(self) -> str:
        """The hash of a change that waits to be confirmed."""
        return self._beside("confirm")

    @property
    def lease(self) -> str:
        """The string that says who leads."""
        return self._beside("lease")

    @property
    def changes(self) -> str:
        """The channel on which changes are told."""
        return self._beside("changes")

    @property
    def processes(self) -> str:
        """The sorted set of the processes that answer."""
        return self._beside("processes")

    def answers(self, process: str = "*") -> str:
        """The string of what `process` answers; a pattern of all without one."""
        return self._beside(f"answers:{process}")

    def _beside(self, name: str) -> str:
        return f"{{{self.values}}}:{name}"


def namespace_of(prefix: str) -> str:
    """What the keys of the application with this prefix of variables begin with: ``shop`` for ``SHOP_``."""
    return prefix.rstrip("_").lower()


def point_of(instance: str) -> float:
    """Where `instance` stands among all, from 0 to below 1: it is in a stage that is open to more than that share.

    The same name has the same point, on every machine and in every version.
    """
    digest = hashlib.sha256(instance.encode("utf-8", "surrogateescape")).digest()
    return (int.from_bytes(digest[:8]) >> 11) / _POINTS


def digest_of(values: Mapping[str, str]) -> str:
    """What tells these settings from others, whoever wrote them and in whatever order."""
    return hashlib.sha256(json.dumps(sorted(values.items())).encode()).hexdigest()

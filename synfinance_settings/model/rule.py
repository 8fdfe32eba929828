"""What a rule between settings is, and what is reported of one that does not hold."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from synfinance_settings.errors import Problem, Severity
from synfinance_settings.record import Record

WAIVE: Final = "waive"
"""What a layer file says waivers under, beside its sections; no model has a field of that name."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: where it holds, how grave breaking it is, and what must be so.

    `keys` are those of all settings that `is_broken` looks at; the problem is placed at the first. Where that is a
    list, `is_broken` may give the indices of the items at fault, and `message` begins with "an item", which becomes
    "item 2" for the second.

    `until` is the version of the program in which the rule no longer holds. It is not a date: a rule is part of the
    program, which judges the same layers alike on every day, and differently only when somebody ships another one.
    """

    id: str
    severity: Severity
    environments: tuple[str, ...]
    keys: tuple[str, ...]
    message: str
    is_broken: Callable[[Any], bool | list[int]]
    hint: str | None = None
    until: str | None = None

    def breaches(self, config: Any, environment: str) -> Iterator[Breach]:
        """How `config` breaks the rule in `environment`; nothing where the rule does not hold there."""
        broken = environment in self.environments and self.is_broken(config)
        for item in broken if isinstance(broken, list) else [None] * broken:
            message = self.message if item is None else self.message.replace("an item", f"item {item + 1}", 1)
            problem = Problem(self.id, message, self.keys[0], hint=self.hint, severity=self.severity)
            yield Breach(self.keys, problem, item)


class Breach(Record):
    """Something that does not hold: the keys that it is about, and the problem, which has no place yet.

    `item` is the index in the list that the first key names, where one item is at fault.
    """

    keys: tuple[str, ...]
    problem: Problem
    item: int | None = None

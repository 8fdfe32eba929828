"""References of settings to one another, ``${section.field}``: in which order values are worked out, what is refused.

A setting is worked out once, when it, or one that refers to it, is asked for, and after those that it refers to. No
call nests in another for that, so a chain may be of any length.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from synfinance_settings.errors import printable
from synfinance_settings.layers.output import plain
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.evolution import OldName
from synfinance_settings.text.expansion import Answer, ReferenceFault, Steps, Wanted

_MOST_OF_A_CIRCLE: Final = 5


class References:
    """What settings refer to.

    `work` begins to work out a setting; `answer` says what a setting, which has been worked out, is as text.
    `old_names` are those by which one may still be referred to.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        work: Callable[[str], Steps[None]],
        answer: Callable[[str], Answer],
        old_names: Mapping[str, OldName] = MappingProxyType({}),
    ) -> None:
        self._catalogue = catalogue
        self._old_names = old_names
        self._work = work
        self._answer = answer
        self._settled: set[str] = set()
        self._taken: dict[str, dict[str, None]] = {}
        self.former: dict[tuple[str, str], OldName] = {}
        """The references by old names: the key of the setting that refers, and the old name."""

    @property
    def taken(self) -> dict[str, tuple[str, ...]]:
        """The keys that settings took text from, by the keys of these."""
        return {key: tuple(others) for key, others in self._taken.items()}

    def settle(self, key: str) -> None:
        """Work out the setting `key`, and before it all that it refers to."""
        opened = {key: self._work(key)}
        answer: Answer = None
        while opened:
            current, steps = next(reversed(opened.items()))
            try:
                wanted = steps.send(answer)
            except StopIteration:
                del opened[current]
                self._settled.add(current)
                answer = self._answer(current) if opened else None
                continue
            wanted = self._today(current, wanted)
            answer = self._refusal(current, wanted, opened)
            if answer is None and wanted.is_used:
                self._taken.setdefault(current, {})[wanted.key] = None
                if wanted.key in self._settled:
                    answer = self._answer(wanted.key)
                else:
                    opened[wanted.key] = self._work(wanted.key)

    def _today(self, key: str, wanted: Wanted) -> Wanted:
        """What is `wanted` by its present name, where an old one was used."""
        old = self._old_names.get(wanted.key)
        if old is None:
            return wanted
        self.former[key, old.key] = old
        return Wanted(old.now, wanted.is_used)

    def _refusal(self, key: str, wanted: Wanted, opened: Iterable[str]) -> ReferenceFault | None:
        """Why the value of `key` may not refer to the setting that is `wanted`; `opened` wait for one another."""
        settings = self._catalogue.settings
        other = settings.get(wanted.key)
        if other is None:
            what = "a section" if wanted.key in self._catalogue.sections else "not a setting"
            message = f"a name after a dollar is {what}"
            return ReferenceFault("bad-reference", message, 0, f"{printable(wanted.key)} is {what}", wanted.key)
        if other.is_secret and not settings[key].is_secret:
            return ReferenceFault("secret-reference", f"{wanted.key} is a secret, and this setting is not", 0)
        if wanted.is_used and wanted.key in opened:
            path = [*opened]
            circle = [*path[path.index(wanted.key) :], wanted.key]
            if len(circle) > _MOST_OF_A_CIRCLE:
                circle = [*circle[:2], f"{len(circle) - 4} more", *circle[-2:]]
            return ReferenceFault("circular-reference", f"it refers to itself: {' -> '.join(circle)}", 0)
        return None


def as_inserted(value: Any) -> str | None:
    """The value of a setting as a reference inserts it: the text that would spell it in a variable; None for null."""
    value = plain(value, "reveal")
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = [str(item) for item in value]
        is_simple = all(item == item.strip() != "" and "," not in item for item in value)
        has_bracket = bool(value) and value[0].startswith("[")
        return ",".join(value) if is_simple and not has_bracket else json.dumps(value, ensure_ascii=False)
    return None if value is None else str(value)

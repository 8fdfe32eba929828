"""What is worth a look in settings that do validate: remarks on how they differ from those before.

A remark is a warning about a change, not about a value: it compares two snapshots of one environment, and where given
those of the others. It knows no setting by name, and never tells a secret. `REMARKS` are its codes; a rule that begins
to warn has its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from synfinance_settings.environment import EnvironmentKind
from synfinance_settings.errors import DEFAULT, Origin, Problem
from synfinance_settings.layers.referred import REFERRED
from synfinance_settings.layers.snapshot import Layers, Snapshot, trail
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.model.lines import as_line, is_set
from synfinance_settings.slips import is_slip
from synfinance_settings.text.node import Node, text_of

REMARKS: Final = {
    "tenfold": "a number is ten times what it was or more, or a tenth or less",
    "zero": "a number became 0, or changed its sign",
    "digit-slip": "a number looks like the one before with a digit missing, doubled or two of them swapped",
    "line-gone": "a value falls back to that of a lower layer, because its line was removed",
    "secret-gone": "a secret became empty",
    "became-nothing": "a text or a list became empty, or a value null",
    "list-shrank": "a list lost items",
    "near-miss": "a text, or an item of a list, looks like the one before with a letter or two wrong, added or missing",
    "other-form": "a text is a URL, a path or a word and was not, or has a space at an end",
    "no-reference": "a text looks like a reference of another program, or is a placeholder for a value to come",
    "other-reference": "a value refers to another variable than before, or no longer to any",
    "other-kind": "a strict environment differs in kind from the one before it, and did not",
    "as-elsewhere": "a value is now that of an environment of another kind",
    "as-another": "a value is now that of a neighbouring setting that counts something else",
}
"""The codes of remarks and what they mean."""

_TENFOLD: Final = 10 * (1 - 1e-9)
_DISTINCT: Final = 1000  # a smaller number is the same as another one by chance
_SHORTEST: Final = 4  # characters; what is shorter looks like anything
_LONGEST: Final = 300  # and what is longer is compared with nothing, nor are more than so many items
_FOREIGN: Final = re.compile(r"\{\{|%[A-Za-z_]\w+%|\$\(|\$[A-Z_]{3}|<[A-Za-z_-]+>|env:[A-Z]")
_TO_COME: Final = re.compile("tbd|todo|fixme|change[-_ ]?me|xxx+|undefined|none|nil|null|default|auto", re.IGNORECASE)
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?=/)|[A-Za-z]:(?=\\)")


@dataclass(frozen=True, slots=True)
class Move:
    """One setting in one environment before and after a change: its values, and the nodes that gave them."""

    setting: Setting
    old: Any
    new: Any
    was_said: Node | None
    is_said: Node | None

    @property
    def was(self) -> str:
        """The value before, for people; of settings that are not secrets."""
        return as_line(self.old, 60)

    @property
    def now(self) -> str:
        """The value after."""
        return as_line(self.new, 60)


_Look = Callable[[Move], "tuple[str, str] | None"]
"""The code of a remark on a move and what is said of the setting; None where there is nothing to remark on."""


def remarks(
    application: Application[Any],
    before: Snapshot[Any],
    after: Snapshot[Any],
    others: Mapping[str, Snapshot[Any]] | None = None,
    lent: Collection[str] = (),
) -> tuple[Problem, ...]:
    """What is worth a look in `after`, which comes after `before` in the same environment.

    `others` are the snapshots of other environments by their names, as they are after the change too; `lent` are the
    settings that hold a placeholder, of whose values nothing is known.
    """
    around = _Surroundings(application, after, others or {})
    problems = [
        Problem(code, f"{move.setting.key} {text}", move.setting.key, _place(after, move), severity="warning")
        for move in moves(before, after)
        for code, text in (
            *_looked(move, is_lent=move.setting.key in lent),
            *around.remarks(move),
            *_fallen(before, after, move),
        )
    ]
    known = {(warning.code, warning.key, warning.message) for warning in before.warnings}
    begun = (one for one in after.warnings if (one.code, one.key, one.message) not in known)
    return (*problems, *begun)


def moves(before: Snapshot[Any], after: Snapshot[Any]) -> Iterator[Move]:
    """The settings that differ in value, or in what says it."""
    was, now = (snapshot.catalogue.values_of(snapshot.config) for snapshot in (before, after))
    for key, setting in after.catalogue.settings.items():
        nodes = [next(trail(snapshot.layers, key), None) for snapshot in (before, after)]
        if was[key] != now[key] or _text(nodes[0]) != _text(nodes[1]):
            yield Move(setting, was[key], now[key], *nodes)


def _text(node: Node | None) -> str | None:
    return None if node is None else text_of(node)


def _place(after: Snapshot[Any], move: Move) -> Origin | None:
    origin = after.origins[move.setting.key]
    return None if origin == DEFAULT else origin


def _looked(move: Move, *, is_lent: bool) -> Iterator[tuple[str, str]]:
    """The first remark on the value itself, and one on the variables that it refers to."""
    looks = () if is_lent or move.old == move.new else _OF_SECRETS if move.setting.is_secret else _OF_VALUES
    yield from [remark for look in looks if (remark := look(move))][:1]
    if remark := _referred(move):
        yield remark


def _zero(move: Move) -> tuple[str, str] | None:
    old, new = _number(move.old), _number(move.new)
    if not old or new is None or (new and (new < 0) == (old < 0)):
        return None
    return "zero", f"is {move.now}, and was {move.was}"


def _tenfold(move: Move) -> tuple[str, str] | None:
    old, new = _number(move.old), _number(move.new)
    if not old or not new:
        return None
    times = max(abs(new / old), abs(old / new))
    if times < _TENFOLD:
        return None
    how = f"{times:,.3g} times what it was" if abs(new) > abs(old) else f"a {times:,.3g}th of what it was"
    return "tenfold", f"is {how}: {move.now}, and was {move.was}"


def _number(value: Any) -> float | None:
    if isinstance(value, timedelta):
        return value.total_seconds()
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _digit_slip(move: Move) -> tuple[str, str] | None:
    """A number that looks like the one before with a slip in its digits."""
    if _number(move.old) is None or _number(move.new) is None:
        return None
    old, new = move.was, move.now
    how = None
    if new in _each_dropped(old):
        how = "a digit missing"
    elif old in {new[:at] + new[at + 1 :] for at in range(1, len(new)) if new[at] == new[at - 1]}:
        how = "a digit doubled"
    elif new in {old[:at] + old[at + 1] + old[at] + old[at + 2 :] for at in range(len(old) - 1)}:
        how = "two digits swapped"
    return ("digit-slip", f"is {new}, which looks like {old} with {how}") if how else None


def _each_dropped(text: str) -> set[str]:
    return {text[:at] + text[at + 1 :] for at in range(len(text))}


def _secret_gone(move: Move) -> tuple[str, str] | None:
    return ("secret-gone", "is empty, and was set") if is_set(move.old) and not is_set(move.new) else None


def _nothing(move: Move) -> tuple[str, str] | None:
    if not is_set(move.old) or is_set(move.new):
        return None
    return "became-nothing", f"is {'null' if move.new is None else 'empty'}, and was {move.was}"


def _shrank(move: Move) -> tuple[str, str] | None:
    """A list that lost items: which, and of secrets only how many."""
    if not isinstance(move.old, tuple) or not isinstance(move.new, tuple):
        return None
    if move.setting.is_secret:
        is_less = len(move.new) < len(move.old)
        return ("list-shrank", f"has {len(move.new)} items, and had {len(move.old)}") if is_less else None
    left = frozenset(move.new)
    lost = [item for item in move.old if item not in left]
    if not lost or len(move.new) >= len(move.old):
        return None
    return "list-shrank", f"lost {as_line(lost, 60)[1:-1]}"


def _near_miss(move: Move) -> tuple[str, str] | None:
    olds, news = (value if isinstance(value, tuple) else (value,) for value in (move.old, move.new))
    if move.setting.choices or isinstance(move.old, bool) or max(len(olds), len(news)) > _LONGEST:
        return None
    added, lost = ([one for one in some if one not in others] for some, others in ((news, olds), (olds, news)))
    for new, old in ((new, old) for new in added for old in lost):
        if isinstance(new, str) and isinstance(old, str) and (how := _likeness(new, old)):
            return "near-miss", f"{'has' if olds is move.old else 'is'} {new}, which {how} {old}"
    return None


def _likeness(new: str, old: str) -> str | None:
    """How `new` looks like `old`; None where it does not, or counts on as ``db-1`` and ``db-2`` do."""
    if not all(_SHORTEST <= len(one) <= _LONGEST for one in (new, old)) or re.sub(r"\d+", "0", new) == re.sub(
        r"\d+", "0", old
    ):
        return None
    if is_slip(new, old):
        return "looks like"
    return "is more than" if old in new else "is a part of" if new in old else None


def _other_form(move: Move) -> tuple[str, str] | None:
    """The first text, or item of a list, of a form that none had before."""
    news, olds = (value if isinstance(value, tuple) else (value,) for value in (move.new, move.old))
    if move.setting.choices or not all(isinstance(one, str) for one in (*news, *olds)):
        return None
    forms = {_form(one) for one in olds}
    odd = next((one for one in news if _form(one) not in forms), None)
    if odd is None or not olds:
        return None
    of = "has" if news is move.new else "is"
    return "other-form", f"{of} {as_line(odd, 60)!r}, {_form(odd)}, and {'had' if of == 'has' else 'was'} {move.was}"


def _form(text: str) -> str:
    if text != text.strip():
        return "with a space at an end"
    scheme = _SCHEME.match(text)
    if scheme:
        return f"with {scheme[0]}"
    starts = {"/": "an absolute path", "~": "a path of a user's", "*": "a pattern"}
    return starts.get(text[:1], "a relative path" if "/" in text or "\\" in text else "a word")


def _no_reference(move: Move) -> tuple[str, str] | None:
    value = move.new.get_secret_value() if hasattr(move.new, "get_secret_value") else move.new
    if not isinstance(value, str) or move.setting.choices:
        return None
    if _FOREIGN.search(value):
        return "no-reference", "looks like a reference, which is ${NAME} here, and is only text"
    return ("no-reference", "looks like a placeholder for a value to come") if _TO_COME.fullmatch(value) else None


_OF_SECRETS: Final[tuple[_Look, ...]] = (_secret_gone, _no_reference, _shrank)
_OF_VALUES: Final[tuple[_Look, ...]] = (
    _zero,
    _tenfold,
    _digit_slip,
    _nothing,
    _no_reference,
    _shrank,
    _near_miss,
    _other_form,
)
"""What is looked at in a value that changed, the surest first."""


def _referred(move: Move) -> tuple[str, str] | None:
    was, now = (frozenset(REFERRED.findall(_expanded(node))) for node in (move.was_said, move.is_said))
    if not was or was == now or move.is_said is None:
        return None
    if not now:
        return "other-reference", "stands in the file now, and came from a variable"
    variables = "" if move.setting.is_secret else f" ({', '.join(sorted(now))}, and was {', '.join(sorted(was))})"
    return "other-reference", f"refers to another variable{variables}"


def _expanded(node: Node | None) -> str:
    """The text of a node that may hold references."""
    return text_of(node).replace("$$", "") if node is not None and node.source.expands else ""


def _fallen(before: Snapshot[Any], after: Snapshot[Any], move: Move) -> Iterator[tuple[str, str]]:
    """A line that was removed, so that the value of a lower layer counts."""
    key = move.setting.key
    was, now = _saying(before.layers, key), _saying(after.layers, key)
    gone = was[-1] if was else ""
    if gone in now or not gone or move.old == move.new:
        return
    value = after.catalogue.shown(key, move.new, 60)
    yield (
        "line-gone",
        f"falls back to {value} ({after.origins[key]}), since its line in {before.origins[key].source} is gone",
    )


def _saying(layers: Layers, key: str) -> list[str]:
    """The names of the layers that say `key`, the winner last."""
    return [name for name, branch in layers if any(True for _ in trail(((name, branch),), key))]


class _Surroundings:
    """What stands around the settings that a change moves: other environments, and the settings beside each."""

    def __init__(
        self, application: Application[Any], after: Snapshot[Any], others: Mapping[str, Snapshot[Any]]
    ) -> None:
        self._application = application
        self._after = after
        self._others = {name: other for name, other in others.items() if name != after.environment}
        self._values = {name: other.catalogue.values_of(other.config) for name, other in self._others.items()}
        self._alike: dict[tuple[str, str], list[str]] = {}
        for key, value in after.catalogue.values_of(after.config).items():
            if not after.catalogue.settings[key].is_secret:
                self._alike.setdefault((key.rpartition(".")[0], as_line(value, None)), []).append(key)

    def remarks(self, move: Move) -> Iterator[tuple[str, str]]:
        """The remarks on the new value that these give rise to."""
        if move.old == move.new:
            return
        yield from self._other_kind(move)
        if not move.setting.is_secret and is_set(move.new):
            yield from self._elsewhere(move)
            if same := self._sibling(move):
                yield "as-another", f"is {move.now}, as {same} is"

    def _other_kind(self, move: Move) -> Iterator[tuple[str, str]]:
        key, shown = move.setting.key, self._after.catalogue.shown
        here = self._application.kinds[self._after.environment]
        ahead = _ahead(self._application.environments, here, self._values) if here.strict else None
        if ahead is None:
            return
        there = self._values[ahead][key]
        if _kind(move.setting, move.old) == _kind(move.setting, there) != _kind(move.setting, move.new):
            yield "other-kind", f"is {shown(key, move.new, 60)}, and {shown(key, there, 60)} in {ahead}"

    def _elsewhere(self, move: Move) -> Iterator[tuple[str, str]]:
        key, kinds = move.setting.key, self._application.kinds
        is_strict = kinds[self._after.environment].strict
        alike = [name for name, values in self._values.items() if values[key] == move.new]
        if any(kinds[name].strict == is_strict for name in alike) or not (is_strict or _is_word(move.new)):
            return
        saying = [name for name in alike if _saying(self._others[name].layers, key)[-1:] == ["environment"]]
        if saying:
            yield "as-elsewhere", f"is {move.now}, as it is in {', '.join(saying)}"

    def _sibling(self, move: Move) -> str | None:
        """A setting of the same section that has the new value and counts something else."""
        number = _number(move.new)
        if not (_is_word(move.new) or (number is not None and abs(number) >= _DISTINCT)) or move.setting.choices:
            return None
        settings, key = self._after.catalogue.settings, move.setting.key
        for other in self._alike.get((key.rpartition(".")[0], as_line(move.new, None)), ()):
            if other != key and (settings[other].unit is None or settings[other].unit != move.setting.unit):
                return other
        return None


def _ahead(order: Iterable[EnvironmentKind], here: EnvironmentKind, known: Collection[str]) -> str | None:
    """The strict environment that comes before `here`: what it runs is what will run here."""
    before = []
    for kind in order:
        if kind is here:
            break
        before += [kind.name] if kind.strict and kind.name in known else []
    return before[-1] if before else None


def _kind(setting: Setting, value: Any) -> object:
    """What sort of value it is: all of it where there are few, else whether there is one and how it begins."""
    if isinstance(value, bool) or setting.choices:
        return value
    number = _number(value)
    if number is not None:
        return (number > 0) - (number < 0)
    if setting.is_secret or not is_set(value):
        return is_set(value)
    if isinstance(value, tuple):
        return "*" in value
    return _form(value) if isinstance(value, str) else True


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) >= _SHORTEST

"""A layer as it was read, fitted to the sections before dynaconf sees it.

What comes out has sections as mappings and settings as nodes, and no key that is not a setting: dynaconf would obey
some of those.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from dataclasses import replace
from typing import Any, Final

from synfinance_settings.errors import MASK, Problem, counted, printable
from synfinance_settings.layers.dynaconf_words import hint_for_key
from synfinance_settings.layers.environ import masked
from synfinance_settings.model.catalogue import MOST_SUGGESTIONS, Catalogue, Tree, is_near
from synfinance_settings.model.evolution import OldName
from synfinance_settings.model.rule import WAIVE
from synfinance_settings.record import Record
from synfinance_settings.text.node import Branch, Node, plain_of, put

_MOST_NAMES: Final = 8
_SUSPICIOUS: Final = frozenset(("-", MASK[0]))
"""What a text begins with that is looked at."""
_KEYED: Final = "this is text; each key is followed by a colon and a space"


class FormerKey(Record):
    """What a layer says under a name that a setting had before."""

    name: OldName
    node: Node


def fit(root: Node | None, catalogue: Catalogue, gone: Container[str] = ()) -> tuple[Branch, list[Problem]]:
    """The settings of a layer file, as `catalogue` has them, and a problem of each key that is not one.

    What stands under an old name counts for the setting that had it, unless that name is `gone`.
    """
    former: list[FormerKey] = []
    branch, problems = shaped(root, catalogue, former)
    if former:
        problems += take(former, branch, catalogue, gone)
    return branch, problems


def shaped(root: Node | None, catalogue: Catalogue, former: list[FormerKey]) -> tuple[Branch, list[Problem]]:
    """The same without what stands under old names, which is put into `former`, for `take`."""
    problems: list[Problem] = []
    if root is None:
        return {}, problems
    if not isinstance(root.value, dict):
        hint = _KEYED if isinstance(root.value, str) else None
        return {}, [Problem("not-a-mapping", "a layer must be a mapping of sections", origin=root.origin, hint=hint)]
    entries = _Entries(catalogue, problems, former)
    return entries.section(root.value, catalogue.tree, catalogue.old_names.tree, ""), problems


class _Entries:
    """The entries of a layer, told apart; what is wrong with them, and what stands under old names, is put aside."""

    def __init__(self, catalogue: Catalogue, problems: list[Problem], former: list[FormerKey]) -> None:
        self._catalogue = catalogue
        self._problems = problems
        self._former = former

    def section(self, entries: dict[str, Node], tree: Tree, old: Tree, prefix: str) -> Branch:
        """What stands under the keys in `tree`; `old` are those that were here before."""
        branch: Branch = {}
        for name, node in entries.items():
            key = prefix + name
            if name not in tree:
                if name == WAIVE and not prefix:
                    continue  # what is waived is not a setting
                if not (name in old and self._take_aside(key, node, old[name])):
                    self._problems.append(self._unknown(entries, tree, prefix, name))
                continue
            inner = tree[name]
            if inner is None:
                branch[name] = node
                value = node.value
                if type(value) is not str or value[:1] in _SUSPICIOUS:
                    self._problems += _suspicions(self._catalogue, key, node)
            elif isinstance(node.value, dict):
                branch[name] = self.section(node.value, inner, old.get(name) or {}, f"{key}.")
            elif node.value is not None:
                message = f"{key} must be a mapping; it is a section"
                hint = _KEYED if isinstance(node.value, str) else None
                self._problems.append(Problem("not-a-mapping", message, key, node.origin, hint=hint))
        return branch

    def _take_aside(self, key: str, node: Node, old: Tree | None) -> bool:
        """Whether `node` stands under an old name, or is a section that there was, whose entries are looked at."""
        if old is None:
            self._former.append(FormerKey(self._catalogue.old_names[key], node))
        elif isinstance(node.value, dict):
            self.section(node.value, {}, old, f"{key}.")
        return old is None or isinstance(node.value, dict) or node.value is None

    def _unknown(self, entries: dict[str, Node], tree: Tree, prefix: str, name: str) -> Problem:
        with_suggestion = len(self._problems) < MOST_SUGGESTIONS
        problem = _unknown(self._catalogue, prefix, name, entries[name], with_suggestion)
        if problem.hint is None and with_suggestion:
            return replace(problem, hint=_not_given(entries, tree, prefix))
        return problem


def take(former: Iterable[FormerKey], branch: Branch, catalogue: Catalogue, gone: Container[str]) -> list[Problem]:
    """Let `branch` say what stands under old names; returns what is to be said of them, and wrong with them."""
    problems: list[Problem] = []
    for old, node in former:
        there, is_gone = _at(branch, old.now), old.key in gone
        if there is None or is_gone:
            problems.append(old.told(old.key, old.now, node.key_origin, is_gone=is_gone))
        else:
            is_same = plain_of(there) == plain_of(node)
            problems.append(old.beside(old.key, old.now, node.key_origin, is_same=is_same))
        if there is None and not is_gone:
            put(branch, old.now, node)
            problems += _suspicions(catalogue, old.now, node)
    return problems


def _at(branch: Branch, key: str) -> Node | None:
    """What `branch` says of the setting `key`."""
    inner: Any = branch
    for part in key.split("."):
        inner = inner.get(part) if isinstance(inner, dict) else None
    return inner if isinstance(inner, Node) else None


def _suspicions(catalogue: Catalogue, key: str, node: Node) -> list[Problem]:
    """What is wrong with the value of a setting whatever it may be."""
    value, problems = node.value, []
    if isinstance(value, str) and value.startswith("-") and catalogue.settings[key].is_list:
        problems.append(_dash(key, node))
    if _is_masked(node):
        problems.append(masked(key, node.origin))
    return problems


def _unknown(catalogue: Catalogue, prefix: str, name: str, node: Node, with_suggestion: bool) -> Problem:
    """The problem of an unknown key; it is named where it is a slip of the pen, since it may be a secret."""
    near = catalogue.suggestion(prefix + name) if with_suggestion else None
    word = hint_for_key(name)
    hint = word or (f"did you mean {near}?" if near else None)
    if word or is_near(prefix[:-1], name, near):
        shown = printable(prefix + name)
        return Problem("unknown-key", f"{shown} is not a setting", shown, node.key_origin, hint=hint)
    where = f" in {prefix[:-1]}" if prefix else ""
    message = f"a key of {counted(len(name), 'character')}{where} is not a setting"
    if ":" in name:
        hint = "; ".join(filter(None, [hint, "a space may be missing after a colon"]))
    return Problem("unknown-key", message, origin=node.key_origin, hint=hint)


def _not_given(entries: dict[str, Node], tree: Tree, prefix: str) -> str | None:
    """What may be meant by a name from elsewhere: what its section has, and the layer does not give there."""
    names = [name for name in tree if name not in entries]
    if not names:
        return None
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    what = f"settings of {prefix[:-1]}" if prefix else "sections and settings"
    return f"{what} that are not given here: {', '.join(names[:_MOST_NAMES])}{more}"


def _dash(key: str, node: Node) -> Problem:
    """A list whose first item has no space after its dash is text, and one long item."""
    message = f"{key} is text that begins with -, not a list"
    hint = "put a space after the - of each item, or quotes around the value if it is meant as text"
    return Problem("suspicious-list", message, key, node.origin, hint=hint, severity="warning")


def _is_masked(node: Node) -> bool:
    value = node.value
    return value == MASK or (isinstance(value, list) and any(item.value == MASK for item in value))

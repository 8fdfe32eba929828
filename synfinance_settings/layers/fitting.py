"""A layer as it was read, fitted to the sections before dynaconf sees it.

What comes out has sections as mappings and settings as nodes, and no key that is not a setting: dynaconf would obey
some of those.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from synfinance_settings.errors import MASK, Problem, counted, printable
from synfinance_settings.layers.dynaconf_words import hint_for_key
from synfinance_settings.layers.environ import masked
from synfinance_settings.model.catalogue import MOST_SUGGESTIONS, Catalogue, Tree, is_near
from synfinance_settings.text.node import Branch, Node

_MOST_NAMES: Final = 8


def fit(root: Node | None, catalogue: Catalogue) -> tuple[Branch, list[Problem]]:
    """The settings of a layer file, as `catalogue` has them, and its keys that are none."""
    problems: list[Problem] = []
    if root is None:
        return {}, problems
    if not isinstance(root.value, dict):
        return {}, [Problem("not-a-mapping", "a layer must be a mapping of sections", origin=root.origin)]
    return _section(catalogue, root.value, catalogue.tree, "", problems), problems


def _section(
    catalogue: Catalogue, entries: dict[str, Node], tree: Tree, prefix: str, problems: list[Problem]
) -> Branch:
    branch: Branch = {}
    for name, node in entries.items():
        key = prefix + name
        if name not in tree:
            problem = _unknown(catalogue, prefix, name, node, len(problems) < MOST_SUGGESTIONS)
            if problem.hint is None and len(problems) < MOST_SUGGESTIONS:
                problem = replace(problem, hint=_not_given(entries, tree, prefix))
            problems.append(problem)
            continue
        inner = tree[name]
        if inner is None:
            branch[name] = node
            if (
                catalogue.settings[key].form.endswith("list")
                and isinstance(node.value, str)
                and node.value.startswith("-")
            ):
                problems.append(_dash(key, node))
            if _is_masked(node):
                problems.append(masked(key, node.origin))
        elif isinstance(node.value, dict):
            branch[name] = _section(catalogue, node.value, inner, f"{key}.", problems)
        elif node.value is not None:
            message = f"{key} must be a mapping; it is a section"
            problems.append(Problem("not-a-mapping", message, key, node.origin))
    return branch


def _unknown(catalogue: Catalogue, prefix: str, name: str, node: Node, with_suggestion: bool) -> Problem:
    """The problem of a key that is none; it is named where it is a slip of the pen, since it may be a secret."""
    near = catalogue.suggestion(prefix + name) if with_suggestion else None
    word = hint_for_key(name)
    hint = word or (f"did you mean {near}?" if near else None)
    if word or is_near(prefix[:-1], name, near):
        shown = printable(prefix + name)
        return Problem("unknown-key", f"{shown} is not a setting", shown, node.key_origin, hint=hint)
    where = f" in {prefix[:-1]}" if prefix else ""
    message = f"a key of {counted(len(name), 'character')}{where} is not a setting"
    if ":" in name:
        hint = "; ".join(filter(None, [hint, "a blank may be missing behind a colon"]))
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
    """A list whose first item has no blank after its dash is text, and one long item."""
    message = f"{key} is text that begins with -, not a list"
    hint = "put a blank after the - of each item, or quotes round a text that is meant"
    return Problem("suspicious-list", message, key, node.origin, hint=hint, severity="warning")


def _is_masked(node: Node) -> bool:
    value = node.value
    return value == MASK or (isinstance(value, list) and any(item.value == MASK for item in value))

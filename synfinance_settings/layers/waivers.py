"""Waivers: a layer says that a warning of a rule is accepted, until a day and for a reason.

    waive:
      no-tls: 2027-01-31 TLS ends at the load balancer

They merge key by key, the higher layer wins, and null takes one back. Days are those of UTC, so that all machines agree
on when one ends; which day it is, whoever judges is told.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Final

from synfinance_settings.errors import Origin, Problem, counted
from synfinance_settings.model.application import Application
from synfinance_settings.model.rule import WAIVE, Rule
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record
from synfinance_settings.slips import nearest
from synfinance_settings.text.node import Node

_WRITTEN: Final = pattern(r"(\d{4}-\d{2}-\d{2})\s+(\S.*)", re.ASCII | re.DOTALL)
_HINT: Final = "write the last day on which it holds and the reason: 2027-01-31 TLS ends at the load balancer"


class Waiver(Record):
    """The word of an operator that the warnings of `rule` are accepted, up to and with the day `until`."""

    rule: str
    until: date
    reason: str
    origin: Origin

    def judged(self, warning: Problem, today: date) -> Problem:
        """A `warning` of the rule as it counts `today`: waived, or an error where the day is over."""
        if today <= self.until:
            return replace(warning, waived=f"until {self.until}: {self.reason} ({self.origin})")
        message = f"the waiver of {self.rule} ended on {self.until}, and {warning.message}"
        hint = "fix what it is about, or, if it is still accepted, give a later day and the reason"
        return Problem("expired-waiver", message, warning.key, self.origin, hint=hint)


Waivers = Mapping[str, Waiver | None]
"""What layers say of rules by their ids; None where a waiver is taken back."""


def waivers_of(root: Node | None, rules: Sequence[Rule]) -> tuple[Waivers, list[Problem]]:
    """The waivers of a layer file, and what is wrong with them."""
    node = root.value.get(WAIVE) if root is not None and isinstance(root.value, dict) else None
    if node is None or node.value is None:
        return {}, []
    if not isinstance(node.value, dict):
        return {}, [Problem("bad-waiver", f"{WAIVE} must be a mapping of rules to waivers", origin=node.origin)]
    waivers: dict[str, Waiver | None] = {}
    problems: list[Problem] = []
    for name, entry in node.value.items():
        problem = _refusal(name, entry, rules)
        waiver = None if problem or entry.value is None else _waiver(name, entry)
        if problem is None and entry.value is not None and waiver is None:
            problem = Problem(
                "bad-waiver", f"the waiver of {name} has no day, or no reason", origin=entry.origin, hint=_HINT
            )
        if problem is not None:
            problems.append(problem)
        else:
            waivers[name] = waiver
    return waivers, problems


def _refusal(name: str, node: Node, rules: Sequence[Rule]) -> Problem | None:
    """Why nothing can be waived by `name`; a name that is not a rule's may be anything, and is not told."""
    severities = {rule.severity for rule in rules if rule.id == name}
    if "warning" in severities:
        return None
    if severities:
        message = f"{name} is an error, and errors cannot be waived"
        return Problem("bad-waiver", message, origin=node.key_origin, hint="fix what it is about")
    known = sorted({rule.id for rule in rules if rule.severity == "warning"})
    near = nearest(name[:100], known)
    hint = f"did you mean {near}?" if near else f"these can be waived: {', '.join(known) or 'nothing'}"
    message = f"a name of {counted(len(name), 'character')} is not a rule"
    return Problem("bad-waiver", message, origin=node.key_origin, hint=hint)


def _waiver(name: str, node: Node) -> Waiver | None:
    """The waiver that is written; None where its day is not a date, or the reason is missing."""
    written = _WRITTEN.fullmatch(node.value.strip()) if isinstance(node.value, str) else None
    with suppress(ValueError):
        return Waiver(name, date.fromisoformat(written[1]), written[2], node.origin) if written else None
    return None


def judged(problems: Iterable[Problem], waivers: Waivers, today: date) -> tuple[list[Problem], list[Problem]]:
    """What is told `today` of problems that rules found, and the warnings among them that are waived."""
    unwaived: dict[Problem, None] = {}
    waived: list[Problem] = []
    for problem in problems:
        waiver = waivers.get(problem.code) if problem.severity == "warning" else None
        result = waiver.judged(problem, today) if waiver else problem
        if result.waived:
            waived.append(result)
        else:
            unwaived[result] = None
    return list(unwaived), waived


def idle(waivers: Waivers, broken: Collection[str], application: Application, environment: str) -> Iterator[Problem]:
    """The warnings of waivers that nothing needs; rules that are only for other environments do not count."""
    for name, waiver in waivers.items():
        rules = [rule for rule in application.rules_in_force if rule.id == name]
        if waiver is None or name in broken or (rules and not any(environment in rule.environments for rule in rules)):
            continue
        message = f"{name} is waived until {waiver.until}, but nothing breaks it"
        yield Problem("idle-waiver", message, origin=waiver.origin, hint="remove the waiver", severity="warning")

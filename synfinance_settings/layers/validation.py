"""The merged layers as a config, or every reason why not, each at its place.

This is the adapter between dynaconf's merged data and the Pydantic models: it expands what won, takes the text out of
the nodes, and turns Pydantic's errors into problems. Pydantic's own errors hold the input, so they end here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import date
from itertools import accumulate
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from synfinance_settings.errors import DEFAULT, Origin, Problem
from synfinance_settings.layers.dynaconf_words import SUSPECT, is_suspect, only_text
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.snapshot import Layers, Taken, occurrence, trail
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Catalogue, Setting
from synfinance_settings.model.forms import broken_limit
from synfinance_settings.model.section import JUDGED_APART, Section
from synfinance_settings.model.variables import FILE_SUFFIX
from synfinance_settings.slips import nearest
from synfinance_settings.text.bounds import EXPANDED_CHARACTERS
from synfinance_settings.text.expansion import (
    DOLLAR,
    Answer,
    AtFaultElsewhere,
    InheritedFault,
    ReferenceFault,
    Scope,
    Steps,
    expansion,
    is_plain,
    may_name_setting,
    without_settings,
)
from synfinance_settings.text.node import Branch, Node, Pending, Value

if TYPE_CHECKING:
    from synfinance_settings.layers.references import References
    from synfinance_settings.layers.waivers import Waivers
    from synfinance_settings.model.rule import Breach

Texts = Mapping[str, SourceText]
"""The texts of the layer files by their names, for places and excerpts."""


Watch = Callable[[str, Any], None]
"""Told of the key of a setting and of what its text comes to, before it is cast."""

_NOTHING: Final = object()


class Validation:
    """One pass from merged nodes to a config; `problems` and `warnings` say what was found on the way.

    `doubted` are the settings and sections that an error was told of before.
    """

    def __init__(
        self,
        application: Application,
        layers: Layers,
        scope: Scope,
        texts: Texts,
        doubted: Iterable[str] = (),
        watch: Watch | None = None,
    ) -> None:
        self._application = application
        self._settings = application.catalogue.settings
        self._layers = layers
        self._scope = scope
        self._texts = texts
        self._doubted = set(doubted)
        self._watch = watch
        self._merged: Branch = {}
        self._settled: dict[str, Any] = {}
        self._failed: set[str] = set()
        self._references: References | None = None
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self.waived: list[Problem] = []

    @property
    def taken(self) -> Taken:
        """The keys that the values of settings took text from."""
        return self._references.taken if self._references else {}

    def run(
        self, merged: Branch, *, complete: bool, environment: str, waivers: Waivers = MappingProxyType({}), today: date
    ) -> Section | None:
        """The config; None where it does not validate. Rules over several settings need all layers: `complete`.

        `waivers` accept warnings of them, up to and with their days; `today` is one in UTC.
        """
        values = self.settled(merged)
        config = self._validated(values)
        former = self._references.former if self._references else {}
        for (key, _), old in former.items():
            node = self._node(key)
            if node is not None:
                spelled, meant = f"${{{old.key}}}", f"${{{old.now}}}"
                warning = old.told(spelled, meant, node.origin, is_gone=False)
                self.warnings.append(with_excerpt(warning, self._texts))
        if complete and config is not None:
            breaches = list(self._application.breaches(config, environment))
            if breaches or waivers:
                self._judge(breaches, environment, waivers, today)
        return None if self.problems else config

    def _judge(self, breaches: list[Breach], environment: str, waivers: Waivers, today: date) -> None:
        """Tell what does not hold of the rules, less what is waived, and which waivers nothing needs."""
        from synfinance_settings.layers.waivers import idle, judged  # few loads have anything to judge

        problems = [self._at(b.keys, b.problem, b.item) for b in breaches if not self._in_doubt(b.keys)]
        unwaived, self.waived = judged(problems, waivers, today)
        broken = {breach.problem.code for breach in breaches}
        for problem in (*unwaived, *idle(waivers, broken, self._application, environment)):
            known = with_excerpt(problem, self._texts)
            (self.problems if known.severity == "error" else self.warnings).append(known)

    def _validated(self, values: dict[str, Any]) -> Section | None:
        """The config; where something does not fit, that of the rest, and what was left out is in doubt."""
        for _ in range(2):
            details: list[ErrorDetails]
            try:
                return self._application.model.model_validate(values, context=JUDGED_APART)
            except ValidationError as error:
                details = error.errors(include_url=False, include_input=False)
            for detail in details:
                path = tuple(part for part in detail["loc"] if isinstance(part, str))
                key = ".".join(path)
                if detail["type"] == "missing" and self._in_doubt((key,)):
                    continue  # it was told of, or what was said of it did not fit
                self.problems.append(self._misfit(key, detail))
                self._doubted.add(key)
                _drop(values, path)
            if () in (detail["loc"] for detail in details):
                break  # refused as a whole, which nothing that is left out would change
        return None

    def _in_doubt(self, keys: tuple[str, ...]) -> bool:
        """True for a complaint about a setting whose own value, or section, is at fault: it may be due to that."""
        return any(part in self._doubted for key in keys for part in accumulate(key.split("."), "{}.{}".format))

    def settled(self, merged: Branch) -> dict[str, Any]:
        """What the settings of `merged` come to before they are cast, less those at fault."""
        self._merged = merged
        return self._values(merged, "")

    def _values(self, branch: Branch, prefix: str) -> dict[str, Any]:
        """What the settings of `branch`, a section named by `prefix`, come to; those at fault are left out."""
        values: dict[str, Any] = {}
        is_watched = self._watch is not None
        for name, node in branch.items():
            if not isinstance(node, Node):
                values[name] = self._values(node, f"{prefix}{name}.")
                continue
            content = node.value
            if _is_plain(content) and not is_watched:
                values[name] = content  # as nearly all are; one that is referred to is settled for that
                continue
            if type(content) is list and not is_watched and all(_is_plain(item.value) for item in content):
                values[name] = [item.value for item in content]
                continue
            key = prefix + name
            if key not in self._settled:
                if _may_refer(node):
                    self._refer(key)
                else:
                    self._settle(key, node, self._value(key, node))
            if key not in self._failed:
                values[name] = self._settled[key]
        return values

    def _settle(self, key: str, node: Node, value: Any) -> None:
        """Keep what the text of the setting `key` comes to."""
        if self._watch is not None:
            self._watch(key, value)
        if value == "" != node.value and self._settings[key].nullable:
            value = None  # a reference that comes to nothing, as an empty variable
        self._settled[key] = value
        if key in self._failed:
            self._doubted.add(key)

    def _value(self, key: str, node: Node) -> Any:
        """What a node that refers to no other setting comes to."""
        value = node.value
        if isinstance(value, str):
            if is_suspect(value):
                self._warn_of_words(key, node, value)
            if node.source.expands and ("$" in value or len(value) > EXPANDED_CHARACTERS):
                return without_settings(self._expanded(key, node, value))
            return value
        if isinstance(value, Problem):
            self._fail(key, replace(value, key=value.key or key))
            return None
        if isinstance(value, list):
            return [self._value(key, item) if isinstance(item, Node) else item for item in value]
        if isinstance(value, dict):
            return dict.fromkeys(value, "")  # no field is a mapping, so nothing in it will be looked at
        return value

    def _warn_of_words(self, key: str, node: Node, text: str) -> None:
        """Say that a text which begins as one of dynaconf's tokens does is only text."""
        if warning := only_text(key, text, node.origin, is_secret=self._settings[key].is_secret):
            self.warnings.append(with_excerpt(warning, self._texts))

    def _refer(self, key: str) -> None:
        """Settle `key`, whose value may refer to other settings."""
        from synfinance_settings.layers.references import References  # few layers refer to anything

        if self._references is None:
            application = self._application
            self._references = References(application.catalogue, self._work, self._answer, application.old_names)
        self._references.settle(key)

    def _work(self, key: str) -> Steps[None]:
        """Settle `key`, stopping at each setting that its value refers to."""
        node = self._node(key)
        if node is None or key in self._settled:
            return
        value: Any = node.value
        if not _may_refer(node):
            value = self._value(key, node)
        elif isinstance(value, Pending):
            value = yield from self._expanded(key, node, value.text)
        elif isinstance(value, str):
            if is_suspect(value):
                self._warn_of_words(key, node, value)
            value = yield from self._expanded(key, node, value)
        else:
            items: list[Any] = []
            for item in value:
                if _may_refer(item):
                    items.append((yield from self._expanded(key, item, item.value)))
                else:
                    items.append(self._value(key, item))
            value = items
        self._settle(key, node, value)

    def _node(self, key: str) -> Node | None:
        """What the layers say of the setting `key`, if anything."""
        inner: Any = self._merged
        for part in key.split("."):
            inner = inner.get(part) if isinstance(inner, dict) else None
        return inner if isinstance(inner, Node) else None

    def _answer(self, key: str) -> Answer:
        """The final value of a setting as text; what does not fit is told where it stands."""
        from synfinance_settings.layers.references import as_inserted

        if key in self._failed or self._in_doubt((key,)):
            return AtFaultElsewhere()
        if self._node(key) is None and self._settings[key].is_required:
            return AtFaultElsewhere()
        if self._node(key) is None:
            return as_inserted(self._settings[key].default)
        with suppress(ValidationError):
            return as_inserted(self._application.catalogue.cast_alone(key, self._settled[key]))
        return AtFaultElsewhere()

    def _fail(self, key: str, problem: Problem | None = None) -> None:
        """The value of `key` is at fault, for a `problem` that is told here or for one that is told elsewhere."""
        self._failed.add(key)
        if problem is not None:
            self.problems.append(problem)

    def _expanded(self, key: str, node: Node, text: str) -> Steps[str | None]:
        """`text`, the value of `key` or an item of it, expanded; None where it is at fault, which is noted."""
        fault: ReferenceFault
        try:
            if isinstance(node.value, Pending):
                lines = self._scope.over(node.value.above)
                return (yield from expansion(text, lines, escapes=node.value.escapes))
            return (yield from expansion(text, self._scope))
        except AtFaultElsewhere:
            self._fail(key)
            return None
        except InheritedFault as inherited:
            self._fail(key, replace(inherited.problem, key=key))
            return None
        except ReferenceFault as error:
            fault = error
        self._fail(key, self._reference_problem(key, node, text, fault))
        return None

    def _reference_problem(self, key: str, node: Node, text: str, fault: ReferenceFault) -> Problem:
        """The problem of a reference in the value of `key`, at the place of its dollar where that is known."""
        origin, excerpt = node.origin, None
        if isinstance(node.value, Pending):
            origin = node.value.place(fault.offset)
        source = self._texts.get(node.source.name) if fault.code != "too-long" else None
        if source and node.line and node.column:
            nth, dollars = text[: fault.offset].count("$"), text.count("$")
            line, column = source.reference(node.line, node.column, nth, dollars)
            origin, excerpt = Origin(node.source.name, line, column), source.excerpt(line, column)
        message = fault.said(text, is_public=not self._settings[key].is_secret)
        ways = _ways(self._application, key, fault)
        ways += [DOLLAR] if self._settings[key].is_secret and not is_plain(text) and fault.code != "too-long" else []
        return Problem(fault.code, f"{key}: {message}", key, origin, hint="; ".join(ways) or None, excerpt=excerpt)

    def _misfit(self, key: str, detail: ErrorDetails) -> Problem:
        """What Pydantic says of `key` in `detail`, in words of ours and at the place of the value."""
        context = detail.get("ctx", {})
        index = next((part for part in detail["loc"] if isinstance(part, int)), None)
        hint = None
        code = detail["type"]
        noun = "item" if index is None and key in self._settings and self._settings[key].is_list else "character"
        match code:
            case "wrong-type" | "null" | "out-of-range" | "empty-item":
                fault = f"must {context['form']}"
                hint = "remove the item" if code == "empty-item" else self._hint_for_nothing(key, index)
            case "greater_than_equal":
                code, fault = "out-of-range", f"must be at least {_limit(self._settings[key], context['ge'])}"
            case "less_than_equal":
                code, fault = "out-of-range", f"must be at most {_limit(self._settings[key], context['le'])}"
            case _ if words := broken_limit(code, context, noun):
                code, fault = "out-of-range", f"must {words}"
            case "missing":
                return _missing(self._application, key)
            case "literal_error" | "enum":
                code, fault = "not-a-choice", f"must be one of {', '.join(self._settings[key].choices)}"
                value = next((node.value for node in trail(self._layers, key)), None)
                hint = _near_choice(self._settings[key], value) or self._hint_for_nothing(key)
            case "model_type" | "model_attributes_type":
                code, fault = "not-a-mapping", "must be a mapping; it is a section"
            case "extra_forbidden":
                code, fault = "unknown-key", "is not a setting"
            case _ if key not in self._settings:
                return _refused(self._application.catalogue, key)
            case _:
                code, fault = "wrong-type", f"does not fit ({code})"
        what = key if index is None else f"item {index + 1} of {key}"
        return self._at((key,), Problem(code, f"{what} {fault}", key, hint=hint), index)

    def _hint_for_nothing(self, key: str, index: int | None = None) -> str | None:
        value = next((node.value for node in trail(self._layers, key)), None)
        if index is not None:
            return None
        if value is None or value == "":
            reason = "null means null" if value is None else "it is empty"
            return f"{reason}; leave it out to keep what lower layers say"
        return None

    def _at(self, keys: tuple[str, ...], problem: Problem, index: int | None = None) -> Problem:
        """`problem` at the place of the first of `keys` that a layer names, with the value that it hides."""
        if problem.key not in self._settings:
            return problem
        key, nodes = next(((k, named) for k in keys if (named := list(trail(self._layers, k)))), (keys[0], []))
        if not nodes:
            return replace(problem, origin=DEFAULT)
        node = nodes[0]
        if index is not None and isinstance(node.value, list) and index < len(node.value):
            node = node.value[index]
        hidden = next((other for other in nodes[1:] if other.origin != nodes[0].origin), None)
        overrides = occurrence(self._application.catalogue, key, hidden) if hidden else None
        return with_excerpt(replace(problem, origin=node.origin, overrides=overrides), self._texts)


def _missing(application: Application, key: str) -> Problem:
    """The problem of a setting that has no default and that nothing says."""
    setting, variable = application.catalogue.settings[key], application.variables.names[key][0]
    hint = f"set it in a layer or with {variable}" + (f" or {variable}{FILE_SUFFIX}" if setting.is_secret else "")
    return Problem("missing-value", f"{key} has no default, and must be set", key, hint=hint)


def _near_choice(setting: Setting, value: object) -> str | None:
    choices = {choice.lower(): choice for choice in reversed(setting.choices)}
    near = nearest(str(value).lower(), reversed(choices))
    return None if near is None else f"did you mean {choices[near]}?"


def _refused(catalogue: Catalogue, section: str) -> Problem:
    """The problem of a section, or of the whole, that a validator of its class refuses, in words that say no value."""
    model = catalogue.sections.get(section, catalogue.model)
    message = f"{section or 'the settings'} {'is' if section else 'are'} refused by a validator of {model.__name__}"
    hint = "a Contradiction of the class can say what must hold, and where it does not"
    return Problem("inconsistent", message, section or None, hint=hint)


def _limit(setting: Setting, limit: float | str) -> str:
    """A limit in words, with the unit where the value may have been written in another one; Pydantic's own of times."""
    if isinstance(limit, str):
        return limit
    unit = setting.unit if setting.takes_units and setting.unit else ""
    return f"{limit:.15g} {unit.removesuffix('s') if limit == 1 else unit}".strip()


def _is_plain(value: Value) -> bool:
    """True for text or null that certainly is what it comes to, and of which there is nothing to tell."""
    if type(value) is str:
        return "$" not in value and not value.startswith(SUSPECT) and len(value) <= EXPANDED_CHARACTERS
    return value is None


def _may_refer(node: Node) -> bool:
    """False for a node that certainly refers to no other setting."""
    value = node.value
    if isinstance(value, list):
        return any(isinstance(item, Node) and isinstance(item.value, str) and _may_refer(item) for item in value)
    if isinstance(value, Pending):
        return True
    return isinstance(value, str) and node.source.expands and may_name_setting(value)


def _ways(application: Application, key: str, fault: ReferenceFault) -> list[str]:
    """How a fault in the value of `key` may be mended."""
    catalogue = application.catalogue
    match fault.code:
        case "unset-variable":
            return [_hint_for_unset(application, key)]
        case "null-reference":
            return ["give that setting a value, or write ${section.field:-default} if it may be null"]
        case "bad-reference" if not catalogue.settings[key].is_secret and fault.setting:
            near = catalogue.suggestion(fault.setting)
            return [f"did you mean ${{{near}}}?"] if near in catalogue.settings else []
    return []


def _hint_for_unset(application: Application, key: str) -> str:
    """How a reference to a name that nothing sets is mended where it stands as the value of `key`."""
    setting = application.catalogue.settings[key]
    ways = ["set it in the process environment or in .env"]
    if setting.is_secret:
        ways.append(f"name a file that holds it: {application.variables.names[key][-1]}_FILE")
    if setting.nullable:
        ways.append("write ${NAME:-} if it may be missing")
    elif not setting.is_secret:
        ways.append("give a default: ${NAME:-default}")
    return ", or ".join(ways)


def values_alone(application: Application, branch: Branch, scope: Scope) -> dict[str, Any]:
    """What `branch` says of each setting, by its key, each cast by itself; what does not fit is left out."""
    values = Validation(application, (), scope, {}).settled(branch)
    cast_values = {}
    for key in application.catalogue.settings:
        inner: Any = values
        for part in key.split("."):
            inner = inner.get(part, _NOTHING) if isinstance(inner, dict) else _NOTHING
        if inner is not _NOTHING:
            with suppress(ValidationError):
                cast_values[key] = application.catalogue.cast_alone(key, inner)
    return cast_values


def with_excerpt(problem: Problem, texts: Texts) -> Problem:
    """`problem` with the line that it names, where its source is a file that could be read."""
    origin = problem.origin
    source = texts.get(origin.source) if origin else None
    if origin is None or source is None or not origin.line or not origin.column or problem.excerpt:
        return problem
    return replace(problem, excerpt=source.excerpt(origin.line, origin.column))


def _drop(values: dict[str, Any], path: tuple[str, ...]) -> None:
    """Take what stands at `path` out of `values`, a whole section where `path` names one."""
    inner: Any = values
    for part in path[:-1]:
        inner = inner.get(part) if isinstance(inner, dict) else None
    if isinstance(inner, dict) and path:
        inner.pop(path[-1], None)

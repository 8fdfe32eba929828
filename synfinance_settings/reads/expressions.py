"""What the expressions of one scope are, and which settings they read."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from synfinance_settings.reads import calls
from synfinance_settings.reads.analysis import Analysis, contents
from synfinance_settings.reads.findings import described
from synfinance_settings.reads.values import (
    ANYTHING,
    NOTHING,
    RETURNED,
    Config,
    Function,
    Instance,
    Items,
    Scope,
    Text,
    Thing,
    Value,
    Values,
    last_name,
)

_JUDGING: Final = frozenset(("Rule", "Contradiction"))
"""Calls whose functions are rules: what they read counts for the application's rules, not for the program."""

_LONGEST_TEXT: Final = 300


class Expressions:
    """The expressions of `scope`."""

    def __init__(self, analysis: Analysis, scope: Scope) -> None:
        self.analysis: Final = analysis
        self.scope: Final = scope

    def values(self, node: ast.expr | None) -> Values:
        """All that `node` may be."""
        match node:
            case None:
                return NOTHING
            case ast.Name(id=name):
                bound = self.scope.lookup(name)
                return frozenset((Thing(f"builtin.{name}"),)) if bound is None else bound
            case ast.Constant(value=str() as text):
                return frozenset((Text(text),)) if len(text) <= _LONGEST_TEXT else ANYTHING
            case ast.Constant():
                return ANYTHING
            case ast.Attribute():
                return self._attribute(node)
            case ast.Subscript():
                return self._item(node)
            case ast.Call():
                return self._call(node)
            case ast.JoinedStr() | ast.BinOp(op=ast.Add()):
                return frozenset((Text(self._pattern(node)),))
            case ast.Compare():
                return self._compared(node)
            case _:
                return self._combined(node)

    def _combined(self, node: ast.expr) -> Values:
        """What an expression comes to that is made of others."""
        match node:
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.values(test)
                return self.values(body) | self.values(orelse)
            case ast.BoolOp(values=parts):
                return _union(map(self.values, parts))
            case ast.NamedExpr(target=target, value=value):
                values = self.values(value)
                self.analysis.bind(self.scope, target.id, values)
                return values
            case ast.Await(value=value) | ast.Starred(value=value):
                return self.values(value)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                return _held(_union(map(self.values, elements)))
            case ast.Yield(value=value) | ast.YieldFrom(value=value):
                self.analysis.bind(self.scope, RETURNED, self.values(value))
                return ANYTHING
            case ast.UnaryOp(operand=operand):
                self.values(operand)
                return ANYTHING
            case ast.Lambda():
                return self._lambda(node)
            case ast.Dict():
                return self._mapping(node)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case _:
                self._spend(node)
                return ANYTHING

    def _spend(self, node: ast.AST) -> None:
        """Evaluate what is in `node`; a section there is used as a whole."""
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.hand_over(self.values(child), child, "is used as a value")
            else:
                self._spend(child)

    def hand_over(self, values: Values, node: ast.expr, use: str) -> None:
        """Report the sections in `values`, which go where they cannot be followed; `use` says how."""
        for value in values:
            if isinstance(value, Config):
                self.analysis.whole(value, self.scope.module, node, f"{described(value.key)} {use}")
            elif isinstance(value, Items):
                self.hand_over(value.inside, node, use)

    def show(self, name: str, values: Values, node: ast.expr) -> None:
        """Templates may see what `values` are as `name`."""
        for value in values:
            if isinstance(value, Config):
                keys = self.analysis.vocabulary.below(value.key)
                self.analysis.findings.show(name, value.key, keys, self.scope.module, node)

    def _attribute(self, node: ast.Attribute) -> Values:
        """What an attribute is; a name that is nothing in sections alone is a slip."""
        module, analysis = self.scope.module, self.analysis
        bases = self.values(node.value)
        by_base = {base: analysis.attribute(base, node.attr, module, node) for base in bases}
        results = _union(by_base.values()) if bases else analysis.kept_under(node.attr)
        if not bases or any(isinstance(base, Thing | Instance) for base in bases):
            self._guess(node)
        sections = [base for base in bases if isinstance(base, Config)]
        if not results and len(sections) == len(bases) and not node.attr.startswith("_"):
            for base in sections:
                analysis.slip(base, node.attr, module, node)
        return results

    def _guess(self, node: ast.Attribute) -> None:
        """A chain of names that ends in a key, behind what is not known, may well be a read."""
        names, base = [node.attr], node.value
        while isinstance(base, ast.Attribute):
            names.insert(0, base.attr)
            base = base.value
        for start in range(len(names) - 1):
            key = ".".join(names[start:])
            if key in self.analysis.vocabulary.catalogue.settings:
                behind = "something that is not known here"
                self.analysis.findings.doubt((key,), self.scope.module, node, f"the name {key} of {behind}")

    def _item(self, node: ast.Subscript) -> Values:
        """What an item is: of a section what a key names, of the process environment a variable."""
        key, bases, results = self.values(node.slice), self.values(node.value), NOTHING
        for base in bases:
            match base:
                case Config():
                    results |= self.analysis.keyed(base, key, self.scope.module, node)
                case Items(inside=inside):
                    results |= inside
                case Thing(name="environ"):
                    calls.read_variable(self, key, node)
                case _:
                    results |= ANYTHING
        return results

    def _call(self, node: ast.Call) -> Values:
        if last_name(node.func) in _JUDGING:
            return ANYTHING
        return calls.called(self, node)

    def _pattern(self, node: ast.expr) -> str:
        """The text of `node` with ``*`` for what is not known; texts that are pieced together may be long."""
        match node:
            case ast.JoinedStr(values=parts):
                return "".join(map(self._pattern, parts))[:_LONGEST_TEXT]
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return (self._pattern(left) + self._pattern(right))[:_LONGEST_TEXT]
            case ast.FormattedValue(value=value):
                return self._known(value)
            case _:
                return self._known(node)

    def _known(self, node: ast.expr) -> str:
        values = self.values(node)
        self.hand_over(values, node, "is used as a value")
        texts = [value.pattern for value in values if isinstance(value, Text)]
        return texts[0] if len(texts) == len(values) == 1 else "*"

    def _compared(self, node: ast.Compare) -> Values:
        """A comparison: ``in`` asks a section for a key, ``==`` uses it as a whole."""
        sides = [(side, self.values(side)) for side in (node.left, *node.comparators)]
        for (left, before), operator, (right, after) in zip(sides, node.ops, sides[1:], strict=False):
            for value in after if isinstance(operator, ast.In | ast.NotIn) else ():
                if isinstance(value, Config):
                    self.analysis.keyed(value, before, self.scope.module, node, is_asked=True)
            if isinstance(operator, ast.Eq | ast.NotEq):
                self.hand_over(before, left, "is compared")
                self.hand_over(after, right, "is compared")
        return ANYTHING

    def _lambda(self, node: ast.Lambda) -> Values:
        scope = self.analysis.scope(self.scope.module, node, self.scope)
        if calls.is_judge(self, node):
            return ANYTHING
        for argument in (*scope.parameters, *node.args.kwonlyargs):
            self.analysis.bind(scope, argument.arg, NOTHING)
        self.analysis.bind(scope, RETURNED, Expressions(self.analysis, scope).values(node.body))
        return frozenset((Function(scope),))

    def _mapping(self, node: ast.Dict) -> Values:
        """A mapping: a section under a known text may be meant for a template, any other cannot be followed."""
        held = NOTHING
        for key, value in zip(node.keys, node.values, strict=True):
            values = self.values(value)
            if key is None:
                self.hand_over(values, value, "is unpacked")
            elif isinstance(key, ast.Constant) and isinstance(key.value, str):
                self.show(key.value, values, value)
                held |= values - _configs(values)
            else:
                self.values(key)
                self.hand_over(values, value, "is put into a mapping")
        return _held(held) | ANYTHING

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Values:
        for part in node.generators:
            self.bind(part.target, self.iterated(part.iter))
            for test in part.ifs:
                self.values(test)
        if isinstance(node, ast.DictComp):
            self.values(node.key)
            return _held(self.values(node.value))
        return _held(self.values(node.elt))

    def iterated(self, node: ast.expr) -> Values:
        """What iterating over `node` gives."""
        values = self.values(node)
        self.hand_over(_configs(values), node, "is iterated over")
        return contents(values)

    def bind(self, target: ast.expr, values: Values, source: ast.expr | None = None) -> None:
        """Assign `values`, which `source` gives, to `target`."""
        match target:
            case ast.Name(id=name):
                self.analysis.bind(self.scope, name, values)
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                pairs = source.elts if isinstance(source, ast.Tuple | ast.List) else []
                for number, part in enumerate(parts):
                    exact = len(pairs) == len(parts)
                    self.bind(part, self.values(pairs[number]) if exact else contents(values) | _configs(values))
            case ast.Starred(value=value):
                self.bind(value, _held(values))
            case ast.Attribute(value=owner, attr=name):
                self._bind_attribute(self.values(owner), name, values)
            case ast.Subscript(value=owner, slice=key):
                self.values(owner)
                for text in self.values(key):
                    if isinstance(text, Text) and text.is_whole:
                        self.show(text.pattern, values, target)
                    else:
                        self.hand_over(values, target, "is put into a mapping")

    def _bind_attribute(self, owners: Values, name: str, values: Values) -> None:
        if not owners:
            self.analysis.bind_attribute(name, values)
        for owner in owners:
            scope = calls.class_of(owner)
            if scope is not None:
                self.analysis.bind(scope, name, values)
            elif not isinstance(owner, Config):
                self.analysis.bind_attribute(name, values)

    def arguments(self, node: ast.Call) -> tuple[Sequence[Values], Mapping[str, Values]]:
        """What a call hands over: by position, and by name; what is unpacked is reported."""
        positional: list[Values] = []
        for argument in node.args:
            values = self.values(argument)
            positional.append(contents(values) if isinstance(argument, ast.Starred) else values)
        named: dict[str, Values] = {}
        for keyword in node.keywords:
            values = self.values(keyword.value)
            if keyword.arg is None:
                self.hand_over(values, keyword.value, "is unpacked")
            else:
                named[keyword.arg] = values
        return positional, named


def _union(parts: Iterable[Values]) -> Values:
    return frozenset().union(*parts)


def _held(values: Values) -> Values:
    """Something that holds `values`; what they hold themselves is held, too, so that there is one level alone."""
    return frozenset((Items(frozenset(_flat(values))),))


def _flat(values: Values) -> Iterator[Value]:
    for value in values:
        yield from value.inside if isinstance(value, Items) else (value,)


def _configs(values: Values) -> Values:
    return frozenset(value for value in values if isinstance(value, Config))

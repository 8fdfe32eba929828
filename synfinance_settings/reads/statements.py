"""What the statements of one scope bind, and the scopes that they open."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from synfinance_settings.reads import calls
from synfinance_settings.reads.analysis import ROOT, Analysis, of_library
from synfinance_settings.reads.expressions import Expressions
from synfinance_settings.reads.program import Module
from synfinance_settings.reads.values import (
    ANYTHING,
    NOTHING,
    RETURNED,
    Class,
    Config,
    File,
    Function,
    Instance,
    Scope,
    Thing,
    Value,
    Values,
)
from synfinance_settings.reads.vocabulary import PACKAGE

_Definition = ast.FunctionDef | ast.AsyncFunctionDef


def run_module(analysis: Analysis, module: Module) -> None:
    """Take in all that `module` says."""
    Statements(analysis, analysis.scope(module, module.tree)).run(module.tree.body)


class Statements:
    """The statements of `scope`."""

    def __init__(self, analysis: Analysis, scope: Scope) -> None:
        self.analysis: Final = analysis
        self.scope: Final = scope
        self.expressions: Final = Expressions(analysis, scope)

    def run(self, body: Iterable[ast.AST]) -> None:
        """Take in statements, or what holds them: an `except`, a `case`."""
        for node in body:
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef():
                    self._define(node)
                case ast.ClassDef():
                    self._define_class(node)
                case ast.Import() | ast.ImportFrom():
                    self._import(node)
                case ast.expr():
                    self.expressions.values(node)
                case _:
                    self._assign(node)

    def _assign(self, node: ast.AST) -> None:
        """A statement that binds something; of any other, what is inside it."""
        here = self.expressions
        match node:
            case ast.Assign(targets=targets, value=value):
                values = here.values(value)
                for target in targets:
                    here.bind(target, values, value)
            case ast.AnnAssign(target=target, annotation=annotation, value=value):
                here.bind(target, here.values(value) | self._annotated(annotation))
            case ast.For(target=target, iter=source) | ast.AsyncFor(target=target, iter=source):
                here.bind(target, here.iterated(source))
                self.run((*node.body, *node.orelse))
            case ast.withitem(context_expr=context, optional_vars=target):
                values = here.values(context)
                if target is not None:
                    here.bind(target, values)
            case ast.Return(value=value):
                self.analysis.bind(self.scope, RETURNED, here.values(value))
            case ast.Match(subject=subject, cases=cases):
                self._match(here.values(subject), subject, cases)
            case _:
                self.run(ast.iter_child_nodes(node))

    def _match(self, values: Values, subject: ast.expr, cases: list[ast.match_case]) -> None:
        """A `match`: the keywords of class patterns read fields of the sections among `values`."""
        names = [name for case in cases for node in ast.walk(case.pattern) if isinstance(node, ast.MatchClass)
                 for name in node.kwd_attrs]  # fmt: skip
        for value in values:
            if isinstance(value, Config) and names:
                for name in names:
                    self.analysis.named(value, name, self.scope.module, subject)
        for case in cases:
            self.run((*filter(None, (case.guard,)), *case.body))

    def _import(self, node: ast.Import | ast.ImportFrom) -> None:
        """Bind what an import brings: modules, names of them, or all that they have."""
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self._bind(alias.asname or name, self._module(name))
            return
        source = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                self._import_all(source, node.level)
            else:
                self._bind(alias.asname or alias.name, self._imported(source, node.level, alias.name))

    def _bind(self, name: str, values: Values) -> None:
        self.analysis.bind(self.scope, name, values)

    def _module(self, dotted: str) -> Values:
        files = self.analysis.files(tuple(dotted.split(".")))
        return frozenset(map(File, files)) or of_library(dotted)

    def _imported(self, source: str, level: int, name: str) -> Values:
        """What ``from source import name`` gives."""
        path = tuple(source.split(".")) if source else ()
        files = self.analysis.files(path, self.scope.module, level)
        inside = self.analysis.files((*path, name), self.scope.module, level)
        values: set[Value] = {File(file) for file in inside}
        for file in files:
            values |= self.analysis.scope(file, file.tree).own(name)
        if files or inside or level:
            return frozenset(values)
        things = of_library(source)
        return frozenset().union(
            *(self.analysis.attribute(thing, name, self.scope.module, ast.Name(name)) for thing in things)
        )

    def _import_all(self, source: str, level: int) -> None:
        path = tuple(source.split(".")) if source else ()
        for file in self.analysis.files(path, self.scope.module, level):
            for name, values in list(self.analysis.scope(file, file.tree).everything()):
                self._bind(name, values)
        if source.partition(".")[0] == PACKAGE and not level:
            for name in ("settings", "get_config", "ConfigManager", "EnvLoader", "Application", "override"):
                self._bind(name, self._imported(source, 0, name))

    def _define(self, node: _Definition) -> None:
        """A function: its name and, unless it judges a rule, its parameters and its body."""
        owner = self.scope if isinstance(self.scope.node, ast.ClassDef) else None
        scope = self.analysis.scope(self.scope.module, node, _around(self.scope), owner)
        for decorator in node.decorator_list:
            self.expressions.values(decorator)
        self._bind(node.name, frozenset((Function(scope),)))
        if calls.is_judge(self.expressions, node):
            return
        for argument, values in self._parameters(node, scope):
            self.analysis.bind(scope, argument, values)
        Statements(self.analysis, scope).run(node.body)

    def _parameters(self, node: _Definition, scope: Scope) -> Iterator[tuple[str, Values]]:
        """The parameters of a function with what is known of each: by annotation, by default, by being the first."""
        arguments = node.args
        places = scope.parameters
        defaults = [*[None] * (len(places) - len(arguments.defaults)), *arguments.defaults]
        pairs = [*zip(places, defaults, strict=True), *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)]
        for argument, default in pairs:
            yield argument.arg, self._annotated(argument.annotation) | self.expressions.values(default)
            if argument.arg == PACKAGE and self.analysis.vocabulary.has_faces:
                yield argument.arg, ROOT  # the fixture
        if scope.owner is not None and places and "staticmethod" not in scope.decorators:
            kind = Class if "classmethod" in scope.decorators else Instance
            yield places[0].arg, frozenset((kind(scope.owner),))

    def _annotated(self, annotation: ast.expr | None, depth: int = 0) -> Values:
        """The sections whose model an annotation names."""
        if annotation is None or depth > 1:
            return NOTHING
        results: set[Value] = set()
        for node in ast.walk(annotation):
            if isinstance(node, ast.Name | ast.Attribute):
                name = node.attr if isinstance(node, ast.Attribute) else node.id
                results |= {Config(key) for key in self.analysis.vocabulary.models.get(name, ())}
                values = self.scope.lookup(name) if isinstance(node, ast.Name) else None
                results |= {Instance(value.scope) for value in values or () if isinstance(value, Class)}
                results |= _THINGS.get(name, NOTHING)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                results |= self._annotated(_parsed(node.value), depth + 1)
        return frozenset(results)

    def _define_class(self, node: ast.ClassDef) -> None:
        """A class: its name and its bases and, unless it is a model of the application, its body."""
        scope = self.analysis.scope(self.scope.module, node, _around(self.scope))
        here = self.expressions
        for decorator in node.decorator_list:
            here.values(decorator)
        scope.bases = frozenset().union(*map(here.values, node.bases))
        if node.name in self.analysis.vocabulary.models:  # what a model reads of itself counts for who asks it
            self._bind(node.name, ANYTHING)
            return
        self._bind(node.name, frozenset((Class(scope),)))
        Statements(self.analysis, scope).run(node.body)


_THINGS: Final[dict[str, Values]] = {
    "ConfigManager": frozenset((Thing("manager"),)),
    "ConfigWatcher": frozenset((Thing("watcher"),)),
    "EnvLoader": frozenset((Thing("loader"),)),
    "Snapshot": frozenset((Thing("snapshot"),)),
}


def _around(scope: Scope) -> Scope | None:
    """Where the scopes in `scope` look names up that they do not bind: never in a class."""
    return scope.parent if isinstance(scope.node, ast.ClassDef) else scope


@lru_cache(maxsize=4096)
def _parsed(annotation: str) -> ast.expr | None:
    try:
        return ast.parse(annotation[:300], mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None

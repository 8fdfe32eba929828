"""What an expression of a program may be, as far as settings are concerned, and where names are bound to it.

The scan does not follow the order of a program: a name is all that is ever bound to it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from synfinance_settings.reads.program import Module

_MOST_VALUES: Final = 100
_DEEPEST: Final = 20
"""How many classes one below another are looked at."""


@dataclass(frozen=True, slots=True)
class Config:
    """The settings, or the section `key` of them; with `any_case` names are read as dynaconf does."""

    key: str = ""
    any_case: bool = False


@dataclass(frozen=True, slots=True)
class Method:
    """A method of the settings or of a section."""

    config: Config
    name: str


@dataclass(frozen=True, slots=True)
class Text:
    """A text, in which ``*`` stands for what is known only at run time."""

    pattern: str

    @property
    def is_whole(self) -> bool:
        """True where all of it is known."""
        return "*" not in self.pattern


@dataclass(frozen=True, slots=True)
class Items:
    """Something that holds others."""

    inside: Values


@dataclass(frozen=True, slots=True)
class Thing:
    """Something of a library, by its name: ``manager``, ``package.get_config``, ``os.environ``, ``unknown``."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function of the program; `is_bound` where its first parameter is given already."""

    scope: Scope
    is_bound: bool = False


@dataclass(frozen=True, slots=True)
class Class:
    """A class of the program."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class Instance:
    """What a class of the program makes."""

    scope: Scope


@dataclass(frozen=True, slots=True)
class File:
    """A module of the program."""

    module: Module


Value = Config | Method | Text | Items | Thing | Function | Class | Instance | File
Values = frozenset[Value]

UNKNOWN: Final[Value] = Thing("unknown")
NOTHING: Final[Values] = frozenset()
ANYTHING: Final[Values] = frozenset((UNKNOWN,))
RETURNED: Final = "<returned>"


class Turn:
    """Whose turn it is: the module that is being read."""

    def __init__(self) -> None:
        self.module: Module | None = None


class Scope:
    """The names of a module, a class or a function, and what each is bound to.

    `readers` are the modules that have asked for one of them, in their `turn`.
    """

    def __init__(
        self, turn: Turn, module: Module, node: ast.AST, parent: Scope | None = None, owner: Scope | None = None
    ) -> None:
        self.readers: Final[set[Module | None]] = set()
        self._turn = turn
        self.module: Final = module
        self.node: Final = node
        self.parent: Final = parent
        """Where a name is looked up that is not bound here; never a class."""
        self.owner: Final = owner
        """The class whose method it is."""
        self.bases: Values = NOTHING
        nodes = list(_own(node))
        self.shared: Final = frozenset(name for inner in nodes for name in _shared(inner))
        """Names that are bound in the module although they are assigned here."""
        self.names: Final = frozenset(_bound(node, nodes)) - self.shared
        self._values: dict[str, Values] = {}
        self._wide: set[str] = set()

    def bind(self, name: str, values: Values) -> bool:
        """Let `name` be `values` too; True where that is new."""
        before = self._values.get(name, NOTHING)
        if values <= before:
            return False
        after = before | values
        if name in self._wide or len(after) > _MOST_VALUES:  # who knows; but a section is never lost
            self._wide.add(name)
            after = frozenset(value for value in after if isinstance(value, Config)) | ANYTHING
        self._values[name] = after
        return after != before

    def own(self, name: str) -> Values:
        """What `name` is bound to here."""
        self.readers.add(self._turn.module)
        return self._values.get(name, NOTHING)

    def everything(self) -> Iterator[tuple[str, Values]]:
        """All names that are bound here, with their values."""
        self.readers.add(self._turn.module)
        yield from self._values.items()

    def lookup(self, name: str) -> Values | None:
        """What `name` is here, from here or from around; None where nothing binds it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names or name in scope._values:
                return scope.own(name)
            scope.readers.add(self._turn.module)
            scope = scope.parent
        return None

    def attribute(self, name: str, depth: int = 0) -> Values:
        """What the attribute `name` of an instance of this class is, from here or from the classes above."""
        values = self.own(name)
        if values or depth > _DEEPEST:
            return values
        above = (base.scope.attribute(name, depth + 1) for base in self.bases if isinstance(base, Class))
        return frozenset().union(*above)

    def holds_settings(self, depth: int = 0) -> bool:
        """True for a class that binds an attribute to a section or the like, or whose bases do."""
        self.readers.add(self._turn.module)
        bases = [base.scope for base in self.bases if isinstance(base, Class)] if depth < _DEEPEST else []
        own = (
            matters(value) for values in self._values.values() for value in values if not isinstance(value, Instance)
        )
        return any(own) or any(base.holds_settings(depth + 1) for base in bases)

    @property
    def parameters(self) -> list[ast.arg]:
        """Those of the function that may be given by position, in their order."""
        arguments = getattr(self.node, "args", None)
        return [*arguments.posonlyargs, *arguments.args] if isinstance(arguments, ast.arguments) else []

    @property
    def decorators(self) -> set[str]:
        """The last names of what decorates the function."""
        decorators = getattr(self.node, "decorator_list", [])
        return {last_name(node.func if isinstance(node, ast.Call) else node) for node in decorators}

    @property
    def is_property(self) -> bool:
        """True for a method that is read like an attribute."""
        return any("property" in name for name in self.decorators)


def matters(value: Value) -> bool:
    """True for a value that is worth following into a call."""
    match value:
        case Config() | Text() | Method():
            return True
        case Thing(name=name):
            return name != "unknown" and not name.startswith("builtin.")
        case Items(inside=inside):
            return any(map(matters, inside))
        case Instance(scope=scope):
            return scope.holds_settings()
        case _:
            return False


def last_name(node: ast.AST) -> str:
    """``c`` of ``a.b.c``; empty for what has no name."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def _own(scope: ast.AST) -> Iterator[ast.AST]:
    """The nodes of `scope` without those of the scopes inside it, whose heads belong to it."""
    waiting: list[ast.AST] = list(ast.iter_child_nodes(scope))
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, _SCOPES):
            waiting += ast.iter_child_nodes(node)


def _shared(node: ast.AST) -> Iterable[str]:
    return node.names if isinstance(node, ast.Global | ast.Nonlocal) else ()


def _bound(scope: ast.AST, nodes: Iterable[ast.AST]) -> Iterator[str]:
    """The names that something in `scope`, whose `nodes` these are, binds."""
    arguments = getattr(scope, "args", None)
    if isinstance(arguments, ast.arguments):
        yield from (node.arg for node in ast.walk(arguments) if isinstance(node, ast.arg))
    for node in nodes:
        match node:
            case ast.Name(id=name, ctx=ast.Store() | ast.Del()):
                yield name
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ExceptHandler(name=str() as name) | ast.MatchAs(name=str() as name):
                yield name
            case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)

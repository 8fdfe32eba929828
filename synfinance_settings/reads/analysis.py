"""What is known of a program while it is read: its modules and scopes, and what settings are asked for by name or key.

The values of all names are gathered by reading modules, again where a value that one has asked for has grown, until
none has; the last pass notes what is read.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Final

from synfinance_settings.foreign import printable
from synfinance_settings.reads.findings import Findings, How, described
from synfinance_settings.reads.program import Module
from synfinance_settings.reads.values import (
    ANYTHING,
    NOTHING,
    RETURNED,
    UNKNOWN,
    Config,
    File,
    Function,
    Instance,
    Items,
    Method,
    Scope,
    Text,
    Thing,
    Turn,
    Value,
    Values,
)
from synfinance_settings.reads.vocabulary import PACKAGE, Vocabulary

_WHOLE: Final = frozenset(
    ("model_dump", "model_dump_json", "as_dict", "dict", "json", "__dict__", "__iter__", "keys", "values", "items")
)
"""Attributes of a section that read all of it."""

_LONGEST_NAME: Final = 100


class Analysis:
    """A program being read, in the words of `vocabulary`; what is found goes to `findings`."""

    def __init__(self, vocabulary: Vocabulary, modules: Iterable[Module]) -> None:
        self.vocabulary: Final = vocabulary
        self.findings: Final = Findings()
        self.waiting: Final[set[Module | None]] = set()
        """The modules that have asked for something that has grown since."""
        self.turn: Final = Turn()
        self._askers: dict[str, set[Module | None]] = {}
        self._modules: dict[tuple[str, ...], list[Module]] = {}
        self._scopes: dict[ast.AST, Scope] = {}
        self._attributes: dict[str, Values] = {}
        for module in modules:
            for start in range(len(module.path)):
                self._modules.setdefault(module.path[start:], []).append(module)

    def scope(self, module: Module, node: ast.AST, parent: Scope | None = None, owner: Scope | None = None) -> Scope:
        """The scope that `node` opens, which is made once."""
        if node not in self._scopes:
            self._scopes[node] = Scope(self.turn, module, node, parent, owner)
        return self._scopes[node]

    def bind(self, scope: Scope, name: str, values: Values) -> None:
        """Let `name` in `scope` be `values` too."""
        if name in scope.shared:
            scope = self.scope(scope.module, scope.module.tree)
        if scope.bind(name, frozenset(map(self._kept, values))):
            self.waiting.update(scope.readers)

    def _kept(self, value: Value) -> Value:
        """A value as it is remembered: a text only where it may be a key, a part of one, or a variable."""
        return UNKNOWN if isinstance(value, Text) and not self.vocabulary.may_name(value.pattern) else value

    def bind_attribute(self, name: str, values: Values) -> None:
        """Let the attribute `name` of what is not known be `values` too: ``app.state.settings``."""
        known = frozenset(value for value in values if isinstance(value, Config | Thing) and value != UNKNOWN)
        before = self._attributes.get(name, NOTHING)
        if not known <= before:
            self._attributes[name] = before | known
            self.waiting.update(self._askers.get(name, ()))

    def kept_under(self, name: str) -> Values:
        """What the attribute `name` of what is not known has been bound to."""
        self._askers.setdefault(name, set()).add(self.turn.module)
        return self._attributes.get(name, NOTHING)

    def files(self, path: tuple[str, ...], beside: Module | None = None, level: int = 0) -> list[Module]:
        """The modules of the program that an import means; with `level`, one relative to the module `beside`."""
        if level and beside is not None:
            folder = beside.path if beside.is_package else beside.path[:-1]
            path = (*folder[: len(folder) - level + 1], *path)
            return [module for module in self._modules.get(path, []) if module.path == path]
        return self._modules.get(path, [])

    def attribute(self, base: Value, name: str, module: Module, node: ast.expr) -> Values:
        """What ``base.name`` is; a read where it is a setting."""
        match base:
            case Config():
                return self.named(base, name, module, node)
            case Thing(name=thing):
                return _of_thing(thing, name, self.vocabulary.has_faces) | self.kept_under(name)
            case Instance(scope=scope):
                return self._of_instance(scope, name)
            case File(module=file):
                return self.scope(file, file.tree).own(name) or self._inside(file, name)
            case _:
                return ANYTHING

    def _inside(self, package: Module, name: str) -> Values:
        """The module `name` in `package`."""
        path = (*package.path, name)
        return frozenset(File(module) for module in self._modules.get(path, []) if module.path == path)

    def _of_instance(self, scope: Scope, name: str) -> Values:
        """What `name` is on an instance: of a property what it returns, a method bound."""
        values = scope.attribute(name)
        results: set[Value] = set()
        for value in values:
            if isinstance(value, Function) and value.scope.is_property:
                results |= value.scope.own(RETURNED)
            elif isinstance(value, Function) and value.scope.owner and "staticmethod" not in value.scope.decorators:
                results.add(Function(value.scope, is_bound=True))
            else:
                results.add(value)
        return frozenset(results)

    def named(self, config: Config, name: str, module: Module, node: ast.expr, how: How = "name") -> Values:
        """What the name `name`, a field or a dotted key, is in `config`."""
        vocabulary = self.vocabulary
        asked = name.lower() if config.any_case else name
        key = f"{config.key}.{asked}" if config.key else asked
        if key in vocabulary.catalogue.settings:
            self.findings.read(key, module, node, how)
            return ANYTHING
        if key in vocabulary.catalogue.sections:
            return frozenset((Config(key, config.any_case),))
        if how == "name" and name in _WHOLE:
            self.whole(config, module, node, f"{name} of {described(config.key)}")
        if how == "name" and (name in _WHOLE or vocabulary.has(config.key, name)):
            for through in vocabulary.through(config.key, name):
                self.findings.read(through, module, node, "property")
            return frozenset((Method(config, name),))
        return NOTHING

    def keyed(self, config: Config, texts: Values, module: Module, node: ast.expr, *, is_asked: bool = False) -> Values:
        """What `config` gives for the keys `texts`; what may be any key is reported, and so is a name that is not
        a key, unless it `is_asked`.
        """
        results: set[Value] = set()
        patterns = {text.pattern if isinstance(text, Text) else "*" for text in texts or ANYTHING}
        guessed = {pattern for pattern in patterns if "*" in pattern}
        for name in sorted(patterns - guessed):
            values = self.named(config, name, module, node, "key")
            results |= values
            if not values and not guessed and not is_asked and not name.startswith("_"):
                self.slip(config, name, module, node)
        for pattern in sorted(guessed):
            pattern = pattern.lower() if config.any_case else pattern
            keys = self.vocabulary.like(f"{config.key}.{pattern}" if config.key else pattern)
            description = f"a key made at run time, in {described(config.key)}"
            self.findings.doubt(keys, module, node, description, is_by_key=True)
        return frozenset(results) | (ANYTHING if guessed else NOTHING)

    def slip(self, config: Config, name: str, module: Module, node: ast.expr) -> None:
        """Report `name`, which is nothing in `config`; what is not a name may be anything, and is not shown."""
        key = f"{config.key}.{name}" if config.key else name
        is_name = len(key) <= _LONGEST_NAME and all(part.isidentifier() for part in key.split("."))
        meant = self.vocabulary.meant(key) if is_name else None
        text = printable(key) if is_name else f"a key in {described(config.key)}"
        self.findings.slip(text, meant, module, node)

    def whole(self, config: Config, module: Module, node: ast.expr, said: str) -> None:
        """Report that all of `config` may be read at `node`."""
        self.findings.doubt(self.vocabulary.below(config.key), module, node, said)


ROOT: Final = frozenset((Config(),))


_ATTRIBUTES: Final[dict[str, Values]] = {
    "manager.snapshot": frozenset((Thing("snapshot"),)),
    "snapshot.config": ROOT,
    "application.settings": ROOT,
    "application.manager": frozenset((Thing("manager"),)),
    "application.override": frozenset((Thing("application.override"),)),
    "view.settings": frozenset((Config(any_case=True),)),
    "os.environ": frozenset((Thing("environ"),)),
}
_OF_FACES: Final = ("package.settings", "package.get_config", "package.override", "view.settings")


def _of_thing(thing: str, name: str, has_faces: bool) -> Values:
    """The attribute `name` of a thing of a library."""
    if thing == "package" and name == "dynaconf_view":
        return frozenset((Thing("view"),))
    whole = f"{thing}.{name}"
    if whole in _OF_FACES and not has_faces:
        return ANYTHING
    if whole == "package.settings":
        return ROOT
    if thing == "package" and name.islower() and name not in ("get_config", "override"):
        return frozenset((Thing("package"),))  # a module of it
    if thing == "unknown":
        return ANYTHING
    return _ATTRIBUTES.get(whole, frozenset((Thing(whole),)))


def of_library(module: str) -> Values:
    """What the import of `module`, which is not part of the program, gives."""
    head, _, rest = module.partition(".")
    if head == PACKAGE:
        return frozenset((Thing("view" if rest == "dynaconf_view" else "package"),))
    return frozenset((Thing("os"),)) if module == "os" else ANYTHING


def contents(values: Values) -> Values:
    """What is in that which holds others."""
    inside: set[Value] = set()
    for value in values:
        inside |= value.inside if isinstance(value, Items) else ANYTHING
    return frozenset(inside)

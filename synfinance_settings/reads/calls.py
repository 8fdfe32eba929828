"""What calls give, and which settings they read: of functions of the program, of the package's faces, of builtins."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from synfinance_settings.reads.analysis import ROOT
from synfinance_settings.reads.values import (
    ANYTHING,
    NOTHING,
    RETURNED,
    UNKNOWN,
    Class,
    Config,
    Function,
    Instance,
    Items,
    Method,
    Scope,
    Text,
    Thing,
    Value,
    Values,
    last_name,
    matters,
)

if TYPE_CHECKING:
    from synfinance_settings.reads.expressions import Expressions

_GIVES: Final[dict[str, Values]] = {
    "package.get_config": ROOT,
    "package.override": ROOT,
    "application.override": ROOT,
    "package.EnvLoader": frozenset((Thing("loader"),)),
    "package.ConfigWatcher": frozenset((Thing("watcher"),)),
    "package.ConfigManager": frozenset((Thing("manager"),)),
    **{f"manager.{name}_config": ROOT for name in ("get", "load", "reload", "import")},
    "manager.rollback": ROOT,
    "watcher.trigger_reload": ROOT,
}
_VARIABLES: Final = re.compile(
    r"loader\.(get(_int|_float|_bool|_list)?|require)|os\.getenv|environ\.(get|pop|setdefault)"
)
_ASKS_ENVIRONMENT: Final = frozenset(
    f"manager.{name}" for name in ("get_environment", "is_production", "is_development")
)
_OF_ITEMS: Final = frozenset(("list", "tuple", "set", "frozenset", "sorted", "reversed", "iter", "enumerate", "zip"))
_LOOKS_NOT_INSIDE: Final = frozenset(("isinstance", "issubclass", "type", "id", "callable", "hash", "bool", "super"))
_HANDS_ON: Final = frozenset(("partial", "submit", "to_thread", "run_in_executor"))
_SHOWING: Final = re.compile("render|template|format", re.IGNORECASE)
_FIELD: Final = re.compile(r"\{(\w+)((?:\.\w+|\[[\w.]+\])+)")

Arguments = tuple[Sequence[Values], Mapping[str, Values]]


def called(here: Expressions, node: ast.Call) -> Values:
    """What the call `node` gives."""
    callees = here.values(node.func)
    arguments = here.arguments(node)
    results: set[Value] = set()
    for callee in callees:
        results |= _given(here, callee, node, arguments)
    if not callees:
        _unknown(here, node, arguments)
    return frozenset(results)


def _given(here: Expressions, callee: Value, node: ast.Call, arguments: Arguments) -> Values:
    """What a call of `callee` gives."""
    match callee:
        case Method(config=config, name=name):
            return _of_settings(here, config, name, node, arguments)
        case Function(scope=scope, is_bound=is_bound):
            _hand_in(here, scope, arguments, skipped=int(is_bound))
            return scope.own(RETURNED)
        case Class(scope=scope):
            _make(here, scope, arguments)
            return frozenset((Instance(scope),))
        case Thing(name=name):
            return _of_library(here, name, node, arguments)
        case _:
            return _unknown(here, node, arguments)


def _of_settings(here: Expressions, config: Config, name: str, node: ast.Call, arguments: Arguments) -> Values:
    """A method of the settings or of a section; those that read all of it were reported as its attributes."""
    positional, named = arguments
    if name in ("get", "__getitem__"):
        keys = positional[0] if positional else named.get("key", NOTHING)
        return here.analysis.keyed(config, keys, here.scope.module, node)
    if name in ("model_copy", "from_env"):
        return frozenset((config,))
    return frozenset((Thing("snapshot"),)) if name == "snapshot" else ANYTHING


def _hand_in(here: Expressions, scope: Scope, arguments: Arguments, skipped: int = 0) -> None:
    """Let the parameters of a function be what a call hands over."""
    positional, named = arguments
    parameters = scope.parameters[skipped:]
    for parameter, values in zip(parameters, positional, strict=False):
        here.analysis.bind(scope, parameter.arg, _followed(values))
    named_only = getattr(getattr(scope.node, "args", None), "kwonlyargs", ())
    names = {parameter.arg for parameter in (*parameters, *named_only)}
    for name, values in named.items():
        if name in names:
            here.analysis.bind(scope, name, _followed(values))


def _followed(values: Values) -> Values:
    return frozenset(value if matters(value) else UNKNOWN for value in values)


def _make(here: Expressions, scope: Scope, arguments: Arguments) -> None:
    """An instance of a class of the program: its `__init__` is called, else its fields are set in their order."""
    makers = [value.scope for value in scope.attribute("__init__") if isinstance(value, Function)]
    for maker in makers:
        _hand_in(here, maker, arguments, skipped=1)
    if not makers and isinstance(scope.node, ast.ClassDef):
        positional, named = arguments
        body = scope.node.body
        fields = [
            part.target.id for part in body if isinstance(part, ast.AnnAssign) and isinstance(part.target, ast.Name)
        ]
        for name, values in (*zip(fields, positional, strict=False), *named.items()):
            here.analysis.bind(scope, name, _followed(values))


def _of_library(here: Expressions, name: str, node: ast.Call, arguments: Arguments) -> Values:
    """A call of something of this package or of the standard library, `name`."""
    positional, named = arguments
    first = positional[0] if positional else NOTHING
    kind, _, method = name.rpartition(".")
    if kind == "builtin":
        return _builtin(here, method, node, arguments)
    if _VARIABLES.fullmatch(name):
        read_variable(here, first or named.get("key", NOTHING), node)
    elif name in ("manager.subscribe", "watcher.add_listener"):
        _listen(here, method, arguments)
    elif name in _ASKS_ENVIRONMENT:
        return here.analysis.named(Config(), "environment", here.scope.module, node) & ANYTHING
    elif name == "package.Application":
        models = here.analysis.vocabulary.models
        is_ours = bool(node.args) and "" in models.get(last_name(node.args[0]), ())
        return frozenset((Thing("application"),)) if is_ours else ANYTHING
    elif name == "package.ConfigManager" and not here.analysis.vocabulary.has_faces and not (positional or named):
        return ANYTHING
    elif name not in _GIVES:
        return _unknown(here, node, arguments)
    return _GIVES.get(name, ANYTHING)


def _builtin(here: Expressions, name: str, node: ast.Call, arguments: Arguments) -> Values:
    """A call of a builtin: `getattr` and `hasattr` ask for keys, some look at nothing inside, some hold items."""
    positional, _ = arguments
    if name in ("getattr", "hasattr") and len(positional) > 1:
        sections = [value for value in positional[0] if isinstance(value, Config)]
        is_asked = name == "hasattr" or len(positional) > 2
        module = here.scope.module
        results = [here.analysis.keyed(value, positional[1], module, node, is_asked=is_asked) for value in sections]
        return frozenset().union(*results, *positional[2:]) if sections else ANYTHING
    if name in _LOOKS_NOT_INSIDE:
        return ANYTHING
    if name in _OF_ITEMS and positional and all(isinstance(value, Items) for values in positional for value in values):
        return frozenset().union(*positional)
    return _unknown(here, node, arguments)


def _listen(here: Expressions, method: str, arguments: Arguments) -> None:
    """A function that is called when settings change: with two snapshots or sections, or with an event and its data."""
    positional, named = arguments
    functions = positional[0] if positional else named.get("callback", NOTHING)
    argument: Values = frozenset((Thing("snapshot"),))
    sections = named.get("section", NOTHING)
    if sections:
        argument = frozenset(Config(text.pattern) for text in sections if isinstance(text, Text) and text.is_whole)
        known = here.analysis.vocabulary.catalogue.sections
        argument = frozenset(value for value in argument if isinstance(value, Config) and value.key in known)
    for value in functions:
        if isinstance(value, Function):
            pair = (argument, argument) if method == "subscribe" else (ANYTHING, ROOT | ANYTHING)
            _hand_in(here, value.scope, (pair, {}), skipped=int(value.is_bound))


def _unknown(here: Expressions, node: ast.Call, arguments: Arguments) -> Values:
    """A call of something that cannot be followed: sections that it gets may be read as a whole there."""
    positional, named = arguments
    name = last_name(node.func)
    if name == "format" and (texts := _texts_before(here, node.func)):
        for text in texts:
            _formatted(here, text, node, named)
        return ANYTHING
    functions = [value for values in (*positional, *named.values()) for value in values]
    results: Values = NOTHING
    for value in functions:
        if isinstance(value, Function | Thing):
            results |= _would_give(value)
    if name in _HANDS_ON and (taker := _taker(positional)) is not None:
        function, rest = taker
        _hand_in(here, function.scope, (rest, named), skipped=int(function.is_bound))
        return results | ANYTHING
    where = f"is handed to {name}()" if name else "is handed to a call"
    for values, argument in zip(positional, node.args, strict=False):
        here.hand_over(values, argument, where)
    for keyword in node.keywords:
        values = named.get(keyword.arg or "", NOTHING)
        if keyword.arg and _is_showing(node.func, name):
            here.show(keyword.arg, values, keyword.value)
        elif keyword.arg:
            here.hand_over(values, keyword.value, where)
    return results | ANYTHING


def _is_showing(callee: ast.expr, name: str) -> bool:
    """True for what renders templates: ``render(...)``, ``TemplateResponse(...)``, ``env.globals.update(...)``."""
    is_update = name == "update" and isinstance(callee, ast.Attribute)
    return bool(_SHOWING.search(name)) or is_update


def _would_give(value: Value) -> Values:
    """What a call of `value` gives; of what is handed over to be called later, such as ``Depends(get_config)``."""
    match value:
        case Function(scope=scope):
            configs = frozenset(result for result in scope.own(RETURNED) if isinstance(result, Config))
            return configs | {value} if configs else NOTHING
        case Thing(name=name) if name in _GIVES:
            return _GIVES[name] | {value}
        case _:
            return NOTHING


def _taker(positional: Sequence[Values]) -> tuple[Function, Sequence[Values]] | None:
    """The function of the program among what is handed over, and what stands behind it."""
    for number, values in enumerate(positional):
        for value in values:
            if isinstance(value, Function):
                return value, positional[number + 1 :]
    return None


def _texts_before(here: Expressions, callee: ast.expr) -> list[str]:
    """The texts that ``...`` may be in ``....format(...)``, where all of them are known."""
    values = here.values(callee.value) if isinstance(callee, ast.Attribute) else NOTHING
    texts = [value.pattern for value in values if isinstance(value, Text) and value.is_whole]
    return texts if len(texts) == len(values) else []


def _formatted(here: Expressions, text: str, node: ast.Call, named: Mapping[str, Values]) -> None:
    """``"{settings.cart.limit}".format(settings=settings)``."""
    for name, path in _FIELD.findall(text):
        for value in named.get(name, NOTHING):
            if isinstance(value, Config):
                dotted = path.replace("[", ".").replace("]", "").strip(".")
                values = here.analysis.named(value, dotted, here.scope.module, node, "template")
                here.hand_over(values, node, "is formatted")


def read_variable(here: Expressions, names: Values, node: ast.expr) -> None:
    """A variable that sets a setting, read past the settings."""
    keys = here.analysis.vocabulary.application.variables.keys
    for text in names:
        if isinstance(text, Text) and text.pattern in keys:
            here.analysis.findings.read(keys[text.pattern], here.scope.module, node, "variable")


def class_of(value: Value) -> Scope | None:
    """The class of the program that `value` is, or is an instance of."""
    return value.scope if isinstance(value, Class | Instance) else None


def is_judge(here: Expressions, node: ast.AST) -> bool:
    """True for a function that says whether a rule is broken: what it reads is not read by the program."""
    first = min(
        (decorator.lineno for decorator in getattr(node, "decorator_list", ())), default=getattr(node, "lineno", 0)
    )
    files = here.analysis.vocabulary.judge_files.get(first)
    return files is not None and Path(here.scope.module.file).resolve() in files

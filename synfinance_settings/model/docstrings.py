"""What stands below the fields of a model in its source: the text that editors show for a field, and that describes it.

Python keeps no such text, so the source is read, once for each module and only when somebody asks: no start does.
Where there is no source, as in a bundle of bytecode or at a prompt, there is no text; a description that the field is
given in its call needs none.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ast

Texts = dict[str, str]
"""The texts of the fields of one class, by their names."""


@cache
def docstrings(model: type) -> Mapping[str, str]:
    """The text below each field of `model`, or of the class above it that declares the field, in one line."""
    found: Texts = {}
    for above in reversed(model.__mro__):
        found |= _of_module(above.__module__).get(above.__qualname__, {})
    return {name: text for name, text in found.items() if text}


@cache
def _of_module(name: str) -> dict[str, Texts]:
    """The texts of every class in the module `name`, by their qualified names."""
    import ast  # no start pays for either
    import linecache

    module = sys.modules.get(name)
    file = getattr(module, "__file__", None)
    if module is None or not file:
        return {}
    try:
        tree = ast.parse("".join(linecache.getlines(file, vars(module))))
    except SyntaxError:  # what lies there now is not what was imported
        return {}
    return dict(_classes(tree, ""))


def _classes(node: ast.AST, inside: str) -> Iterator[tuple[str, Texts]]:
    import ast

    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, ast.ClassDef):
            yield f"{inside}{inner.name}", dict(_texts(inner.body))
            yield from _classes(inner, f"{inside}{inner.name}.")
        elif isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _classes(inner, f"{inside}{inner.name}.<locals>.")
        elif isinstance(inner, ast.stmt):
            yield from _classes(inner, inside)


def _texts(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Each field with the text below it, empty where there is none: so it has none of the class above either."""
    import ast

    for field, below in pairwise([*body, ast.Pass()]):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())
            case ast.AnnAssign(target=ast.Name(id=name)), _:
                yield name, ""

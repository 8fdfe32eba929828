"""Named tuples that cost a start little: `typing.NamedTuple` compiles what is written of each field's type.

To a type checker a `Record` is one of those, and so it is to all who use it; only nobody can ask it for types that are
more than text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["Record"]

if TYPE_CHECKING:
    from typing import NamedTuple as Record
else:
    from collections import namedtuple

    class _RecordType(type):
        def __new__(cls, name, bases, space):
            """The class of the tuples, whose fields are what is annotated; of `Record` itself, that class."""
            if not bases:
                return super().__new__(cls, name, bases, space)
            fields = space.get("__annotations__", {})
            defaults = [space.pop(field) for field in fields if field in space]
            made = namedtuple(name, fields, defaults=defaults, module=space["__module__"])
            return type(name, (made,), {"__slots__": (), **space})

    class Record(metaclass=_RecordType):
        """The base of a class of named tuples, written as one of `typing.NamedTuple` is."""

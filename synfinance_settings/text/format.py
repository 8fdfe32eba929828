"""What a format of layer files is: how its text is read, spelled and changed, and what tells it apart.

Each format is a leaf beside this one, and an entry in `FORMATS` of `text/formats.py`; all that differs between formats
is said here, so that no other module asks what a file is called.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from synfinance_settings.text.node import Node, Source
from synfinance_settings.text.outline import Outlined

Written = str | None | list[str | None]
"""What a layer says of one setting: text, null, or a list of these."""

STEP: Final = "  "  # one level of a section that is written anew


class Format:
    """How one kind of text is written. The defaults are those of a text like YAML, in which sections are indented."""

    name: ClassVar[str]
    """What ``--format`` takes."""
    suffixes: ClassVar[tuple[str, ...]]
    is_layer: ClassVar[bool] = True
    """False for what does not hold sections, and so cannot be a layer file."""
    separator: ClassVar[str] = ":"
    """What stands between a key and its value."""
    before_key: ClassVar[str] = ""
    """What may stand before a key on its line, beside spaces."""
    comment: ClassVar[str | None] = None
    """What begins a comment; None where the format has no comments."""
    has_blocks: ClassVar[bool] = True
    """True where entries stand on lines of their own; False where brackets alone hold them."""
    may_end_in_comma: ClassVar[bool] = False
    """True where a comma may stand before a closing bracket."""
    nothing: ClassVar[str] = "{}\n"
    """A layer without settings; a file without content is taken for lost."""
    schema_line: ClassVar[str] = ""
    """How a new file begins beside which ``schema.json`` lies, for editors."""

    def __repr__(self) -> str:
        return f"<Format {self.name}>"

    def names(self, file: str) -> bool:
        """True where a file that is called `file` is written so."""
        return file.endswith(self.suffixes)

    def outline(self, text: str, name: str) -> Outlined:
        """Where everything stands in `text`, which messages call `name`, up to a fault that stops the reading."""
        raise NotImplementedError

    def read_simple(self, text: str, source: Source) -> Node | None:
        """The root of a text in which nothing is odd, in one step; None for any other, and where there is no such step.

        It is what the outline comes to.
        """
        return None

    def spell(self, value: Written, form: str, style: str = "") -> str:
        """`value`, whose setting has the form `form`, in one line that reads back as it.

        It keeps to the `style` of what stood there, ``'``, ``"`` or none, where it can.
        """
        raise NotImplementedError

    def write(self, data: Mapping[str, Any]) -> str:
        """Plain data, sections in sections, as the text of a file."""
        raise NotImplementedError

    def entry(self, name: str, spelled: str) -> str:
        """A key with its value as it is spelled; a section without one."""
        return f"{name}{self.separator} {spelled}".rstrip()

    def lines(
        self, parent: Sequence[str], missing: Sequence[str], spelled: str, margin: str = "", step: str = STEP
    ) -> list[str]:
        """The lines of a new setting in blocks: of its key, the last of `missing`, and of the sections before that.

        They stand inside the section `parent`, whose entries begin with `margin`.
        """
        *sections, name = missing
        opening = [f"{margin}{step * depth}{self.entry(section, '')}" for depth, section in enumerate(sections)]
        return [*opening, f"{margin}{step * len(sections)}{self.entry(name, spelled)}"]

    def layer(self, spelled: Mapping[str, str]) -> str:
        """The text of a new layer that says values, spelled already, by key; what is of one section stands together."""
        lines: list[str] = []
        before: tuple[str, ...] = ()
        for key, value in spelled.items():
            path = tuple(key.split("."))
            known = _shared(path[:-1], before)
            if lines and len(path) > 1 and not known:
                lines.append("")
            lines += self.lines(path[:known], path[known:], value, STEP * known)
            before = path[:-1]
        return "".join(f"{line}\n" for line in lines)


def items_of(value: Any) -> list[Any]:
    """The items of a value that is a list, else the value alone."""
    return value if isinstance(value, list) else [value]


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dotted keys as sections within sections."""
    tree: dict[str, Any] = {}
    for key, value in values.items():
        *path, name = key.split(".")
        branch = tree
        for part in path:
            branch = branch.setdefault(part, {})
        branch[name] = value
    return tree


def _shared(some: Sequence[str], others: Sequence[str]) -> int:
    """How many names two paths begin with alike."""
    pairs = enumerate(zip(some, others, strict=False))
    return next((number for number, (one, other) in pairs if one != other), min(len(some), len(others)))

r"""``.env`` as assignments with places: the only door to python-dotenv.

Its parser finds the names, the quotes and the ends of values; what is inside a value is read here, since its
interpolation is not ours
(docs/why.md):

    NAME=text # note    up to a # after a space; spaces at the ends dropped; a backslash is a backslash
    NAME='text'         nothing is expanded; \' is a quote
    NAME="text"         expanded; \n \t \" \\ \$ are escapes
    NAME                sets nothing
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from itertools import islice
from pathlib import PurePath
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.lean import lean_import
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record
from synfinance_settings.text import bounds
from synfinance_settings.text.bounds import EXPANDED_CHARACTERS
from synfinance_settings.text.expansion import (
    DOLLAR,
    InheritedFault,
    Lend,
    ReferenceFault,
    Scope,
    expand,
    may_name_setting,
)
from synfinance_settings.text.format import Format, Written
from synfinance_settings.text.node import Pending

if TYPE_CHECKING:
    from types import ModuleType

_HEAD: Final = pattern(r"(?P<blank>\s*)(?:export[^\S\r\n]+)?(?:'[^']+'|[^=\#\s]+)[^\S\r\n]*=(?P<gap>[^\S\r\n]*)")
_DOUBLE: Final = pattern(r'"((?:\\.|[^"\\])*)"', re.DOTALL)
_SINGLE: Final = pattern(r"'((?:\\.|[^'\\])*)'", re.DOTALL)
_COMMENT: Final = pattern(r"(?<=\s)#.*", re.DOTALL)
_PAIR: Final = pattern(r"\\(.)", re.DOTALL)
_PLAIN: Final = pattern(
    r"""(?:(?:export[ \t]+)?
            ([A-Za-z_]\w*)=(?:([\w./:,;@%+*?!&|<>()\[\]{}~^=-]*)|"([^"\\$\r\n]*)"|'([^'\\\r\n]*)')
            (?:[ \t]+(?:\#[^\r\n]*)?)?
          |\#[^\r\n]*
        )?(?:\n|\Z)""",
    re.ASCII | re.VERBOSE,
)  # what is read in one step: most lines; any other takes python-dotenv a dozen
_IDLE: Final = pattern(r"\s*#[^\S\r\n]*([A-Za-z_]\w*)=", re.ASCII)
_MENDS: Final = (
    (pattern(r"\s*(?:export\s+)?\w+\s*:"), "write = instead of : after the name"),
    (pattern(r"\s*(?:set|setenv|SET|\$env:|-)\s*\w+\s*="), "remove what stands before the name"),
    (pattern(r"\s*(?:export\s+)?\w+\s+[^\s=]"), "put = between the name and its value"),
    (
        pattern(r"\s*(?:export\s+)?\w+\s*=\s*['\"]"),
        "close the quote that opens here; after a backslash a quote is text",
    ),
)
_NO_PROBLEM: Final = Problem("invalid", "")
_BLANK_RUN: Final = pattern(r"[^\S\r\n]{200}")  # python-dotenv's search for a comment is quadratic in spaces


IsSecret = Callable[[str], "bool | None"]
"""Whether a variable sets a secret; None for a name that is not ours, which may itself be a secret."""


class Dotenv(Format):
    """``.env`` as it is written: names of variables, no sections, so that no layer file can be one."""

    name = "env"
    suffixes = (".env",)
    is_layer = False
    separator = "="
    comment = "#"

    def names(self, file: str) -> bool:
        """True for ``.env`` and ``.env.local`` as well."""
        return file.endswith(self.suffixes) or PurePath(file).name.startswith(".env")

    def spell(self, value: Written, form: str, style: str = "") -> str:
        """`value` bare where it is plain, else in double quotes with escapes; a list as a JSON array."""
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value or ""
        if all(character.isalnum() or character in "_-./:,+@%*" for character in text):
            return text if text or value is None else '""'
        for plain_text, escape in (("\\", "\\\\"), ('"', '\\"'), ("$", "\\$"), ("\n", "\\n"), ("\t", "\\t")):
            text = text.replace(plain_text, escape)
        return f'"{text}"'

    def entry(self, name: str, spelled: str) -> str:
        """An assignment."""
        return f"{name}={spelled}"


DOTENV: Final = Dotenv()


class DotEnv(Record):
    """A parsed ``.env``: what its names are set to, and the faults of its broken lines.

    A value is text, or the problem that its use would meet. `pending` are the lines that refer to settings, which a
    setting alone can.
    """

    name: str
    values: Mapping[str, str | Problem] = MappingProxyType({})
    lines: Mapping[str, int] = MappingProxyType({})
    problems: tuple[Problem, ...] = ()
    pending: Mapping[str, Pending] = MappingProxyType({})

    def __repr__(self) -> str:  # never the values: they may be secrets
        return f"<DotEnv {self.name}>"


def read_dotenv(
    text: str,
    name: str,
    environ: Mapping[str, str],
    lend: Lend = lambda wanted: None,
    is_secret: IsSecret = lambda variable: None,
) -> DotEnv:
    """Parse `text`, which messages call `name`; references ask `environ` first, then the lines above, then `lend`.

    What a fault tells of a line is what `is_secret` lets it.
    """
    nul = text.find("\0")
    if nul >= 0:  # what a power cut leaves in place of a text that was being written
        line, column = text.count("\n", 0, nul) + 1, nul - text.rfind("\n", 0, nul)
        return DotEnv(name, problems=(Problem("syntax", "a NUL character", origin=Origin(name, line, column)),))
    long_run = _BLANK_RUN.search(text)
    if long_run:
        line = text.count("\n", 0, long_run.start()) + 1
        return DotEnv(name, problems=(Problem("syntax", "200 spaces in a row", origin=Origin(name, line)),))
    bindings = list(islice(_bindings(text), bounds.NODES + 1))
    if len(bindings) > bounds.NODES:
        return DotEnv(name, problems=(bounds.too_many_nodes(Origin(name, bindings[-1].line)),))
    names = {binding.key for binding in bindings}
    values: dict[str, str | Problem] = {}
    lines: dict[str, int] = {}
    problems: list[Problem] = []
    pending: dict[str, Pending] = {}
    scope = Scope(environ, values, lambda wanted: None if wanted in names else lend(wanted))
    for binding in bindings:
        written, line = binding.written, binding.line
        if not written:
            values[str(binding.key)] = str(binding.value)
            lines[str(binding.key)] = line
            pending.pop(str(binding.key), None)
            continue
        line += _line_breaks(written[: len(written) - len(written.lstrip())])
        if binding.is_broken or ":" in (binding.key or ""):  # a name that nobody means, and nothing would be set
            problems.append(
                Problem("syntax", "a line that cannot be parsed", origin=Origin(name, line), hint=_mend(written))
            )
        elif binding.key is not None and binding.value is not None:
            value = _value(binding, line, name, scope, is_secret)
            pending.pop(binding.key, None)
            if isinstance(value, Pending):
                pending[binding.key] = value
                value = value.problem
            if isinstance(value, str) and len(value) > EXPANDED_CHARACTERS:
                value = Problem("too-long", f"over {EXPANDED_CHARACTERS:,} characters", origin=Origin(name, line))
            values[binding.key] = value
            lines[binding.key] = line
    return DotEnv(name, values, lines, tuple(problems), pending)


class Assignment(Record):
    """One assignment in the text of a ``.env``, from `start` to before `end`; `name` stands at `at`, on `line`.

    One that is commented out, as in a template, has no `value`.
    """

    name: str
    at: int
    line: int
    start: int
    end: int
    value: str | None

    def __repr__(self) -> str:  # never the value: it may be a secret
        return f"<Assignment to {self.name!r} in line {self.line}>"


def assignments(text: str) -> Iterator[Assignment]:
    """What `text` assigns, and what it has commented out, in its order; broken lines are passed over."""
    parser = _parser()
    reader = parser.Reader(io.StringIO(text))
    while reader.has_next():
        start = reader.position.chars
        binding = parser.parse_binding(reader)
        written = text[start : reader.position.chars]
        idle = _IDLE.match(written) if binding.key is None else None
        name = idle[1] if idle else binding.key
        if name and (idle or binding.value is not None) and not binding.error:
            at = start + written.index(name)
            yield Assignment(name, at, text.count("\n", 0, at) + 1, start, reader.position.chars, binding.value)


def _mend(written: str) -> str:
    """What most likely mends a broken line."""
    return next(
        (mend for sign, mend in _MENDS if sign.match(written)), "a line must be NAME=value, with every quote closed"
    )


class _Binding(Record):
    """What a line assigns, as python-dotenv has it, and how it is `written`; of a plain line, whose value is what it
    says, that is empty.
    """

    key: str | None
    value: str | None
    written: str
    line: int
    is_broken: bool = False

    def __repr__(self) -> str:  # never the value: it may be a secret
        return f"<Binding of {self.key!r} in line {self.line}>"


def _bindings(text: str) -> Iterator[_Binding]:
    """What `text` assigns, line by line."""
    at, line = 0, 1
    reader: Any = None
    while at < len(text):
        plain = _PLAIN.match(text, at)
        if plain is not None:
            if plain[1]:
                yield _Binding(plain[1], plain[plain.lastindex or 0], "", line)
            at, line = plain.end(), line + 1
            continue
        reader = reader or _parser().Reader(io.StringIO(text))
        position = reader.position
        position.chars, position.line = at, line
        binding = _parser().parse_binding(reader)
        yield _Binding(binding.key, binding.value, binding.original.string, binding.original.line, binding.error)
        at, line = position.chars, position.line


@cache
def _parser() -> ModuleType:
    """python-dotenv's parser; many a `.env` has plain lines alone, or is not there."""
    with lean_import(unused=["dotenv"]):
        from dotenv import parser
    return parser


def _value(binding: _Binding, line: int, name: str, scope: Scope, is_secret: IsSecret) -> str | Problem | Pending:
    """What a line sets its name to: expanded text, the problem of using it, or text that waits for other settings."""
    written = binding.written
    head = _HEAD.match(written)
    assert head, "python-dotenv took this line for an assignment"
    rest = written[head.end() :]
    double = _DOUBLE.match(rest)
    if single := _SINGLE.match(rest):
        return _PAIR.sub(lambda pair: "'" if pair[1] == "'" else pair[0], single[1])
    if double:
        body, at = double[1], head.end() + 1
    else:
        body, at = _COMMENT.sub("", head["gap"] + rest).strip(), head.end()
    if "$" not in body and not double:
        return body
    try:
        return expand(body, scope, escapes=bool(double))
    except InheritedFault as inherited:
        return inherited.problem
    except ReferenceFault as error:
        fault = error
    before = written[len(head["blank"]) : at]
    pending = Pending(body, _NO_PROBLEM, bool(double), scope.named(body), name, line, before)
    variable = binding.key or ""
    problem = _fault(variable, is_secret(variable), body, fault, pending.place(fault.offset))
    return pending._replace(problem=problem) if may_name_setting(body) else problem


def _fault(variable: str, is_secret: bool | None, body: str, fault: ReferenceFault, origin: Origin) -> Problem:
    """What is wrong with the value `body` of a line; of one that is not ours not even the name is told."""
    message = fault.said(body, is_public=is_secret is False)
    hint = DOLLAR if message == fault.message else None
    text = message if is_secret is None else f"{variable}: {message}"
    return Problem(fault.code, text, origin=origin, hint=hint)


def _line_breaks(text: str) -> int:
    return len(re.findall(r"\r\n|\n|\r", text))

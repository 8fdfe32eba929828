"""References in text: ``$VAR``, ``${VAR}``, ``${VAR:-default}`` and their kin, in one place for layers and callers.

    $VAR  ${VAR}        the value; an error where VAR is set nowhere
    ${VAR:-default}     the default where VAR is unset or empty
    ${VAR-default}      the default where VAR is unset
    ${VAR:?message}     an error with the message where VAR is unset or empty
    ${VAR:+other}       the other where VAR is set and not empty, else nothing
    ${section.field}    the final value of another setting, with the same operators; null counts as unset
    $$                  a dollar

Defaults and others are expanded, to any depth, when they are used; what is inserted is never expanded a second time
(POSIX shell, 2.6.2, without its quoting). Nothing here keeps or shows a value, and what stands behind a dollar may be
part of one: a fault tells it only to those who may see the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from typing import Final, TypeVar

from synfinance_settings.errors import Problem, printable
from synfinance_settings.pattern import pattern
from synfinance_settings.record import Record
from synfinance_settings.text import bounds

Lend = Callable[[str], "str | None"]
"""A value for a name that is set nowhere and has no default; None where there is none to lend."""

_NAME: Final = "[A-Za-z_][A-Za-z0-9_]*"
_SETTING: Final = rf"{_NAME}(?:\.{_NAME})+"
_TOKEN: Final = pattern(
    rf"\$\$|\$\{{(?P<braced>{_NAME}(?:\.{_NAME})*)(?P<then>\}}|:-|:\?|:\+|-)|\$(?P<bare>{_NAME})|(?P<bad>\$\{{)|(?P<close>\}})"
)
_TOKEN_OR_ESCAPE: Final = pattern(_TOKEN.pattern + r"|(?P<escape>\\[nt\"\\$])")
_ESCAPES: Final = {"\\n": "\n", "\\t": "\t", '\\"': '"', "\\\\": "\\", "\\$": "$"}


_PLAIN_NAME: Final = pattern("[A-Z_][A-Z0-9_]*")
_SENTENCE: Final = pattern("[A-Za-z]{1,15}(?: [A-Za-z]{1,15})+")
_REFERENCE: Final = pattern(rf"\$(?:\{{(?:{_SETTING}|{_NAME})\}}|{_NAME})")
_BRACED: Final = pattern(rf"\$\{{(?:{_SETTING}|{_NAME})\}}")
_TO_SETTING: Final = pattern(rf"\$\{{({_SETTING})\}}")
_ANY_NAME: Final = pattern(_NAME)
_SOME_SETTING: Final = pattern(rf"\$\{{{_SETTING}")
_PLAIN: Final = pattern(rf"\$\{{{_PLAIN_NAME.pattern}(?::\?(?:{_SENTENCE.pattern})?)?\}}")

DOLLAR: Final = "write $$ for a literal dollar"
"""What helps where a text was taken for a reference and is not one."""


def is_reference(text: str) -> bool:
    """True for a text that is one reference and nothing else."""
    return bool(_REFERENCE.fullmatch(text))


def is_braced(text: str) -> bool:
    """True for one reference in braces and nothing else: nobody writes a password so."""
    return bool(_BRACED.fullmatch(text))


def is_plain(text: str) -> bool:
    """True for one reference that may be shown, whatever field it stands in: a name in capitals, in braces, and at most
    a sentence of words behind ``:?``.
    """
    return bool(_PLAIN.fullmatch(text))


def setting_of(text: str) -> str | None:
    """The key in a text that is one reference ``${section.field}`` and nothing else."""
    match = _TO_SETTING.fullmatch(text)
    return match[1] if match else None


def may_name_setting(text: str) -> bool:
    """False for a text that certainly does not refer to a setting."""
    return "${" in text and bool(_SOME_SETTING.search(text))


class ReferenceFault(Exception):
    """A reference that cannot be expanded: a problem's code, what is wrong, and the offset of its ``$``.

    `message` holds nothing of the text; `told` names what stands behind the dollar, for those who may see the text.
    `setting` is what was taken for the key of a setting and is not one.
    """

    def __init__(
        self, code: str, message: str, offset: int, told: str | None = None, setting: str | None = None
    ) -> None:
        super().__init__(code, message, offset)
        self.setting = setting
        self.code = code
        self.message = message
        self.offset = offset
        self.told = told or message

    def said(self, text: str, *, is_public: bool) -> str:
        """What may be told of a fault in `text`: all of it where the text is public, or is a plain reference."""
        return self.told if is_public or is_plain(text) else self.message


class UnsetNameFault(ReferenceFault):
    """A reference to a name that is set nowhere; `is_plain` where name and operand may be shown wherever they stand."""

    def __init__(self, name: str, offset: int, *, braced: bool, operand: str | None = None) -> None:
        is_setting = "." in name  # it exists, or it would not be null
        missing = "null" if is_setting else "not set anywhere"
        fault = f"{printable(name)} is {missing if operand is None else 'required'}"
        told = f"{fault}: {printable(operand)}" if operand else fault
        code = "null-reference" if is_setting else "unset-variable"
        super().__init__(code, f"a name after a dollar is {missing}", offset, told)
        has_sentence = not operand or _SENTENCE.fullmatch(operand) is not None
        self.is_plain = braced and _PLAIN_NAME.fullmatch(name) is not None and has_sentence


class _Operand:
    """An open ``${VAR<operator>``: whether its operand counts, and what stands instead where it does not."""

    def __init__(self, start: int, text_from: int, instead: str) -> None:
        self.start = start
        self.text_from = text_from
        self.used = False
        self.instead = instead
        self.missing: str | None = None


class InheritedFault(Exception):
    """A reference to a line of ``.env`` whose own value could not be expanded: that line's problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem)
        self.problem = problem


class AtFaultElsewhere(Exception):
    """A reference to a setting whose own value is at fault, which is told there."""


class Wanted(Record):
    """A reference to a setting: its key, and whether what it comes to is used."""

    key: str
    is_used: bool


Answer = str | None | ReferenceFault | AtFaultElsewhere
"""The final value of a setting as text, None for null; or why it cannot be had."""

_T = TypeVar("_T")
Steps = Generator[Wanted, Answer, _T]
"""Work that stops at each setting that it refers to, and goes on with the answer."""


class Scope:
    """Where names are looked up: the process environment, then the lines of ``.env``.

    `lend` may give a value to a name that is set in neither. One scope serves one load, and bounds how much all its
    references insert together.
    """

    def __init__(
        self, environ: Mapping[str, str], lines: Mapping[str, str | Problem], lend: Lend = lambda name: None
    ) -> None:
        self._environ = environ
        self._lines = lines
        self.lend = lend
        self._left = [bounds.INSERTED_CHARACTERS]

    def named(self, text: str) -> dict[str, str | Problem]:
        """What the lines say now of the names in `text`."""
        return {name: self._lines[name] for name in _ANY_NAME.findall(text) if name in self._lines}

    def over(self, lines: Mapping[str, str | Problem]) -> Scope:
        """The same with other `lines`; what both insert is counted together."""
        scope = Scope(self._environ, lines, self.lend)
        scope._left = self._left
        return scope

    def find(self, name: str) -> str | None:
        """The value of `name`, None where it is set nowhere; raises `InheritedFault` or `ReferenceFault`."""
        value: str | Problem | None = self._environ.get(name)
        if value is None:
            value = self._lines.get(name)
        if isinstance(value, Problem):
            raise InheritedFault(value)
        return self.spend(value)

    def spend(self, value: str | None) -> str | None:
        """`value`, counted to what is inserted; raises `ReferenceFault` where that is too much."""
        self._left[0] -= len(value or "")
        if self._left[0] < 0:
            raise ReferenceFault("too-long", f"over {bounds.INSERTED_CHARACTERS:,} characters inserted in all", 0)
        return value


def expand(text: str, scope: Scope, *, escapes: bool = False) -> str:
    """`expansion` where no setting can be referred to."""
    return without_settings(expansion(text, scope, escapes=escapes))


def without_settings(steps: Steps[_T]) -> _T:
    """What `steps` come to where no setting can be referred to."""
    answer: Answer = None
    while True:
        try:
            steps.send(answer)
        except StopIteration as done:
            return done.value  # type: ignore[no-any-return]
        answer = ReferenceFault(
            "bad-reference", "a name after a dollar is that of a setting, which cannot be used here", 0
        )


def expansion(text: str, scope: Scope, *, escapes: bool = False) -> Steps[str]:
    r"""`text` with its references replaced; with `escapes`, ``\n \t \" \\ \$`` too. Raises `ReferenceFault`."""
    parts: list[str] = []
    stack: list[_Operand] = []
    size = position = 0

    def add(piece: str, offset: int) -> None:
        nonlocal size
        if not stack or stack[-1].used:
            size += len(piece)
            if size > bounds.EXPANDED_CHARACTERS:
                raise ReferenceFault(
                    "too-long", f"over {bounds.EXPANDED_CHARACTERS:,} characters after expansion", offset
                )
            parts.append(piece)

    for token in (_TOKEN_OR_ESCAPE if escapes else _TOKEN).finditer(text):
        at = token.start()
        if at > position:
            add(text[position:at], position)
        position = token.end()
        kind = token.lastgroup
        if kind is None:
            add("$", at)
        elif kind == "escape":
            add(_ESCAPES[token[0]], at)
        elif kind == "close":
            if not stack:
                add("}", at)
                continue
            done = stack.pop()
            if done.missing is not None:
                raise UnsetNameFault(done.missing, done.start, braced=True, operand=text[done.text_from : at])
            if not done.used:
                add(done.instead, at)
        elif kind == "bad":
            raise ReferenceFault(
                "bad-reference", "${ must be followed by a name, and then by } or one of :- - :? :+", at
            )
        else:
            name, is_used = token["bare"] or token["braced"], not stack or stack[-1].used
            if "." in name:
                answer = _had((yield Wanted(name, is_used)), at)
                value = scope.spend(answer) if is_used else ""
            else:
                value = scope.find(name) if is_used else ""
                if value is None and token["then"] in (None, "}", ":?"):
                    value = scope.lend(name)
            _reference(token, value, stack, add)
    add(text[position:], position)
    if stack:
        raise ReferenceFault("bad-reference", "${ is not closed by }", stack[-1].start)
    return "".join(parts)


def _had(answer: Answer, at: int) -> str | None:
    """The value of a setting; raises what kept it, a fault at the reference."""
    if isinstance(answer, ReferenceFault):
        raise ReferenceFault(answer.code, answer.message, at, answer.told, answer.setting)
    if isinstance(answer, AtFaultElsewhere):
        raise answer
    return answer


def _reference(token: re.Match[str], value: str | None, stack: list[_Operand], add: Callable[[str, int], None]) -> None:
    """One ``$VAR`` or ``${VAR``: its `value` is added, or an operand is opened."""
    at, name, then = token.start(), token["bare"] or token["braced"], token["then"]
    wanted = not stack or stack[-1].used
    if then in (None, "}"):
        if value is None:
            raise UnsetNameFault(name, at, braced=then is not None)
        add(value, at)
        return
    operand = _Operand(at, token.end(), value or "")
    if not wanted:
        pass
    elif then == ":-":
        operand.used = not value
    elif then == "-":
        operand.used = value is None
    elif then == ":+":
        operand.used, operand.instead = bool(value), ""
    elif not value:
        operand.missing = name
    stack.append(operand)

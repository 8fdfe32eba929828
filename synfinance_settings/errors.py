"""What can go wrong with settings, as data that names the place and the mend.

    SettingsError               the root: catch it when any fault of the settings is handled alike
    ├── LayerError              a layer cannot be read: missing, unreadable, not UTF-8, syntax, bounds
    │   └── RemoteError         the shared store cannot be reached, or holds what it should not
    ├── InvalidSettingsError    values do not fit, or faults of several kinds were found in one run
    │   ├── UnknownKeyError     keys or variables that are not settings
    │   └── EnvironmentNameError    the environment's name is not known
    ├── ExpansionError          a ``${...}`` reference is malformed or names nothing
    ├── VariableError           a variable asked for through EnvLoader is missing or of another type
    ├── EditError               a change of a layer file is refused, and nothing was written
    ├── RollbackError           there is nothing to go back to
    ├── HistoryError            the store of accepted versions cannot be used
    └── WatchError              a watch cannot start

Every error carries its `Problem`s. None of them ever holds the value of a secret, so an error may be
logged, printed, pickled and shown to anybody who may see the names of the settings. Nor does one hold a character that
is not printable (`foreign`), whoever wrote it: the types below escape what they are given.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal, ParamSpec, TypeVar

from synfinance_settings.foreign import is_printable
from synfinance_settings.foreign import printable as printable
from synfinance_settings.record import Record

MASK: Final = "**********"
"""How a secret is written wherever nobody asked for its value."""

NOT_SET: Final = "not set"
"""How a secret that is null, empty text or an empty list is told to people: there is nothing to mask."""

Severity = Literal["error", "warning"]


MOST_TOLD: Final = 100
"""How many problems an error or a report holds at most; one more says how many others there are."""


def counted(number: int, noun: str) -> str:
    """``1 warning``, ``2 warnings``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


class Origin(Record):
    """Where a value was written: ``settings/default.yaml:14:7``, ``.env:6``, ``env NAME``, ``default``.

    `line` and `column` count from 1; both are None where the source has no lines. `taken` are the
    keys and places of the settings that the value refers to, as in ``settings/default.yaml:14:7, with cart.limit from
    .env:6``.
    """

    source: str
    line: int | None = None
    column: int | None = None
    taken: tuple[tuple[str, Origin], ...] = ()

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (printable(self.source), self.line, self.column) if part is not None)
        taken = ", ".join(f"{key} from {origin}" for key, origin in self.taken)
        return f"{place}, with {taken}" if taken else place


DEFAULT: Final = Origin("default")
"""The origin of a value that no layer gives: the section models' own default."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One value of a key as one layer writes it; a secret's value is the mask."""

    value: str
    origin: Origin

    def __post_init__(self) -> None:
        _escape(self, "value")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A source line with the spans of secrets masked, and the span in it that is meant (from 1)."""

    line: int
    text: str
    column: int
    width: int

    def __post_init__(self) -> None:
        if not is_printable(self.text):
            start, end = self.column - 1, self.column - 1 + self.width
            before, meant, after = (
                printable(part, None) for part in (self.text[:start], self.text[start:end], self.text[end:])
            )
            object.__setattr__(self, "column", len(before) + 1)
            object.__setattr__(self, "width", self.width + len(meant) - len(self.text[start:end]))
            object.__setattr__(self, "text", before + meant + after)


@dataclass(frozen=True, slots=True)
class Problem:
    """One fault: what is wrong, where it stands, what it hides and how to mend it.

    `code` is one of `CODES`, or the id of a rule of the environment (`sections/rules.py`); both are stable.
    """

    code: str
    message: str
    key: str | None = None
    origin: Origin | None = None
    overrides: Occurrence | None = None
    hint: str | None = None
    severity: Severity = "error"
    excerpt: Excerpt | None = None
    others: int = 0
    """How many problems this one stands for that are not told; 0 for a problem of its own."""
    waived: str | None = None
    """Until when, why and where a warning is accepted; None for one that is not."""

    def __post_init__(self) -> None:
        _escape(self, "code", "message", "key", "hint", "waived")

    def lines(self, note: str | None = None) -> Iterator[tuple[str, str]]:
        """The lines of the report, each with the part it plays: head, place, source, caret or note.

        `note` is a last one of whoever reports.
        """
        yield "head", f"{'waived' if self.waived else self.severity}[{self.code}]: {self.message}"
        margin = " " * (len(str(self.excerpt.line)) + 2) if self.excerpt else "   "
        if self.origin:
            yield "place", f"  --> {self.origin}"
        if self.excerpt:
            yield "source", f"{margin}|"
            yield "source", f" {self.excerpt.line} | {self.excerpt.text}"
            yield "caret", f"{margin}| {' ' * (self.excerpt.column - 1)}{'^' * self.excerpt.width}"
        if self.overrides:
            yield "note", f"{margin}= overrides {self.overrides.value} from {self.overrides.origin}"
        if self.hint and not self.waived:
            yield "note", f"{margin}= help: {self.hint}"
        if self.waived:
            yield "note", f"{margin}= waived {self.waived}"
        if note:
            yield "note", f"{margin}= {printable(note, None)}"

    def __str__(self) -> str:
        return "\n".join(text for _, text in self.lines())

    def as_dict(self) -> dict[str, Any]:
        """The problem as plain data, for scripts; places are texts."""
        data = asdict(self)
        if not self.others:
            del data["others"]
        if self.waived is None:
            del data["waived"]
        data["origin"] = str(self.origin) if self.origin else None
        if self.overrides:
            data["overrides"] = {"value": self.overrides.value, "origin": str(self.overrides.origin)}
        return data


def _escape(target: object, *fields: str) -> None:
    """Escape what is not printable in the text `fields` of something frozen."""
    for name in fields:
        text = getattr(target, name)
        if text is not None and not is_printable(text):
            object.__setattr__(target, name, printable(text, None))


def told(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The first `MOST_TOLD` of `problems`, and one that counts the others, where there are any."""
    faults = tuple(problems)
    if len(faults) <= MOST_TOLD:
        return faults
    own = [problem for problem in faults if not problem.others]
    others = number_of(faults) - min(len(own), MOST_TOLD)
    if not others:
        return tuple(own)
    severity: Severity = "error" if any(problem.severity == "error" for problem in faults[MOST_TOLD:]) else "warning"
    rest = Problem("and-others", f"and {others:,} more", hint="fix these first", severity=severity, others=others)
    return (*own[:MOST_TOLD], rest)


def number_of(problems: Iterable[Problem]) -> int:
    """How many problems there are, those that are only counted too."""
    return sum(problem.others or 1 for problem in problems)


class SettingsError(Exception):
    """Settings cannot be used as they stand; `problems` says why, up to a hundred at once and how many others."""

    default_code = "invalid"

    def __init__(self, problems: Problem | Iterable[Problem] | str) -> None:
        if isinstance(problems, str):
            problems = Problem(code=self.default_code, message=problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else told(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        texts = "\n".join(map(str, self.problems))
        return texts if len(self.problems) == 1 else f"{number_of(self.problems):,} problems\n{texts}"

    def errors(self) -> list[dict[str, Any]]:
        """The problems as plain data."""
        return [problem.as_dict() for problem in self.problems]

    @classmethod
    def covers(cls, problem: Problem) -> bool:
        """True when an error of `problem` alone would be of this class."""
        return issubclass(CODES.get(problem.code, (InvalidSettingsError, ""))[0], cls)

    @classmethod
    def of(cls, problems: Iterable[Problem]) -> SettingsError:
        """The error for `problems`: of their common class, `InvalidSettingsError` where they differ."""
        faults = tuple(problems)
        kinds = {CODES.get(problem.code, (InvalidSettingsError, ""))[0] for problem in faults if not problem.others}
        return (kinds.pop() if len(kinds) == 1 else InvalidSettingsError)(faults)


_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")


def door(function: Callable[_Parameters, _Result]) -> Callable[_Parameters, _Result]:
    """Let a `SettingsError` leave `function` with one frame of this package in its traceback: what happened inside says
    nothing about the layers, and would stand above the report. Whatever else leaves it keeps its frames, without their
    locals.
    """

    @functools.wraps(function)
    def enter(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> _Result:
        try:
            return function(*args, **kwargs)
        except SettingsError as error:
            failure = error
        except BaseException as error:
            forget(error)
            del args, kwargs
            raise
        forget(failure)
        try:
            raise failure.with_traceback(None)
        finally:
            del failure, args, kwargs  # a traceback shows locals, and these may hold secrets

    return enter


def forget(error: BaseException) -> None:
    """Clear the locals of every frame that `error`, or what lies behind it, came through and that has ended.

    They hold layers and secrets, and tracebacks with locals are printed, logged and sent.
    """
    from traceback import clear_frames  # only failures pay

    ids: set[int] = set()
    errors: list[BaseException | None] = [error]
    while errors:
        behind = errors.pop()
        if behind is not None and id(behind) not in ids:
            ids.add(id(behind))
            clear_frames(behind.__traceback__)
            errors += [behind.__cause__, behind.__context__]


class LayerError(SettingsError):
    """A layer cannot be read; mend or restore the file that it names."""

    default_code = "unreadable"


class RemoteError(LayerError):
    """The shared store cannot be read or written; what was read from it before stays in force."""

    default_code = "unreachable"


class InvalidSettingsError(SettingsError):
    """Values do not fit their fields, the fields one another, or the environment's rules."""


class UnknownKeyError(InvalidSettingsError):
    """A layer or a variable names something that is not a setting; usually a slip of the pen."""

    default_code = "unknown-key"


class EnvironmentNameError(InvalidSettingsError):
    """The environment's name is not known, or a layer says that it is for another one."""

    default_code = "unknown-environment"


class ExpansionError(SettingsError):
    """A ``${...}`` reference is malformed, names nothing, or grows past its bound."""

    default_code = "bad-reference"


class VariableError(SettingsError, ValueError):
    """A variable asked for through `EnvLoader` is missing, or is not of the type asked for; a `ValueError` as well.

    No other error here is one, since validators of Pydantic swallow those.
    """

    default_code = "missing-variable"


class EditError(SettingsError):
    """A change of a layer file is refused; nothing was written, and the message says what to do instead."""

    default_code = "refused-edit"


class RollbackError(SettingsError):
    """There is no earlier snapshot or version to go back to."""

    default_code = "no-such-version"


class HistoryError(SettingsError):
    """The store of accepted versions cannot be read or written; the settings themselves are not concerned."""

    default_code = "no-history"


class WatchError(SettingsError):
    """A watch cannot start."""

    default_code = "no-watch"


CODES: Final[dict[str, tuple[type[SettingsError], str]]] = {
    "missing-layer": (LayerError, "a required file or folder is missing"),
    "no-such-file": (LayerError, "a file or folder that an argument or a variable names does not exist"),
    "two-files": (LayerError, "one layer is written in two files"),
    "unreadable": (LayerError, "a file cannot be opened, or is not a regular file"),
    "untrusted": (LayerError, "a file that was found, not named, could have been written by others"),
    "unwritable": (LayerError, "a file cannot be written"),
    "no-memory": (LayerError, "there is not enough memory to load the layers"),
    "too-large": (LayerError, "a file is larger than 1 MiB"),
    "not-utf8": (LayerError, "a file or a variable is not UTF-8 text"),
    "syntax": (LayerError, "a file does not parse"),
    "duplicate-key": (LayerError, "a mapping gives one key twice"),
    "bad-key": (LayerError, "a key is not text, or is the merge key <<"),
    "bad-tag": (LayerError, "a YAML tag other than the core ones"),
    "second-document": (LayerError, "a YAML file holds a second document"),
    "not-a-mapping": (LayerError, "the root of a file, or a section, is not a mapping"),
    "too-deep": (LayerError, "a file nests deeper than 40 levels"),
    "too-many-nodes": (
        LayerError,
        "a file holds more than 200,000 nodes, or too much text, counting aliases at each use",
    ),
    "bad-alias": (LayerError, "an alias refers to no anchor, or a value contains itself"),
    "became-empty": (
        LayerError,
        "a layer that had content is empty or gone at a reload, or .env has zero bytes at a start",
    ),
    "unreachable": (RemoteError, "the shared store cannot be reached, or does not answer in time"),
    "bad-store": (RemoteError, "the shared store holds what no settings are, too much of it, or is no Redis"),
    "old-revision": (RemoteError, "the shared store went back behind a revision that was read before"),
    "changed-meanwhile": (RemoteError, "the shared store is no longer what a change of it rests on"),
    "bad-address": (InvalidSettingsError, "the address of the shared store is not understood"),
    "masked-value": (InvalidSettingsError, "a value is the mask that stands for secrets"),
    "unknown-key": (UnknownKeyError, "a key is not a setting"),
    "old-name": (UnknownKeyError, "a setting is given by a name that it had before"),
    "unknown-variable": (UnknownKeyError, "a variable with the prefix names no setting"),
    "not-a-setting": (UnknownKeyError, "a variable names a section, or something below a setting"),
    "conflicting-variables": (InvalidSettingsError, "two spellings of one variable differ"),
    "ignored": (InvalidSettingsError, "something was given where it has no effect"),
    "unknown-environment": (EnvironmentNameError, "the environment's name is not known"),
    "other-environment": (EnvironmentNameError, "a layer says that it is for another environment"),
    "wrong-type": (InvalidSettingsError, "a value is not of the field's type"),
    "suspicious-list": (InvalidSettingsError, "text stands where a list seems to be meant"),
    "empty-item": (InvalidSettingsError, "an item of a list is empty"),
    "missing-value": (InvalidSettingsError, "a setting without a default that nothing sets"),
    "null": (InvalidSettingsError, "null for a setting that does not take null"),
    "out-of-range": (InvalidSettingsError, "a value is outside the field's limits"),
    "not-a-choice": (InvalidSettingsError, "a value is not one of the field's choices"),
    "inconsistent": (InvalidSettingsError, "values contradict one another"),
    "odd-host-name": (InvalidSettingsError, "a text that cannot be the name of a host"),
    "odd-path": (InvalidSettingsError, "a text that cannot be the path of a file or folder"),
    "bad-waiver": (InvalidSettingsError, "a waiver does not name a warning, or lacks its day or its reason"),
    "expired-waiver": (InvalidSettingsError, "a waiver has expired, and the rule is still broken"),
    "idle-waiver": (InvalidSettingsError, "a waiver names a rule that nothing breaks"),
    "refused-values": (InvalidSettingsError, "a subscriber refused what a reload brought into force"),
    "refused-resource": (SettingsError, "what follows settings could not be made of new ones, and nothing changed"),
    "unset-variable": (ExpansionError, "a reference names a variable that nothing sets"),
    "null-reference": (ExpansionError, "a reference names a setting that is null"),
    "bad-reference": (ExpansionError, "a ${...} reference is malformed, or names a setting that does not exist"),
    "circular-reference": (ExpansionError, "settings refer to one another in a circle"),
    "secret-reference": (ExpansionError, "a setting that is not a secret refers to one that is"),
    "too-long": (ExpansionError, "a value is too long after expansion"),
    "secret-file": (LayerError, "the file that a ..._FILE variable names cannot be used"),
    "missing-variable": (VariableError, "a required variable is not set"),
    "wrong-variable": (VariableError, "a variable is not of the type asked for"),
    "refused-edit": (EditError, "a change of a layer file is refused"),
    "taken-back": (EditError, "a change that came in by stages went back, and why"),
    "stale-plan": (EditError, "layer files changed since a plan was made of them"),
    "locked": (EditError, "another process is editing the settings folder"),
    "no-such-version": (RollbackError, "there is no such snapshot or version"),
    "no-history": (HistoryError, "the store of accepted versions cannot be used"),
    "unsafe-history": (HistoryError, "others could have changed the store, or put it there"),
    "unknown-host": (SettingsError, "a probe: the name of a host is not known here"),
    "no-answer": (SettingsError, "a probe: nothing answers there, or not what was expected"),
    "refused-login": (SettingsError, "a server does not accept the user or the password, or gives no right to ask"),
    "no-database": (SettingsError, "a probe: a server has no such database"),
    "tls-refused": (
        SettingsError,
        "a server does not support the TLS that is asked for, or its certificate is bad",
    ),
    "no-driver": (SettingsError, "a server was not asked, since an extra of this package is missing"),
    "no-listener": (SettingsError, "a probe: a port cannot be listened on"),
    "no-path": (SettingsError, "a probe: a file or folder does not exist, or is something else"),
    "no-access": (SettingsError, "a probe: a file or folder may not be read or written"),
    "bad-certificate": (SettingsError, "a probe: a certificate has expired, or does not fit its key"),
    "ends-soon": (SettingsError, "a probe: a certificate expires within 30 days"),
    "open-key": (SettingsError, "a probe: others can read a private key"),
    "weak-secret": (SettingsError, "a probe: a secret is empty, or can be guessed"),
    "and-others": (SettingsError, "how many more problems there are than those listed"),
    "no-watch": (WatchError, "a watch cannot start"),
    "no-application": (SettingsError, "the name of an application leads to none"),
    "invalid": (SettingsError, "anything else; the message says what"),
}
"""Every code of a problem that is not a rule of the environment, its class and its meaning."""

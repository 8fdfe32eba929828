"""Variables as a layer: the settings that the process environment, or ``.env``, spells."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Final

from synfinance_settings.errors import MASK, Origin, Problem, counted, printable
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import MOST_SUGGESTIONS
from synfinance_settings.model.evolution import OldName
from synfinance_settings.model.forms import is_utf8
from synfinance_settings.model.variables import FILE_SUFFIX, VariableNames
from synfinance_settings.record import Record
from synfinance_settings.slips import is_slip
from synfinance_settings.text.dotenv import DotEnv
from synfinance_settings.text.node import Branch, Node, Pending, Source, put

_NAME: Final = re.compile("[A-Z_][A-Z0-9_]*")  # as everybody writes the name of a variable


class Environ(dict[str, str]):
    """A copy of the process environment whose repr shows no value."""

    @cached_property
    def _variables(self) -> dict[str, Variables]:
        return {}

    def variables(self, prefix: str) -> Variables:
        """The variables of an application, whose names begin with `prefix`."""
        variables = self._variables.get(prefix)
        if variables is None:
            variables = self._variables[prefix] = Variables(
                (name, Variable(name, value, Origin(f"env {name}")))
                for name, value in self.items()
                if name.startswith(prefix)
            )
        return variables

    def __repr__(self) -> str:
        return f"<Environ of {len(self)} variables>"


class Variable(Record):
    """One variable of an application, or a file in its place: its value, or what its use would meet, and where it is.

    `pending` is the value of a line of ``.env`` that refers to settings, for a variable that is one itself. A value
    that `is_inserted` came from elsewhere, or may have.
    """

    name: str
    value: str | Problem
    origin: Origin
    pending: Pending | None = None
    is_inserted: bool = False

    def __repr__(self) -> str:  # never what it says: a secret may stand in any part of it
        return "<Variable>"


class Variables(dict[str, Variable]):
    """The variables of one layer by name; a name may be a slip that holds a secret."""

    @cached_property
    def readings(self) -> dict[Application, object]:
        """What was made of them, by the application whose variables they are."""
        return {}

    def __repr__(self) -> str:
        return f"<Variables, {len(self)} of them>"


ReadSecret = Callable[[Variable], "str | Problem"]
"""The content of the file that a ``..._FILE`` variable names."""


def dotenv_variables(dotenv: DotEnv, prefix: str) -> Variables:
    """The variables of ``.env`` whose names begin with `prefix`."""
    return Variables(
        (
            name,
            Variable(name, value, Origin(dotenv.name, dotenv.lines[name]), dotenv.pending.get(name), is_inserted=True),
        )
        for name, value in dotenv.values.items()
        if name.startswith(prefix)
    )


def secret_files(variables: Variables, names: VariableNames) -> Iterator[str]:
    """The files that the layer's ``..._FILE`` variables name."""
    for name, variable in variables.items():
        if name.endswith(FILE_SUFFIX) and names.file_variable(name) and isinstance(variable.value, str):
            yield variable.value


def read_variables(
    application: Application, variables: Variables, read_secret: ReadSecret
) -> tuple[Branch, list[Problem]]:
    """The layer fitted to the sections, and what is wrong with its names.

    An empty variable says null where the field has it: no shell can say more with one.
    """
    names = application.variables
    problems: list[Problem] = []
    spelled: dict[str, dict[str, Variable]] = {}
    former: list[FormerVariable] = []
    for name, variable in variables.items():
        direct = names.file_variable(name)
        if name in names.keys:
            spelled.setdefault(names.keys[name], {})[name] = variable
        elif direct is None and name in names.old:
            former.append(_former(names, name, variable))
        elif direct is None:
            problems.extend(_stray(names, variable, len(problems) < MOST_SUGGESTIONS))
        elif direct in variables:
            key = names.key_of(direct) or ""
            problems.extend(_disagreement(key, variables[direct], _from_file(variable, read_secret)))
        elif direct in names.old:
            former.append(_former(names, direct, _from_file(variable, read_secret)))
        else:
            spelled.setdefault(names.keys[direct], {})[direct] = _from_file(variable, read_secret)
    by_key = {key: [by_name[name] for name in names.names[key] if name in by_name] for key, by_name in spelled.items()}
    branch, more = settled(application, by_key, former)
    return branch, [*problems, *more]


class FormerVariable(Record):
    """A variable of a name that a setting had before, and what it is called today."""

    name: OldName
    variable: Variable
    meant: str


def _former(names: VariableNames, name: str, variable: Variable) -> FormerVariable:
    old = names.old[name]
    return FormerVariable(old, variable, names.names[old.now][0] + variable.name.removeprefix(name))


def settled(
    application: Application, spellings: Mapping[str, Sequence[Variable]], former: Iterable[FormerVariable] = ()
) -> tuple[Branch, list[Problem]]:
    """What the settings come to that have `spellings` in one layer, by their keys, the one that counts first.

    What they have by `former` names counts where there is nothing else.
    """
    settings = application.catalogue.settings
    branch: Branch = {}
    problems: list[Problem] = []
    if former:
        spellings = dict(spellings)
        problems += [_take(spellings, one, application.gone_names) for one in former]
    for key, (winner, *others) in spellings.items():
        problems.extend(_value_problems(key, winner))
        problems.extend(_differing(key, winner, others))
        value = None if winner.value == "" and settings[key].nullable else winner.value
        source = Source(winner.origin.source, is_inserted=winner.is_inserted)
        put(branch, key, Node(winner.pending or value, source, winner.origin.line))
    return branch, problems


def _take(spellings: MutableMapping[str, Sequence[Variable]], former: FormerVariable, gone: Container[str]) -> Problem:
    """Let `spellings` have what is set by an old name, unless they do; returns what is to be said of it."""
    old, variable, meant = former
    there = spellings.get(old.now)
    if there is None or old.key in gone:
        if old.key not in gone:
            spellings[old.now] = (variable,)
        return old.told(variable.name, meant, variable.origin, is_gone=old.key in gone)
    is_same = _said(there[0]) == _said(variable)
    return old.beside(variable.name, there[0].name, variable.origin, is_same=is_same)


def _said(variable: Variable) -> object:
    """What a variable says, as far as it can be told before settings are known."""
    return variable.pending.text if variable.pending else variable.value


def _from_file(variable: Variable, read_secret: ReadSecret) -> Variable:
    if isinstance(variable.value, Problem):
        return variable._replace(pending=None)
    value = read_secret(variable)
    value = replace(value, origin=variable.origin) if isinstance(value, Problem) else value
    return variable._replace(value=value, is_inserted=True)


def _disagreement(key: str, variable: Variable, read: Variable) -> Iterator[Problem]:
    """VAR and VAR_FILE are both set: an error unless they say the same."""
    if isinstance(read.value, Problem):
        yield replace(read.value, key=key)
    elif variable.value != read.value:
        message = f"{variable.name} and {read.name} are both set, but differ"
        yield Problem("conflicting-variables", message, key, variable.origin)


def _differing(key: str, winner: Variable, others: Iterable[Variable]) -> Iterator[Problem]:
    for other in others:
        if other.value != winner.value:
            message = f"{winner.name} and {other.name} both set {key}, but differ; {winner.name} wins"
            yield Problem("conflicting-variables", message, key, winner.origin, severity="warning")


def _value_problems(key: str, variable: Variable) -> Iterator[Problem]:
    if variable.value == MASK:
        yield masked(key, variable.origin)
    elif isinstance(variable.value, str) and not is_utf8(variable.value):
        yield Problem("not-utf8", f"{variable.name} is not UTF-8", key, variable.origin)


def _stray(names: VariableNames, variable: Variable, with_suggestion: bool) -> Iterator[Problem]:
    """What is to be said of a variable that sets nothing.

    Its name is told where it is a slip of the pen or, in the process environment, all capitals: a line of ``.env``
    that wants its ``=`` has the secret in the name.
    """
    name, origin = variable.name, variable.origin
    if name in names.reserved:
        if origin.line is not None and name != names.environment:
            message = f"{name} is read from the process environment only"
            yield Problem("ignored", message, origin=origin, severity="warning")
        return
    is_named = origin.line is None and _NAME.fullmatch(name) is not None
    place = origin if is_named or origin.line else Origin("the process environment")
    if misuse := names.misuse(name):
        yield Problem("not-a-setting", misuse, origin=place)
        return
    near = names.near(name) if with_suggestion else None
    if is_named or (near and is_slip(name, near)):
        shown, place = printable(name), origin
    else:
        shown = f"a variable whose name has {counted(len(name), 'character')}"
    hint = f"did you mean {near}?" if near else None
    yield Problem("unknown-variable", f"{shown} is not a setting", origin=place, hint=hint, severity="warning")


def masked(key: str, origin: Origin) -> Problem:
    """The problem of a value that is the mask."""
    hint = "it was copied from an output that hides secrets; give the real value, or leave the key out"
    return Problem("masked-value", f"{key} is the mask {MASK}", key, origin, hint=hint)

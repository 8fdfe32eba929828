"""The program whose settings the commands look after.

It stands in click's context, chosen once; commands, option types, completion and help ask for it there, and none of
them knows a program by name. What help and completion say are its `Words`, which the package has ready for SynFinance:
a key that is being typed cannot wait for models. Those of another program are drawn from its application.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.environment import EnvironmentKind

if TYPE_CHECKING:
    from synfinance_settings.model.application import Application
    from synfinance_settings.model.catalogue import Setting

_COMMENT: Final = "  # "
_MARGIN: Final = 2  # columns before all that help says
_INERT: Final = re.compile(r"[A-Za-z0-9_.:+][A-Za-z0-9_.:+-]*")


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of an application without its models.

    `values` has every key, with the words that its value may be; `examples` what stands for the names in the examples
    of the help, as far as the application has it.
    """

    title: str
    environments: tuple[EnvironmentKind, ...]
    values: Mapping[str, str]
    examples: Mapping[str, str]

    @property
    def sections(self) -> tuple[str, ...]:
        """The keys of all sections, a section before those inside it."""
        ends = ((key, end) for key in self.values for end, character in enumerate(key) if character == ".")
        return tuple(dict.fromkeys(key[:end] for key, end in ends))


class Program:
    """An application, as its commands know it; `find` imports it when it is first needed.

    `call` is what is typed between the name of the commands and that of one, to choose the application.
    """

    def __init__(self, find: Callable[[], Application[Any]], words: Words | None = None, call: str = "") -> None:
        self._find = find
        self._words = words
        self._call = call

    @cached_property
    def application(self) -> Application[Any]:
        """The application."""
        return self._find()

    @cached_property
    def words(self) -> Words:
        """What help and completion say of it."""
        return self._words or words_of(self.application)

    @property
    def package(self) -> str:
        """The package that its models are from: this one, unless they are another program's."""
        return __name__.partition(".")[0] if self._words else self.application.model.__module__.partition(".")[0]

    def call(self, context: click.Context) -> str:
        """What is typed before the name of a command, below the context of one or in that of the group."""
        while context.parent is not None and context.parent.obj is self:
            context = context.parent
        return f"{context.command_path} {self._call}".rstrip()


def program_of(context: click.Context) -> Program:
    """The program whose commands run in `context`."""
    program = context.find_object(Program)
    assert program is not None, "the group puts it there"
    return program


class Command(click.Command):
    """A command whose help speaks of the program at hand."""

    def format_help_text(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, with the names in its examples filled in."""
        click.Command.format_help_text(with_names(self, context, formatter.width), context, formatter)


class Group(click.Group):
    """Commands below one, in the order in which they are made; their help speaks of the program at hand too."""

    def list_commands(self, context: click.Context) -> list[str]:
        """The names of the commands."""
        return list(self.commands)

    def format_help_text(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help, with the names in its examples filled in."""
        click.Group.format_help_text(with_names(self, context, formatter.width), context, formatter)


def with_names(command: click.Command, context: click.Context, columns: int) -> click.Command:
    """`command` with the names in its help filled in, for a terminal of `columns`.

    An example for which the program has no name is left out.
    """
    program = program_of(context)
    names = {"call": program.call(context), "title": program.words.title, **program.words.examples}
    filled = copy(command)
    filled.help = "\n".join(_aligned(list(_filled(command.help or "", names)), columns - _MARGIN))
    return filled


def _filled(text: str, names: Mapping[str, str]) -> Iterator[str]:
    for line in text.splitlines():
        try:
            yield line.format_map(names)
        except KeyError:
            continue


def _aligned(lines: list[str], columns: int) -> Iterator[str]:
    """The lines, with what is said of examples behind them in one column; above them, where that is too wide."""
    parts = [line.partition(_COMMENT) for line in lines]
    widest = max(len(example) for example, comment, _ in [*parts, ("", _COMMENT, "")] if comment)
    is_wide = any(comment and widest + len(comment + text) > columns for _, comment, text in parts)
    for example, comment, text in parts:
        if comment and is_wide:
            margin = example[: len(example) - len(example.lstrip())]
            yield f"{margin}{comment.lstrip()}{text}"
        yield example if is_wide or not comment else f"{example.ljust(widest)}{comment}{text}"


def words_of(application: Application[Any]) -> Words:
    """The words of `application`; a shell acts on none of them."""
    settings = application.catalogue.settings
    return Words(
        application.title,
        application.environments,
        {key: " ".join(filter(_INERT.fullmatch, _values(setting))) for key, setting in settings.items()},
        dict(_examples(application)),
    )


def _values(setting: Setting) -> tuple[str, ...]:
    """What the value of a setting may be, where that can be listed."""
    words = setting.choices or (("true", "false") if setting.form == "boolean" else ())
    return (*words, "null") if setting.nullable else words


def _examples(application: Application[Any]) -> Iterator[tuple[str, str]]:
    """What stands for the names in examples: environments, most guarded first, and settings by their forms."""
    guarded = sorted(application.environments, key=lambda kind: (not kind.strict, kind.local_layers))
    yield from zip(("environment", "other"), (kind.name for kind in guarded), strict=False)
    yield "folder", application.settings_dir_name
    yield "remote_url", application.variables.remote_url
    yield from (("section", key) for key in list(application.catalogue.sections)[:1])
    settings = application.catalogue.settings.values()
    whole = [setting for setting in settings if setting.form == "whole number"]
    yield "key", next((setting for setting in whole if setting.default is not None), next(iter(settings))).key
    for setting in (setting for setting in whole if setting.default is not None):
        step = 1 if setting.at_most is None or setting.default < setting.at_most else -1
        yield from (("number", setting.key), ("value", str(setting.default + step)))
        break
    yield from [("list", setting.key) for setting in settings if setting.form == "list"][:1]
    yield from [("signed", setting.key) for setting in whole if setting.nullable and setting.at_least is None][:1]

"""The group ``synfinance-settings`` and what all its commands share.

0   good
1   settings that do not validate or parse, a failed check
2   usage, an unknown key or environment, a missing file, no permission
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any, Final

import click

from synfinance_settings.cli import difference, doctor, operating, reading, render, writing
from synfinance_settings.errors import SettingsError, forget

_USAGE_CODES: Final = frozenset(
    ("unknown-environment", "no-such-file", "unwritable", "refused-edit", "locked", "no-such-version")
)

_DEBUG: Final = f"{__name__}.debug"

COMMANDS: Final = {
    "Look, and change no layer": ("validate", "show", "get", "explain", "diff", "history", "watch", "doctor"),
    "Change a layer file": ("set", "unset", "import", "rollback"),
    "Write another file": ("export", "schema", "env-template"),
}
"""The names of the commands, as the help puts them together."""


class _Group(click.Group):
    """A group that turns a `SettingsError` into a report and an exit code, and lists its commands by what they do."""

    def list_commands(self, context: click.Context) -> list[str]:
        return [name for names in COMMANDS.values() for name in names]

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.commands))
        for title, names in COMMANDS.items():
            with formatter.section(title):
                commands = ((name.ljust(widest), self.commands[name]) for name in names)
                formatter.write_dl([(name, command.get_short_help_str()) for name, command in commands])

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        with _shown_usage():
            return super().make_context(*arguments, **extra)

    def invoke(self, context: click.Context) -> Any:
        try:
            return self._invoked(context)
        except BaseException as error:
            forget(error)
            raise

    def _invoked(self, context: click.Context) -> Any:
        try:
            with _shown_usage():
                return super().invoke(context)
        except SettingsError as error:
            if context.meta.get(_DEBUG):
                raise
            render.fail(error)
            context.exit(_exit_code(error))
        except (BrokenPipeError, KeyboardInterrupt):
            raise
        except OSError as error:
            if context.meta.get(_DEBUG):
                raise
            render.say(render.style("error", "error"), f": {error.filename or ''}: {error.strerror}", err=True)
            context.exit(2)


@contextmanager
def _shown_usage() -> Iterator[None]:
    """Escape what a usage error says of the arguments, which are foreign."""
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise
    except click.UsageError as error:
        raise click.UsageError(render.shown(error.format_message()), error.ctx) from None


def _exit_code(error: SettingsError) -> int:
    by_argument = all(
        problem.code in _USAGE_CODES or (problem.origin is not None and problem.origin.source == "the argument")
        for problem in error.problems
        if not problem.others
    )
    return 2 if by_argument else 1


def _wants_color(choice: str | None) -> bool | None:
    """Whether to colour; None leaves it to the terminal (https://no-color.org, https://force-color.org)."""
    if choice in ("always", "never"):
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    return True if os.environ.get("FORCE_COLOR") else None


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="synfinance-settings", message="%(version)s")
def group() -> None:
    """See, check and explain the settings of SynFinance.

    Results go to stdout, messages to stderr. Ends with 0 when all is good, with 1 when settings do not validate, and
    with 2 when the call itself is wrong.

    \b
    synfinance-settings validate --all          are the layers good?
    synfinance-settings show --env production   what are the values?
    synfinance-settings explain server.port     where does a value come from?
    """


def _set_color(context: click.Context, param: click.Parameter, choice: str | None) -> None:
    """Say whether to colour, here and in the report of an error; None leaves it to the terminal."""
    if choice is not None or context.parent is None:
        wanted = _wants_color(choice)
        context.color = context.find_root().color = wanted


def _set_debug(context: click.Context, param: click.Parameter, is_on: bool) -> None:
    context.meta[_DEBUG] = context.meta.get(_DEBUG, False) or is_on


def _common_options() -> list[click.Option]:
    """The options that may stand before a command or after it."""
    color = click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        help="Colours; auto asks the terminal, NO_COLOR and FORCE_COLOR.",
        is_eager=True,
        expose_value=False,
        callback=_set_color,
    )
    debug = click.Option(
        ["--debug"],
        is_flag=True,
        help="Show the traceback of an error.",
        expose_value=False,
        callback=_set_debug,
    )
    return [color, debug]


group.params += _common_options()
for command in (*reading.commands, *difference.commands, *writing.commands, *operating.commands, *doctor.commands):
    command.params += _common_options()
    group.add_command(command)


def main() -> None:
    """The entry point; what the encoding of stdout cannot say is escaped, as it is on stderr."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    group(prog_name="synfinance-settings")

"""The commands of an application as a group, ``synfinance-settings`` among them, and what they all share.

0   good
1   settings that do not validate or parse, a failed check
2   usage, an unknown key or environment, a missing file, no permission
"""

from __future__ import annotations

import atexit
import gc
import os
import shlex
import sys
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from functools import partial
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.choice import APP_VARIABLE, application_named, chosen_application
from synfinance_settings.cli import (
    change,
    difference,
    doctor,
    export,
    fleet,
    history,
    init,
    migrate,
    reads,
    remote,
    render,
    schema,
    show,
    validate,
    watch,
)
from synfinance_settings.cli import plan as planning
from synfinance_settings.cli.program import Program, program_of, with_names
from synfinance_settings.cli.words import WORDS
from synfinance_settings.errors import SettingsError, forget

if TYPE_CHECKING:
    from synfinance_settings.model.application import Application

PACKAGE: Final = __name__.partition(".")[0]
DISTRIBUTION: Final = "synfinance-settings"
"""What this package is called where packages are installed from; its own command has the same name."""

_USAGE_CODES: Final = frozenset(
    (
        "unknown-environment",
        "no-application",
        "no-such-file",
        "unwritable",
        "refused-edit",
        "stale-plan",
        "changed-meanwhile",
        "locked",
        "no-such-version",
    )
)

_COLLECTED_AFTER: Final = 50_000  # new objects: most commands have ended before there is that much to look through

_DEBUG: Final = f"{__name__}.debug"

COMMANDS: Final = {
    "Look without changing a layer": (
        validate.validate,
        show.show,
        show.get,
        show.explain,
        difference.diff,
        planning.plan,
        history.history,
        watch.watch,
        doctor.doctor,
        reads.reads,
    ),
    "Change a layer file": (
        change.set_,
        change.unset,
        change.import_,
        planning.apply,
        change.rollback,
        migrate.migrate,
    ),
    "Look at and change what a fleet shares": (fleet.fleet, remote.remote),
    "Write another file": (init.init, export.export, schema.schema, schema.env_template),
}
"""The commands, as the help puts them together."""


_COMMANDS: Final[dict[str, click.Command]] = {}

_WIDEST_HELP: Final = 100
_SHORT_HELP: Final = "See, check and change the settings."
_HELP: Final = """\
See, check and explain the settings of {title}.

Results go to stdout, messages to stderr. Exits with 0 when all is good, with 1 when settings do not validate, and
with 2 when the call itself is wrong.

\b
{call} validate --all  # are the layers good?
{call} show --env {environment}  # what are the values?
{call} explain {key}  # where does a value come from?"""


class _Group(click.Group):
    """The commands of the program that `program` gives when the group is called.

    It turns a `SettingsError` into a report and an exit code, and lists its commands by what they do.
    """

    def __init__(self, program: Callable[[], Program], name: str, *options: click.Parameter) -> None:
        settings = {"help_option_names": ["-h", "--help"], "max_content_width": _WIDEST_HELP}
        params = [*options, _version_option(), *_common_options()]
        super().__init__(name, _COMMANDS, params=params, help=_HELP, short_help=_SHORT_HELP, context_settings=settings)
        self._program = program

    def list_commands(self, context: click.Context) -> list[str]:
        return list(self.commands)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        widest = max(map(len, self.commands))
        for title, commands in COMMANDS.items():
            with formatter.section(title):
                formatter.write_dl([(str(one.name).ljust(widest), one.get_short_help_str()) for one in commands])

    def format_help_text(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        click.Group.format_help_text(with_names(self, context, formatter.width), context, formatter)

    def main(self, *arguments: Any, **extra: Any) -> Any:
        """Run as a program; what the encoding of stdout cannot say is escaped, as it is on stderr."""
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="backslashreplace")
        return super().main(*arguments, **extra)

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        if sys.stdout is sys.__stdout__:  # click would import shutil to learn the same
            extra.setdefault("terminal_width", max(min(render.width() or 80, _WIDEST_HELP) - 2, 50))
        with _shown_usage(), _reported({}):
            return super().make_context(*arguments, obj=self._program(), **extra)

    def invoke(self, context: click.Context) -> Any:
        try:
            with _shown_usage(), _reported(context.meta):
                return super().invoke(context)
        except BaseException as error:
            forget(error)
            raise


@contextmanager
def _reported(meta: MutableMapping[str, Any]) -> Iterator[None]:
    """Turn an error of the settings or of a file into a report and an exit code, unless the traceback is wanted."""
    try:
        yield
    except (BrokenPipeError, KeyboardInterrupt):
        raise
    except (SettingsError, OSError) as error:
        if meta.get(_DEBUG):
            raise
        if isinstance(error, SettingsError):
            render.fail(error)
            raise click.exceptions.Exit(_exit_code(error)) from None
        render.say(render.style("error", "error"), f": {error.filename or ''}: {error.strerror}", err=True)
        raise click.exceptions.Exit(2) from None


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


def _set_color(context: click.Context, param: click.Parameter, choice: str | None) -> None:
    """Say whether to colour, here and in the report of an error; None leaves it to the terminal."""
    if choice is not None or context.parent is None:
        wanted = _wants_color(choice)
        context.color = context.find_root().color = wanted


def _version_option() -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        help="Show the version and exit.",
        is_eager=True,
        expose_value=False,
        callback=_tell_version,
    )


def _tell_version(context: click.Context, param: click.Parameter, is_on: bool) -> None:
    """Print the version of the program, and where it is not this package, of this one too."""
    if not is_on or context.resilient_parsing:
        return
    from importlib import metadata  # which costs more than all else that is imported here

    ours = metadata.version(DISTRIBUTION)
    package = program_of(context).package
    theirs = dict.fromkeys(metadata.packages_distributions().get(package, ())) if package != PACKAGE else ()
    versions = [f"{name} {metadata.version(name)}" for name in theirs]
    render.say(", ".join([*versions, f"{DISTRIBUTION} {ours}"]) if package != PACKAGE else ours)
    context.exit()


def _set_debug(context: click.Context, param: click.Parameter, is_on: bool) -> None:
    context.meta[_DEBUG] = context.meta.get(_DEBUG, False) or is_on


def _common_options() -> list[click.Option]:
    """The options that may stand before a command or after it."""
    color = click.Option(
        ["--color"],
        type=click.Choice(["auto", "always", "never"]),
        help="When to use colours; auto follows the terminal, NO_COLOR and FORCE_COLOR.",
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


for command in (command for commands in COMMANDS.values() for command in commands):
    inner = command.commands.values() if isinstance(command, click.Group) else ()
    for one in (command, *inner):
        one.params += _common_options()
    _COMMANDS[str(command.name)] = command


def group_for(application: Application[Any], name: str | None = None) -> click.Group:
    """The commands of `application`, for a console script of its own or as a part of a program's commands.

    `name` is what the group is called inside of another; a script has the name that it is called by.
    """
    return _Group(lambda: Program(lambda: application), name or "settings")


def _default_program() -> Program:
    """SynFinance, of which the words are ready, unless the process environment names another application."""
    return Program(chosen_application, None if os.environ.get(APP_VARIABLE) else WORDS)


def _choose(context: click.Context, param: click.Parameter, name: str | None) -> None:
    """Take the application that is named; it is imported when something of it is needed."""
    if name is not None:
        context.obj = Program(partial(application_named, name), call=shlex.join(["--app", name]))


def _app_option() -> click.Option:
    return click.Option(
        ["--app"],
        metavar="MODULE:OBJECT",
        help=f"Another program's application, which is imported; if not given, that of {APP_VARIABLE}.",
        is_eager=True,
        expose_value=False,
        callback=_choose,
    )


group: Final = _Group(_default_program, DISTRIBUTION, _app_option())


def main() -> None:
    """The entry point of ``synfinance-settings``."""
    gc.set_threshold(_COLLECTED_AFTER)
    atexit.register(gc.freeze)  # nor is it worth looking for as the process ends
    group(prog_name=DISTRIBUTION)

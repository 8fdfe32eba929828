"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import wraps
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click
from click.shell_completion import CompletionItem

from synfinance_settings.cli import completion, render
from synfinance_settings.cli.program import program_of
from synfinance_settings.environment import meant_environment
from synfinance_settings.errors import EnvironmentNameError, HistoryError, Problem, SettingsError
from synfinance_settings.foreign import pasted
from synfinance_settings.record import Record

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.editing.changes import LayerFiles
    from synfinance_settings.editing.plan import Target
    from synfinance_settings.layers.project import Project
    from synfinance_settings.layers.report import ValidationReport
    from synfinance_settings.layers.snapshot import Snapshot
    from synfinance_settings.model.application import Application
    from synfinance_settings.probing.rights import User

PROBE_SECONDS: Final = 5.0

_Command = TypeVar("_Command", bound=Callable[..., Any])


class EnvironmentName(click.ParamType[str]):
    """The name of an environment, or its short form."""

    name = "environment"
    also = ""
    complete = staticmethod(completion.environments)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The environment that `value` names; a usage error with a suggestion for any other text."""
        try:
            return meant_environment(program_of(ctx or click.get_current_context()).words.environments, str(value))
        except EnvironmentNameError as error:
            problem = error.problems[0]
            self.fail(f"{problem.message}; {problem.hint}{self.also}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """What may be named here and begins with `incomplete`."""
        return [CompletionItem(name) for name in self.complete(ctx, param, incomplete)]


class TargetName(EnvironmentName):
    """The layer to change: an environment's, or the default one."""

    also = ", or default"
    complete = staticmethod(completion.layers)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The environment that `value` names, or ``default``."""
        return "default" if value == "default" else super().convert(value, param, ctx)


environment_option = click.option(
    "--env", "environment", type=EnvironmentName(), help="The environment; the current one if not given."
)
target_option = click.option(
    "--env",
    "target",
    type=TargetName(),
    help="The layer: an environment or default; the current environment's if not given.",
)


def format_option(*forms: str) -> Callable[[_Command], _Command]:
    """The option that chooses among `forms` of the output; the first is the default."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(forms),
        default=forms[0],
        show_default=True,
        help="The output format.",
    )


placeholders_option = click.option(
    "--placeholders", is_flag=True, help="Use a placeholder for each name that a reference needs and nothing sets."
)


class UserName(click.ParamType["User"]):
    """The name or the number of a user of this machine."""

    name = "user"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> User:
        """The user that `value` names; a usage error where there is none, or one may not ask for that user."""
        from synfinance_settings.probing.rights import User, user_named

        if isinstance(value, User):
            return value
        try:
            return user_named(str(value))
        except LookupError as error:
            self.fail(str(error), param, ctx)


user_option = click.option(
    "--as-user",
    "user",
    type=UserName(),
    metavar="NAME|UID",
    help="Whether this user may read and write the files, needs root; servers are asked as ever.",
)


class Probe(Record):
    """How the world is asked: how long each has to answer in seconds, and as which user of its files."""

    seconds: float
    user: User | None = None


def probe_options(command: _Command) -> _Command:
    """Options that ask the world too: the command is given a `Probe`, None where nothing is asked."""

    @click.option("--probe", is_flag=True, help="Also ask the servers, files and ports that the settings name.")
    @click.option(
        "--probe-timeout",
        type=click.FloatRange(min=0.1, max=600),
        metavar="SECONDS",
        help=f"How long each has to answer; {PROBE_SECONDS:g} if not given.",
    )
    @user_option
    @wraps(command)
    def asking(*arguments: Any, probe: bool, probe_timeout: float | None, user: User | None, **options: Any) -> Any:
        for name, value in {"--probe-timeout": probe_timeout, "--as-user": user}.items():
            if value is not None and not probe:
                raise click.UsageError(f"{name} needs --probe")
        asked = Probe(probe_timeout or PROBE_SECONDS, user) if probe else None
        return command(*arguments, probe=asked, **options)

    return cast(_Command, asking)


strict_option = click.option("--strict", is_flag=True, help="Treat every warning as an error.")


def application() -> Application[Any]:
    """The application whose settings the command that runs looks after."""
    return program_of(click.get_current_context()).application


def call(*words: str) -> str | None:
    """The command that `words` make, to be pasted into a shell; None where it could not be read off."""
    command = pasted(*words)
    context = click.get_current_context()
    return f"{program_of(context).call(context)} {command}" if command else None


def find(environment: str | None = None, config_path: str | None = None) -> Project:
    """The project of the working directory."""
    from synfinance_settings.layers.project import find_project

    return find_project(application(), environ=os.environ, environment=environment, config_path=config_path)


def find_anyhow() -> Project:
    """The project of the working directory, whatever is set, in an environment that asks for little."""
    kinds = application().environments
    return find(next((kind.name for kind in kinds if not kind.strict), kinds[0].name))


class Loaded(Record):
    """The settings of a start, and those of them that hold a placeholder, with what it stands for."""

    snapshot: Snapshot
    lent: Mapping[str, tuple[str, ...]]


def load(environment: str | None, *, strict: bool = False, placeholders: bool = False) -> Loaded:
    """The settings as a start would see them; warnings go to stderr. Raises `SettingsError`."""
    report = validation_report(environment, placeholders=placeholders)
    problems = (*report.problems, *(report.warnings if strict else ()))
    if report.snapshot is None or problems:
        error = SettingsError.of(problems)
        if lends_help(problems):
            error.add_note(LENDING)
        raise error
    for warning in (*report.warnings, *report.waived):
        render.say(render.one_line(warning), err=True)
    if report.placeholders:
        render.say(f"placeholders for {', '.join(report.placeholders)}", err=True)
    return Loaded(report.snapshot, report.lent)


LENDING: Final = "to look without the secrets of this environment, pass --placeholders"


def lends_help(problems: Iterable[Problem]) -> bool:
    """True when `LENDING` is what to do next: a name that a reference needs is set nowhere."""
    return any(problem.code == "unset-variable" for problem in problems)


def validation_report(environment: str | None, *, placeholders: bool = False) -> ValidationReport:
    """What a start would find, good or bad."""
    from synfinance_settings.layers.trial import validate

    return validate(find(environment), placeholders=placeholders)


def probed(
    reports: Sequence[ValidationReport], probe: Probe, keys: Container[str] | None = None
) -> list[ValidationReport]:
    """The reports with what the world has to say, of `keys` alone where they are given."""
    from synfinance_settings.probing.report import probed as with_probes

    for report in reports:
        if report.snapshot is None:
            render.note(f"nothing was asked about {report.environment}, which does not validate")
    return with_probes(application(), reports, seconds=probe.seconds, keys=keys, user=probe.user)


def state_dir() -> Path:
    """The folder that keeps the versions of the layer files: the one that a variable names, else the default one.

    Raises `HistoryError` for a user who has no home.
    """
    from synfinance_settings.live.state_folder import default_state_folder, state_folder

    folder = state_folder(application(), os.environ) or default_state_folder(application(), os.environ)
    if folder is None:
        variable = application().variables.state_dir
        raise HistoryError(f"there is no folder for the history, since this user has no home: set {variable}")
    return folder


def layer_files(target: Target | None, wait: float = 0) -> tuple[LayerFiles, Target]:
    """The layer files, with their history, and the layer that a command changes; another change is waited for up to
    `wait` seconds.
    """
    from synfinance_settings.editing.changes import LayerFiles

    project = find(None if target == "default" else target)
    return LayerFiles(project, state_dir(), wait, render.note), project.environment if target is None else target


def stored(number: int) -> ValidationReport:
    """The settings as version `number` of the history has them; raises `RollbackError` where there is none."""
    from synfinance_settings.editing.history import History
    from synfinance_settings.errors import Problem, RollbackError
    from synfinance_settings.layers.build import build
    from synfinance_settings.layers.look import look_at, stored_look

    project = find()
    folder, kinds = project.settings_dir, project.application.kinds
    versions = History(state_dir(), folder, kinds).versions() if folder else iter(())
    version = next((version for version in versions if version.number == number), None)
    if version is None:
        raise RollbackError(Problem("no-such-version", f"the history has no version {number}"))
    if version.environment != "default":
        project = find(version.environment)
    now = look_at(project)
    files = {**now.layer_files, **version.files}
    return build(stored_look(now, files), placeholders=True)

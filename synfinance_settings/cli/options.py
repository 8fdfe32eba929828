"""Options that several commands share, and what they mean."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import click

from synfinance_settings.cli import render
from synfinance_settings.environment import Environment, parse_environment
from synfinance_settings.errors import EnvironmentNameError, SettingsError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from synfinance_settings.layers.project import Project
    from synfinance_settings.layers.snapshot import Snapshot


class EnvironmentName(click.ParamType[Environment]):
    """The name of an environment, or its short form."""

    name = "environment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Environment:
        """The environment that `value` names; a usage error with a suggestion for any other text."""
        try:
            return parse_environment(str(value))
        except EnvironmentNameError as error:
            problem = error.problems[0]
            self.fail(f"{problem.message}; {problem.hint}", param, ctx)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The environments that begin with `incomplete`."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(str(name)) for name in Environment if name.startswith(incomplete)]


environment_option = click.option(
    "--env", "environment", type=EnvironmentName(), help="The environment; the current one unless given."
)
placeholders_option = click.option(
    "--placeholders", is_flag=True, help="Lend a value to names that references need and nothing sets."
)
strict_option = click.option("--strict", is_flag=True, help="Count every warning as an error.")


def find(environment: Environment | None = None, config_path: str | None = None) -> Project:
    """The project of the working directory."""
    from synfinance_settings.layers.project import find_project

    return find_project(environ=os.environ, environment=environment, config_path=config_path)


def load(environment: Environment | None, *, strict: bool = False, placeholders: bool = False) -> Snapshot:
    """The settings as a start would see them; warnings go to stderr. Raises `SettingsError`."""
    from synfinance_settings.layers.loading import validate

    report = validate(find(environment), placeholders=placeholders)
    problems = (*report.problems, *(report.warnings if strict else ()))
    if report.snapshot is None or problems:
        raise SettingsError.of(problems)
    for warning in report.warnings:
        click.echo(render.one_line(warning), err=True)
    if report.placeholders:
        click.echo(f"placeholders for {', '.join(report.placeholders)}", err=True)
    return report.snapshot

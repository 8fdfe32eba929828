"""The two layers of variables, ``.env`` and the process environment, with the files that they name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from synfinance_settings.errors import Origin, Problem
from synfinance_settings.layers.environ import (
    Variable,
    Variables,
    dotenv_variables,
    read_variables,
    secret_files,
)
from synfinance_settings.layers.layer import Glance, Layer, Said, nothing_lent
from synfinance_settings.layers.project import Project, parse_dotenv
from synfinance_settings.layers.secret_files import secret_value, target
from synfinance_settings.record import Record
from synfinance_settings.text.dotenv import DotEnv
from synfinance_settings.text.expansion import Lend
from synfinance_settings.text.files import Content


class DotenvLayer(Layer):
    """The lines of ``.env``, or of the file that takes its place; their references are expanded line by line."""

    name = ".env"

    def paths(self, project: Project) -> tuple[Path, ...]:
        """The file."""
        return (project.env_file,)

    def look(self, glance: Glance) -> Iterable[Content]:
        """The file, there or not, and the files that its lines name."""
        content = glance.read(glance.project.env_file)
        lines = self._reading([content], glance.project).variables
        return [content, *map(glance.read_target, secret_files(lines, glance.project.application.variables))]

    def rests_on_files(self, project: Project) -> bool:
        """Always: the variables are those of the project."""
        return True

    def say(self, found: Sequence[Content], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that its lines spell."""
        _, dotenv, variables = self._reading(found, project, lend)
        problems = dotenv.problems
        left_out = (dotenv.name,) if problems and not dotenv.values else ()
        if project.env_file_required and not (found and found[0].exists):
            message = f"{dotenv.name} was named but does not exist"
            problems = (Problem("missing-layer", message, origin=Origin(dotenv.name)), *problems)
            left_out = (dotenv.name, *left_out)
        said = _said(project, variables, found)
        return Said(said.branch, (*problems, *said.problems), is_whole=not dotenv.problems, left_out=left_out)

    def parsed(self, found: Sequence[Any], project: Project, lend: Lend = nothing_lent) -> DotEnv:
        """The lines of the file that a look found; where no placeholder is lent they are parsed once.

        They ask the variables of the process, so they are parsed anew where these are not the same.
        """
        return self._reading(found, project, lend).dotenv

    def _reading(self, found: Sequence[Any], project: Project, lend: Lend = nothing_lent) -> _DotenvReading:
        is_lasting = bool(found) and lend is nothing_lent
        reading = found[0].readings.get(self.name) if is_lasting else None
        if isinstance(reading, _DotenvReading) and (reading.project is project or reading.project == project):
            return reading
        name, application = project.name(project.env_file), project.application
        dotenv = parse_dotenv(application, found[0], name, project.environ, lend) if found else DotEnv(name)
        reading = _DotenvReading(project, dotenv, dotenv_variables(dotenv, application.prefix))
        if is_lasting:
            found[0].readings[self.name] = reading
        return reading


class _DotenvReading(Record):
    """What the lines said in a project, whose variables they ask, and those of its application among them."""

    project: Project
    dotenv: DotEnv
    variables: Variables


class ProcessLayer(Layer):
    """The variables of the process, as they were copied; nothing in them is expanded."""

    name = "process environment"

    def look(self, glance: Glance) -> Iterable[Content]:
        """The files that variables name; the variables themselves change only where a load copies them anew."""
        application = glance.project.application
        variables = glance.project.environ.variables(application.prefix)
        return map(glance.read_target, secret_files(variables, application.variables))

    def rests_on_files(self, project: Project) -> bool:
        """Always: the variables are those of the project."""
        return True

    def say(self, found: Sequence[Content], project: Project, lend: Lend = nothing_lent) -> Said:
        """The settings that variables spell."""
        return _said(project, project.environ.variables(project.application.prefix), found)


def _said(project: Project, variables: Variables, files: Sequence[Content]) -> Said:
    """What `variables` say in `project`, with the contents of the `files` that some of them name.

    Where none names a file that is the same each time, and made once.
    """
    application = project.application
    known = variables.readings.get(application)
    if isinstance(known, Said):
        return known
    contents = {content.path: content for content in files}

    def read_secret(variable: Variable) -> str | Problem:
        named = str(variable.value)
        path = target(project.root, named)
        return secret_value(contents.get(path) or Content(path), variable.name, named)

    branch, problems = read_variables(application, variables, read_secret)
    said = Said(branch, tuple(problems))
    if not list(secret_files(variables, application.variables)):
        variables.readings[application] = said
    return said


DOTENV = DotenvLayer()
"""The layer of ``.env``; what references look up is what it parsed."""

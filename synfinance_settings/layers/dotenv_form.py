"""The settings in force as the text of a ``.env`` that reads back as them.

It sets what differs from the defaults, or all of it. What must not or cannot stand there is a comment with its
variable: secrets, which stay where they are set; what only a placeholder stands for; texts that no line can say.
The environment is a comment too: a ``.env`` that decided it would do so for everything that is started in its folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from synfinance_settings.layers.environ import dotenv_variables, read_variables
from synfinance_settings.layers.output import means, plain
from synfinance_settings.layers.snapshot import Snapshot, trail
from synfinance_settings.model.application import Application
from synfinance_settings.model.lines import is_set
from synfinance_settings.text.dotenv import DOTENV, read_dotenv
from synfinance_settings.text.format import Written
from synfinance_settings.text.node import leaves, plain_of


def dotenv_text(
    application: Application,
    snapshot: Snapshot,
    keys: Iterable[str] | None = None,
    *,
    reveal: bool = False,
    all_values: bool = False,
    origins: bool = False,
    lent: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The settings `keys` of `snapshot`, else all, as a ``.env``.

    With `reveal` secrets are set too; with `all_values` what is as the default has it; with `origins` a comment before
    each line says where the value was written. `lent` are the settings whose values hold placeholders.
    """
    config, names, settings = snapshot.config, application.variables, application.catalogue.settings
    extent = "all of them" if all_values else "what differs from the defaults"
    secrets = "secrets too" if reveal else "without secrets"
    lines = [f"# The settings of {snapshot.environment}: {extent}, {secrets}."]
    lines += [f"# {names.environment}={snapshot.environment}"]
    values = application.catalogue.values_of(config)
    for key in settings if keys is None else keys:
        if key == "environment" or not (all_values or _is_needed(snapshot, key, values[key])):
            continue
        if origins:
            lines.append(f"# {snapshot.origins[key]}")
        if lent and key in lent:
            needed = f"needs {', '.join(lent[key])}" if lent[key] else "a secret"
            lines.append(f"# {names.names[key][0]}=    # {needed}, which nothing sets")
        elif settings[key].is_secret and not reveal:
            where = f"from {snapshot.origins[key]}" if is_set(values[key]) else "not set"
            lines.append(f"# {names.names[key][0]}=    # a secret, {where}")
        else:
            lines.append(line_of(application, key, plain(values[key], "reveal")))
    return "\n".join(lines) + "\n"


def _is_needed(snapshot: Snapshot, key: str, value: Any) -> bool:
    """False for what is as the default has it, unless a layer below says otherwise."""
    if value != snapshot.catalogue.settings[key].default:
        return True
    wanted = plain(value, "reveal")
    return not all(means(snapshot.catalogue, key, plain_of(node), wanted) for node in trail(snapshot.layers, key))


def line_of(application: Application, key: str, value: Any) -> str:
    """The line that sets `key` to `value`; a comment where no line can."""
    name = application.variables.names[key][0]
    line = DOTENV.entry(name, DOTENV.spell(_said(value), application.catalogue.settings[key].form))
    if any(means(application.catalogue, key, said, value) for said in _read(application, line)):
        return line
    return f"# {name}=    # it does not fit on one line; it stays where it is set"


def _read(application: Application, line: str) -> Iterator[Any]:
    """What a ``.env`` of `line` alone says, as a load reads it."""
    parsed = read_dotenv(f"{line}\n", ".env", {})
    branch, problems = read_variables(application, dotenv_variables(parsed, application.prefix), lambda variable: "")
    if not parsed.problems and not problems:
        yield from (plain_of(node) for _, node in leaves(branch))


def _said(value: Any) -> Written:
    """A plain value as a layer says it."""
    if isinstance(value, list):
        return [_one_text(item) for item in value]
    return None if value is None else _one_text(value)


def _one_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

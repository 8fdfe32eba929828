"""The env template: every variable with its default, commented out, for people to fill in."""

from __future__ import annotations

from collections.abc import Iterator

from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Setting
from synfinance_settings.model.lines import as_text
from synfinance_settings.model.variables import FILE_SUFFIX

_HEADER = """\
# Variables of synfinance_settings. Copy to .env, remove the # in front of a name, and keep the file out of git.
# Any variable also takes <NAME>_FILE: a file whose content is the value."""


def env_template(application: Application) -> str:
    """The text of the template of `application`; as it stands it sets nothing."""
    return "\n".join(_lines(application)) + "\n"


def _lines(application: Application) -> Iterator[str]:
    """The head, what steers the package itself, and the settings by section."""
    catalogue, variables = application.catalogue, application.variables
    yield _HEADER
    yield ""
    yield f"# What steers the package itself; read from the process environment only, except {variables.environment}"
    for name, meaning in variables.reserved.items():
        yield f"# {name}=    # {meaning}"
    section = ""
    for key, setting in catalogue.settings.items():
        head = key.rpartition(".")[0]
        if head != section or key == next(iter(catalogue.settings)):
            section = head
            title = catalogue.summary(head) if head else "The process"
            yield ""
            yield f"# {title}"
        yield from _entry(setting, variables.names[key])


def _entry(setting: Setting, names: tuple[str, ...]) -> Iterator[str]:
    """The lines of one setting: notes, its other variables, and its variable with the default."""
    name, *others = names
    notes = [setting.description] if setting.description else []
    if setting.is_required:
        notes.append("It must be set.")
    if setting.limits:
        notes.append(f"({setting.limits})")
    if setting.is_secret:
        notes.append(f"A secret; {name}{FILE_SUFFIX} may name its file.")
    if notes:
        yield f"#   {' '.join(notes)}"
    if others:
        yield f"#   Also: {', '.join(others)}"
    default = ",".join(map(as_text, setting.default or ())) if setting.form == "list" else as_text(setting.default)
    yield f"# {name}={'' if setting.is_secret or setting.default is None else default}"

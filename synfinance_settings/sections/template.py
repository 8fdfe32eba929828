"""The env template: every variable with its default, commented out, for people to fill in."""

from __future__ import annotations

from collections.abc import Iterator

from synfinance_settings.sections.keys import SECTIONS, SETTINGS, Setting, as_text
from synfinance_settings.sections.variables import FILE_SUFFIX, NOT_READ_YET, RESERVED, VARIABLES_OF

_HEADER = """\
# Variables of synfinance_settings. Copy to .env, remove the # in front of a name, and keep the file out of git.
# Any variable also takes <NAME>_FILE: a file whose content is the value."""


def env_template() -> str:
    """The text of the template; as it stands it sets nothing."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield _HEADER
    yield ""
    yield "# What steers the package itself; the process environment only, but for SYNFINANCE_ENV"
    for name, meaning in RESERVED.items():
        if name in NOT_READ_YET:
            continue
        yield f"# {name}=    # {meaning}"
    section = ""
    for key, setting in SETTINGS.items():
        head = key.rpartition(".")[0]
        if head != section or key == next(iter(SETTINGS)):
            section = head
            title = (SECTIONS[head].__doc__ or "").partition("\n")[0] if head else "The process"
            yield ""
            yield f"# {title}"
        yield from _entry(setting)


def _entry(setting: Setting) -> Iterator[str]:
    name, *others = VARIABLES_OF[setting.key]
    notes = [setting.description]
    if setting.limits:
        notes.append(f"({setting.limits})")
    if setting.is_secret:
        notes.append(f"A secret; {name}{FILE_SUFFIX} may name its file.")
    yield f"#   {' '.join(notes)}"
    if others:
        yield f"#   Also: {', '.join(others)}"
    default = ",".join(setting.default) if setting.form == "list" else as_text(setting.default)
    yield f"# {name}={'' if setting.is_secret or setting.default is None else default}"

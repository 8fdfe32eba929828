"""The spellings of settings in the process environment and in ``.env``.

SYNFINANCE_SERVER__PORT     canonical: section and field, upper case, ``__`` between the levels
SYNFINANCE_SERVER_PORT      one underscore after the section
SYNFINANCE_DB_PASSWORD      the short sections DB (database) and REDIS (cache)
SYNFINANCE_JWT_SECRET       the names in `SHORT`
<any of them>_FILE          the file whose content is the value
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from synfinance_settings.sections.keys import LONGEST_SLIP, SECTIONS, SETTINGS

PREFIX: Final = "SYNFINANCE_"
SEPARATOR: Final = "__"
FILE_SUFFIX: Final = "_FILE"

ENVIRONMENT_VARIABLE: Final = f"{PREFIX}ENV"

RESERVED: Final = {
    ENVIRONMENT_VARIABLE: "the environment: development, staging, production or test",
    f"{PREFIX}SETTINGS_DIR": "the folder that holds the layer files; none says that there are none",
    f"{PREFIX}ENV_FILE": "a file that takes the place of .env; it must exist",
    f"{PREFIX}STATE_DIR": "the folder that keeps accepted versions of the layer files",
    f"{PREFIX}FALLBACK": "last-good: start on the last accepted layers when those on disk are broken",
    f"{PREFIX}REMOTE_URL": "the address of the shared remote layer",
    f"{PREFIX}REMOTE_UNAVAILABLE": "what to do when the shared remote layer cannot be reached",
}
"""Names that steer the package itself; they are never settings, and no ``_FILE`` of theirs is read."""

NOT_READ_YET: Final = (f"{PREFIX}REMOTE_URL", f"{PREFIX}REMOTE_UNAVAILABLE")
"""Reserved names that are kept free for the shared remote layer."""

SHORT_SECTIONS: Final = {"database": "DB", "cache": "REDIS"}
SHORT: Final = {
    f"{PREFIX}JWT_SECRET": "security.jwt_secret",
    f"{PREFIX}API_KEYS": "security.api_keys",
    f"{PREFIX}ALERT_WEBHOOK": "monitoring.alert_webhook",
}


def _spellings(key: str) -> tuple[str, ...]:
    section, _, rest = key.partition(".")
    if not rest:
        return (PREFIX + key.upper(),)
    field = rest.replace(".", SEPARATOR).upper()
    sections = [section.upper(), *filter(None, [SHORT_SECTIONS.get(section)])]
    spelled = [f"{PREFIX}{name}{between}{field}" for name in sections for between in (SEPARATOR, "_")]
    return (*spelled, *(name for name, target in SHORT.items() if target == key))


VARIABLES_OF: Final[dict[str, tuple[str, ...]]] = {key: _spellings(key) for key in SETTINGS}
"""The variables of every setting, the canonical one first."""

VARIABLES: Final[dict[str, str]] = {name: key for key, names in VARIABLES_OF.items() for name in names}
"""The key that each variable sets."""

_LONGEST: Final = max(map(len, VARIABLES))

_SECTION_NAMES: Final = {
    PREFIX + name: key
    for key in SECTIONS
    for name in (key.replace(".", SEPARATOR).upper(), key.replace(".", "_").upper(), SHORT_SECTIONS.get(key, ""))
    if name
}


def file_variable(name: str) -> str | None:
    """The variable whose value stands in the file that `name` names, or None where `name` is no such variable."""
    base = name.removesuffix(FILE_SUFFIX)
    return base if base != name and base in VARIABLES and name not in VARIABLES and name not in RESERVED else None


def misuse(name: str) -> str | None:
    """Why `name` can never be a variable although it begins like one; None where it is merely unknown.

    What follows the name of a variable is not told: it may be a value.
    """
    if name in _SECTION_NAMES:
        return f"{name} names the section {_SECTION_NAMES[name]}; a variable sets one field"
    end = name.rfind(SEPARATOR, 0, _LONGEST + len(SEPARATOR))
    while end > 0:
        if (head := name[:end]) in VARIABLES:
            return f"{head} sets {VARIABLES[head]}, which is a field and has no path below it"
        end = name.rfind(SEPARATOR, 0, end + 1)
    return None


def near_variable(name: str) -> str | None:
    """The variable that `name` most likely means, or None."""
    if len(name) > LONGEST_SLIP:
        return None
    near = get_close_matches(name, [*VARIABLES, *RESERVED], n=1, cutoff=0.7)
    return near[0] if near else None

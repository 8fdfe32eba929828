"""The spellings of settings in the process environment and in ``.env``; here with the prefix ``SHOP_``.

SHOP_CART__LIMIT     canonical: section and field, upper case, ``__`` between the levels
SHOP_CART_LIMIT      one underscore after the section
SHOP_DB_PASSWORD     a short name of the section, here of ``database``
SHOP_LIMIT           a short name of the setting
<any of them>_FILE   the file whose content is the value
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from synfinance_settings.model.catalogue import LONGEST_SLIP, Catalogue
from synfinance_settings.model.evolution import OldName
from synfinance_settings.slips import nearest

SEPARATOR: Final = "__"
FILE_SUFFIX: Final = "_FILE"


class VariableNames:
    """The names of all variables that set something in `catalogue`, and of those that steer the package itself.

    `short` maps keys, of sections and of settings, to their short names without the prefix; `environments` are the
    names that the variable of the environment takes. `names` has the variables of every setting, the canonical one
    first, `keys` the setting that each sets. `reserved` says what those that steer the package mean; they are never
    settings, and no other ``_FILE`` of theirs is read. `old` are the variables of names that settings had before.
    """

    def __init__(
        self, catalogue: Catalogue, prefix: str, short: Mapping[str, str], environments: tuple[str, ...]
    ) -> None:
        self.prefix: Final = prefix
        self.short: Final = short
        self.environment: Final = f"{prefix}ENV"
        self.settings_dir: Final = f"{prefix}SETTINGS_DIR"
        self.env_file: Final = f"{prefix}ENV_FILE"
        self.secrets_dir: Final = f"{prefix}SECRETS_DIR"
        self.state_dir: Final = f"{prefix}STATE_DIR"
        self.fallback: Final = f"{prefix}FALLBACK"
        self.remote_url: Final = f"{prefix}REMOTE_URL"
        self.remote_url_file: Final = f"{prefix}REMOTE_URL{FILE_SUFFIX}"
        self.remote_unavailable: Final = f"{prefix}REMOTE_UNAVAILABLE"
        self.instance: Final = f"{prefix}INSTANCE"
        self.reserved: Final = {
            self.environment: f"the environment: {_alternatives(environments)}",
            self.settings_dir: "the folder of the layer files; none means that there are none",
            self.env_file: "a file to read instead of .env; it must exist",
            self.secrets_dir: "a folder of secret files, each named as a key or a variable; it must exist",
            self.state_dir: "the folder that keeps accepted versions of the layer files",
            self.fallback: "last-good: start on the last accepted layers when those on disk are broken",
            self.remote_url: "the address of the shared store, as in redis://host:6379/0; without one there is none",
            self.remote_url_file: "a file whose content is that address, since it may hold a password",
            self.remote_unavailable: "fail or ignore: what a start does when the shared store cannot be reached",
            self.instance: "what this instance of the program is called in a fleet; the name of the host unless set",
        }
        self.names: Final = {key: tuple(self._spellings(key)) for key in catalogue.settings}
        self.keys: Final = {name: key for key, names in self.names.items() for name in names}
        self.old: Final[dict[str, OldName]] = {
            name: old
            for key, old in catalogue.old_names.items()
            for name in self._spellings(key)
            if name not in self.keys and name not in self.reserved
        }
        self._longest: Final = max(map(len, self.keys))
        self._sections: Final = {
            prefix + name: key
            for key in catalogue.sections
            for name in (key.replace(".", SEPARATOR).upper(), key.replace(".", "_").upper(), short.get(key, ""))
            if name
        }

    def canonical(self, key: str) -> str:
        """The canonical spelling of the variable that sets `key`, which need not be a setting."""
        return self.prefix + key.replace(".", SEPARATOR).upper()

    def _spellings(self, key: str) -> Iterator[str]:
        """The variables of the setting `key`, the canonical one first."""
        section, _, rest = key.partition(".")
        if not rest:
            yield self.prefix + key.upper()
        else:
            field = rest.replace(".", SEPARATOR).upper()
            for name in filter(None, (section.upper(), self.short.get(section))):
                yield from (f"{self.prefix}{name}{between}{field}" for between in (SEPARATOR, "_"))
        if key in self.short:
            yield self.prefix + self.short[key]

    def file_variable(self, name: str) -> str | None:
        """The variable whose value stands in the file that `name` names, or None where it names none."""
        base = name.removesuffix(FILE_SUFFIX)
        is_one = base != name and self.key_of(base) and not self.key_of(name) and name not in self.reserved
        return base if is_one else None

    def key_of(self, name: str) -> str | None:
        """The key of the setting that the variable `name` sets, or set when it was called otherwise."""
        old = self.old.get(name)
        return old.now if old else self.keys.get(name)

    def misuse(self, name: str) -> str | None:
        """Why `name` can never be a variable although it begins like one; None where it is merely unknown.

        What follows the name of a variable is not shown: it may be a value.
        """
        if name in self._sections:
            return f"{name} names the section {self._sections[name]}; a variable sets one field"
        end = name.rfind(SEPARATOR, 0, self._longest + len(SEPARATOR))
        while end > 0:
            if (head := name[:end]) in self.keys:
                return f"{head} sets {self.keys[head]}, which is a field and has no path below it"
            end = name.rfind(SEPARATOR, 0, end + 1)
        return None

    def named_section(self, name: str) -> str | None:
        """The section that `name` is a variable's name of, which sets nothing; None where there is none."""
        return self._sections.get(name)

    def near(self, name: str) -> str | None:
        """The variable that `name` most likely means, or None."""
        if len(name) > LONGEST_SLIP:
            return None
        near = nearest(name, [*self.keys, *self.old, *self.reserved], cutoff=0.7)
        return self.names[self.old[near].now][0] if near in self.old else near


def _alternatives(names: tuple[str, ...]) -> str:
    """The names in a sentence: ``a, b or c``."""
    return " or ".join(filter(None, [", ".join(names[:-1]), names[-1]]))

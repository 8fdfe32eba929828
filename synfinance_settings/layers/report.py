"""What a build of settings comes to, told instead of raised: a snapshot, or the problems that stand in its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from synfinance_settings.errors import Problem, SettingsError, counted, number_of, told
from synfinance_settings.layers.excerpt import SourceText
from synfinance_settings.layers.snapshot import Layers, Snapshot
from synfinance_settings.log import logger
from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import Catalogue
from synfinance_settings.model.section import Section
from synfinance_settings.record import Record
from synfinance_settings.text.format import items_of

_PLACEHOLDER_LENGTH: Final = 40


class ValidationReport(Record):
    """What a build of settings came to: true, with a snapshot, when there are no problems.

    `waived` are the warnings that a layer accepts for a while. `lent` are the settings whose values hold a
    placeholder, each with the names that it stands for, because nothing
    sets them; a secret's names are not told. `left_out` are the layers that should have given values and could not be
    read, of which `layers` says nothing; `content` are those that had content, which a reload may not lose. `texts` are
    those of the layer files by their names, for who has more to say of a place in them.
    """

    environment: str
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    waived: tuple[Problem, ...] = ()
    lent: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    snapshot: Snapshot | None = None
    layers: Layers = ()
    left_out: tuple[str, ...] = ()
    content: frozenset[str] = frozenset()
    texts: Mapping[str, SourceText] = MappingProxyType({})

    def __bool__(self) -> bool:
        return not self.problems

    def __repr__(self) -> str:
        return f"<ValidationReport of {self.environment}: {self.verdict()}>"

    def require(self) -> Snapshot:
        """The snapshot; raises the `SettingsError` of all problems where there is none."""
        if self.snapshot is None:
            raise SettingsError.of(self.problems)
        return self.snapshot

    def verdict(self) -> str:
        """How many of what were found, in words: ``2 errors; 1 warning``."""
        parts = [counted(number_of(self.problems), "error")] if self.problems else []
        parts += [counted(number_of(self.warnings), "warning")] if self.warnings else []
        parts += [f"{number_of(self.waived)} waived"] if self.waived else []
        parts += [f"placeholders for {', '.join(self.placeholders)}"] if self.placeholders else []
        return "; ".join(parts) or "no complaints"

    @property
    def placeholders(self) -> tuple[str, ...]:
        """What placeholders stand for: the secrets, by their keys, and the names that other settings refer to."""
        return tuple(dict.fromkeys(name for key, names in self.lent.items() for name in names or (key,)))


def judged(application: Application[Any], config: Section, environment: str) -> ValidationReport:
    """What a load of `application` would say in `environment` of a config that was built by hand: its rules."""
    problems = [breach.problem for breach in application.breaches(config, environment)]
    errors, warnings = (told(p for p in problems if p.severity == kind) for kind in ("error", "warning"))
    return ValidationReport(environment, errors, warnings)


class Lender:
    """Lends placeholders to names, and keeps in which settings they end."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._texts: dict[str, str] = {}
        self.lent: dict[str, tuple[str, ...]] = {}

    def lend(self, name: str) -> str:
        """A value for `name`, which nothing sets."""
        return self._texts.setdefault(name, placeholder(name))

    def watch(self, key: str, value: Any) -> None:
        """Be told what the setting `key` comes to."""
        items = [item for item in items_of(value) if isinstance(item, str)]
        names = tuple(name for name, text in self._texts.items() if any(text in item for item in items))
        if names:
            self.lent[key] = () if self._catalogue.settings[key].is_secret else names


def placeholder(name: str) -> str:
    """What is lent to `name`: 40 characters or more that pass for a URL and an origin, and reach nobody (RFC 2606)."""
    host = f"{name.lower().replace('_', '-')}.placeholder.invalid"
    return f"https://{host:x>{_PLACEHOLDER_LENGTH}}"


def log_problems(problems: Iterable[Problem]) -> None:
    """Write each problem to the logger ``synfinance_settings`` in one line, at the level of its severity."""
    for problem in problems:
        where = f"{problem.origin}: " if problem.origin else ""
        hint = f" ({problem.hint})" if problem.hint else ""
        tell = logger.error if problem.severity == "error" else logger.warning
        tell("%s%s%s", where, problem.message, hint)

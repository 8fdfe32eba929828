"""What the settings of one program are, in one value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType

from synfinance_settings.environment import Environment
from synfinance_settings.errors import Problem
from synfinance_settings.model.catalogue import Catalogue, catalogue_of
from synfinance_settings.model.rule import Breach, Rule
from synfinance_settings.model.section import Section
from synfinance_settings.model.variables import VariableNames


@dataclass(frozen=True, eq=False, repr=False)
class Application:
    """The settings of one program: their `model`, the `prefix` of their variables, and the `rules` between them.

    `name` is what people call the program, else what the prefix says.

    `short_variables` maps keys, of sections and of settings, to short names that their variables have as well, without
    the prefix; `settings_dir_name` is what the folder of the layers is called. All else is derived from these, once,
    when it is first needed.
    """

    model: type[Section]
    _: KW_ONLY
    prefix: str
    name: str = ""
    rules: tuple[Rule, ...] = ()
    short_variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    settings_dir_name: str = "settings"

    def __repr__(self) -> str:
        return f"<Application {self.model.__name__}, {self.prefix}>"

    @cached_property
    def title(self) -> str:
        """The program's name for people."""
        return self.name or self.prefix.strip("_").replace("_", " ").title()

    @cached_property
    def catalogue(self) -> Catalogue:
        """The settings by their keys."""
        return catalogue_of(self.model)

    @cached_property
    def variables(self) -> VariableNames:
        """The variables that set them."""
        return VariableNames(self.catalogue, self.prefix, self.short_variables, tuple(map(str, Environment)))

    def breaches(self, config: Section) -> Iterator[Breach]:
        """All that does not hold in `config`: contradictions first, then the rules of its environment in order."""
        for section, keys, contradiction in self.catalogue.contradictions:
            if contradiction.is_broken(attrgetter(section)(config) if section else config):
                yield Breach(keys, Problem("inconsistent", contradiction.message, keys[0]))
        for rule in self.rules:
            yield from rule.breaches(config)

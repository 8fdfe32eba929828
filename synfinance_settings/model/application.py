"""What the settings of one program are, in one value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import KW_ONLY, dataclass, field
from functools import cached_property
from operator import attrgetter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Generic

from synfinance_settings.environment import USUAL, EnvironmentKind, meant_environment
from synfinance_settings.errors import Origin, Problem
from synfinance_settings.model import checks, places
from synfinance_settings.model.catalogue import Catalogue, catalogue_of
from synfinance_settings.model.checks import ApplicationError
from synfinance_settings.model.evolution import OldName, has_reached
from synfinance_settings.model.rule import Breach, Rule
from synfinance_settings.model.section import Contradiction, Section
from synfinance_settings.model.variables import VariableNames

if TYPE_CHECKING:  # what is there at run time knows no default
    from typing_extensions import TypeVar

    Model_co = TypeVar("Model_co", bound=Section, covariant=True, default=Section)
else:
    from typing import TypeVar

    Model_co = TypeVar("Model_co", covariant=True)


@dataclass(frozen=True, eq=False, repr=False)
class Application(Generic[Model_co]):
    """The settings of one program: their `model`, the `prefix` of their variables, and the `rules` between them.

    `name` is what people call the program, else what the prefix says. The first of the
    `environments` is that of a process of which nothing says where it runs.

    `short_variables` maps keys, of sections and of settings, to short names that their variables have as well, without
    the prefix; `settings_dir_name` is what the folder of the layers is called. `layers` are the sources of values,
    lowest first; None means the usual ones, ``layers.precedence.LAYERS``. `version` is the program's own, which decides
    what is gone of old names and rules. All else is derived from these, once. To a type checker it is an application of
    its model: ``Application[ShopConfig]``.

    Raises `ApplicationError`, with all faults at once, where these cannot serve.
    """

    model: type[Model_co]
    _: KW_ONLY
    prefix: str
    name: str = ""
    environments: tuple[EnvironmentKind, ...] = USUAL
    rules: tuple[Rule, ...] = ()
    short_variables: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    settings_dir_name: str = "settings"
    layers: tuple[Any, ...] | None = None
    version: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.model, type) and issubclass(self.model, Section)):
            raise ApplicationError(repr(self), [f"{self.model!r} is not a class of settings; derive it from Section"])
        faults = [
            *checks.of_names(self.prefix, self.settings_dir_name),
            *checks.of_layers(layer.name for layer in self.layers or ()),
            *checks.of_environments(self.catalogue, self.environments),
            *checks.of_model(self.catalogue),
            *checks.of_rules(self.catalogue, self.rules, self.kinds),
            *checks.of_versions(self.catalogue, self.rules, self.version),
        ]
        faults = faults or [*checks.of_variables(self.catalogue, self.variables)]
        if faults:
            raise ApplicationError(repr(self), faults)

    def __repr__(self) -> str:
        return f"<Application {getattr(self.model, '__name__', self.model)}, {self.prefix}>"

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
        return VariableNames(self.catalogue, self.prefix, self.short_variables, tuple(self.kinds))

    @cached_property
    def old_names(self) -> dict[str, OldName]:
        """The old names that this version still takes."""
        return {key: name for key, name in self.catalogue.old_names.items() if key not in self.gone_names}

    @cached_property
    def gone_names(self) -> frozenset[str]:
        """The old names that this version no longer takes."""
        names = self.catalogue.old_names.values()
        return frozenset(name.key for name in names if has_reached(self.version, name.gone))

    @cached_property
    def kinds(self) -> dict[str, EnvironmentKind]:
        """What each environment is like, by its name."""
        return {kind.name: kind for kind in self.environments}

    @cached_property
    def environment_names(self) -> dict[str, str]:
        """Every environment by its name, as the config says it: a member where the model has an enumeration of them."""
        setting = self.catalogue.settings.get("environment")
        kind = type(setting.default) if setting is not None and isinstance(setting.default, str) else str
        return {name: kind(name) for name in self.kinds}

    @property
    def aliases(self) -> dict[str, str]:
        """The other names that environments answer to, with the environments that they mean."""
        return {alias: self.environment_names[kind.name] for kind in self.environments for alias in kind.aliases}

    def environment(self, name: str, origin: Origin | None = None, *, is_inserted: bool = False) -> str:
        """The environment that `name` means; raises `EnvironmentNameError`, as `meant_environment` does."""
        return self.environment_names[meant_environment(self.environments, name, origin, is_inserted=is_inserted)]

    def sets_secret(self, variable: str) -> bool | None:
        """Whether `variable` sets a secret; None where it sets nothing at all."""
        key = self.variables.key_of(variable)
        return None if key is None else self.catalogue.settings[key].is_secret

    @cached_property
    def rules_in_force(self) -> tuple[Rule, ...]:
        """The rules that hold in this version."""
        return tuple(rule for rule in self.rules if not has_reached(self.version, rule.until))

    @cached_property
    def _rules_of(self) -> dict[str, list[Rule]]:
        """The rules that hold in this version, by the names of the environments that they hold in."""
        return {name: [rule for rule in self.rules_in_force if name in rule.environments] for name in self.kinds}

    @cached_property
    def _contradictions(self) -> list[tuple[Callable[[Section], Section], tuple[str, ...], Contradiction]]:
        """The contradictions of the catalogue, each with what takes its section from a config."""
        return [
            (attrgetter(section) if section else lambda config: config, keys, contradiction)
            for section, keys, contradiction in self.catalogue.contradictions
        ]

    @cached_property
    def _places(self) -> tuple[places.Place, ...]:
        return places.places_of(self.catalogue.resources)

    def breaches(self, config: Section, environment: str) -> Iterator[Breach]:
        """All that does not hold in `config`: contradictions, then the rules of `environment`, then odd places."""
        for section_of, keys, contradiction in self._contradictions:
            if contradiction.is_broken(section_of(config)):
                yield Breach(keys, Problem("inconsistent", contradiction.message, keys[0]))
        for rule in self._rules_of.get(environment, ()):
            yield from rule.breaches(config, environment)
        yield from places.oddities(self._places, config)

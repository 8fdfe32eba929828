"""The catalogue of a model: every key with what its field says of itself, read once.

All that is shown about a setting (schema, env template, reference page, `explain`, suggestions) is drawn from here,
so a new field in a section is known everywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from operator import attrgetter
from typing import Any, Final, cast

from pydantic import ConfigDict, TypeAdapter
from pydantic.fields import FieldInfo

from synfinance_settings.errors import MASK, NOT_SET, Origin, Problem, UnknownKeyError, printable
from synfinance_settings.model.docstrings import docstrings
from synfinance_settings.model.evolution import OldName, OldNames
from synfinance_settings.model.forms import Form, FormName, in_words
from synfinance_settings.model.lines import as_line, is_set
from synfinance_settings.model.plain_types import choices, limits_of, unwrapped
from synfinance_settings.model.resource import Resource
from synfinance_settings.model.section import Contradiction, Restart, Section
from synfinance_settings.record import Record
from synfinance_settings.slips import is_slip, nearest

LONGEST_SLIP: Final = 100
"""Characters; a longer name is not a slip of the pen."""

MOST_SUGGESTIONS: Final = 20
"""How many slips of one layer get a suggestion: a layer that holds more is foreign altogether."""

UNLESS_FOLLOWED: Final = ", unless the program follows it"
"""What is added, for people, to the need for a restart that `follow` spares a program."""

Tree = dict[str, "Tree | None"]
"""The shape of the settings: a section maps its names, a setting is None."""


class Setting(Record):
    """One setting: its dotted key, and what the field of `model` says of form, limits and purpose."""

    key: str
    form: FormName
    model: type[Section]
    said: str
    """What the call of the field says that it means; empty where that stands below the field."""
    default: Any
    nullable: bool
    choices: tuple[str, ...]
    at_least: float | None
    at_most: float | None
    unit: str | None
    restart: Restart
    more_than: float | None = None
    less_than: float | None = None
    lengths: tuple[int | None, int | None] = (None, None)
    """The fewest and most characters of a text, or items of a list."""
    pattern: str | None = None
    """What a text must match, a regular expression of Rust's, as Pydantic has them."""
    is_required: bool = False
    """True where the model has no default, so that a layer must say the value; `default` is None then."""
    any_case: bool = False
    is_url: bool = False
    takes_units: bool = False
    was: tuple[str, ...] = ()
    """The keys that it had before."""
    since: str | None = None
    gone: str | None = None
    """The version that renamed it, and the one that no longer takes the old names."""

    @property
    def needs_restart(self) -> bool:
        """True where a change takes effect only when the process starts, followed or not."""
        return bool(self.restart)

    @property
    def unless_followed(self) -> bool:
        """True where a process that follows the setting needs no restart for a change of it."""
        return self.restart == "unless-followed"

    @property
    def description(self) -> str:
        """What the setting means: what its field is given, else what stands below the field."""
        return self.said or docstrings(self.model).get(self.key.rpartition(".")[2], "")

    @property
    def is_secret(self) -> bool:
        """True when the value is shown only to those who ask for it by name."""
        return self.form in ("secret", "secret list")

    @property
    def is_list(self) -> bool:
        """True when the value is a list."""
        return self.form in ("list", "secret list")

    @property
    def limits(self) -> str:
        """What values are allowed, in words: ``1024 to 65535``, ``at least 2 attempts``, ``lru, lfu, fifo``.

        Of a number that may have a unit behind it, the units too.
        """
        if self.choices:
            return ", ".join(self.choices)
        if self.takes_units and self.unit:
            return f"{self._range}; {in_words(self.unit)} may follow the number"
        return self._range

    @property
    def is_limited(self) -> bool:
        """True where not every value of the form is allowed."""
        return bool(self.choices or self._bounds)

    @property
    def _range(self) -> str:
        return ", ".join(self._bounds) or self.unit or ""

    @property
    def _bounds(self) -> list[str]:
        """Every limit in words."""
        unit = f" {self.unit}" if self.unit else ""
        counted = " items" if self.is_list else " characters"
        shortest, longest = self.lengths
        return [
            *_between(self.at_least, self.at_most, unit),
            *([f"more than {self.more_than}{unit}"] if self.more_than is not None else []),
            *([f"less than {self.less_than}{unit}"] if self.less_than is not None else []),
            *_between(shortest, longest, counted),
            *([f"matching {self.pattern}"] if self.pattern else []),
        ]


def _between(least: float | None, most: float | None, unit: str) -> Iterator[str]:
    if least is not None and most is not None:
        yield f"{least} to {most}{unit}"
    elif least is not None:
        yield f"at least {least}{unit.removesuffix('s') if least == 1 else unit}"
    elif most is not None:
        yield f"at most {most}{unit.removesuffix('s') if most == 1 else unit}"


def _setting(key: str, model: type[Section], field: FieldInfo) -> Setting | None:
    """What `field` of `model` says; None where it has no form."""
    annotation, metadata, nullable = unwrapped(field.annotation, field.metadata)
    form = next((item for item in metadata if isinstance(item, Form)), None)
    if form is None:
        return None
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    limits = limits_of(metadata)
    unit = cast("str | None", extra.get("unit"))
    return Setting(
        key=key,
        form=form.name,
        model=model,
        said=field.description or field.title or "",
        default=None if field.is_required() else field.default,
        nullable=nullable,
        choices=tuple(choices(annotation)),
        at_least=limits.get("ge"),
        at_most=limits.get("le"),
        more_than=limits.get("gt"),
        less_than=limits.get("lt"),
        lengths=(limits.get("min_length"), limits.get("max_length")),
        pattern=limits.get("pattern"),
        is_required=field.is_required(),
        unit=form.unit or unit,
        restart=cast("Restart", extra.get("restart") or False),
        any_case=form.any_case,
        is_url=form.is_url,
        takes_units=form.unit is not None,
        was=tuple(cast("list[str]", extra.get("was") or ())),
        since=cast("str | None", extra.get("since")),
        gone=cast("str | None", extra.get("gone")),
    )


def _walk(
    model: type[Section], prefix: str = "", above: tuple[type[Section], ...] = ()
) -> Iterator[tuple[str, FieldInfo | type[Section]]]:
    """The field of every setting and the model of every section by key, a section before what is inside it."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section) and kind not in (model, *above):
            yield prefix + name, kind
            yield from _walk(kind, f"{prefix}{name}.", (*above, model))
        else:
            yield prefix + name, field


def _tree(keys: Iterator[str], sections: Mapping[str, Any]) -> Tree:
    """The shape of `keys`, nested where they have dots."""
    tree: Tree = {}
    for key in keys:
        *path, name = key.split(".")
        branch = tree
        for part in path:
            branch = branch[part]  # type: ignore[assignment]
        branch[name] = {} if key in sections else None
    return tree


class Catalogue:
    """The settings and sections of `model` by their keys.

    `settings` has every setting in the order of the model, `sections` every section's model, a section before those
    inside it, `tree` the shape of both. A field without a form is not a setting; no application has one.
    """

    def __init__(self, model: type[Section]) -> None:
        entries = dict(_walk(model))
        self.model: Final = model
        self.sections: Final[dict[str, type[Section]]] = {
            k: v for k, v in entries.items() if not isinstance(v, FieldInfo)
        }
        self._fields: Final = {k: v for k, v in entries.items() if isinstance(v, FieldInfo)}
        models = {"": model, **self.sections}
        pairs = ((key, _setting(key, models[key.rpartition(".")[0]], field)) for key, field in self._fields.items())
        self.settings: Final = {key: setting for key, setting in pairs if setting is not None}
        self.tree: Final[Tree] = _tree(iter(entries), self.sections)
        self._adapters: dict[str, TypeAdapter[Any]] = {}

    def __repr__(self) -> str:
        return f"<Catalogue of {self.model.__name__}: {len(self.settings)} settings>"

    def summary(self, section: str) -> str:
        """The first line of what the model of `section` says of itself; one that says nothing is named."""
        return (self.sections[section].__doc__ or f"The section {section}.").partition("\n")[0]

    @cached_property
    def old_names(self) -> OldNames:
        """The keys that settings had before, with what they are now."""
        return OldNames(
            OldName(key, setting.key, setting.since, setting.gone)
            for setting in self.settings.values()
            for key in setting.was
        )

    @cached_property
    def places(self) -> dict[str, int]:
        """The number of every setting and section in the order of a file that is written anew."""
        return {key: number for number, key in enumerate([*self.settings, *self.sections])}

    @cached_property
    def restart(self) -> tuple[str, ...]:
        """The keys of the settings that take effect only when the process starts."""
        return tuple(key for key, setting in self.settings.items() if setting.needs_restart)

    @cached_property
    def followable(self) -> frozenset[str]:
        """The keys of those that take effect at once where they are followed."""
        return frozenset(key for key, setting in self.settings.items() if setting.unless_followed)

    @cached_property
    def contradictions(self) -> tuple[tuple[str, tuple[str, ...], Contradiction], ...]:
        """Every contradiction with the key of its section and the keys that it is about; those of the model first."""
        return tuple(
            (section, tuple(f"{section}.{name}" if section else name for name in contradiction.fields), contradiction)
            for section, model in {"": self.model, **self.sections}.items()
            for contradiction in model.CONTRADICTIONS
        )

    @cached_property
    def resources(self) -> tuple[Resource, ...]:
        """What the settings name in the world, as the sections say, those of the model first."""
        models = {"": self.model, **self.sections}
        return tuple(resource.inside(section) for section, model in models.items() for resource in model.RESOURCES)

    def secrets_in_use(self, config: Section) -> dict[str, Any]:
        """The values of the secrets by key, less those of resources that are not in use."""
        owners: dict[str, list[Resource]] = {}
        for resource in self.resources:
            for key in resource.keys.values():
                owners.setdefault(key, []).append(resource)
        return {
            key: attrgetter(key)(config)
            for key, setting in self.settings.items()
            if setting.is_secret
            and (key not in owners or any(owner.unused_for(config) is None for owner in owners[key]))
        }

    @cached_property
    def _values(self) -> Callable[[Any], tuple[Any, ...]]:
        return _getter(tuple(self.settings))

    @cached_property
    def _restart_values(self) -> Callable[[Any], tuple[Any, ...]]:
        return _getter(self.restart)

    def values_of(self, config: Section) -> dict[str, Any]:
        """Every setting's value by its key."""
        return dict(zip(self.settings, self._values(config), strict=True))

    def value_of(self, config: Section, key: str) -> Any:
        """The value of the setting `key` alone."""
        return attrgetter(key)(config)

    def restart_values_of(self, config: Section) -> dict[str, Any]:
        """The values that take effect only when the process starts, by their keys."""
        return dict(zip(self.restart, self._restart_values(config), strict=True))

    def cast_alone(self, key: str, value: Any) -> Any:
        """`value` as the setting `key` takes it, whatever the others are; raises Pydantic's `ValidationError`."""
        adapter = self._adapters.get(key)
        if adapter is None:
            annotation = self._fields[key].rebuild_annotation()
            adapter = self._adapters[key] = TypeAdapter(annotation, config=ConfigDict(hide_input_in_errors=True))
        return adapter.validate_python(value)

    def suggestion(self, key: str) -> str | None:
        """The setting or section that `key` most likely means, also by a name that it had, or None."""
        near = key if key in self.old_names else self._nearest(key)
        return self.old_names.today(near) if near else None

    def _nearest(self, key: str) -> str | None:
        """The key of today, or of before, that `key` is most like."""
        if len(key) > LONGEST_SLIP:
            return None
        lowered = key.lower().replace(" ", "")
        head, _, name = lowered.rpartition(".")
        known: list[str] = [*self.settings, *self.sections, *self.old_names]
        last_parts = {other.rpartition(".")[2]: other for other in reversed(known)}
        siblings = {part: other for other in known for inside, _, part in [other.rpartition(".")] if inside == head}
        spelled = {other.replace(".", "_"): other for other in known}
        if lowered in spelled:
            return spelled[lowered]
        whole = dict(zip(known, known, strict=True))
        for wanted, names, cutoff in ((name, siblings, 0.7), (lowered, whole, 0.85), (name, last_parts, 0.7)):
            near = nearest(wanted, names, cutoff)
            if near is not None:
                return names[near]
        return None

    def unknown_key(self, key: str, separator: str = ".", examples: Sequence[str] = ()) -> UnknownKeyError:
        """The error of a key, given by a caller, that is not a setting.

        The hint spells keys with `separator`, as the caller does; of a section it names `examples`, else its first
        ones.
        """
        name = printable(key)
        near = self.suggestion(key)
        hint = f"did you mean {near.replace('.', separator)}?" if near else None
        message = f"{name} is not a setting"
        if key in self.old_names and near:
            message = f"{name} is now {near.replace('.', separator)}"
        if key in self.sections:
            message = f"{name} is a section, not a setting"
            inside = [other for other in self.settings if other.startswith(f"{key}.")]
            named = ", ".join([*examples] or inside[:2]).replace(".", separator)
            hint = f"name a setting in it: {named}{'' if examples else ', ...'}"
        return UnknownKeyError(Problem("unknown-key", message, name, Origin("the argument"), hint=hint))

    def unknown_section(self, key: str) -> UnknownKeyError:
        """The error of a key, given by a caller, that is not a section."""
        name = printable(key)
        near = key if key in self.settings else self.suggestion(key)
        section = near if near in self.sections else near.rpartition(".")[0] if near else ""
        message = f"{name} is a setting, not a section" if key in self.settings else f"{name} is not a section"
        hint: str | None = (
            f"its section is {section}" if key in self.settings and section else f"did you mean {section}?"
        )
        hint = hint if section else None
        return UnknownKeyError(Problem("unknown-key", message, name, Origin("the argument"), hint=hint))

    def public_path(self, key: str) -> str:
        """`key` as a message may show it: what stands below a setting, or in the place of one, may be a secret."""
        tree: Tree | None = self.tree
        known: list[str] = []
        for part in key.split("."):
            if tree is None:
                return f"a key inside {'.'.join(known)}"
            if part not in tree:
                return f"a key in {'.'.join(known)}" if known else "a key"
            tree = tree[part]
            known.append(part)
        return ".".join(known)

    def shown(self, key: str, value: Any, most: int | None = 200) -> str:
        """`value` of setting `key` as people may see it: in one line, a secret as the mask, an empty one as not set.

        A text is cut at `most` characters; None cuts nothing.
        """
        setting = self.settings.get(key)
        if setting is None or setting.is_secret:
            return MASK if is_set(value) else NOT_SET
        return as_line(value, most)


def _getter(keys: tuple[str, ...]) -> Callable[[Any], tuple[Any, ...]]:
    """What takes the values of `keys` from a config, all at once."""
    if len(keys) > 1:
        return attrgetter(*keys)
    return lambda config: tuple(attrgetter(key)(config) for key in keys)


@cache
def catalogue_of(model: type[Section]) -> Catalogue:
    """The catalogue of `model`, which is made once."""
    return Catalogue(model)


def is_near(section: str, name: str, near: str | None) -> bool:
    """True where `name`, which is not a key of `section`, is a slip of the pen for the key `near`, and may be shown."""
    if near is None:
        return False
    spelled = (near, near.replace(".", "_"), near.rpartition(".")[2], near.removeprefix(f"{section}."))
    return any(is_slip(name, meant) for meant in spelled)

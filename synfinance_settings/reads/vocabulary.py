"""What the names in a program mean where they are those of an application: its settings, models, rules and faces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cached_property
from inspect import getattr_static
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Final

from synfinance_settings.model.application import Application
from synfinance_settings.model.section import Section

PACKAGE: Final = __name__.partition(".")[0]


class Vocabulary:
    """The names of `application`."""

    def __init__(self, application: Application) -> None:
        self.application: Final = application
        self.catalogue: Final = application.catalogue
        self.has_faces: Final = application.model.__module__.partition(".")[0] == PACKAGE
        """Whether the `settings` and `get_config` that this package exports are those of the application."""

    def below(self, section: str) -> tuple[str, ...]:
        """The keys of the settings in `section`; of the whole where it is empty."""
        settings = self.catalogue.settings
        return tuple(key for key in settings if not section or key.startswith(f"{section}."))

    def like(self, pattern: str) -> tuple[str, ...]:
        """The keys of the settings that a text may name in which ``*`` stands for what is not known.

        Where it may name a section, all that is in it.
        """
        settings, sections = self.catalogue.settings, self.catalogue.sections
        named = {key for key in settings if fnmatchcase(key, pattern)}
        inside = {key for section in sections if fnmatchcase(section, pattern) for key in self.below(section)}
        return tuple(key for key in settings if key in named | inside)

    def model(self, section: str) -> type[Section]:
        """The model of `section`."""
        return self.catalogue.sections[section] if section else self.catalogue.model

    def has(self, section: str, name: str) -> bool:
        """True where `name` is something of the model of `section` that is not a field, or of the face of the whole."""
        return hasattr(self.model(section), name) or (not section and name in _OF_FACE)

    def through(self, section: str, name: str) -> tuple[str, ...]:
        """The keys of the settings that the property or method `name` of a model looks at."""
        model = self.model(section)
        keys: set[str] = set()
        names = [name]
        for asked in names:  # grows
            code = _code_of(model, asked)
            names += [other for other in _names_in(code) if other not in names] if code else []
        for inside in names:
            key = f"{section}.{inside}" if section else inside
            if key in self.catalogue.settings:
                keys.add(key)
            elif key in self.catalogue.sections and inside in model.model_fields:
                parts = [other for other in self.below(key) if other.rpartition(".")[2] in names]
                keys.update(parts or self.below(key))
        return tuple(key for key in self.catalogue.settings if key in keys)

    @cached_property
    def models(self) -> dict[str, tuple[str, ...]]:
        """The sections, the whole as empty text, by the names of their models and of what these are made from."""
        sections: dict[str, tuple[str, ...]] = {}
        for key, model in {"": self.catalogue.model, **self.catalogue.sections}.items():
            for above in model.__mro__:
                if issubclass(above, Section) and above.model_fields:
                    sections[above.__name__] = (*sections.get(above.__name__, ()), key)
        return sections

    @cached_property
    def rules(self) -> dict[str, tuple[str, ...]]:
        """What rules and contradictions are about each setting, by its key."""
        by_key: dict[str, tuple[str, ...]] = {}
        judgements = [(rule.keys, f"rule {rule.id}") for rule in self.application.rules]
        judgements += [(keys, f"contradiction of {keys[0]}") for _, keys, _ in self.catalogue.contradictions]
        judgements += [((_ENVIRONMENT,), "the choice of the layers")]
        for keys, words in judgements:
            for key in keys:
                by_key[key] = tuple(dict.fromkeys((*by_key.get(key, ()), words)))
        return by_key

    @cached_property
    def judges(self) -> frozenset[CodeType]:
        """The code that says whether a rule or a contradiction is broken, with what it calls in its own module."""
        asked: list[Any] = [rule.is_broken for rule in self.application.rules]
        asked += [contradiction.is_broken for _, _, contradiction in self.catalogue.contradictions]
        judges = [judge for judge in asked if isinstance(judge, FunctionType)]
        for judge in judges:  # grows
            for helper in map(judge.__globals__.get, _names_in(judge.__code__)):
                if isinstance(helper, FunctionType) and helper.__module__ == judge.__module__ and helper not in judges:
                    judges.append(helper)
        return frozenset(judge.__code__ for judge in judges)

    @cached_property
    def judge_files(self) -> dict[int, set[Path]]:
        """The files of `judges` by their first lines."""
        files: dict[int, set[Path]] = {}
        for code in self.judges:
            files.setdefault(code.co_firstlineno, set()).add(Path(code.co_filename).resolve())
        return files

    def may_name(self, text: str) -> bool:
        """True for a text that may have to do with a setting: a key or a part of one, a variable, names with dots
        between, a text with fields to be filled in.
        """
        return text in self._words or "{" in text or bool(_DOTTED.fullmatch(text))

    @cached_property
    def _words(self) -> str:
        keys = (*self.catalogue.settings, *self.catalogue.sections)
        return "\n".join((*keys, *map(str.upper, keys), *self.application.variables.keys))

    def meant(self, key: str) -> str | None:
        """The setting or section that `key` most likely means, or None."""
        return self.catalogue.suggestion(key)


_DOTTED: Final = re.compile(r"[\w*]{1,60}(\.[\w*]{1,60}){1,5}\.?")
_ENVIRONMENT: Final = "environment"
_OF_FACE: Final = frozenset(("snapshot", "get", "as_dict", "from_env", "load_or_exit"))


def own_code(model: type) -> Iterator[CodeType]:
    """The code of the properties and methods that `model` and the models above it define."""
    for above in model.__mro__:
        if issubclass(above, Section) and above is not Section:
            yield from filter(None, (_code_of(above, name) for name in vars(above)))


def _code_of(model: type, name: str) -> CodeType | None:
    """The code behind the property or method `name` of `model`."""
    member = getattr_static(model, name, None)
    for inner in ("fget", "func", "__func__", "wrapped"):  # property, cached_property, classmethod, pydantic's proxy
        member = getattr(member, inner, member) if not isinstance(member, FunctionType) else member
    is_ours = isinstance(member, FunctionType) and not hasattr(Section, name)
    return member.__code__ if is_ours and isinstance(member, FunctionType) else None


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)

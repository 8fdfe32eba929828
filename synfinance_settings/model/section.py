"""What all models share: the base, which is frozen and silent about its input, and how a setting is declared."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, NoReturn, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic_core import CoreSchema, ErrorDetails, InitErrorDetails, PydanticCustomError

from synfinance_settings.foreign import printable
from synfinance_settings.model.docstrings import docstrings
from synfinance_settings.model.lines import for_people, in_one_line, table
from synfinance_settings.model.plain_types import take_plain_types
from synfinance_settings.model.resource import Resource
from synfinance_settings.slips import nearest

if TYPE_CHECKING:
    from typing import dataclass_transform

    from pydantic import PrivateAttr
    from pydantic._internal._model_construction import ModelMetaclass

Restart = bool | Literal["unless-followed"]
"""Whether a change takes effect only when the process starts anew, or only where nothing follows it (`live.follow`)."""

FOLLOWED: Final = "unless-followed"
"""Of a setting that a program which follows it takes over without a restart."""


def setting(
    default: Any,
    description: str = "",
    *,
    unit: str | None = None,
    ge: float | None = None,
    le: float | None = None,
    restart: Restart = False,
    was: str | tuple[str, ...] = (),
    since: str | None = None,
    gone: str | None = None,
) -> Any:
    """A field of a section.

    `description` is one sentence for people; without it, the text below the field is, which editors show as well.
    `unit` is what a number counts, where its form does not say so as `Seconds` and `Bytes` do; `ge` and `le` are the
    limits, both included; `restart` marks a field whose change takes effect only when the process starts anew; with
    ``"unless-followed"`` it does at once in a process that makes what depends on it by `follow`.

    `was` are the whole keys that the setting had before, ``("database.pool",)``: layers and variables may still give
    it by them, with a warning. `since` is the version of the program that renamed it, `gone` the one from which on an
    old name is an error.
    """
    extra: JsonDict = {"unit": unit, "restart": restart}
    if was or since or gone:
        extra |= {"was": [was] if isinstance(was, str) else list(was), "since": since, "gone": gone}
    return Field(default, description=description or None, ge=ge, le=le, json_schema_extra=extra)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Values of one section that cannot stand together, each fit by itself.

    `fields` are the names of all that `is_broken` looks at, the one at fault first; `message` says what must be so.
    """

    fields: tuple[str, ...]
    message: str
    is_broken: Callable[[Any], bool]


JUDGED_APART: Final = object()
"""The context of a validation whose caller judges the contradictions itself, beside the values that do not fit."""


def _silent(error: ValidationError) -> ValidationError:
    """The same error without its input, and with names of keys that forge no line."""
    details = [
        InitErrorDetails(
            type=_kind(detail),
            loc=tuple(printable(part) if isinstance(part, str) else part for part in detail["loc"]),
            input=None,
            ctx=detail.get("ctx", {}),
        )
        for detail in error.errors(include_input=False)
    ]
    return ValidationError.from_exception_data(error.title, details, hide_input=True)


def _kind(detail: ErrorDetails) -> str | PydanticCustomError:
    """The kind of an error: of Pydantic's own, which alone have a page, its name, else one with the same message."""
    if "url" in detail:
        return detail["type"]
    return PydanticCustomError(detail["type"], detail["msg"], detail.get("ctx"))


def _door(build: Callable[..., Any]) -> Callable[..., Any]:
    """Let a `ValidationError` leave `build` without its input, and without Pydantic's frames, whose locals hold it."""

    @functools.wraps(build)
    def enter(*args: Any, **kwargs: Any) -> Any:
        try:
            return build(*args, **kwargs)
        except ValidationError as error:
            silent = _silent(error)
        finally:
            del args, kwargs
        raise silent

    return enter


if TYPE_CHECKING:

    @dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(Field, PrivateAttr))
    class FrozenClass(ModelMetaclass):
        """Says to type checkers that no field of a model can be assigned; at run time `Section` says so itself."""

else:
    FrozenClass = type(BaseModel)


class Section(BaseModel, metaclass=FrozenClass):
    """The base of every model: frozen, deaf to unknown keys, silent about its input. Reads by key as well."""

    CONTRADICTIONS: ClassVar[tuple[Contradiction, ...]] = ()
    RESOURCES: ClassVar[tuple[Resource, ...]] = ()

    model_config: ClassVar[ConfigDict] = ConfigDict(
        frozen=True,
        extra="forbid",
        hide_input_in_errors=True,
        str_strip_whitespace=False,
        str_to_lower=False,
        str_to_upper=False,
    )

    @model_validator(mode="after")
    def _agrees(self, info: ValidationInfo) -> Self:
        if info.context is not JUDGED_APART:
            messages = [contradiction.message for contradiction in self.CONTRADICTIONS if contradiction.is_broken(self)]
            if messages:
                raise PydanticCustomError("inconsistent", "{text}", {"text": "; ".join(messages)})
        return self

    if not TYPE_CHECKING:
        __init__ = _door(BaseModel.__init__)
        model_validate = classmethod(_door(BaseModel.model_validate.__func__))
        model_validate_json = classmethod(_door(BaseModel.model_validate_json.__func__))
        model_validate_strings = classmethod(_door(BaseModel.model_validate_strings.__func__))

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Plain types are taken as forms, and no class takes back what all models promise."""
        super().__pydantic_init_subclass__(**kwargs)
        promised = Section.model_config
        is_bent = any(cls.model_config.get(name) != value for name, value in promised.items())
        cls.model_config.update(promised)
        if take_plain_types(cls) or is_bent:
            cls.model_rebuild(force=True, raise_errors=False)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Pydantic's schema of the model, with the descriptions that stand below the fields."""
        made = handler(schema)
        properties = handler.resolve_ref_schema(made).get("properties", {})
        for name, text in docstrings(cls).items():
            properties.get(name, {}).setdefault("description", text)
        return made

    def __repr__(self) -> str:
        return in_one_line(type(self).__name__, self)

    def __dir__(self) -> list[str]:
        return dir_of(type(self))

    def _repr_html_(self) -> str:
        """The section as a table, for notebooks."""
        return table(type(self).__name__, ("setting", "value", "meaning"), self._rows(""))

    def _rows(self, prefix: str) -> Iterator[tuple[str, str, str]]:
        texts = docstrings(type(self))
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if isinstance(value, Section):
                yield from value._rows(f"{prefix}{name}.")
            else:
                yield f"{prefix}{name}", for_people(value), field.description or texts.get(name, "")

    def __getitem__(self, key: str) -> Any:
        """The value of `key` in this section: ``["limit"]``, or ``["cart.limit"]`` of the whole."""
        name, _, inside = str(key).partition(".")
        value = getattr(self, name) if name in type(self).model_fields else None
        if inside and isinstance(value, Section):
            return value[inside]
        if inside or name not in type(self).model_fields:
            raise KeyError(key)
        return value

    def __contains__(self, name: object) -> bool:
        return name in type(self).model_fields

    if not TYPE_CHECKING:  # to a type checker, a frozen model has none of these

        def __getattr__(self, name: str) -> Any:
            if name.startswith("_") or hasattr(type(self), name):
                return super().__getattr__(name)
            raise NoSuchSettingError(type(self), name)

        def __setattr__(self, name: str, value: object) -> NoReturn:
            del value  # a traceback shows locals
            raise _frozen(type(self), name)

        def __delattr__(self, name: str) -> NoReturn:
            raise _frozen(type(self), name)


def dir_of(model: type[Section]) -> list[str]:
    """The names of the settings of `model`, and of what it adds to them."""
    return sorted({*model.model_fields, *added_names(model)})


def added_names(model: type[Section]) -> Iterator[str]:
    """The public names that `model` and the classes above it add to a section, other than fields."""
    for name in dir(model):
        if not name.startswith("_") and not hasattr(Section, name) and name not in model.model_fields:
            yield name


class NoSuchSettingError(AttributeError):
    """A section has no setting of that name. What it may mean is looked for when somebody reads the message: who asks
    with ``hasattr`` or a default reads none.
    """

    def __init__(self, model: type[Section], name: str) -> None:
        super().__init__(model, name, name=name, obj=None)  # of an object, Python would suggest once more

    def __str__(self) -> str:
        model, name = self.args
        near = nearest(name, dir_of(model))
        hint = f"; did you mean {near!r}?" if near else ""
        return f"{model.__name__} has no setting {printable(name)!r}{hint}"


def _frozen(model: type[Section], name: str) -> ValidationError:
    """Pydantic's own error of a frozen model would hold the value that was to be assigned."""
    message = (
        "settings are frozen: set {name} in a layer file or a variable, or, temporarily in a test, with override(...)"
    )
    error = InitErrorDetails(type=PydanticCustomError("frozen", message, {"name": name}), loc=(name,), input=None)
    return ValidationError.from_exception_data(model.__name__, [error], hide_input=True)

"""What plain types mean as forms, so that a model written for Pydantic can be read from layers as it stands.

    int, float, bool, str, date     the forms Whole, Number, Boolean, Text, Date
    SecretStr                       Secret
    timedelta                       Seconds, held as the timedelta that they come to
    Path                            text that is not empty
    HttpUrl, AnyHttpUrl, AnyUrl     text that is such a URL, without a password in it
    Literal[...], Enum              a choice of texts and whole numbers, spelled exactly so
    list[X], tuple[X, ...]          a list of any of these; what is annotated as a list is held as a `FrozenList`
    X | None                        any of these, or null

Limits of `Field` hold as ever. What else there is has no form, and `no_form` says what to write instead. The forms
come before Pydantic's own casting, as in `forms`, so text is read as the contract says and nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta
from enum import Enum, Flag
from pathlib import Path
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Any, Final, ForwardRef, Literal, NoReturn, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    SecretStr,
    TypeAdapter,
    ValidationError,
)
from pydantic.fields import FieldInfo
from pydantic.types import PathType
from pydantic_core import PydanticCustomError, PydanticUndefined, core_schema

from synfinance_settings.model import forms
from synfinance_settings.model.forms import Form

Marks = tuple[Any, ...]
"""What stands behind a type in ``Annotated``: its form, and what reads it."""


class FrozenList(list[Any]):
    """A list that cannot be changed, as nothing in a snapshot can; equal to any list of the same items."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("settings are frozen: make a list of your own of it, list(...), and change that")

    if not TYPE_CHECKING:
        append = extend = insert = remove = pop = clear = sort = reverse = _refuse
        __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse

        def __hash__(self) -> int:
            return hash(tuple(self))

    def __copy__(self) -> FrozenList:
        return self

    def __deepcopy__(self, _: object) -> FrozenList:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return FrozenList, (list(self),)

    @classmethod
    def __get_pydantic_core_schema__(cls, *_: object) -> core_schema.CoreSchema:
        """As a list of anything, so that Pydantic can write a default of its kind into a schema."""
        return core_schema.no_info_after_validator_function(cls, core_schema.list_schema())


def unwrapped(annotation: Any, metadata: Iterable[Any] = ()) -> tuple[Any, list[Any], bool]:
    """The type behind ``X | None`` and ``Annotated``, all metadata on the way, and whether None is allowed."""
    all_metadata, nullable = list(metadata), False
    while True:
        members = get_args(annotation)
        if get_origin(annotation) in (Union, UnionType) and type(None) in members and len(members) == 2:
            nullable, annotation = True, members[members[0] is type(None)]
        elif hasattr(annotation, "__metadata__"):
            all_metadata, annotation = [*all_metadata, *annotation.__metadata__], annotation.__origin__
        else:
            return annotation, all_metadata, nullable


def take_plain_types(model: type[BaseModel]) -> bool:
    """Put forms before the plain types of the fields of `model`; True where there were any.

    The model must be built anew then. A default is put into the form in which a layer's value would be held, and a
    factory of defaults is asked once, so that every load has the same.
    """
    taken = [_take(field) for field in model.__pydantic_fields__.values()]
    return any(taken)


def _take(field: FieldInfo) -> bool:
    """Put the form before the plain type of `field`; False where nothing is to be done."""
    kind, metadata, nullable = unwrapped(field.annotation, field.metadata)
    if any(isinstance(item, Form) for item in metadata):
        return False
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return not nullable and _take_section(kind, field)
    meant = _meant(kind)
    if meant is None or _changes_text(metadata) or _asks_disk(metadata):
        return False
    base, before, after = meant
    limits = [_over_whole(item) if base is int else item for item in _each(metadata)]
    marks = [*before, *limits, *after]
    field.annotation = Annotated[base, *marks] | None if nullable else base
    field.metadata = [] if nullable else marks
    _fix_default(field, kind)
    return True


def _take_section(kind: type[BaseModel], field: FieldInfo) -> bool:
    """A section that the model gives no default for is there all the same, with the defaults of its fields."""
    if field.default is not PydanticUndefined or field.default_factory not in (None, kind):
        return False
    field.default_factory, field.default, field.validate_default = None, {}, True
    return True


def _fix_default(field: FieldInfo, kind: Any) -> None:
    """Hold the default in the form in which a layer's value would be held."""
    if field.default_factory is not None and not field.default_factory_takes_validated_data:
        field.default, field.default_factory = field.get_default(call_default_factory=True), None
    if field.default is PydanticUndefined or field.default is None or type(field.default) is kind:
        return
    try:
        config = ConfigDict(hide_input_in_errors=True)
        field.default = TypeAdapter[Any](field.rebuild_annotation(), config=config).validate_python(field.default)
    except ValidationError:
        return  # it stays, and no application can be made of it


def _each(metadata: Iterable[Any]) -> Iterable[Any]:
    """The limits one by one, as Pydantic takes them apart."""
    for item in metadata:
        if getattr(item, _GROUPED, False):
            yield from item
        elif item is not None:
            yield item


_GROUPED: Final = "__is_annotated_types_grouped_metadata__"
"""By what `annotated_types` knows limits that stand for several; an `isinstance` of its protocol takes far longer."""


def _over_whole(limit: Any) -> Any:
    """A limit of whole numbers with the number itself included: what is more than 0 is at least 1."""
    if isinstance(limit, Gt) and isinstance(limit.gt, int):
        return Ge(limit.gt + 1)
    if isinstance(limit, Lt) and isinstance(limit.lt, int):
        return Le(limit.lt - 1)
    return limit


def _changes_text(metadata: Iterable[Any]) -> bool:
    """True for what strips text or changes its case: what is written is what counts."""
    names = ("strip_whitespace", "to_lower", "to_upper")
    return any(getattr(item, name, None) for item in _each(metadata) for name in names)


def _asks_disk(metadata: Iterable[Any]) -> bool:
    """True for what looks whether a path is there: settings validate wherever they are read."""
    return any(isinstance(item, PathType) for item in metadata)


def _read_path(value: Any) -> Any:
    if isinstance(value, Path):
        return value
    if text := forms.read_text(value):
        return Path(text)
    raise forms.misfit("be a path, and not be empty")


def _read_seconds(value: Any) -> Any:
    if not isinstance(value, timedelta):
        try:
            return timedelta(seconds=forms.read_seconds(value))
        except OverflowError:
            raise forms.misfit(f"be at most {timedelta.max.days} days", "out-of-range") from None
    if value.microseconds:
        raise forms.misfit("be whole seconds")
    return value


def _url_reader(kind: Callable[[str], Any], noun: str) -> Callable[[Any], Any]:
    """What reads a URL of `kind`, which messages call `noun`."""

    def read(value: Any) -> Any:
        text = str(value) if _is_url(type(value)) else forms.read_text(value)
        try:
            url = kind(text) if not re.search(r"[\s\x00-\x1f\x7f]", text) else None
        except ValidationError:
            url = None
        if url is None:
            raise forms.misfit(f"be {noun}")
        if url.password is not None:
            raise forms.misfit(f"be {noun} without a password, which only a secret may hold")
        return url

    return read


def _choice_reader(members: Mapping[str, Any]) -> Callable[[Any], Any]:
    """What reads one of `members` by its text; a member itself is one."""

    def read(value: Any) -> Any:
        if isinstance(value, str) and not isinstance(value, Enum):
            if value in members:
                return members[value]
        elif value is None:
            raise forms.misfit("not be null", "null")
        elif any(value == member and type(value) is type(member) for member in members.values()):
            return value
        raise PydanticCustomError("enum", "must be one of {expected}", {"expected": ", ".join(members)})

    return read


def _marks(form: Any) -> Marks:
    return tuple(form.__metadata__)


_SCALARS: Final[Mapping[type, Marks]] = {
    int: _marks(forms.Whole),
    float: _marks(forms.Number),
    bool: _marks(forms.Boolean),
    str: _marks(forms.Text),
    date: _marks(forms.Date),
    SecretStr: _marks(forms.Secret),
    Path: (Form("text"), BeforeValidator(_read_path)),
    timedelta: (Form("whole number", unit="seconds"), BeforeValidator(_read_seconds)),
}
_URLS: Final = {"HttpUrl": "an http or https URL", "AnyHttpUrl": "an http or https URL", "AnyUrl": "a URL"}
"""Types of `pydantic.networks`, which is imported by who needs it, and what they are in words."""


def _meant(kind: Any) -> tuple[Any, Marks, Marks] | None:
    """A type as Pydantic shall have it, what comes before its limits and what after; None where it has no form."""
    if marks := _scalar(kind):
        return kind, marks, ()
    arguments, origin = get_args(kind), get_origin(kind)
    if (origin is list and len(arguments) == 1) or (origin is tuple and arguments[1:] == (...,)):
        item, limits, nullable = unwrapped(arguments[0])
        if any(isinstance(limit, Form) for limit in limits):
            marks, limits = tuple(limits), []
        else:
            marks = _scalar(item)
        if nullable or _changes_text(limits) or _asks_disk(limits) or not marks:
            return None
        name: forms.FormName = "secret list" if item is SecretStr else "list"
        limits = [_over_whole(limit) if item is int else limit for limit in _each(limits)]
        inner = Annotated[item, *forms.filled_item(marks), *limits]  # type: ignore[valid-type]
        before = (Form(name), BeforeValidator(forms.read_list))
        if origin is list:
            return list[inner], before, (AfterValidator(FrozenList),)
        return tuple[inner, ...], before, ()
    return None


def _scalar(kind: Any) -> Marks:
    """What stands behind the type of one value; nothing where it has no form."""
    members = choices(kind)
    if members:
        return (Form("choice"), BeforeValidator(_choice_reader(members)))
    if _is_url(kind) and kind.__name__ in _URLS:
        noun = _URLS[kind.__name__]
        return (Form("text", is_url="http" in noun), BeforeValidator(_url_reader(kind, noun)))
    return _SCALARS.get(kind, ()) if isinstance(kind, type) else ()


def _is_url(kind: Any) -> bool:
    return getattr(kind, "__module__", "") == "pydantic.networks" and hasattr(kind, "unicode_string")


def choices(kind: Any) -> dict[str, Any]:
    """The members of a ``Literal`` or an ``Enum`` by their texts; none where they are not texts and whole numbers."""
    members: dict[Any, Any] = {}
    if get_origin(kind) is Literal:
        members = {member: member for member in get_args(kind)}
    elif isinstance(kind, type) and issubclass(kind, Enum) and not issubclass(kind, Flag):
        members = {member.value: member for member in kind}
    fits = all(isinstance(value, str | int) and not isinstance(value, bool | Enum) for value in members)
    return {str(value): member for value, member in members.items()} if fits else {}


_LIMITS: Final = ("ge", "le", "gt", "lt", "min_length", "max_length", "pattern")


def limits_of(metadata: Iterable[Any]) -> dict[str, Any]:
    """The limits in `metadata` as plain data, by the names that `Field` has for them."""
    limits: dict[str, Any] = {}
    for item in _each(metadata):
        if not isinstance(item, Form | BeforeValidator):
            for name in _LIMITS:
                if (limit := getattr(item, name, None)) is not None:
                    limits.setdefault(name, as_data(limit))
    return limits


def no_form(annotation: Any, metadata: Iterable[Any] = ()) -> str:
    """Why a field of this type has no form in which layers could write it, and what has one."""
    kind, all_metadata, nullable = unwrapped(annotation, metadata)
    if isinstance(kind, ForwardRef):
        return f"{kind.__forward_arg__} is not known where the class is made; define it above"
    origin, name = get_origin(kind) or kind, getattr(kind, "__name__", str(kind))
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        if nullable:
            return "a section is always there; give it a field that switches it on, instead of | None"
        if hasattr(kind, "RESOURCES"):
            return f"{name} contains itself, so there would be no end of keys"
        return f"{name} is not a section; derive it from Section instead of BaseModel"
    if _changes_text(all_metadata):
        return "text is taken as it is written; remove strip_whitespace, to_lower and to_upper"
    if _asks_disk(all_metadata):
        return "settings do not check whether a path exists; declare Path, and File or Folder in RESOURCES"
    if _is_url(kind):
        return f"{name} shows its password wherever it is printed; declare SecretStr, or host, user and password apart"
    if origin in (dict, Mapping):
        return "a mapping has no keys that could be checked; make it a Section with a field for each key"
    if origin in (list, tuple, set, frozenset):
        return f"a {name} of that kind has no form; declare list[X] or tuple[X, ...], X one type of single values"
    return f"{name} has no form; declare one of the types that docs/extending.md lists"


def as_data(value: Any) -> Any:
    """A value that is not a list as YAML and JSON know it: one of the types of JSON, or a secret as it is held."""
    match value:
        case Enum():
            return value.value
        case timedelta():
            return int(value.total_seconds())
        case date():
            return value.isoformat()
        case Path():
            return str(value)
    return str(value) if _is_url(type(value)) else value

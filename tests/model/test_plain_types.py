"""Plain types of Pydantic's are read as the forms that they mean: so spelled, nothing stripped or guessed."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import date, timedelta
from enum import Enum, IntEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import pytest
from pydantic import (
    AnyUrl,
    BeforeValidator,
    ConfigDict,
    Field,
    FilePath,
    HttpUrl,
    IPvAnyAddress,
    PositiveInt,
    PostgresDsn,
    RedisDsn,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from synfinance_settings.model.application import Application
from synfinance_settings.model.catalogue import catalogue_of
from synfinance_settings.model.checks import ApplicationError
from synfinance_settings.model.forms import Text
from synfinance_settings.model.lines import as_line
from synfinance_settings.model.plain_types import FrozenList
from synfinance_settings.model.schema import layer_schema
from synfinance_settings.model.section import Section, setting
from synfinance_settings.model.template import env_template


class Colour(Enum):
    RED = "red"
    GREEN = "green"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


class OldColour(str, Enum):  # noqa: UP042 - as people had to write it
    RED = "red"


def model(kind: Any, default: Any = ..., **more: Any) -> type[Section]:
    """A model with one field `x` of the type `kind`."""
    return type("Plain", (Section,), {"__annotations__": {"x": kind}, "x": Field(default, **more)})


def read(kind: Any, text: Any, **more: Any) -> Any:
    return model(kind, **more).model_validate({"x": text}).x


URL = HttpUrl("https://x.example/hook")


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (int, "+8", 8),
        (float, "1e3", 1000.0),
        (bool, "Off", False),
        (str, " 0123 ", " 0123 "),
        (date, "2024-02-29", date(2024, 2, 29)),
        (SecretStr, "hush", SecretStr("hush")),
        (Path, "a b", Path("a b")),
        (timedelta, "5m", timedelta(minutes=5)),
        (timedelta, "-3", timedelta(seconds=-3)),
        (HttpUrl, "https://x.example/hook", URL),
        (AnyUrl, "amqp://x.example", AnyUrl("amqp://x.example")),
        (Literal["a", "b"], "b", "b"),
        (Literal[1, 2], "2", 2),
        (Colour, "red", Colour.RED),
        (OldColour, "red", OldColour.RED),
        (Level, "2", Level.HIGH),
        (list[str], "a, b,", ["a", "b"]),
        (list[str], '["a", "b"]', ["a", "b"]),
        (list[int], "1,2", [1, 2]),
        (tuple[str, ...], ["a"], ("a",)),
        (tuple[SecretStr, ...], "a,b", (SecretStr("a"), SecretStr("b"))),
        (list[Path], "a,b", [Path("a"), Path("b")]),
        (list[HttpUrl], "https://x.example/hook", [URL]),
        (list[Literal["a", "b"]], "a,b", ["a", "b"]),
        (Optional[int], None, None),  # noqa: UP045
        (int | None, "8", 8),
        (list[str] | None, "a", ["a"]),
        (Annotated[str, StringConstraints(min_length=2)], "ab", "ab"),
        (Annotated[list[str], BeforeValidator(lambda text: text.split(";"))], "a;b", ["a", "b"]),
    ],
)
def test_text_is_read_as(kind, text, value):
    found = read(kind, text)
    assert (found, type(found)) == (value, FrozenList if isinstance(value, list) else type(value))


@pytest.mark.parametrize(
    ("kind", "texts", "said"),
    [
        (int, [" 8 ", "8_0", "8.0", "0x8", "", "nan", "8s", True, 8.0], "must be a whole number"),
        (float, ["nan", "inf", " 1", "1_0", "", True], "must be a finite number"),
        (bool, ["y", "t", "", " true", 2], "must be a boolean: true, yes, on, 1, false, no, off or 0"),
        (str, [8, ["a"], b"a"], "must be text"),
        (date, ["0", "1704067200", "2024-1-1", " 2024-01-01"], "must be a date of the form YYYY-MM-DD"),
        (Path, [""], "must be a path, and not be empty"),
        (
            timedelta,
            ["PT5S", "00:05", "0.5", " 5", "5 s"],
            "must be a whole number, or one followed by s, m, h or d",
        ),
        (timedelta, [timedelta(seconds=0.5)], "must be whole seconds"),
        (timedelta, ["9" * 30], "must be at most 999999999 days"),
        (
            HttpUrl,
            ["x", "", "ftp://x.example", " https://x.example", "https://x.example\n"],
            "must be an http or https",
        ),
        (HttpUrl, ["https://u:hush@x.example"], "must be an http or https URL without a password"),
        (AnyUrl, ["redis://:hush@x.example"], "must be a URL without a password"),
        (Literal["a", "b"], ["A", "a ", "", "c", 1], "must be one of a, b"),
        (Literal[1, 2], ["01", " 1", "+1", "1.0", True, 1.0], "must be one of 1, 2"),
        (Colour, ["RED", "red ", OldColour.RED], "must be one of red, green"),
        (Level, ["01", " 1", "LOW"], "must be one of 1, 2"),
        (list[int], ["1, ,x"], "must be a whole number"),
        (list[str], [["a", " "]], "must not be empty"),
        (list[Text], [["a", ""]], "must not be empty"),
        (tuple[int, ...], [8, {"a": 1}], "must be a list"),
        (int, [None], "must not be null"),
        (list[str], [None], "must not be null"),
        (Colour, [None], "must not be null"),
    ],
)
def test_what_is_not_of_the_form_is_refused(kind, texts, said):
    for text in texts:
        with pytest.raises(ValidationError) as caught:
            read(kind, text)
        assert caught.value.errors()[0]["msg"].startswith(said), text
        assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "limits", "words"),
    [
        (int, {"ge": 1, "le": 9}, "1 to 9"),
        (int, {"gt": 0}, "at least 1"),
        (int, {"lt": 10}, "at most 9"),
        (PositiveInt, {}, "at least 1"),
        (float, {"gt": 0, "lt": 1}, "more than 0, less than 1"),
        (float | None, {"gt": 0}, "more than 0"),
        (str, {"min_length": 2, "max_length": 5}, "2 to 5 characters"),
        (str, {"pattern": "^[a-z]+$"}, "matching ^[a-z]+$"),
        (list[str], {"min_length": 1}, "at least 1 item"),
        (timedelta, {"ge": timedelta(minutes=1)}, "at least 60 seconds; s, m, h or d may follow the number"),
        (date, {"ge": date(2024, 1, 1)}, "at least 2024-01-01"),
        (Literal["a", "b"], {}, "a, b"),
        (Level, {}, "1, 2"),
    ],
)
def test_limits_are_told_in_words_and_in_the_schema(kind, limits, words):
    app = Application(model(kind, **limits), prefix="PLAIN_")
    assert app.catalogue.settings["x"].limits == words
    assert f"Allowed: {words}." in layer_schema(app)["properties"]["x"]["description"]


def test_limits_that_leave_their_end_out_stand_in_the_schema():
    (number, *_) = layer_schema(Application(model(float, gt=0, lt=1), prefix="PLAIN_"))["properties"]["x"]["anyOf"]
    assert number == {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}
    (whole, *_) = layer_schema(Application(model(int, gt=0), prefix="PLAIN_"))["properties"]["x"]["anyOf"]
    assert whole == {"type": "integer", "minimum": 1}


@pytest.mark.parametrize(
    ("kind", "mend"),
    [
        (dict[str, int], "make it a Section with a field for each key"),
        (set[str], "declare list[X] or tuple[X, ...]"),
        (frozenset[str], "declare list[X] or tuple[X, ...]"),
        (list, "declare list[X] or tuple[X, ...]"),
        (list[list[str]], "declare list[X] or tuple[X, ...]"),
        (tuple[str, int], "declare list[X] or tuple[X, ...]"),
        (list[str | None], "declare list[X] or tuple[X, ...]"),
        (PostgresDsn, "declare SecretStr, or host, user and password apart"),
        (RedisDsn, "declare SecretStr, or host, user and password apart"),
        (FilePath, "declare Path, and File or Folder in RESOURCES"),
        (Annotated[str, StringConstraints(strip_whitespace=True)], "remove strip_whitespace, to_lower and to_upper"),
        (Any, "Any has no form"),
        (object, "object has no form"),
        (bytes, "bytes has no form"),
        (IPvAnyAddress, "IPvAnyAddress has no form"),
        (int | str, "has no form"),
        (Literal["a", True], "has no form"),
        (Section | None, "give it a field that switches it on"),
    ],
)
def test_a_type_without_a_form_says_what_to_write_instead(kind, mend):
    with pytest.raises(ApplicationError) as caught:
        Application(model(kind, None), prefix="PLAIN_")
    (fault, *_) = caught.value.faults
    assert fault.startswith("Plain.x: ")
    assert mend in fault


class Plain(Section):
    """Defaults as people write them."""

    names: list[str] = ["a", "b"]  # noqa: RUF012 - as people write it
    made: list[int] = Field(default_factory=lambda: [1, 2])
    key: SecretStr = "hush"  # type: ignore[assignment]
    home: Path = "x/y"  # type: ignore[assignment]
    hook: HttpUrl = "https://x.example/hook"  # type: ignore[assignment]
    wait: timedelta = timedelta(minutes=1)
    colour: Colour = Colour.RED
    rate: float = 1
    port: int = 8000


def test_defaults_are_held_as_values_of_layers_are():
    config = Plain()
    assert catalogue_of(Plain).values_of(config) == {
        "names": ["a", "b"],
        "made": [1, 2],
        "key": SecretStr("hush"),
        "home": Path("x/y"),
        "hook": URL,
        "wait": timedelta(minutes=1),
        "colour": Colour.RED,
        "rate": 1.0,
        "port": 8000,
    }
    defaults = {key: setting.default for key, setting in catalogue_of(Plain).settings.items()}
    assert defaults == catalogue_of(Plain).values_of(config)
    assert {type(config.names), type(config.made), type(defaults["names"])} == {FrozenList}


def test_values_are_shown_as_layers_spell_them():
    settings = catalogue_of(Plain).settings
    shown = {key: as_line(setting.default) for key, setting in settings.items()}
    assert shown == {
        "names": "[a, b]",
        "made": "[1, 2]",
        "key": "**********",
        "home": "x/y",
        "hook": "https://x.example/hook",
        "wait": "60",
        "colour": "red",
        "rate": "1.0",
        "port": "8000",
    }
    template = env_template(Application(Plain, prefix="PLAIN_"))
    assert all(line in template for line in ("# PLAIN_WAIT=60", "# PLAIN_COLOUR=red", "# PLAIN_MADE=1,2"))
    properties = layer_schema(Application(Plain, prefix="PLAIN_"))["properties"]
    assert {key: said["default"] for key, said in properties.items() if key != "key"} == {
        "names": ["a", "b"],
        "made": [1, 2],
        "home": "x/y",
        "hook": "https://x.example/hook",
        "wait": 60,
        "colour": "red",
        "rate": 1.0,
        "port": 8000,
    }


def test_a_list_cannot_be_changed_but_is_one():
    names = Plain().names
    for change in (
        lambda: names.append("c"),
        lambda: names.sort(),
        lambda: names.__setitem__(0, "c"),
        lambda: names.__delitem__(0),
        lambda: names.__iadd__(["c"]),
    ):
        with pytest.raises(TypeError, match="settings are frozen: make a list of your own"):
            change()
    assert isinstance(names, list)
    assert [*names, "c"] == ["a", "b", "c"]
    assert pickle.loads(pickle.dumps(names)) == copy.deepcopy(names) == copy.copy(names) == names
    assert hash(Plain()) == hash(Plain())


def test_models_are_dumped_and_described_as_pydantic_does():
    """Warnings are errors here, so nothing is dumped that its type did not foresee."""
    assert json.loads(Plain().model_dump_json()) == {
        "names": ["a", "b"],
        "made": [1, 2],
        "key": "**********",
        "home": "x/y",
        "hook": "https://x.example/hook",
        "wait": "PT1M",
        "colour": "red",
        "rate": 1.0,
        "port": 8000,
    }
    assert Plain.model_json_schema()["properties"]["names"]["default"] == ["a", "b"]


def test_a_factory_of_defaults_is_asked_once():
    asked: list[int] = []

    class Counting(Section):
        x: int = Field(default_factory=lambda: asked.append(1) or len(asked))

    assert (Counting().x, Counting().x, len(asked)) == (1, 1, 1)


def test_plain_types_and_forms_stand_side_by_side_and_are_inherited():
    class Base(Section):
        port: int = setting(8000, "Port.", ge=1, restart=True)

    class More(Base):
        name: Text = setting("x", "Name.")

    found = catalogue_of(More).settings["port"]
    assert (found.form, found.description, found.at_least, found.needs_restart) == ("whole number", "Port.", 1, True)
    with pytest.raises(ValidationError, match="must be a whole number"):
        More.model_validate({"port": "8_0"})


def test_no_class_takes_back_what_all_models_promise():
    class Loose(Section):
        model_config = ConfigDict(extra="ignore", frozen=False, str_strip_whitespace=True, hide_input_in_errors=False)
        x: str = "a"

    assert Loose(x=" b ").x == " b "
    with pytest.raises(ValidationError, match="frozen"):
        Loose().x = "c"  # type: ignore[misc]
    with pytest.raises(ValidationError) as caught:
        Loose(hush="hush")
    assert "Extra inputs" in str(caught.value)

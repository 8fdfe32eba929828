"""The forms: exactly which texts become which values."""

from __future__ import annotations

import pickle
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from synfinance_settings import (
    AppConfig,
    DatabaseConfig,
    GenerationConfig,
    MLConfig,
    MonitoringConfig,
    SecurityConfig,
    ServerConfig,
)
from synfinance_settings.sections.base import read_boolean, read_list, read_number, read_whole_number

WHOLE = (ServerConfig, "timeout")
NUMBER = (MLConfig, "fraud_threshold")
BOOLEAN = (ServerConfig, "reload")
DATE = (GenerationConfig, "end_date")
TEXT = (ServerConfig, "host")
LIST = (ServerConfig, "cors_origins")
LISTS = (LIST, (SecurityConfig, "allowed_hosts"), (SecurityConfig, "api_keys"))
WEBHOOK = (MonitoringConfig, "alert_webhook")


@pytest.mark.parametrize(
    ("field", "given_value", "value"),
    [
        (WHOLE, "8", 8),
        (WHOLE, "+8", 8),
        (WHOLE, "0008", 8),
        (WHOLE, 8, 8),
        (WHOLE, "9" * 4000, int("9" * 4000)),
        (NUMBER, "1", 1.0),
        (NUMBER, "0.5", 0.5),
        (NUMBER, ".5", 0.5),
        (NUMBER, "1.", 1.0),
        (NUMBER, "5e-1", 0.5),
        (NUMBER, "+5E-1", 0.5),
        (NUMBER, "-0", 0.0),
        (NUMBER, 1, 1.0),
        *((BOOLEAN, text, True) for text in ("true", "True", "TRUE", "yes", "YES", "on", "On", "1", True)),
        *((BOOLEAN, text, False) for text in ("false", "no", "No", "off", "OFF", "0", False)),
        (DATE, "2024-02-29", date(2024, 2, 29)),
        (DATE, date(2024, 2, 29), date(2024, 2, 29)),
        (TEXT, "", ""),
        (TEXT, " a ", " a "),
        (LIST, "", ()),
        (LIST, " ", ()),
        (LIST, "a", ("a",)),
        (LIST, "a, b ,c", ("a", "b", "c")),
        (LIST, '["a, b", "c"]', ("a, b", "c")),
        (LIST, '["a", 1, 1.50, true]', ("a", "1", "1.50", "true")),
        (LIST, "[]", ()),
        (LIST, ["a", "b"], ("a", "b")),
        (LIST, ("a",), ("a",)),
    ],
)
def test_a_form_takes(field, given_value, value):
    model, name = field
    assert getattr(model(**{name: given_value}), name) == value


@pytest.mark.parametrize(
    ("field", "given_value"),
    [
        *((WHOLE, text) for text in ("", " 8", "8 ", "8_0", "8.0", "8e0", "0x8", "eight", "٨", "8\n", "+", "--8")),
        *((WHOLE, value) for value in (True, 8.0, [], {}, None, b"8")),
        (WHOLE, "9" * 4001),
        *(
            (NUMBER, text)
            for text in ("", "nan", "inf", "-inf", "Infinity", ".inf", " 1", "1 ", "1_0", "0x1", "½", "1,0")
        ),
        *((NUMBER, value) for value in (True, float("nan"), float("inf"), None, [], "1e999")),
        *((BOOLEAN, text) for text in ("", "y", "n", "t", "f", " true", "true ", "2", "maybe", "oui")),
        *((BOOLEAN, value) for value in (1, 0, 1.0, None, [])),
        *((DATE, text) for text in ("", "2024-2-9", "20240101", "2024-02-30", "0", "1704067200", "2024-01-01T00")),
        *((DATE, value) for value in (0, datetime(2024, 1, 1), None, "٢٠٢٤-01-01", "2024-W01-1")),
        *((TEXT, value) for value in (None, 1, True, [], {}, b"x")),
        *((LIST, text) for text in ("[", '["a"', "[a]", '["a"] x', "[NaN]", "[] ]")),
        *((LIST, value) for value in (None, 1, {}, [1], [None], [["a"]], "[null]", '[["a"]]')),
        *((field, value) for field in LISTS for value in ([""], ["a", ""], [" "], ("a", "\t"), '["a", ""]', '[" "]')),
        *((WEBHOOK, text) for text in ("", "x", "ftp://x", "http://", "//x", "https:x", "https://x y", "javascript:1")),
        *((WEBHOOK, text) for text in ("https://[", "https://x/\n", " https://x")),
    ],
)
def test_a_form_refuses(field, given_value):
    model, name = field
    with pytest.raises(ValidationError):
        model(**{name: given_value})


@pytest.mark.parametrize("text", ["a,b,", ",a,b", "a,,b", " a , , b , ", "a,b,,,"])
@pytest.mark.parametrize(("model", "name"), LISTS)
def test_what_is_empty_between_commas_is_no_item(model, name, text):
    items = getattr(model(**{name: text}), name)
    assert [item.get_secret_value() if isinstance(item, SecretStr) else item for item in items] == ["a", "b"]


@pytest.mark.parametrize("url", ["https://hooks.example/a", "http://localhost:9/x?y=z", "HTTPS://x.example"])
def test_a_webhook_is_an_http_url(url):
    assert MonitoringConfig(alert_webhook=url).alert_webhook.get_secret_value() == url


@pytest.mark.parametrize("read", [read_whole_number, read_number, read_boolean, read_list])
@settings(max_examples=150)
@given(text=st.one_of(st.text(), st.text('0123456789.eE+-[]",truefalsnyo', max_size=8)))
def test_any_text_is_read_or_refused_without_being_shown(read, text):
    try:
        read(text)
    except PydanticCustomError as error:
        said = str(error)
    else:
        return
    assert len(text) < 5 or text not in said


@settings(max_examples=150)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_python_spells_it(number):
    assert read_number(repr(number)) == number


@settings(max_examples=100)
@given(st.integers())
def test_every_whole_number_is_read_as_python_spells_it(number):
    assert read_whole_number(str(number)) == number


def test_models_are_frozen_and_forbid_unknown_names():
    with pytest.raises(ValidationError):
        DatabaseConfig(prot=1)
    with pytest.raises(ValidationError):
        DatabaseConfig().port = 1
    assert hash(DatabaseConfig()) == hash(DatabaseConfig())


def test_an_assignment_says_what_to_do_and_never_the_value():
    with pytest.raises(ValidationError, match=r"set password in a layer file or a variable.* override") as caught:
        DatabaseConfig().password = "hush"
    error = caught.value
    shown = [str(error), repr(error), repr(error.errors()), error.json(), repr(error.__context__)]
    ours = [frame.frame.f_locals for frame in caught.traceback if frame.path != Path(__file__)]
    assert not [text for text in (*shown, repr(ours)) if "hush" in text]
    with pytest.raises(ValidationError, match="frozen"):
        del DatabaseConfig().password


def test_a_model_reads_by_key_too():
    config = AppConfig()
    assert config["server.port"] == config["server"]["port"] == config.server.port
    assert config["ml.feature_engineering"] is config.ml.feature_engineering
    assert ("server" in config, "port" in config.server, "prot" in config.server) == (True, True, False)
    for key in ("server.prot", "server.port.x", "prot", "", 0):
        with pytest.raises(KeyError):
            config[key]


BAD = {"password": ["hush"], "port": "hush", "user": b"hush", "pr\not": "hush"}
WAYS = {
    "a section": lambda: DatabaseConfig(**BAD),
    "all": lambda: AppConfig(database=BAD, cache="hush", prot="hush"),
    "a mapping": lambda: AppConfig.model_validate({"database": BAD, "environment": "hush"}),
    "JSON": lambda: AppConfig.model_validate_json('{"database": {"password": ["hush"]}}'),
    "JSON that is none": lambda: DatabaseConfig.model_validate_json('{"password": "hush"'),
    "texts": lambda: DatabaseConfig.model_validate_strings({"password": {"prot": "hush"}}),
    "a choice": lambda: DatabaseConfig(password="hush", ssl_mode="hush"),
    "a contradiction": lambda: SecurityConfig(jwt_secret="hush", ssl_enabled=True),
}


@pytest.mark.parametrize("build", WAYS.values(), ids=WAYS)
def test_an_error_of_a_model_holds_nothing_of_its_input(build):
    with pytest.raises(ValidationError) as caught:
        build()
    error = caught.value
    shown = [str(error), repr(error), error.json(), repr(error.__context__), repr(error.__cause__)]
    shown += [pickle.dumps(error).decode("latin-1"), *(repr(detail["input"]) for detail in error.errors())]
    assert not [text for text in shown if "hush" in text]
    assert error.errors()[0]["msg"]
    assert "pr\not" not in str(error)


def test_an_error_of_a_model_still_says_what_is_wrong():
    with pytest.raises(ValidationError) as caught:
        AppConfig(server={"port": 0, "workers": "x"}, database={"ssl_mode": "no", "prot": 1})
    told = [(detail["type"], detail["loc"], detail["msg"]) for detail in caught.value.errors()]
    assert told == [
        ("greater_than_equal", ("server", "port"), "Input should be greater than or equal to 1024"),
        ("wrong-type", ("server", "workers"), "must be a whole number"),
        ("literal_error", ("database", "ssl_mode"), caught.value.errors()[2]["msg"]),
        ("extra_forbidden", ("database", "prot"), "Extra inputs are not permitted"),
    ]
    assert caught.value.errors()[0]["ctx"] == {"ge": 1024}
    assert str(caught.value).startswith("4 validation errors for AppConfig\nserver.port\n")


@pytest.mark.parametrize("build", [WAYS["a section"], WAYS["all"], WAYS["a mapping"], WAYS["JSON"]])
def test_a_traceback_of_a_model_ends_where_it_was_built(build):
    """Pydantic's frames hold the input as locals."""
    with pytest.raises(ValidationError) as caught:
        build()
    others = [frame for frame in caught.traceback if frame.path != Path(__file__)]
    assert {frame.path.name for frame in others} == {"base.py"}
    assert "hush" not in repr([frame.frame.f_locals for frame in others])

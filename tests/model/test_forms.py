"""The forms: exactly which texts become which values."""

from __future__ import annotations

from datetime import date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError
from pydantic_core import PydanticCustomError

from synfinance_settings import (
    GenerationConfig,
    MLConfig,
    MonitoringConfig,
    SecurityConfig,
    ServerConfig,
)
from synfinance_settings.model.forms import read_boolean, read_list, read_number, read_whole_number

WHOLE = (ServerConfig, "port")
SECONDS = (ServerConfig, "timeout")
BYTES = (ServerConfig, "max_request_size")
SEED = (GenerationConfig, "seed")
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
        (WHOLE, "8008", 8008),
        (WHOLE, "+8008", 8008),
        (WHOLE, "0008008", 8008),
        (WHOLE, 8008, 8008),
        (SEED, "9" * 4000, int("9" * 4000)),
        *((SECONDS, text, 8) for text in ("8", "+8", "0008", 8, "8s", "+8s", "0008s")),
        *((SECONDS, f"2{unit}", 2 * seconds) for unit, seconds in (("m", 60), ("h", 3600), ("d", 86400))),
        *((BYTES, f"2{unit}", 2 * count) for unit, count in (("kB", 1000), ("MB", 1000**2), ("GB", 1000**3))),
        *((BYTES, f"2{unit}", 2 * count) for unit, count in (("KiB", 1024), ("MiB", 1024**2), ("GiB", 1024**3))),
        (BYTES, "2048", 2048),
        (SECONDS, "9" * 4000 + "d", int("9" * 4000) * 86400),
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
        *((WHOLE, text) for text in ("8008s", "8008kB", "8008m")),
        (SEED, "9" * 4001),
        *(
            (SECONDS, text)
            for text in ("8 s", "8S", "8M", "8sec", "8ms", "8kB", "1.5h", "1h30m", "s", "", " 8s", "8s\n")
        ),
        *((SECONDS, text) for text in ("٨s", "1_0s", "1e1s", "9" * 4001 + "s", 8.0, True, None, "-8m", "0d")),
        *(
            (BYTES, text)
            for text in ("9kb", "9KB", "9K", "9k", "9M", "9mb", "9Mib", "9MiB ", "9 MB", "9s", "9B", "1kB")
        ),
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
    for given_text in (text, f"{text}Zq7", f"Zq7{text}"):  # what is no word of any message
        said = ""
        try:
            read(given_text)
        except PydanticCustomError as error:
            said = str(error)
        assert "Zq7" not in said


@settings(max_examples=150)
@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_number_is_read_as_python_spells_it(number):
    assert read_number(repr(number)) == number


@settings(max_examples=100)
@given(st.integers())
def test_every_whole_number_is_read_as_python_spells_it(number):
    assert read_whole_number(str(number)) == number

"""The base of all models: frozen, read by key too, and silent about its input."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from synfinance_settings import AppConfig, DatabaseConfig, SecurityConfig


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
    assert {frame.path.name for frame in others} == {"section.py"}
    assert "hush" not in repr([frame.frame.f_locals for frame in others])

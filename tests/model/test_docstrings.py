"""Texts below the fields of a model: what editors show, and what describes a setting."""

from __future__ import annotations

from pydantic import Field

from synfinance_settings import AppConfig, Section, Text, Whole, setting
from synfinance_settings.model.catalogue import catalogue_of


class CartConfig(Section):
    """What customers may put into a cart."""

    limit: Whole = setting(20, ge=1)
    """Most items
    of a cart."""

    currency: Text = setting("EUR", "Currency of the prices.")
    """What is not counted: the call says it."""
    size: int = 3
    "Shelves."
    colour: str = Field("red", description="Colour.")
    bare: Whole = setting(1)


class BigCartConfig(CartConfig):
    """A cart with more room."""

    room: Whole = setting(2)
    """Pallets."""
    size: int = 30
    """Shelves of a big one."""


def described(model):
    return {key: found.description for key, found in catalogue_of(model).settings.items()}


def test_a_setting_is_described_by_its_call_else_by_the_text_below_it():
    assert described(CartConfig) == {
        "limit": "Most items of a cart.",
        "currency": "Currency of the prices.",
        "size": "Shelves.",
        "colour": "Colour.",
        "bare": "",
    }


def test_a_field_is_described_by_the_class_that_declares_it_last():
    found = described(BigCartConfig)
    assert (found["limit"], found["size"], found["room"]) == (
        "Most items of a cart.",
        "Shelves of a big one.",
        "Pallets.",
    )


def test_a_class_in_a_function_and_one_in_a_class_have_texts_too():
    class Local(Section):
        class Inner(Section):
            depth: int = 1
            """Depth."""

        inner: Inner = Inner()

    assert described(Local) == {"inner.depth": "Depth."}


def test_json_schema_of_pydantic_has_the_texts():
    properties = CartConfig.model_json_schema()["properties"]
    assert (properties["limit"]["description"], properties["colour"]["description"]) == (
        "Most items of a cart.",
        "Colour.",
    )
    assert "description" not in properties["bare"]
    port = AppConfig.model_json_schema()["$defs"]["ServerConfig"]["properties"]["port"]
    assert port["description"] == "TCP port to listen on."


def test_no_start_reads_a_source_and_without_one_there_is_no_text(project):
    model = "from synfinance_settings import Section\nclass A(Section):\n    b: int = 1\n    'Text.'\n"
    code = f"""if True:
        from synfinance_settings import settings
        from synfinance_settings.model.catalogue import catalogue_of
        from synfinance_settings.model.docstrings import docstrings
        assert settings.server.port
        assert docstrings.cache_info().currsize == 0
        exec({model!r})
        assert catalogue_of(A).settings["b"].description == ""
    """
    run = project.python(code)
    assert (run.returncode, run.stderr) == (0, "")

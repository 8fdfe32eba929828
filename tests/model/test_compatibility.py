"""What a change of the settings breaks, told from an earlier schema of the layers."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Literal

import pytest
from pydantic import Field, SecretStr, create_model
from stall import STALL, stall

from synfinance_settings import (
    Application,
    Boolean,
    Date,
    Number,
    Rule,
    Seconds,
    Secret,
    Section,
    Text,
    Whole,
    setting,
)
from synfinance_settings.model.compatibility import differences
from synfinance_settings.model.schema import layer_schema


def shop(limit: tuple[Any, Any], rules: tuple[Rule, ...] = ()) -> Application:
    """An application with one setting, ``cart.limit``: its form, and what is declared."""
    cart = create_model("Cart", __base__=Section, limit=limit)
    default = Field(default_factory=cart) if limit[1].is_required() else cart()
    model = create_model("Shop", __base__=Section, motto=(Text, "buy"), cart=(cart, default))
    return Application(model, prefix="SHOP_", rules=rules)


def told(before: Application, now: Application) -> list[tuple[str, bool]]:
    earlier = json.loads(json.dumps(layer_schema(before)))
    return [(f"{found.key} {found.message}", found.is_breaking) for found in differences(earlier, now)]


LIMIT = (Whole, setting(20, "Most items.", ge=1, le=99))
SIZE = Literal["s", "m", "l"]
CHANGES = {
    "nothing": (LIMIT, LIMIT, []),
    "a lower maximum": (LIMIT, (Whole, setting(20, "", ge=1, le=50)), [("is at most 50, and was at most 99", True)]),
    "a higher maximum": (LIMIT, (Whole, setting(20, "", ge=1, le=100)), []),
    "a higher minimum": (LIMIT, (Whole, setting(20, "", ge=2, le=99)), [("is at least 2, and was at least 1", True)]),
    "a new limit": (
        (Whole, setting(2, "")),
        (Whole, setting(2, "", ge=0)),
        [("is at least 0, and had no such limit", True)],
    ),
    "another type": (
        LIMIT,
        (Boolean, setting(True, "")),
        [("was a whole number, and is a boolean", True), ("has the default true, which was 20", False)],
    ),
    "a wider type": (
        (Whole, setting(2, "")),
        (Number, setting(2, "")),
        [("was a whole number, and is a number", False)],
    ),
    "text for a date": (
        (Date, setting(date(2024, 1, 1), "")),
        (Text, setting("2024-01-01", "")),
        [("was a date, and is text", False)],
    ),
    "a default": (LIMIT, (Whole, setting(30, "", ge=1, le=99)), [("has the default 30, which was 20", False)]),
    "no null": ((Whole | None, setting(2, "")), (Whole, setting(2, "")), [("may no longer be null", True)]),
    "a choice less": (
        (SIZE, setting("s", "")),
        (Literal["s", "m"], setting("s", "")),
        [("can no longer be l", True)],
    ),
    "a choice more": ((Literal["s"], setting("s", "")), (SIZE, setting("s", "")), []),
    "no units": (
        (Seconds, setting(2, "")),
        (Whole, setting(2, "")),
        [("is written in fewer ways: units, or letters in any case", True)],
    ),
    "a requirement": (LIMIT, (Whole, setting(..., "", ge=1, le=99)), [("must be set now", True)]),
    "a secret that is required": (
        (Secret, setting(SecretStr(""), "")),
        (Secret, setting(..., "")),
        [("must be set now", True)],
    ),
    "a requirement as before": ((Whole, setting(..., "")), (Whole, setting(..., "")), []),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_told_as_what_it_means_for_layers(change):
    before, now, expected = CHANGES[change]
    assert told(shop(before), shop(now)) == [(f"cart.limit {message}", breaks) for message, breaks in expected]


def test_a_rename_breaks_nothing_until_the_old_name_is_gone():
    def before(*_):
        cart = create_model("Cart", __base__=Section, most=(Whole, setting(20, "", ge=1, le=200)))
        return Application(create_model("Shop", __base__=Section, cart=(cart, cart())), prefix="SHOP_")

    found = dict(told(before(), STALL))
    assert found["cart.most is now cart.limit; the old name is still accepted, until 2.0"] is False
    assert found["cart.most is at most 99, and was at most 200"] is True
    assert ("cart.most is gone; it is cart.limit", True) in told(before(), stall("2.0"))
    assert ("basket.most is gone; it is cart.limit", True) in told(STALL, stall("2.0"))
    assert told(STALL, STALL) == []


def test_a_rename_that_is_not_declared_is_a_removal_with_the_mend():
    cart = create_model("Cart", __base__=Section, limits=(Whole, setting(20, "")))
    now = Application(create_model("Shop", __base__=Section, motto=(Text, "buy"), cart=(cart, cart())), prefix="SHOP_")
    assert told(shop(LIMIT), now) == [
        ('cart.limit is removed; if it is cart.limits now, say was=("cart.limit",) there', True)
    ]


def test_what_is_new_breaks_layers_only_where_it_must_be_set():
    empty = Application(create_model("Shop", __base__=Section, motto=(Text, "buy")), prefix="SHOP_")
    assert told(empty, shop(LIMIT)) == []
    assert told(empty, shop((Whole, setting(..., "")))) == [("cart.limit is new, and must be set", True)]
    assert told(shop(LIMIT), empty) == [("cart.limit is removed", True)]


def test_a_rule_that_was_waived_and_is_gone_breaks_the_layer():
    rule = Rule("odd", "warning", ("test",), ("motto",), "odd", lambda shop: False)
    other = Rule("even", "warning", ("test",), ("motto",), "even", lambda shop: False)
    (found,) = told(shop(LIMIT, (rule,)), shop(LIMIT, (other,)))
    assert found[0].startswith("waive.odd is removed")


@pytest.mark.parametrize(
    "earlier", [None, [], {}, {"properties": []}, {"properties": {"motto": 1}}, {"properties": {"motto": {"anyOf": 1}}}]
)
def test_what_is_no_schema_of_layers_is_refused(earlier):
    with pytest.raises(ValueError, match="not a schema of a layer"):
        differences(earlier, shop(LIMIT))

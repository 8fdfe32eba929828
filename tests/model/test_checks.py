"""A model that cannot serve is an error when the application is made, which says all that has to be mended."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import BaseModel, Field, SecretStr
from shop import SHOP, ShopConfig

from synfinance_settings.environment import EnvironmentKind
from synfinance_settings.model.application import Application
from synfinance_settings.model.checks import ApplicationError
from synfinance_settings.model.forms import Boolean, Choice, Secret, Text, Whole
from synfinance_settings.model.resource import File
from synfinance_settings.model.rule import Rule
from synfinance_settings.model.section import Contradiction, Section, setting


def faults(model: Any = ShopConfig, **more: Any) -> tuple[str, ...]:
    """What making an application of `model` says."""
    with pytest.raises(ApplicationError) as caught:
        Application(model, **{"prefix": "SHOP_", **more})
    return caught.value.faults


@pytest.mark.filterwarnings("ignore:Field name:UserWarning")
def test_all_faults_are_told_at_once_with_class_and_field():
    class CartConfig(Section):
        limit: Whole = setting(200, "Most items.", ge=1, le=99)
        copy: Boolean = setting(False, "Copy carts.")  # type: ignore[assignment]
        Colour: Text = setting("red", "Colour of the cart.")

    class ShopConfig(Section):
        cart: CartConfig = CartConfig()
        shape: object = Field(None)

    with pytest.raises(TypeError, match="cannot serve") as caught:
        Application(ShopConfig, prefix="shop")
    said = str(caught.value)
    for part in (
        "<Application ShopConfig, shop> cannot serve:\n",
        "- the prefix 'shop' must be capitals that end in _, such as SHOP_",
        "- ShopConfig.shape: ",
        "- CartConfig.limit: its default does not fit: Input should be less than or equal to 99",
        "- CartConfig.copy: the name hides Section.copy; rename the field",
        "- CartConfig.Colour: names of settings are a-z, 0-9 and _",
    ):
        assert part in said
    assert said.count("\n  - ") == 5


def test_a_default_of_another_type_is_told_without_a_secret():
    class TillConfig(Section):
        token: Secret = setting(["hush"], "Token.")
        count: Whole = setting("8 ", "Count.")

    (token, count) = faults(TillConfig)
    assert token == "TillConfig.token: its default does not fit: must be text"
    assert count == "TillConfig.count: its default does not fit: must be a whole number"


def test_a_section_has_one_place_for_a_default():
    class CartConfig(Section):
        limit: Whole = setting(20, "Most items.")
        colour: Text = setting("red", "Colour.")

    class HouseConfig(Section):
        cart: CartConfig = CartConfig(limit=5)

    (said,) = faults(HouseConfig)
    assert said.startswith("HouseConfig.cart: its default gives limit a different value than CartConfig does")


def test_a_nested_model_must_be_a_section():
    class Cart(BaseModel):
        limit: int = 1

    class HouseConfig(Section):
        motto: Text = setting("buy", "Motto.")
        cart: Cart = Cart()

    assert faults(HouseConfig) == (
        "HouseConfig.cart: Cart is not a section; derive it from Section instead of BaseModel",
    )


@pytest.mark.parametrize("alias", [{"alias": "limt"}, {"validation_alias": "LIMIT"}])
def test_an_alias_is_refused_since_layers_go_by_fields(alias):
    class HouseConfig(Section):
        limit: Whole = Field(3, **alias)

    (said,) = faults(HouseConfig)
    assert said.startswith("HouseConfig.limit: layers name a setting by its field and read no aliases")


def test_two_keys_with_one_variable_are_both_named():
    class CartConfig(Section):
        limit: Whole = setting(20, "Most items.")

    class HouseConfig(Section):
        cart_limit: Whole = setting(3, "Another.")
        cart: CartConfig = CartConfig()

    (said,) = faults(HouseConfig)
    assert said.startswith("cart_limit and cart.limit both have the variable SHOP_CART_LIMIT; ")


@pytest.mark.parametrize("name", ["env", "settings_dir", "fallback"])
def test_a_field_whose_variable_is_reserved_is_refused(name):
    model = type("HouseConfig", (Section,), {"__annotations__": {name: Text}, name: setting("", "It.")})
    (said,) = faults(model)
    assert said.startswith(f"{name}: its variable SHOP_{name.upper()} steers the package itself")


@pytest.mark.parametrize(
    ("short", "said"),
    [
        ({"cart.limt": "LIMIT"}, "short_variables: cart.limt is neither a setting nor a section of ShopConfig itself"),
        ({"cart": "c"}, "short_variables: 'c' for cart must be capitals, digits and _"),
        ({"till.token": "MOTTO"}, "motto and till.token both have the variable SHOP_MOTTO; "),
        ({"till.token": "CART"}, "till.token: its variable SHOP_CART names the section cart too; "),
        ({"till.token": "ENV"}, "till.token: its variable SHOP_ENV steers the package itself; "),
    ],
)
def test_a_short_variable_names_one_thing(short, said):
    (fault,) = faults(short_variables=short)
    assert fault.startswith(said)


@pytest.mark.parametrize("prefix", ["", "SHOP", "shop_", "_SHOP_", "2SHOP_", "SHOP-", "SH OP_"])
def test_a_prefix_is_capitals_that_end_in_an_underscore(prefix):
    (said,) = faults(prefix=prefix)
    assert said.endswith("must be capitals that end in _, such as SHOP_")


@pytest.mark.parametrize("name", ["", "..", "a/b"])
def test_the_folder_of_the_layers_has_a_plain_name(name):
    assert faults(settings_dir_name=name) == ("settings_dir_name must be the name of a folder, such as settings",)


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        ((), "there are no environments; leave environments out for the usual four"),
        ((EnvironmentKind("a"), EnvironmentKind("a")), "'a' is the name or alias of 2 environments; "),
        ((EnvironmentKind("a"), EnvironmentKind("b", ("a",))), "'a' is the name or alias of 2 environments; "),
        ((EnvironmentKind("../a"),), "'../a' cannot be an environment; "),
        ((EnvironmentKind("default"),), "'default' cannot be an environment; "),
    ],
)
def test_the_names_of_environments_are_files_and_mean_one_each(kinds, said):
    (fault,) = faults(environments=kinds)
    assert fault.startswith(said)


class Stage(StrEnum):
    DEV = "dev"
    LIVE = "live"


@pytest.mark.parametrize("kind", [Stage, Literal["dev", "live"]])
def test_the_setting_of_the_environment_knows_all_of_them(kind):
    class HouseConfig(Section):
        environment: Annotated[kind, *Choice] = setting("dev", "Where.")

    (said,) = faults(HouseConfig, environments=(EnvironmentKind("dev"), EnvironmentKind("qa")))
    assert said.startswith("HouseConfig.environment: the environment qa is none of its choices, dev, live; ")


def test_the_setting_of_the_environment_can_hold_a_name():
    class HouseConfig(Section):
        environment: Whole = setting(1, "Where.")

    (said,) = faults(HouseConfig)
    assert said == "HouseConfig.environment holds the name of the environment; make it text or a choice"


def test_a_rule_is_about_settings_and_environments_that_there_are():
    rule = Rule("small-cart", "error", ("dev", "prod"), ("cart.limit", "cart.limt"), "It must be.", lambda shop: False)
    assert faults(rules=(rule,), environments=SHOP.environments) == (
        "the rule small-cart: cart.limt is not a setting; did you mean cart.limit?",
        "the rule small-cart: prod is not an environment; there are dev, qa, live",
    )


def test_contradictions_and_resources_are_about_fields_that_there_are():
    class HouseConfig(Section):
        motto: Text = setting("buy", "Motto.")

        CONTRADICTIONS: ClassVar = (Contradiction(("motto", "moto"), "It must be.", lambda house: False),)
        RESOURCES: ClassVar = (File("path", "read", when={"motto.x": 1}),)

    assert faults(HouseConfig) == (
        "HouseConfig.CONTRADICTIONS: moto is not a field of HouseConfig",
        "HouseConfig.RESOURCES: path, as path of <File path=path>, is not a field of HouseConfig",
        "HouseConfig.RESOURCES: motto.x, as when of <File path=path>, is not a field of HouseConfig",
    )


@pytest.mark.parametrize("model", [object, "ShopConfig", ShopConfig()])
def test_a_model_is_a_class_of_sections(model):
    (said,) = faults(model)
    assert said.endswith("is not a class of settings; derive it from Section")


def test_a_model_without_settings_serves_nobody():
    class HouseConfig(Section):
        pass

    assert faults(HouseConfig) == ("HouseConfig has no settings; declare its fields",)


def test_a_section_inside_itself_has_no_end():
    (said,) = faults(Endless)
    assert said.startswith("Endless.inner: ")


@pytest.mark.parametrize("kind", [int, Whole, Whole | None])
def test_what_counts_seconds_is_declared_so(kind):
    class HouseConfig(Section):
        wait: kind = setting(1, "Wait.", unit="seconds")

    said = "HouseConfig.wait: a number that counts seconds is declared as Seconds or Bytes, not with a unit"
    assert faults(HouseConfig) == (said,)


def test_a_field_of_a_section_that_has_an_alias_is_refused_too():
    class CartConfig(Section):
        limit: Whole = setting(1, "Limit.")

    class HouseConfig(Section):
        cart: CartConfig = Field(CartConfig(), alias="basket")

    (said,) = faults(HouseConfig)
    assert said.startswith("HouseConfig.cart: layers name a setting by its field")


def test_a_type_that_is_defined_too_late_is_named():
    assert faults(Early) == ("Early.late: Late is not known where the class is made; define it above",)


class Early(Section):
    late: Late
    name: Text = setting("", "Name.")


class Late(Section):
    name: Text = setting("", "Name.")


class Endless(Section):
    inner: Endless
    name: Text = setting("", "Name.")


def test_a_secret_default_is_never_told():
    class HouseConfig(Section):
        pin: Secret = setting(SecretStr("hush"), "Pin.", unit="x")
        token: Annotated[Secret, Field(min_length=9)] = setting(SecretStr("hush"), "Token.")

    with pytest.raises(ApplicationError) as caught:
        Application(HouseConfig, prefix="SHOP_")
    assert "HouseConfig.token" in str(caught.value)
    assert "hush" not in str(caught.value) + repr(caught.value) + repr(caught.value.__context__)


def renamed(*was, version="1.5", **ends):
    """What is wrong with old names of one setting of a model, in a program of `version`."""

    class Cart(Section):
        limit: Whole = setting(20, "Most items.", was=was, **ends)
        weight: Whole = setting(20, "Most kilograms.", was="cart.load")

    class Shop(Section):
        motto: Text = setting("buy", "What stands over the door.")
        cart: Cart = Cart()

    return faults(Shop, version=version)


@pytest.mark.parametrize(
    ("was", "said"),
    [
        ("motto", "cart.limit: its old name motto is a setting of today; one name can mean only one thing"),
        ("cart", "cart.limit: its old name cart is a section of today; one name can mean only one thing"),
        ("motto.most", "cart.limit: its old name motto.most would stand inside motto, which is or was a setting"),
        ("cart.load.most", "cart.limit: its old name cart.load.most would stand inside cart.load, which is or was a"),
        ("cart.load", "cart.weight: its old name cart.load is one of cart.limit, too; it can mean only one"),
        ("Cart.Most", "cart.limit: its old name Cart.Most is not a key; write it in full, such as cart.limit"),
        ("", "cart.limit: its old name  is not a key; write it in full, such as cart.limit"),
        (
            "cart_weight",
            "cart.limit: SHOP_CART_WEIGHT, the variable of its old name cart_weight, sets cart.weight today",
        ),
    ],
)
def test_an_old_name_that_could_not_be_told_from_others_is_refused(was, said):
    assert any(fault.startswith(said) for fault in renamed(was))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"gone": "2.0", "version": ""}, "cart.limit: gone needs the version of the program"),
        ({"gone": "soon"}, "cart.limit: gone must be a version of the program, such as 2.0, not 'soon'"),
        ({"since": "2.0", "gone": "1.9"}, "cart.limit: its old names are gone in 1.9, before they are old in 2.0"),
        ({"version": "next"}, "the version 'next' must begin with numbers, such as 1.4.2"),
    ],
)
def test_versions_that_cannot_be_compared_are_refused(more, said):
    (fault,) = renamed("cart.most", **more)
    assert fault.startswith(said)


def test_the_end_of_old_names_is_not_said_where_there_are_none():
    assert renamed(gone="2.0")[0].startswith("cart.limit: since and gone are about old names")


def test_a_rule_that_ends_asks_for_the_version_of_the_program():
    rule = Rule("r", "error", ("test",), ("motto",), "no", lambda shop: False, until="2.0")
    assert faults(rules=(rule,)) == (
        "the rule r: until needs the version of the program: Application(..., version=...)",
    )


def test_the_name_of_waivers_is_no_setting():
    class Shop(Section):
        waive: Text = setting("", "What is waived.")

    assert faults(Shop) == ("Shop.waive: layers use this name for waivers; rename the field",)

"""An application is what the settings of one program are; here one that is not SynFinance's."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from pydantic import SecretStr
from shop import SHOP, CartConfig, ShopConfig

from synfinance_settings import Environment, EnvironmentNameError
from synfinance_settings.model.application import Application
from synfinance_settings.model.schema import layer_schema
from synfinance_settings.model.template import env_template
from synfinance_settings.sections.application import SYNFINANCE


def test_its_catalogue_is_that_of_its_model():
    catalogue = SHOP.catalogue
    assert list(catalogue.settings) == ["motto", "cart.limit", "cart.currencies", "till.token"]
    assert list(catalogue.sections) == ["cart", "till"]
    assert catalogue.suggestion("cart.limt") == "cart.limit"
    assert catalogue.values_of(ShopConfig())["cart.limit"] == 20
    assert catalogue.restart_values_of(ShopConfig()) == {"cart.currencies": ("EUR",)}
    assert catalogue.shown("till.token", SecretStr("hush")) == "**********"


def test_its_variables_have_its_prefix_and_its_short_names():
    variables = SHOP.variables
    assert variables.names["cart.limit"] == ("SHOP_CART__LIMIT", "SHOP_CART_LIMIT", "SHOP_C__LIMIT", "SHOP_C_LIMIT")
    assert variables.keys["SHOP_TOKEN"] == "till.token"
    assert {name.removesuffix("ENV") for name in variables.reserved if name.endswith("_ENV")} == {"SHOP_"}
    assert variables.file_variable("SHOP_TOKEN_FILE") == "SHOP_TOKEN"
    assert variables.near("SHOP_CART__LIMT") == "SHOP_CART__LIMIT"
    assert variables.misuse("SHOP_C") == "SHOP_C names the section cart; a variable sets one field"


@pytest.mark.parametrize(("name", "title"), [("", "Shop"), ("The Shop", "The Shop")])
def test_its_schema_and_template_are_of_its_settings_alone(name, title):
    shop = Application(ShopConfig, prefix="SHOP_", name=name)
    schema = layer_schema(shop)
    assert schema["title"] == f"A layer of {title} settings"
    assert list(schema["properties"]) == ["motto", "cart", "till"]
    assert "SHOP_CART__LIMIT=20" in env_template(shop)
    assert "SYNFINANCE" not in env_template(shop)


def test_a_contradiction_of_the_whole_is_told_with_its_keys():
    config = ShopConfig().model_copy(update={"motto": "", "cart": CartConfig(limit=1)})
    (breach,) = SHOP.breaches(config, "qa")
    assert (breach.keys, breach.problem.code) == (("motto", "cart"), "inconsistent")
    assert not [*SHOP.breaches(ShopConfig(), "live")]


def test_its_environments_are_its_own():
    assert SHOP.environment("q") == "qa"
    assert (SHOP.kinds["live"].strict, SHOP.kinds["live"].local_layers) == (True, False)
    with pytest.raises(EnvironmentNameError, match="did you mean live"):
        SHOP.environment("liv")
    with pytest.raises(EnvironmentNameError, match="one of dev, qa, live"):
        SHOP.environment("production")
    assert SHOP.variables.reserved["SHOP_ENV"] == "the environment: dev, qa or live"


def test_synfinances_environments_are_members_where_its_config_has_them():
    assert SYNFINANCE.environment("prod") is Environment.PRODUCTION


class ServedApplication(Application[ShopConfig]):
    """One that can do more."""

    @property
    def counted(self) -> int:
        return len(self.catalogue.settings)


def test_it_is_an_application_of_its_model_and_others_can_stand_on_it():
    app = ServedApplication(ShopConfig, prefix="SHOP_")
    assert (app.counted, app.variables.prefix) == (4, "SHOP_")
    assert Application[ShopConfig](ShopConfig, prefix="SHOP_").model is ShopConfig
    with pytest.raises(FrozenInstanceError):
        app.prefix = "X_"

"""An application that is not SynFinance's: other settings, another prefix, other environments, no section of ours."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from synfinance_settings import (
    Application,
    Contradiction,
    EnvironmentKind,
    Rule,
    Secret,
    Section,
    Text,
    TextList,
    Whole,
    setting,
)


class CartConfig(Section):
    """What customers may put into a cart."""

    limit: Whole = setting(20, "Most items.", unit="items", ge=1, le=99)
    currencies: TextList = setting(("EUR",), "Currencies of the prices.", restart=True)


class TillConfig(Section):
    """Where customers pay."""

    token: Secret = setting(SecretStr(""), "Token of the payment provider.")


class ShopConfig(Section):
    """A shop."""

    CONTRADICTIONS = (
        Contradiction(("motto", "cart"), "motto must be set where carts have a limit of one", lambda shop: bare(shop)),
    )

    motto: Text = setting("buy", "What stands over the door.")
    cart: CartConfig = CartConfig()
    till: TillConfig = TillConfig()


def bare(shop: Any) -> bool:
    return not shop.motto and shop.cart.limit == 1


DEV = EnvironmentKind("dev")
QA = EnvironmentKind("qa", aliases=("q",))
LIVE = EnvironmentKind("live", strict=True, local_layers=False)
LIMIT = Rule(
    "small-cart", "error", ("live",), ("cart.limit",), "cart.limit must be 2 or more", lambda shop: shop.cart.limit < 2
)
SHOP = Application(
    ShopConfig,
    prefix="SHOP_",
    environments=(DEV, QA, LIVE),
    rules=(LIMIT,),
    short_variables={"cart": "C", "till.token": "TOKEN"},
)

"""A shop that has renamed its settings over the years: inside a section, between sections, out of one that is gone."""

from __future__ import annotations

from pydantic import SecretStr

from synfinance_settings import Application, EnvironmentKind, Rule, Secret, Section, Text, TextList, Whole, setting

HUSH = "hush-4711"


class CartConfig(Section):
    """What customers may put into a cart."""

    limit: Whole = setting(20, "Most items.", ge=1, le=99, was=("cart.most", "basket.most"), since="1.4", gone="2.0")
    currencies: TextList = setting(("EUR",), "Currencies of the prices.", was=("currencies",))


class TillConfig(Section):
    """Where customers pay."""

    token: Secret = setting(SecretStr(""), "Token of the payment provider.", was="bank.login.secret", gone="2.0")
    tries: Whole = setting(3, "How often a payment is tried.", ge=1)
    note: Text = setting("", "What stands on the receipt.")


class StallConfig(Section):
    """A stall."""

    motto: Text = setting("buy", "What stands over the door.")
    cart: CartConfig = CartConfig()
    till: TillConfig = TillConfig()


ENVIRONMENTS = (EnvironmentKind("dev"), EnvironmentKind("live", strict=True, local_layers=False))
RULES = (
    Rule(
        "few-tries", "warning", ("live",), ("till.tries",), "till.tries should be 3 or more", lambda s: s.till.tries < 3
    ),
    Rule("no-motto", "warning", ("dev", "live"), ("motto",), "there is no motto", lambda s: not s.motto),
    Rule("no-cart", "error", ("live",), ("cart.limit",), "cart.limit must be 2 or more", lambda s: s.cart.limit < 2),
)


def stall(version: str = "1.5", rules: tuple[Rule, ...] = RULES) -> Application[StallConfig]:
    """The stall in one of its versions."""
    return Application(
        StallConfig,
        prefix="STALL_",
        environments=ENVIRONMENTS,
        rules=rules,
        short_variables={"till": "T"},
        version=version,
    )


STALL = stall()

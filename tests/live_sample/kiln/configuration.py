"""The settings of the kiln; each planted copy is of a setting of its own."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr

from synfinance_settings import Application, Boolean, Contradiction, Secret, Section, Text, TextList, Whole, setting


class FireConfig(Section):
    """How pots are fired."""

    heat: Whole = setting(900, "Heat of the fire.", ge=600, le=1300)
    hours: Whole = setting(8, "Length of a firing.", ge=1, le=48)
    fuel: Text = setting("wood", "What is burnt.")
    steps: TextList = setting(("dry", "fire"), "Steps of a firing.")
    draught: Whole = setting(3, "Openings of the flue.", ge=0, le=9)
    cones: Whole = setting(2, "Cones that tell the heat.", ge=0, restart="unless-followed")


class WorkConfig(Section):
    """Who works, and how."""

    hands: Whole = setting(4, "Threads that fill the kiln.", ge=1, le=32)
    pause: Whole = setting(10, "Rest between two firings.", ge=0)
    greeting: Text = setting("good morning", "What is said at the door.")
    log_level: Literal["INFO", "ERROR"] = setting("INFO", "Least severe record that is logged.")
    door: Whole = setting(7000, "Number of the door.", ge=1024, le=65535, restart=True)
    bell: Text = setting("brass", "Bell at the door.", restart=True)
    mark: Text = setting("K", "Mark below each pot.")
    spare: Whole = setting(1, "What nothing reads.")


class PotsConfig(Section):
    """What is fired; both can be followed."""

    glaze: Text = setting("ash", restart="unless-followed")
    """What makes pots shine."""
    clay: Text = setting("red", restart="unless-followed")
    """What pots are made of."""
    handle: Text = setting("none", restart="unless-followed")
    """What nobody follows."""


def lacks_keeper(shop: ShopConfig) -> bool:
    return shop.is_open and not shop.keeper


class ShopConfig(Section):
    """Where pots are sold."""

    CONTRADICTIONS = (Contradiction(("is_open", "keeper"), "an open shop has a keeper", lacks_keeper),)

    key: Secret = setting(SecretStr("canary7a31kiln"), "Key of the till.")
    code: Secret = setting(SecretStr("canary9b52kiln"), "Code of the safe.")
    is_open: Boolean = setting(False, "Whether customers may come in.")
    keeper: Text = setting("", "Who sells.")
    size: Whole = setting(5, "Shelves.", ge=1)


class KilnConfig(Section):
    """A kiln."""

    fire: FireConfig = FireConfig()
    work: WorkConfig = WorkConfig()
    pots: PotsConfig = PotsConfig()
    shop: ShopConfig = ShopConfig()


app = Application(KilnConfig, prefix="KILN_", settings_dir_name="layers")
settings = app.settings

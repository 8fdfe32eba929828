"""`Canary`: a text of its own in every secret, and where it turns up."""

from __future__ import annotations

import logging
import sys
from types import SimpleNamespace
from typing import Annotated

import pytest
from pydantic import Field
from shop import SHOP

from synfinance_settings import Application, Secret, Section, setting, settings
from synfinance_settings.testing import Canary

logger = logging.getLogger("a")


def password():
    return settings.database.password.get_secret_value()


def key():
    return settings.security.api_keys[0].get_secret_value()


def told(act):
    """What is told of the canaries while `act` runs."""
    with pytest.raises(AssertionError, match="secrets are told") as caught, Canary() as canary:
        act(canary)
    assert not any(text in str(caught.value) for text in canary.texts.values())
    return str(caught.value).splitlines()[1:]


def raised(_):
    raise LookupError(f"no such user: {password()}")


def logged_with_an_error(_):
    try:
        raise LookupError(password())
    except LookupError:
        logger.exception("it failed")


def in_two_parts(_):
    sys.stderr.write(password()[:20])
    sys.stderr.write(password()[20:])


def page():
    return SimpleNamespace(headers={"x-as": password()})


PLACES = {
    "database.password in standard output: as [canary]!": lambda _: sys.stdout.write(f"as {password()}!"),
    "database.password in standard error: [canary]": in_two_parts,
    "database.password in a record of the logger a: as [canary]": lambda _: logger.info("as %s", password()),
    "database.password in a record of the logger a: [canary]": lambda _: logger.info(
        "x", extra={"of": {1: password()}}
    ),
    "database.password in a record of the logger a: ": logged_with_an_error,
    "database.password in the error that ended the block": raised,
    "security.api_keys in standard output": lambda _: sys.stdout.write(f"{settings.security.model_dump_json()}{key()}"),
    "database.password in GET /: postgresql:": lambda canary: canary.check({"a": [settings.database.url]}, "GET /"),
    "database.password in a bytes: <[canary]>": lambda canary: canary.check(f"<{password()}>".encode()),
    "database.password in a SimpleNamespace: ": lambda canary: canary.check(page()),
}


@pytest.mark.parametrize(("where", "act"), PLACES.items())
def test_a_canary_that_turns_up_is_named_with_its_setting_and_the_place(where, act, caplog):
    caplog.set_level("INFO")
    found = told(act)
    assert any(line.startswith(where) for line in found), found


def test_a_program_that_tells_no_secret_passes_and_everything_is_as_before():
    before, handlers = settings.snapshot(), list(logging.getLogger().handlers)
    with Canary() as canary:
        sys.stdout.write(f"{settings!r} {settings.database}")
        logger.warning("%s", settings.security)
        canary.check(settings.as_dict())
        canary.check(settings)
        assert password() == canary.texts["database.password"]
        assert not canary.left_out
    assert settings.snapshot().config == before.config
    assert logging.getLogger().handlers == handlers


class TightConfig(Section):
    """A secret that no canary fits."""

    pin: Annotated[Secret, Field(max_length=4)] = setting("1234", "A number.")
    key: Secret = setting("k", "A key.")


def test_a_secret_that_no_canary_fits_is_told_and_other_applications_have_their_own():
    tight = Application(TightConfig, prefix="TIGHT_", settings_dir_name="layers")
    with Canary(tight) as canary:
        assert canary.left_out == ("pin",)
        assert canary.texts["key"] == tight.settings.key.get_secret_value()
    assert list(Canary(SHOP).texts) == ["till.token"]

"""The env template."""

from __future__ import annotations

from stall import STALL

from synfinance_settings.model.application import Application
from synfinance_settings.model.section import Section
from synfinance_settings.model.template import env_template
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.dotenv import read_dotenv


def test_it_names_every_variable():
    names = {*SYNFINANCE.variables.keys, *SYNFINANCE.variables.reserved}
    assert not [name for name in names if name not in env_template(SYNFINANCE)]


def test_as_it_stands_it_sets_nothing():
    parsed = read_dotenv(env_template(SYNFINANCE), ".env", {})
    assert (dict(parsed.values), parsed.problems) == ({}, ())


def test_every_canonical_line_set_as_it_stands_gives_the_default(project):
    """Whoever removes the # in front of a name keeps the behaviour."""
    lines = [line[2:] for line in env_template(SYNFINANCE).splitlines() if line.startswith("# SYNFINANCE_")]
    kept = [line for line in lines if line.split("=")[0] in SYNFINANCE.variables.keys and not line.endswith("=")]
    plain = project.load()
    project.write(".env", "\n".join(kept) + "\n")
    assert project.load() == plain
    assert len(kept) > len(SYNFINANCE.catalogue.settings) - 12


def test_an_old_name_is_in_no_template():
    said = env_template(STALL)
    assert "STALL_CART__LIMIT=20" in said
    assert "MOST" not in said


def test_a_section_that_says_nothing_of_itself_is_named():
    class Cart(Section):
        limit: int = 20

    class Settings(Section):
        cart: Cart = Cart()

    assert "\n\n# The section cart.\n" in env_template(Application(Settings, prefix="SHOP_"))

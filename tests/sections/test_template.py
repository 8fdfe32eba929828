"""The env template."""

from __future__ import annotations

from synfinance_settings.layers.dotenv_text import read_dotenv
from synfinance_settings.sections.keys import SETTINGS
from synfinance_settings.sections.template import env_template
from synfinance_settings.sections.variables import NOT_READ_YET, RESERVED, VARIABLES


def test_it_names_every_variable():
    names = {*VARIABLES, *RESERVED} - {*NOT_READ_YET}
    assert not [name for name in names if name not in env_template()]
    assert not [name for name in NOT_READ_YET if name in env_template()]


def test_as_it_stands_it_sets_nothing():
    parsed = read_dotenv(env_template(), ".env", {})
    assert (dict(parsed.values), parsed.problems) == ({}, ())


def test_every_canonical_line_set_as_it_stands_gives_the_default(project):
    """Whoever removes the # in front of a name keeps the behaviour."""
    lines = [line[2:] for line in env_template().splitlines() if line.startswith("# SYNFINANCE_")]
    kept = [line for line in lines if line.split("=")[0] in VARIABLES and not line.endswith("=")]
    plain = project.load()
    project.write(".env", "\n".join(kept) + "\n")
    assert project.load() == plain
    assert len(kept) > len(SETTINGS) - 12

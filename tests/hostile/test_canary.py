"""Whatever lies where the package looks: it ends, it fails in its own words, and it gives away and runs nothing."""

from __future__ import annotations

import logging
from pathlib import Path

import hostile_places
import hostile_texts
import hostile_variables
import pytest
from patience import PATIENCE
from planted import CANARY, INPUTS, LIE, TRAP
from ways import FEW, QUICK, SLOW, Reloaded, Scene, by_doctor
from witness import Witness

from synfinance_settings import SettingsError

CORPUS = (hostile_texts, hostile_variables, hostile_places)  # each adds its own to INPUTS

PACES = [pytest.param(QUICK, id="quick"), pytest.param(SLOW, id="slow", marks=pytest.mark.long)]


@pytest.mark.timeout(5 * PATIENCE)
@pytest.mark.parametrize("ways", PACES)
@pytest.mark.parametrize("given", INPUTS, ids=lambda given: given.name)
def test_no_way_gives_away_or_does_what_a_hostile_input_holds(project, given, ways, monkeypatch, caplog):
    """It ends in bounded time, with no error but the package's own, and with 0, 1 or 2."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.chdir(project.root)
    scene = Scene(project, given, Witness(project.root))
    watched = Reloaded(scene)
    scene.variables = given.plant(project) or {}
    caplog.clear()
    witness = scene.witness = Witness(project.root)
    watched.reload()
    if given.is_heavy:
        ways = [way for way in ways if way in FEW]
    if given.with_doctor and ways is QUICK:
        ways = (*ways, by_doctor)
    for way in ways:
        way(scene)
        witness.look(way.__name__)
    for record in caplog.records:
        witness.hear(f"log of {record.name}", record.getMessage())
    assert not witness.faults, "\n".join(dict.fromkeys(f[:300] for f in witness.faults))


@pytest.mark.parametrize(
    ("said", "fault"),
    [
        (f"password {CANARY}", "says the canary"),
        (CANARY.upper()[:14], "says the canary"),
        (f"a\n{LIE}\n", "a forged line"),
        ("a\x1b[2K", "controls"),
        ("a\u202e", "controls"),
        ("a\x85b", "controls"),
    ],
)
def test_a_witness_hears_what_must_not_be_said(tmp_path, said, fault):
    witness = Witness(tmp_path)
    witness.hear("way", said)
    assert fault in "".join(witness.faults)


def test_a_witness_hears_what_an_error_holds_in_its_depths(tmp_path):
    witness = Witness(tmp_path)
    error = SettingsError("x")
    error.__context__ = ValueError(CANARY)
    witness.hear_error("way", error)
    witness.hear_error("way", KeyError("x"))
    assert ["behind SettingsError" in fault or "raises KeyError" in fault for fault in witness.faults[-2:]] == [
        True
    ] * 2


def test_a_witness_sees_what_must_not_be_done(tmp_path, monkeypatch):
    witness = Witness(tmp_path)
    Path(tmp_path, "open").write_text(CANARY)
    Path(tmp_path, TRAP).touch()
    closed = Path(tmp_path, "closed")
    closed.touch(mode=0o600)
    closed.write_text(CANARY)
    monkeypatch.setenv("NEW_OF_THIS_TEST", "x")
    witness.look("way")
    assert [fault.split()[1] for fault in witness.faults] == ["writes", "runs", "changes"]
    witness.look("way")
    assert len(witness.faults) == 4, "what is known is told once, and the trap stays sprung"

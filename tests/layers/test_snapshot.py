"""A snapshot knows where each of its values comes from."""

from __future__ import annotations

import pickle
from datetime import UTC

import pytest

from synfinance_settings.sections.application import SYNFINANCE

SETTINGS = SYNFINANCE.catalogue.settings


def test_every_setting_has_an_origin(project):
    project.layer("default", "server: {port: 8001}")
    origins = project.manager(SYNFINANCE_DEBUG="on").snapshot.origins
    assert set(origins) == set(SETTINGS)
    assert len(origins) == len(SETTINGS)
    assert [str(origins[key]) for key in ("server.port", "debug", "server.host")] == [
        "settings/default.yaml:1:16",
        "env SYNFINANCE_DEBUG",
        "default",
    ]
    with pytest.raises(KeyError):
        _ = origins["server.prot"]


def test_the_fingerprint_leaves_secrets_out(project):
    plain = project.manager().snapshot
    assert len(plain.fingerprint) == 16
    assert project.manager(SYNFINANCE_DB_PASSWORD="x").snapshot.fingerprint == plain.fingerprint
    assert project.manager(SYNFINANCE_APP_NAME="x").snapshot.fingerprint != plain.fingerprint


def test_a_snapshot_is_frozen_numbered_and_dated(project):
    snapshot = project.manager().snapshot
    assert (snapshot.number, snapshot.loaded_at.tzinfo, snapshot.pending_restart, snapshot.pending_files) == (
        1,
        UTC,
        (),
        False,
    )
    with pytest.raises(AttributeError):
        snapshot.number = 2


def test_a_pickled_snapshot_keeps_values_and_origins(project):
    project.layer("default", "database: {password: x, port: 1}")
    snapshot = project.manager().snapshot
    again = pickle.loads(pickle.dumps(snapshot))
    assert (again.config, again.fingerprint) == (snapshot.config, snapshot.fingerprint)
    assert dict(again.origins) == dict(snapshot.origins)


def test_an_explanation_masks_the_secrets_that_are_hidden(project):
    project.layer("default", "database: {password: low}\ncache: {password: null}")
    manager = project.manager(SYNFINANCE_DB_PASSWORD="high", SYNFINANCE_REDIS_PASSWORD="high")
    found = manager.explain("database.password")
    assert found.value.get_secret_value() == "high"
    assert [item.value for item in found.overridden] == ["**********", "not set"]
    assert [item.value for item in manager.explain("cache.password").overridden] == ["not set", "not set"]


@pytest.mark.parametrize("hidden", ["{app:hunter2@db: 1}", "[{app:hunter2@db: 1}]"])
def test_a_mapping_that_is_hidden_is_not_told(project, hidden):
    """No setting takes one, so nobody knows whether a secret stands in it."""
    project.layer("default", f"server: {{host: {hidden}}}")
    project.layer("development", "server: {host: db}")
    (low,) = [item for item in project.manager().explain("server.host").overridden if item.origin.line]
    assert low.value == "a mapping"

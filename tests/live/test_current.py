"""`Current`: what the parts that look, tell, measure and test stand on."""

from __future__ import annotations

import json

import pytest
from shop import SHOP

from synfinance_settings import ConfigManager, InvalidSettingsError, SettingsError, UnknownKeyError
from synfinance_settings.layers.environ import Environ
from synfinance_settings.live.current import Choice, Current
from synfinance_settings.text.node import Node, Source


@pytest.fixture
def current(project):
    project.layer("default", "app_name: one")
    return project.manager().current


def test_a_mirror_sees_the_snapshot_of_now_and_each_that_follows(project, current):
    seen = []
    current.mirror(seen.append)
    project.layer("default", "app_name: two")
    current.reload()
    current.rollback()
    assert [snapshot.config.app_name for snapshot in seen] == ["one", "two", "one"]
    assert seen[-1] is current.snapshot


def test_an_observer_is_told_what_each_load_came_to(project, current):
    told = []
    current.load()
    current.observe(lambda result, seconds: told.append((result, seconds >= 0)))
    current.reload()
    project.layer("default", "app_name: two")
    current.reload()
    project.layer("default", "app_name: []")
    with pytest.raises(InvalidSettingsError):
        current.reload()
    assert told == [("unchanged", True), ("success", True), ("failure", True)]


def test_a_look_sees_what_is_there_and_brings_nothing_into_force(project, current):
    before = current.look()
    project.layer("default", "app_name: two")
    found = current.look()
    assert found.changed(before) == {project.settings / "default.yaml"}
    assert current.snapshot.config.app_name == "one"
    assert not current.looked.changed(before)


def test_what_a_look_found_is_loaded_where_nobody_has_looked_since(project, current):
    current.load()
    since = current.looked.generation
    project.layer("default", "app_name: two")
    found = current.look()
    project.layer("default", "app_name: three")
    current.reload(found, since)
    assert current.snapshot.config.app_name == "two"
    current.reload(found, since)
    assert current.snapshot.config.app_name == "three"


def test_an_override_lies_on_top_until_it_is_undone(project, current):
    undo = current.override({"app_name": Node("over", Source("override"))})
    project.layer("default", "app_name: two")
    current.reload()
    assert current.snapshot.config.app_name == "over"
    assert current.timeline.current.snapshot.config.app_name == "two"
    undo()
    assert current.snapshot.config.app_name == "two"


def elsewhere(current):
    return current.choice._replace(environment="production", lends=True)


def test_another_choice_is_gone_by_until_it_is_undone_and_nothing_of_it_is_recorded(project, tmp_path_factory):
    state = tmp_path_factory.mktemp("state") / "kept"
    project.secure_production("app_name: ${SET_NOWHERE}")
    current = ConfigManager(settings_dir=project.settings, state_dir=state, environ={}).current
    current.load()
    undo = current.go_by(elsewhere(current))
    assert (current.snapshot.environment, "placeholder" in current.snapshot.config.app_name) == ("production", True)
    current.reload()
    assert current.snapshot.environment == "production"
    undo()
    assert (current.snapshot.environment, current.snapshot.config.app_name) == ("development", "SynFinance")
    for environment, count in (("development", 1), ("production", 0)):
        told = project.command("history", "--env", environment, "--format", "json", SYNFINANCE_STATE_DIR=str(state))
        assert len(json.loads(told.stdout)) == count


def test_another_choice_before_the_first_load_reads_nothing(project, current):
    project.secure_production()
    undo = current.go_by(elsewhere(current))
    assert current.timeline.current is None
    assert current.snapshot.environment == "production"
    undo()
    assert current.snapshot.environment == "development"


def test_a_choice_that_does_not_validate_or_is_refused_changes_nothing(project, current):
    before = current.snapshot, current.choice
    project.layer("production", "server: {port: 1}")
    with pytest.raises(SettingsError, match=r"server\.port"):
        current.go_by(elsewhere(current))
    assert (current.snapshot, current.choice, current.last_failure) == (*before, None)

    def refuse(old, new):
        raise ValueError("not here")

    project.secure_production("app_name: two")
    current.subscriptions.add(refuse, None, "rollback")
    with pytest.raises(SettingsError, match=r"not here|refused"):
        current.go_by(elsewhere(current))
    assert (current.snapshot.config, current.choice, current.last_failure) == (before[0].config, before[1], None)


def test_it_keeps_the_settings_of_any_application_in_force(tmp_path):
    """Loads, refuses, keeps the last good one on disk and comes back, all by the names that the application has."""
    folder = tmp_path / "settings"
    folder.mkdir()
    layer, live = folder / "default.yaml", folder / "live.yaml"
    layer.write_text("cart: {limit: 5, currencies: [EUR]}\n")
    live.write_text("{}\n")
    environ = Environ(SHOP_ENV="live", SHOP_STATE_DIR=str(tmp_path / "state"), SHOP_FALLBACK="last-good")
    shop = Current(Choice(SHOP, settings_dir=folder, environ=environ))
    told = []
    shop.subscriptions.add(lambda old, new: told.append((old.limit, new.limit)), "cart", "rollback")
    shop.load()
    layer.write_text("cart: {limit: 6, currencies: [INR]}\n")
    shop.reload()
    assert (told, shop.snapshot.pending_restart) == ([(5, 6)], ("cart.currencies",))
    layer.write_text("cart: {limit: 1}\n")
    with pytest.raises(InvalidSettingsError, match=r"cart\.limit must be 2 or more"):
        shop.reload()
    started = Current(Choice(SHOP, settings_dir=folder, environ=environ))
    assert (started.snapshot.config.cart.limit, started.fallen_from is not None) == (6, True)
    shop.rollback()
    assert (shop.snapshot.config.cart.limit, shop.snapshot.pending_files) == (5, True)
    with pytest.raises(UnknownKeyError, match="server is not a section"):
        shop.subscriptions.add(print, "server", "log")

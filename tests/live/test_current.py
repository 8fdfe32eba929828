"""`Current`: what the parts that look, tell, measure and test stand on."""

from __future__ import annotations

import pytest
from shop import SHOP

from synfinance_settings import InvalidSettingsError, UnknownKeyError
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

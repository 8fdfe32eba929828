"""`Current`: what the parts that look, tell, measure and test stand on."""

from __future__ import annotations

import pytest

from synfinance_settings import InvalidSettingsError
from synfinance_settings.layers.node import Node, Source


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

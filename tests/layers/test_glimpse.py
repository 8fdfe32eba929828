"""What the system says of what a look has read: where it says the same again, nothing need be read."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import pytest

from synfinance_settings.layers.glimpse import glimpse
from synfinance_settings.layers.look import look_at, names_since
from synfinance_settings.layers.precedence import with_layer
from synfinance_settings.layers.project import find_project
from synfinance_settings.layers.values import ValuesLayer
from synfinance_settings.sections.application import SYNFINANCE
from synfinance_settings.text.files import read_file


@pytest.fixture(autouse=True)
def _later(monkeypatch):
    """All that was written just now was written long ago."""
    monkeypatch.setattr("synfinance_settings.text.files.time", lambda: time.time() + 60)


@pytest.fixture
def found(project):
    """The project, with variables and of another application where given."""

    def found(application=SYNFINANCE, **variables):
        return find_project(application, environ=variables, settings_dir=project.settings)

    return found


@pytest.fixture
def glimpsed(found):
    """What the system says of what a look at the project finds."""
    return lambda *application, **variables: glimpse(look_at(found(*application, **variables)))


@pytest.fixture
def rich(project, found):
    """A project whose values come from files of every kind."""
    project.layer("default", "app_name: old")
    project.write("run/cache.password", "hush")
    project.write("key", "a text")
    for name, text in (("link", "{}"), ("other-link", "{} ")):
        (project.root / name).symlink_to(project.write(f"behind-{name}", text))
    os.replace(project.root / "link", project.settings / "test.yaml")
    secrets, key = str(project.root / "run"), str(project.root / "key")
    return found(SYNFINANCE_ENV="test", SYNFINANCE_SECRETS_DIR=secrets, SYNFINANCE_SECURITY__JWT_SECRET_FILE=key)


def names(project):
    return frozenset(os.listdir(project.settings_dir))


def replaced(project):
    project.write("new", "app_name: old")
    os.replace(project.root / "new", project.settings / "default.yaml")


def with_size_and_time_kept(project):
    path = project.settings / "default.yaml"
    before = path.stat()
    path.write_text("app_name: new")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


CHANGES = {
    "replaced by an equal file": replaced,
    "written with its size and time kept": with_size_and_time_kept,
    "touched": lambda project: os.utime(project.settings / "default.yaml"),
    "taken away": lambda project: (project.settings / "default.yaml").unlink(),
    "a layer comes": lambda project: project.layer("default.local", "{}"),
    "a file comes that looks like a layer": lambda project: project.write("settings/defualt.yaml", "{}"),
    "what was missing comes": lambda project: project.write(".env", "X=1"),
    "a secret comes": lambda project: project.write("run/database.password", "hush"),
    "a secret is written anew": lambda project: project.write("run/cache.password", "other"),
    "what a variable names is written anew": lambda project: project.write("key", "another text"),
    "a link leads elsewhere": lambda project: os.replace(project.root / "other-link", project.settings / "test.yaml"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_what_changes_is_not_seen_again_as_it_was(project, rich, change):
    seen = glimpse(look_at(rich))
    assert seen.is_seen_again()
    change(project)
    assert not seen.is_seen_again()


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_look_that_trusts_the_system_finds_what_one_finds_that_reads_all(project, rich, change):
    before = look_at(rich)
    change(project)
    look = look_at(rich, before, names(rich))
    assert (look.found, look.strays) == (look_at(rich).found, look_at(rich).strays)


def test_a_look_that_trusts_the_system_reads_what_changed_alone(project, rich, monkeypatch):
    before, read, opened = look_at(rich), read_file, []
    monkeypatch.setattr(
        "synfinance_settings.layers.project.read_file",
        lambda path, guard: opened.append(path.name) or read(path, guard),
    )
    replaced(project)
    look_at(rich, before, names(rich))
    assert set(opened) == {"default.yaml", ".env"}  # and what was missing


def test_a_file_that_was_changed_just_before_it_was_read_is_read_again(project, rich, monkeypatch):
    """Written once more at the same moment with its size kept, it says the same."""
    monkeypatch.setattr("synfinance_settings.text.files.time", time.time)
    before = look_at(rich)
    monkeypatch.setattr("synfinance_settings.layers.layer.status_of", lambda path: pytest.fail("asked in vain"))
    project.layer("default", "app_name: new")
    assert look_at(rich, before, names(rich)).layer_files["default.yaml"] == b"app_name: new"


def test_what_was_changed_just_now_is_not_enough(project, glimpsed, monkeypatch):
    """The next change may have the same time: some file systems count seconds."""
    monkeypatch.setattr("synfinance_settings.text.files.time", lambda: time.time() + 1)
    project.layer("default", "app_name: old")
    assert glimpsed() is None


def test_what_cannot_be_read_is_not_enough(project, glimpsed):
    project.settings.joinpath("default.local.yaml").mkdir()
    assert glimpsed() is None


def test_with_a_layer_that_rests_on_something_else_it_is_not_enough(project, glimpsed):
    class Told(ValuesLayer):
        name = "told"

    layers = with_layer(Told(), below=".env")
    assert glimpsed(replace(SYNFINANCE, layers=layers)) is None
    assert glimpsed(SYNFINANCE_REMOTE_URL="redis://127.0.0.1:1/0") is None
    assert glimpsed() is not None


HAPPENINGS = {
    "nothing": lambda project: [],
    "a layer comes": lambda project: [project.layer("default.local", "{}")],
    "one goes": lambda project: [unlinked(project.settings / "default.yaml")],
    "one comes and goes": lambda project: [unlinked(project.layer("default.local", "{}"))],
    "one has two names in turn": lambda project: renamed(project.layer("default.local", "{}")),
    "one comes elsewhere": lambda project: [project.write(".env", "")],
    "a folder comes": lambda project: [made(project.settings / "more")],
    "a link that leads nowhere comes": lambda project: [linked(project.settings / "default.local.yaml")],
}


def unlinked(path):
    path.unlink()
    return path


def renamed(path):
    return [path, path.rename(path.with_name("staging.local.yaml"))]


def made(path):
    path.mkdir()
    return path


def linked(path):
    path.symlink_to("nowhere")
    return path


@pytest.mark.parametrize("happening", HAPPENINGS.values(), ids=HAPPENINGS)
def test_what_was_told_of_names_is_what_is_listed(project, found, happening):
    project.layer("default", "app_name: old")
    before = look_at(found())
    hinted = [str(path) for path in happening(project)]
    assert names_since(before, hinted) == frozenset(os.listdir(project.settings))


def test_where_something_happened_to_the_folder_itself_it_is_listed(project, found):
    assert names_since(look_at(found()), [str(project.settings)]) is None


def test_with_all_names_known_the_folder_is_not_listed(rich, monkeypatch):
    before, known = look_at(rich), names(rich)
    listed, list_folder = [], os.listdir
    monkeypatch.setattr(os, "listdir", lambda folder: listed.append(folder) or list_folder(folder))
    look = look_at(rich, before, known)
    assert (look.contents, look.names) == (before.contents, known)
    assert rich.settings_dir not in listed

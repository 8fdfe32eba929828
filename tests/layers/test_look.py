"""One look at everything that a load reads, and in what it differs from another."""

from __future__ import annotations

from itertools import pairwise

import pytest

from synfinance_settings.layers.look import look_at
from synfinance_settings.layers.project import find_project
from synfinance_settings.sections.application import SYNFINANCE


@pytest.fixture
def there(project):
    """The project as a load finds it, with a secret that a variable names."""
    return find_project(SYNFINANCE, environ={"SYNFINANCE_DB_PASSWORD_FILE": "secret"}, settings_dir=project.settings)


PLACES = ["settings/default.yaml", "settings/development.local.json", ".env", "secret"]


@pytest.mark.parametrize("place", PLACES)
def test_two_looks_differ_where_something_came_changed_or_went(project, there, place):
    path = project.root / place
    before = look_at(there)
    path.unlink(missing_ok=True)
    looks = [before, look_at(there, before)]
    for text in ("{}\n", "# else\n"):
        project.write(place, text)
        looks.append(look_at(there, looks[-1]))
    path.unlink()
    path.mkdir()
    looks.append(look_at(there, looks[-1]))
    path.rmdir()
    looks.append(look_at(there, looks[-1]))
    assert [new.changed(old) for old, new in pairwise(looks[1:])] == [{path}] * 4
    assert not looks[-1].changed(looks[1])
    assert looks[2].changed(None) == set(looks[2].present)


def test_what_stays_as_it_was_is_no_change_and_keeps_what_was_made_of_it(project, there):
    project.write(".env", "A=1\n")
    before = look_at(there)
    for path in before.files:
        path.write_bytes(path.read_bytes())
    now = look_at(there, before)
    assert not now.changed(before)
    assert all(now.contents[place] is content for place, content in before.contents.items())
    assert now.generation > before.generation

"""The URL of the database."""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synfinance_settings import DatabaseConfig


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({}, "postgresql://postgres@localhost:5432/synfinance"),
        ({"password": "pw"}, "postgresql://postgres:pw@localhost:5432/synfinance"),
        ({"password": "p@:/?#%"}, "postgresql://postgres:p%40%3A%2F%3F%23%25@localhost:5432/synfinance"),
        ({"user": "a@b", "name": "x/y z"}, "postgresql://a%40b@localhost:5432/x%2Fy%20z"),
        ({"host": "::1", "port": 5433}, "postgresql://postgres@[::1]:5433/synfinance"),
        ({"host": "[::1]"}, "postgresql://postgres@[::1]:5432/synfinance"),
        ({"password": "é"}, "postgresql://postgres:%C3%A9@localhost:5432/synfinance"),
    ],
)
def test_the_url_is(values, url):
    assert DatabaseConfig(**values).url == url


def test_the_safe_url_masks_the_password_alone():
    config = DatabaseConfig(password="hush")
    assert config.safe_url == "postgresql://postgres:**********@localhost:5432/synfinance"
    assert DatabaseConfig().safe_url == DatabaseConfig().url


@settings(max_examples=100)
@given(*[st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)] * 3)
def test_every_part_comes_back_from_the_url(user, password, name):
    parts = urlsplit(DatabaseConfig(user=user, password=password, name=name).url)
    assert [unquote(part) for part in (parts.username, parts.password, parts.path[1:])] == [user, password, name]

"""The URL of the cache."""

from __future__ import annotations

import pytest

from synfinance_settings import CacheConfig


@pytest.mark.parametrize(
    ("values", "url"),
    [
        ({"password": "pw"}, "memory://"),
        ({"backend": "redis"}, "redis://localhost:6379/0"),
        ({"backend": "redis", "password": ""}, "redis://localhost:6379/0"),
        ({"backend": "redis", "password": "p@/:", "db": 3}, "redis://:p%40%2F%3A@localhost:6379/3"),
        ({"backend": "redis", "host": "fe80::1", "port": 6380}, "redis://[fe80::1]:6380/0"),
    ],
)
def test_the_url_is(values, url):
    assert CacheConfig(**values).url == url


def test_the_safe_url_masks_the_password():
    assert CacheConfig(backend="redis", password="hush").safe_url == "redis://:**********@localhost:6379/0"
    assert CacheConfig(password="hush").safe_url == "memory://"

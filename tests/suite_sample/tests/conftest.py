import os

import pytest

os.environ.setdefault("PARCELS_ENV", "test")


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self):
        self.now = 1_000_000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock():
    return Clock()

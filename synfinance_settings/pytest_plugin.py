"""Fixtures for the tests of programs that read `settings`; imports nothing of the package until one is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from synfinance_settings import AppConfig


@pytest.fixture
def synfinance_settings() -> AppConfig:
    """The `settings` of the process."""
    from synfinance_settings import settings

    return settings


@pytest.fixture
def settings_override() -> Iterator[Callable[..., AppConfig]]:
    """A function that puts other values in force until the test ends: ``settings_override(server__port=9001)``."""
    from synfinance_settings import override
    from synfinance_settings.errors import door

    with ExitStack() as stack:

        @door
        def apply(**keys: Any) -> AppConfig:
            return stack.enter_context(override(**keys))

        yield apply

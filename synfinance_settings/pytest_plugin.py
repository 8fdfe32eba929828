"""Fixtures for the tests of programs that read settings; imports nothing of the package until one is used.

They are of the application that the variable SYNFINANCE_SETTINGS_APP names, else of the one that the option
`synfinance_settings_app` of pytest's configuration names (``shop.settings:app``), else of SynFinance's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from synfinance_settings.model.application import Application

_OPTION: Final = "synfinance_settings_app"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option that names the application."""
    parser.addini(_OPTION, "The application whose settings the fixtures show, as module:object.")


def _application(config: pytest.Config) -> Application[Any]:
    from synfinance_settings.choice import chosen_application
    from synfinance_settings.errors import SettingsError

    try:
        return chosen_application(config.getini(_OPTION), f"the option {_OPTION}")
    except SettingsError as error:
        failure = str(error)
    raise pytest.UsageError(failure)


@pytest.fixture
def synfinance_settings(pytestconfig: pytest.Config) -> Any:
    """The `settings` of the process."""
    from synfinance_settings.live.facade import settings_of

    return settings_of(_application(pytestconfig))


@pytest.fixture
def settings_override(pytestconfig: pytest.Config) -> Iterator[Callable[..., Any]]:
    """A function that puts other values in force until the test ends: ``settings_override(server__port=9001)``."""
    from synfinance_settings.errors import door
    from synfinance_settings.testing import Override

    application = _application(pytestconfig)
    with ExitStack() as stack:

        @door
        def apply(**keys: Any) -> Any:
            return stack.enter_context(Override(application, **keys))

        yield apply

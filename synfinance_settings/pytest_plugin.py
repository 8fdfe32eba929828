"""For the tests of programs that read settings: fixtures, and ``--settings-reads FILE``, which records what is read.

Nothing of the package is imported until one of them is used. They are of the application that the variable
SYNFINANCE_SETTINGS_APP names, else of the one that the option `synfinance_settings_app` of pytest's configuration names
(``shop.settings:app``), else of SynFinance's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from synfinance_settings.model.application import Application

_OPTION: Final = "synfinance_settings_app"
_RECORD: Final = "synfinance_settings_reads"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the option that names the application, and the one that asks for a record."""
    parser.addini(_OPTION, "The application whose settings the fixtures show, as module:object.")
    said = "write which settings the tests read, and where, to FILE, for the command reads"
    parser.getgroup("settings").addoption("--settings-reads", dest=_RECORD, metavar="FILE", help=said)


def pytest_configure(config: pytest.Config) -> None:
    """Record from here on, where it is asked for; with pytest-xdist every worker does, and one writes."""
    if config.getoption(_RECORD, None):
        config.pluginmanager.register(_Record(config), _RECORD)


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


class _Record:
    """What one process of a test run reads, and at the end of it what its workers read, too."""

    def __init__(self, config: pytest.Config) -> None:
        from synfinance_settings.live.facade import settings_of
        from synfinance_settings.reads.record import Recorded, Recorder
        from synfinance_settings.reads.vocabulary import Vocabulary

        application = _application(config)
        self._config = config
        self._recorder = Recorder(Vocabulary(application), settings_of(application))
        self._recorded = Recorded(self._recorder.reads, set())
        self._recorder.start()

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Hand what a worker read to the process that started it."""
        self._recorded.tests.update(str(item.path) for item in session.items)
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            reads = {key: sorted(spots) for key, spots in self._recorded.reads.items()}
            output[_RECORD] = (reads, sorted(self._recorded.tests))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker read; one that crashed says nothing."""
        self._recorded.take(*getattr(node, "workeroutput", {}).get(_RECORD, ({}, ())))

    def pytest_unconfigure(self) -> None:
        """Record no more, and write what was found."""
        from synfinance_settings.text.atomic import write_atomically

        self._recorder.stop()
        if not hasattr(self._config, "workeroutput"):
            file = self._config.invocation_params.dir / self._config.getoption(_RECORD)
            write_atomically(file, self._recorded.text(file, self._config.rootpath).encode())

"""For the tests of programs that read settings: fixtures, and options that run a suite on the settings of its program.

    --settings-env NAME             on the values of another environment; a failure names the lines that may be at fault
    --settings-changed-since REF    those tests alone that read a setting that has changed since a revision of git
    --settings-reads FILE           a record of what is read

A test that asks for `settings_environment_name` or `settings_report` runs once for each environment.

Nothing of the package is imported until one of them is used. They are of the application that the variable
SYNFINANCE_SETTINGS_APP names, else of the one that the option `synfinance_settings_app` of pytest's configuration names
(``shop.settings:app``), else of SynFinance's.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from synfinance_settings.model.application import Application
    from synfinance_settings.testing.canary import Canary

_APPLICATION: Final = "synfinance_settings_app"
_KEPT: Final = "synfinance_settings_kept"
_RECORD: Final = "synfinance_settings_reads"
_ENVIRONMENT: Final = "synfinance_settings_env"
_SINCE: Final = "synfinance_settings_changed_since"
_SUITE: Final = "synfinance_settings_suite"
_LEDGER: Final = "synfinance_settings/reads"
_EACH: Final = "settings_environment_name"
_CANARY: Final[pytest.StashKey[Canary]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Know the options of the command line and those of the configuration."""
    parser.addini(_APPLICATION, "The application whose settings the tests are about, as module:object.")
    text = "Settings that stay as they are under another environment, by keys, sections or patterns; else the servers."
    parser.addini(_KEPT, text, type="linelist", default=None)
    group = parser.getgroup("settings")
    group.addoption(
        "--settings-env",
        dest=_ENVIRONMENT,
        metavar="NAME",
        help="run the tests on the values of the environment NAME, placeholders for its secrets, servers kept",
    )
    group.addoption(
        "--settings-changed-since",
        dest=_SINCE,
        metavar="REF",
        help="run only the tests that read a setting that has changed since the git revision REF",
    )
    text = "write which settings the tests read, and where, to FILE, for the command reads"
    group.addoption("--settings-reads", dest=_RECORD, metavar="FILE", help=text)


def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before a conftest reads settings, where the application can be imported that early."""
    try:
        _begin(early_config, early_config.known_args_namespace)
    except Exception:  # noqa: BLE001 - a conftest may make it importable; else it fails again, and is reported
        return


def pytest_configure(config: pytest.Config) -> None:
    """Begin, where it is asked for; with pytest-xdist every worker does, and one writes what was found."""
    _begin(config, config.option)


def _begin(config: pytest.Config, options: Any) -> None:
    is_asked = any(getattr(options, name, None) for name in (_RECORD, _ENVIRONMENT, _SINCE))
    if is_asked and not config.pluginmanager.has_plugin(_SUITE):
        config.pluginmanager.register(_Suite(config, options), _SUITE)


def _application(config: pytest.Config) -> Application[Any]:
    from synfinance_settings.choice import chosen_application
    from synfinance_settings.errors import SettingsError

    try:
        return chosen_application(config.getini(_APPLICATION), f"the option {_APPLICATION}")
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


@pytest.fixture
def settings_environment(pytestconfig: pytest.Config) -> Iterator[Callable[[str], Any]]:
    """A function that puts the values of another environment in force until the test ends, as ``--settings-env`` does:
    ``settings_environment("production")``.
    """
    from synfinance_settings.errors import door
    from synfinance_settings.live.facade import settings_of
    from synfinance_settings.suite.trial import Trial

    application = _application(pytestconfig)
    with ExitStack() as stack:

        @door
        def switch(environment: str) -> Any:
            trial = Trial(application, environment, pytestconfig.getini(_KEPT))
            trial.start()
            stack.callback(trial.stop)
            return settings_of(application).snapshot().config

        yield switch


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for the name of an environment once for each, unless it says for which."""
    if _EACH in metafunc.fixturenames:
        marks = metafunc.definition.iter_markers("parametrize")
        if not any(_EACH in (mark.args[0] if mark.args else mark.kwargs["argnames"]) for mark in marks):
            metafunc.parametrize(_EACH, [*_application(metafunc.config).kinds])


@pytest.fixture
def settings_report(settings_environment_name: str, pytestconfig: pytest.Config) -> Any:
    """What a start would find in an environment, as a `ValidationReport`; a test that asks for it runs for each one."""
    from synfinance_settings.testing.environments import report_on

    return report_on(_application(pytestconfig), settings_environment_name)


@pytest.fixture
def settings_canary(request: pytest.FixtureRequest) -> Iterator[Canary]:
    """A `Canary` until the test ends: each secret has a text of its own, and the test fails where one turns up in what
    is printed, by processes that it starts too, in what is logged, or in what is handed to ``settings_canary.check``.
    """
    from synfinance_settings.testing.canary import Canary

    with Canary(_application(request.config)) as canary:
        request.node.stash[_CANARY] = canary
        yield canary


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Let a canary hear the streams of the test itself, which pytest puts in place after its fixtures."""
    canary = pyfuncitem.stash.get(_CANARY, None)
    if canary is None:
        return (yield)
    with canary.listening():
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
    """Let a canary hear what was captured, before its fixture ends."""
    report = yield
    canary = item.stash.get(_CANARY, None)
    if canary is not None and call.when == "call":
        for name, text in report.sections:
            canary.hear(text, name)
    return report


class _Suite:
    """What one process of a test run finds out, and at the end of it what its workers do, too."""

    def __init__(self, config: pytest.Config, options: Any) -> None:
        from synfinance_settings.errors import SettingsError
        from synfinance_settings.suite.run import Run
        from synfinance_settings.suite.trial import Trial

        self._config = config
        self._record = getattr(options, _RECORD, None)
        self._since = getattr(options, _SINCE, None)
        self._tests: set[str] = set()
        self._changed: frozenset[str] = frozenset()
        self._deselected = 0
        self._has_passed = True
        application, environment = _application(config), getattr(options, _ENVIRONMENT, None)
        failure = ""
        try:
            trial = Trial(application, environment, config.getini(_KEPT)) if environment else None
            self._run = Run(application, config.rootpath, trial)
            self._run.start()
        except SettingsError as error:
            failure = str(error)
        if failure:
            raise pytest.UsageError(failure)

    def pytest_sessionstart(self) -> None:
        """Know what has changed, and what earlier runs found out."""
        from synfinance_settings.errors import SettingsError

        cache = getattr(self._config, "cache", None)
        self._run.remember(cache.get(_LEDGER, None) if cache else None)
        failure = ""
        try:
            self._changed = self._run.changed(self._since) if self._since else frozenset()
        except SettingsError as error:
            failure = str(error)
        if failure:
            raise pytest.UsageError(failure)

    def pytest_report_header(self) -> list[str]:
        """Say on whose values the tests run, and which settings have changed."""
        lines = [f"settings: {self._run.told()}"] if self._run.trial else []
        if self._since:
            lines.append(f"settings changed since {self._since}: {', '.join(sorted(self._changed)) or 'none'}")
        return lines

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, Any]:
        """Tell of the settings where a file cannot be collected."""
        report = yield
        if report.failed and report.call is not None:
            self._tell(report, self._run.section(report.call.excinfo and report.call.excinfo.value))
        return report

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Leave out the tests that read nothing that has changed."""
        self._tests.update(str(item.path) for item in items)
        self._run.collected()
        if self._since:
            chosen: list[pytest.Item] = []
            left_out: list[pytest.Item] = []
            for item in items:
                is_chosen = self._run.concerns(item.nodeid, str(item.path), self._changed)
                (chosen if is_chosen else left_out).append(item)
            self._deselected = len(left_out)
            self._config.hook.pytest_deselected(items=left_out)
            items[:] = chosen

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Record what a test reads, from its set-up to its tear-down."""
        self._has_passed = True
        with self._run.test():
            result = yield
            if self._has_passed:
                self._run.passed(item.nodeid, str(item.path), _fixtures(item))
            else:
                self._run.failed(item.nodeid)
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """Record what a fixture reads that several tests share."""
        if fixturedef.scope == "function":
            return (yield)
        with self._run.fixture(fixturedef.argname):
            return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        """Tell of the settings that a test read where it fails."""
        report = yield
        self._has_passed = self._has_passed and report.passed
        if report.failed:
            self._tell(report, self._run.section(call.excinfo and call.excinfo.value, _fixtures(item)))
        return report

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Hand what a worker found to the process that started it; that no test is concerned is not a failure."""
        output = getattr(self._config, "workeroutput", None)
        if output is not None:
            reads = {key: sorted(spots) for key, spots in self._run.reads.items()}
            output[_SUITE] = (reads, sorted(self._tests), self._run.news.data(), self._deselected)
        if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and self._deselected:
            session.exitstatus = pytest.ExitCode.OK

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take what a worker found; one that crashed says nothing."""
        reads, tests, news, deselected = getattr(node, "workeroutput", {}).get(_SUITE, ({}, (), None, 0))
        self._run.take(reads, news)
        self._tests.update(tests)
        self._deselected += deselected

    def pytest_unconfigure(self) -> None:
        """Record no more, and write what was found."""
        self._run.stop()
        if hasattr(self._config, "workeroutput"):
            return
        cache = getattr(self._config, "cache", None)
        if cache:
            cache.set(_LEDGER, self._run.known())
        if self._record:
            self._run.write(self._config.invocation_params.dir / self._record, self._tests)

    def _tell(self, report: Any, section: str | None) -> None:
        if section:
            report.sections.append(("settings", section))


def _fixtures(item: pytest.Item) -> tuple[str, ...]:
    return tuple(getattr(item, "fixturenames", ()))

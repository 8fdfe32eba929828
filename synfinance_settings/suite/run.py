"""One run of a suite, in one process of it: what is read, by which test, on whose values."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from synfinance_settings.live.facade import settings_of
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.model.application import Application
from synfinance_settings.reads.record import Recorded, Recorder, Spot
from synfinance_settings.reads.vocabulary import Vocabulary
from synfinance_settings.suite.ledger import Ledger
from synfinance_settings.suite.revision import changed_since
from synfinance_settings.suite.suspects import suspects, told
from synfinance_settings.suite.trial import Trial
from synfinance_settings.text.atomic import write_atomically

Reads = dict[str, set[Spot]]


class Run:
    """The run of the tests below `root` on the settings of `application`, on trial where there is a `trial`.

    `news` is what this run finds out about them.
    """

    def __init__(self, application: Application[Any], root: Path, trial: Trial | None) -> None:
        self.trial: Final = trial
        self.news: Final = Ledger(root)
        self._known = Ledger(root)
        self._application = application
        self._root = root
        self._vocabulary = Vocabulary(application)
        self._recorder = Recorder(self._vocabulary, settings_of(application))
        self.reads: Final[Reads] = self._recorder.reads
        """All that was read, but for what the test that runs has."""
        self._shared: dict[str, Reads] = {}
        self._own: Reads | None = None
        self._outside: Reads = {}

    def start(self) -> None:
        """Put the trial's values in force, and record from now on."""
        if self.trial is not None:
            self.trial.start()
        self._recorder.start()

    def stop(self) -> None:
        """Stop recording, and put back in force what was before."""
        self._recorder.stop()
        if self.trial is not None:
            self.trial.stop()

    def remember(self, data: Any) -> None:
        """Know what earlier runs found out."""
        self._known = Ledger(self._root, data)

    def take(self, reads: Mapping[str, Iterable[Spot]], news: Any) -> None:
        """Take in what another process of the run found out."""
        Recorded(self.reads, set()).take(reads, ())
        self.news.take(Ledger(self._root, news))

    def known(self) -> Any:
        """What this run and earlier ones found out, as JSON can say it."""
        self._known.take(self.news)
        return self._known.data()

    def write(self, file: Path, tests: set[str]) -> None:
        """Write the record of what was read to `file`."""
        write_atomically(file, Recorded(self.reads, tests).text(file, self._root).encode())

    def told(self) -> str:
        """On whose values the tests run."""
        assert self.trial is not None
        keys = ", ".join(self.trial.kept)
        return self.trial.environment + (f"; kept as they are: {keys}" if keys else "")

    def collected(self) -> None:
        """Take what was read until now for what was read outside of tests."""
        self._outside = {key: spots.copy() for key, spots in self.reads.items()}
        self.news.share(self._expanded(self.reads))
        self._known.share(self._expanded(self.reads))

    def changed(self, revision: str) -> frozenset[str]:
        """The settings that have changed since `revision`; raises `SettingsError`."""
        return changed_since(revision, ConfigManager.shared(self._application).current.project())

    def concerns(self, test: str, file: str, changed: Collection[str]) -> bool:
        """Whether a change of settings concerns a test in `file`, as far as is known."""
        return self._known.concerns(test, file, changed)

    @contextmanager
    def fixture(self, name: str) -> Iterator[None]:
        """While a fixture is made that several tests share: each of them has read what it reads."""
        with self._recorder.apart() as reads:
            try:
                yield
            finally:
                self._shared.setdefault(name, {}).update(reads)

    @contextmanager
    def test(self) -> Iterator[None]:
        """While a test runs, with all that is made for it."""
        with self._recorder.apart() as reads:
            self._own = reads
            try:
                yield
            finally:
                self._own = None

    def passed(self, test: str, file: str, fixtures: Collection[str]) -> None:
        """Take note that the test that runs has passed."""
        self.news.remember(test, file, self._read(fixtures))

    def failed(self, test: str) -> None:
        """Take note that a test did not, so that it is not known what it would have read."""
        self.news.tests[test] = None

    def section(self, failure: BaseException | None, fixtures: Collection[str] = ()) -> str | None:
        """What the report of a failure says of the settings, on trial; None where there is nothing to say."""
        if self.trial is None:
            return None
        before = self._expanded(self.reads)
        circles = [before] if self._own is None else [self._read(fixtures), self._expanded(self._outside), before]
        nearest = suspects(self.trial.others(), circles, failure)
        environment, own = self.trial.environment, self.trial.own_environment
        return told(nearest, environment, own, f"{self._root}/") if nearest else None

    def _read(self, fixtures: Collection[str]) -> Reads:
        """What the test that runs has read, with the fixtures that it shares with others."""
        together: Reads = {}
        for reads in (*(self._shared.get(name, {}) for name in fixtures), self._own or {}):
            for key, spots in self._expanded(reads).items():
                together.setdefault(key, set()).update(spots)
        return together

    def _expanded(self, reads: Mapping[str, set[Spot]]) -> Reads:
        """`reads` by settings alone: who takes a section as a whole reads all that is in it."""
        expanded: Reads = {}
        for key, spots in tuple(reads.items()):
            for setting in (key,) if key in self._application.catalogue.settings else self._vocabulary.below(key):
                expanded.setdefault(setting, set()).update(spots.copy())
        return expanded

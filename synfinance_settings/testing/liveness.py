"""Whether a program follows its settings: every one is changed once by a reload and once by a start, and what the
program shows of itself must be the same.

A setting that is not marked as needing a restart must show after a reload what a start shows. One that is marked is
checked the other way round: until the restart all that shows it must stay as it was, since a part that moves beside
one that stays is a program on two values at once. Where all of it moves, the mark is stale, which harms nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from synfinance_settings.choice import chosen_application
from synfinance_settings.errors import MASK, counted
from synfinance_settings.layers.alternatives import Alternative, Alternatives, Values
from synfinance_settings.layers.output import plain_values
from synfinance_settings.live.manager import ConfigManager
from synfinance_settings.model.application import Application
from synfinance_settings.record import Record
from synfinance_settings.testing.trials import Shown, Trials, name_of, name_of_application
from synfinance_settings.text.format import items_of

_NOTHING: Final = "nothing"
_OF_ENVIRONMENT: Final = "environment"


class Verdict(StrEnum):
    """What was found of one setting."""

    FOLLOWS = "follows"
    """A reload shows all that a start shows."""
    WAITS = "waits"
    """It is marked as needing a restart, and shows nowhere before."""
    STALE_MARK = "stale mark"
    """It is marked as needing a restart, and a reload brings all of it."""
    NOT_OBSERVED = "not observed"
    """Nothing that is observed shows it."""
    NOT_TRIED = "not tried"
    """No other value could be put in force."""
    STALE = "stale"
    """A start shows it, and a reload does not."""
    HALF = "half"
    """A reload shows a part of what a start shows."""
    OTHER = "other"
    """After a reload something shows that is there neither before it nor after a start."""


_FAILURES: Final = (Verdict.STALE, Verdict.HALF, Verdict.OTHER)
_UNSEEN: Final = (Verdict.NOT_OBSERVED, Verdict.NOT_TRIED)


class Part(Record):
    """What stands at one `path` of what is observed: before, after a reload, and after a start; secrets masked."""

    path: str
    before: str
    reloaded: str
    restarted: str


_BARE: Final = Part("", "", "", "")


@dataclass(frozen=True)
class Finding:
    """What was found of the setting `key`, the `parts` that show it, and a `note` where there is more to say."""

    key: str
    verdict: Verdict
    needs_restart: bool = False
    parts: tuple[Part, ...] = ()
    note: str = ""

    def lines(self) -> Iterator[str]:
        """The finding for people."""
        mark = " (needs a restart)" if self.needs_restart else ""
        yield f"{self.key}{mark}: {self.verdict}{f', {self.note}' if self.note else ''}"
        if self.verdict in _FAILURES:
            for part in self.parts:
                where = f"at {part.path}: " if part.path else ""
                yield (
                    f"    {where}{part.before} before, {part.reloaded} after a reload, {part.restarted} after a restart"
                )


@dataclass(frozen=True)
class LiveReport:
    """What was found of every setting; true where a program follows them all. As text it is a table for people.

    `unsteady` are the paths of what is observed that change with every start, and say nothing.
    """

    findings: tuple[Finding, ...]
    unsteady: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return not self.failures

    @property
    def failures(self) -> tuple[Finding, ...]:
        """The settings that a restart would bring and a reload does not, or not wholly."""
        return tuple(finding for finding in self.findings if finding.verdict in _FAILURES)

    def keys(self, *verdicts: Verdict) -> tuple[str, ...]:
        """The settings of which one of `verdicts` was found."""
        return tuple(finding.key for finding in self.findings if finding.verdict in verdicts)

    def __str__(self) -> str:
        rows = [
            (finding.key, str(finding.verdict), *part)
            for finding in self.findings
            for part in finding.parts or (_BARE,)
        ]
        table = [("setting", "verdict", "observed at", "before", "reloaded", "restarted"), *rows]
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in table]
        lines += [f"{finding.key}: {finding.note}" for finding in self.findings if finding.note]
        lines += [f"changes with every start, and says nothing: {', '.join(self.unsteady)}"] if self.unsteady else []
        return "\n".join(lines)


def assert_live(make_app: Callable[[], Any] | str, observe: Callable[[Any], Any] | str, **options: Any) -> LiveReport:
    """Raise `AssertionError` unless a reload brings all that a restart of the program would bring; see `live_report`,
    which takes the same arguments.

    Each setting that does not follow is named, with what is shown before, after a reload and after a restart. Where
    nothing shows any of them, it is raised too: of that program nothing is proved.
    """
    application = options["application"] = options.get("application") or chosen_application()
    report = live_report(make_app, observe, **options)
    if all(finding.verdict in _UNSEEN for finding in report.findings):
        raise AssertionError(f"nothing that observe returns shows a setting of {application!r}:\n{report}")
    failures = report.failures
    if failures:
        number = counted(len(failures), "setting")
        lines = [line for finding in failures for line in finding.lines()]
        raise AssertionError("\n".join([f"{number} not live, of {len(report.findings)}:", *lines]))
    return report


def live_report(
    make_app: Callable[[], Any] | str,
    observe: Callable[[Any], Any] | str,
    *,
    application: Application[Any] | None = None,
    values: Mapping[str, Any] | None = None,
    only: Collection[str] = (),
    settle: float = 0.0,
    patience: float = 60.0,
) -> LiveReport:
    """What a program shows of each setting after a reload, beside what it shows after a start on the same value.

    `make_app` starts the program and `observe` says what it shows of itself then, as plain data: mappings, lists, text,
    numbers; either may be a coroutine function. Each is a function at the top of a module, or its name as
    ``module:function``, since every start has an interpreter of its own, in which all modules of the program are
    imported anew.

    The settings are those of `application`, else of the one that the process environment names for tools, else
    SynFinance's; at first they are as in force here, overrides too, on layers in a folder of its own. Another value is
    made for each by its form, limits and rules; `values` has those by keys that the program could not work with
    otherwise. `only` are keys or sections to look at. A program that follows by a thread or task of its own has
    `settle` seconds for it. A start, and each reload, may take `patience` seconds.

    Raises `TypeError` for functions that no other interpreter can find, `UnknownKeyError` for keys that are none,
    `SettingsError` where nothing can be loaded here, and `RuntimeError` where the program does not start at all.
    """
    names = {"make_app": name_of(make_app), "observe": name_of(observe)}
    application = chosen_application() if application is None else application
    names["application"] = name_of_application(application)
    catalogue = application.catalogue
    for key in values or {}:
        if key not in catalogue.settings:
            raise catalogue.unknown_key(key)
    for key in only:
        if key not in catalogue.settings and key not in catalogue.sections:
            raise catalogue.unknown_key(key)
    keys = [
        key
        for key in catalogue.settings
        if not only or key in only or any(key.startswith(f"{section}.") for section in only)
    ]
    return _Comparison(application, keys, values or {}).run(names, patience=patience, settle=settle)


class _Comparison:
    """The settings `keys` of `application`, with another value of each beside that in force."""

    def __init__(self, application: Application[Any], keys: list[str], wanted: Mapping[str, Any]) -> None:
        snapshot = ConfigManager.shared(application).snapshot
        self._settings = application.catalogue.settings
        self._application = application
        self._environment = snapshot.environment
        self._values = Values(plain_values(snapshot.config, "reveal"))
        made = Alternatives(application, self._values, snapshot.environment)
        self._others: dict[str, Alternative | None] = {
            key: None if key == _OF_ENVIRONMENT else made.of(key, (wanted[key],) if key in wanted else ())
            for key in keys
        }

    def run(self, names: dict[str, Any], *, patience: float, settle: float) -> LiveReport:
        """Try them all."""
        hidden = self._secret_texts()
        trials = Trials(
            self._application, self._environment, self._values, hidden, names, patience=patience, settle=settle
        )
        with trials:
            before = trials.start(Values())
            again = trials.start(Values())
            if before.failure or again.failure:
                raise RuntimeError(f"the program does not start on the values in force: {before.failure}")
            trials.unsteady = frozenset(_differing(before, again))
            tried = dict(self._tried(trials, before))
        findings = [self._finding(key, tried.get(key), trials.unsteady) for key in self._others]
        return LiveReport(tuple(self._masked(findings)), tuple(sorted(trials.unsteady)))

    def _tried(self, trials: Trials, first: Shown) -> Iterator[tuple[str, tuple[Shown, Shown, Shown]]]:
        """What is shown before, after a reload and after a start, by the keys of what could be tried."""
        groups: dict[tuple[tuple[str, str], ...], dict[str, Alternative]] = {}
        for key, other in self._others.items():
            if other is not None:
                beside = tuple((name, repr(value)) for name, value in sorted(other.companions.items()))
                groups.setdefault(beside, {})[key] = other
        for group in groups.values():
            companions = next(iter(group.values())).companions
            before = trials.start(companions) if companions else first
            changes = {key: Values({**companions, key: other.value}) for key, other in group.items()}
            starts = {key: trials.start(changed, key) for key, changed in changes.items()}
            good = {key: (changes[key], shown) for key, shown in starts.items() if not _hindrance(shown, "start")}
            reloads = trials.reload(companions, good)
            for key, shown in starts.items():
                yield key, (before, reloads.get(key, shown), shown)

    def _finding(self, key: str, tried: tuple[Shown, Shown, Shown] | None, unsteady: frozenset[str]) -> Finding:
        marked = self._settings[key].needs_restart
        if tried is None:
            reason = "a process has one environment" if key == _OF_ENVIRONMENT else "no other value is valid; give one"
            return Finding(key, Verdict.NOT_TRIED, marked, note=reason)
        before, reloaded, restarted = tried
        hindrance = _hindrance(before, "start") or _hindrance(restarted, "start")
        if hindrance:
            return Finding(key, Verdict.NOT_TRIED, marked, note=hindrance)
        paths = (_differing(before, restarted) | _differing(reloaded, restarted)) - unsteady
        if reloaded.failure:
            paths = (_differing(before, restarted) - unsteady) | {""}
        sides = before, reloaded, restarted
        marked = marked and reloaded.waits  # one that the program follows, it must follow
        note = (_hindrance(reloaded, "reload") or "") if _differing(reloaded, restarted) & paths else ""
        verdict = _verdict(paths, *sides, marked=marked)
        if verdict is Verdict.STALE_MARK and self._settings[key].unless_followed:
            verdict = Verdict.FOLLOWS  # the mark leaves it to the program
        return Finding(key, verdict, marked, _parts(sorted(paths), *sides), note)

    def _masked(self, findings: list[Finding]) -> Iterator[Finding]:
        """The findings with a mask at each path that shows a secret, in whatever form."""
        secret = {part.path for finding in findings if self._settings[finding.key].is_secret for part in finding.parts}
        for finding in findings:
            parts = tuple(_hidden(part) if part.path in secret else part for part in finding.parts)
            yield replace(finding, parts=parts)

    def _secret_texts(self) -> set[str]:
        """The texts that are in force, or will be, as a secret."""
        changes = [{**other.companions, key: other.value} for key, other in self._others.items() if other is not None]
        found = [value for values in (self._values, *changes) for key, value in values.items() if self._is_secret(key)]
        texts = (text for value in found for text in items_of(value))
        return {text for text in texts if isinstance(text, str) and text}

    def _is_secret(self, key: str) -> bool:
        return self._settings[key].is_secret


def _hindrance(shown: Shown, what: str) -> str | None:
    """Why a start, or a reload, says nothing of a value; None where it does."""
    if shown.failure:
        return f"the {what} failed: {shown.failure}"
    if not shown.is_held:
        return f"the {what} refused the value: {shown.refusal}" if shown.refusal else "another layer gives its value"
    return None


def _differing(one: Shown, other: Shown) -> set[str]:
    """The paths at which the two show something else."""
    return {path for path in one.leaves.keys() | other.leaves.keys() if one.leaves.get(path) != other.leaves.get(path)}


def _parts(paths: Collection[str], *sides: Shown) -> tuple[Part, ...]:
    """What the three sides show at `paths`; a value that looks like the one before and is another is told as such."""
    found = []
    for path in paths:
        leaves = [side.leaves.get(path) for side in sides]
        texts = [leaf.shown if leaf else _NOTHING for leaf in leaves]
        for number, leaf in enumerate(leaves[1:], 1):
            if leaf and leaves[0] and texts[number] == texts[0] and leaf.digest != leaves[0].digest:
                texts[number] = f"another {texts[0]}"
        found.append(Part(path, *texts))
    return tuple(found)


def _hidden(part: Part) -> Part:
    """The sides of a secret: whether they are as before is all that is told."""
    return Part(part.path, MASK, *(MASK if text == part.before else f"another {MASK}" for text in part[2:]))


def _verdict(paths: Collection[str], before: Shown, reloaded: Shown, restarted: Shown, *, marked: bool) -> Verdict:
    if not paths:
        return Verdict.NOT_OBSERVED
    moved = {path for path in paths if reloaded.leaves.get(path) == restarted.leaves.get(path)}
    stayed = {path for path in paths if reloaded.leaves.get(path) == before.leaves.get(path)} - moved
    if len(moved) == len(paths):
        return Verdict.STALE_MARK if marked else Verdict.FOLLOWS
    if len(stayed) == len(paths):
        return Verdict.WAITS if marked else Verdict.STALE
    return Verdict.HALF if moved | stayed == set(paths) else Verdict.OTHER

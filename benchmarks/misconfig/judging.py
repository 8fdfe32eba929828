"""What a reader made of a mutant, by rules that are the same for all.

The line is right where a finding names one of those that the operator says; a finding has a mend where it says what
would be right (a hint, a limit, the choices, the form). A mistake is pinpointed where one finding has both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from findings import Finding, Load, Loading
from mutants import ENVIRONMENTS, FILES, SETTINGS_DIR, Mutant
from readers import OURS, READERS

OUTCOMES: Final = ("pinpointed", "refused", "flagged", "silent", "harmless")
"""Refused with the right line and a mend; refused otherwise; loaded with a remark on it; loaded with other values and
no word; loaded with the same values, which is not counted."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome, whether the line and the key were told rightly, and a mend; and what was told."""

    outcome: str
    right_line: bool = False
    right_key: bool = False
    mend: bool = False
    told: tuple[str, ...] = ()


Verdicts = Mapping[str, Verdict]
"""One by the name of each reader."""


def verdict(mutant: Mutant, loading: Loading, before: Mapping[str, object]) -> Verdict:
    """The verdict on one loading of `mutant`; `before` are the values without the mistake."""
    refused = bool(loading.refusal)
    if not refused and loading.values == before:
        return Verdict("harmless")
    findings = loading.refusal or loading.remarks
    in_line = [finding for finding in findings if _names_line(mutant, finding)]
    of_key = [finding for finding in findings if _names_key(mutant, finding)]
    told = tuple(_shown(finding) for finding in findings)
    if not refused:
        return Verdict("flagged" if in_line or of_key else "silent", told=told)
    pinpointed = any(finding.mend for finding in in_line)
    mend = any(finding.mend for finding in (*in_line, *of_key) or findings)
    return Verdict("pinpointed" if pinpointed else "refused", bool(in_line), bool(of_key), mend, told)


def _names_line(mutant: Mutant, finding: Finding) -> bool:
    return any(file == mutant.file and line in mutant.mistake.lines for file, line in finding.places)


def _names_key(mutant: Mutant, finding: Finding) -> bool:
    return (finding.key or "").lower() in {key.lower() for key in mutant.mistake.keys}


def _shown(finding: Finding) -> str:
    places = ", ".join(f"{file}:{line}" for file, line in sorted(finding.places)) or finding.key or "nowhere"
    first = " ".join(finding.text.split())
    return f"{places}: {first}{'' if finding.mend else ' [no mend]'}"


AGREED: Final = "server.workers"  # one value stands for all: dynaconf joins lists and knows its own types


class Judge:
    """Loads mutants in a folder of its own, by some of the readers, and gives the verdicts."""

    def __init__(self, folder: Path, readers: Mapping[str, Load] = READERS, settings_dir: Path = SETTINGS_DIR) -> None:
        self._readers = readers
        self._folder = folder / "settings"
        self._folder.mkdir(parents=True)
        self._texts = {name: settings_dir.joinpath(name).read_text() for name in FILES}
        for name, text in self._texts.items():
            self._folder.joinpath(name).write_text(text)
        self._before = {
            (name, environment): load(self._folder, environment, None)
            for name, load in readers.items()
            for environment in ENVIRONMENTS
        }

    def alarms(self) -> Iterator[str]:
        """What is said against the layers as they are shipped, or read otherwise there: false alarms, every one."""
        for (name, environment), loading in self._before.items():
            for finding in (*loading.refusal, *loading.remarks):
                yield f"{name}, {environment}: {_shown(finding)}"
            if loading.values.get(AGREED) != self._before[OURS, environment].values.get(AGREED):
                yield f"{name}, {environment}: reads {AGREED} otherwise than {OURS}"

    def judge(self, mutant: Mutant) -> Verdicts:
        """The verdict of every reader."""
        path = self._folder / mutant.file
        path.write_text(mutant.mistake.text)
        try:
            return {name: self._verdict(mutant, name) for name in self._readers}
        finally:
            path.write_text(self._texts[mutant.file])

    def _verdict(self, mutant: Mutant, name: str) -> Verdict:
        before = self._before[name, mutant.environment]
        return verdict(mutant, self._readers[name](self._folder, mutant.environment, before.snapshot), before.values)

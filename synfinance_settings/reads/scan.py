"""Which settings a program reads, found by reading its source: nothing of it is imported or run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from synfinance_settings.reads.analysis import Analysis
from synfinance_settings.reads.findings import Doubt, Read, Scan, Slip
from synfinance_settings.reads.program import Module, Progress, read_program
from synfinance_settings.reads.statements import run_module
from synfinance_settings.reads.templates import template_findings
from synfinance_settings.reads.vocabulary import Vocabulary

_MOST_PASSES: Final = 20
"""A value goes at least one import or call further in each."""


_PARTLY: Final = "is followed in part: what it asks for goes through too many modules"


def scan(vocabulary: Vocabulary, paths: Sequence[Path], progress: Progress | None = None) -> Scan:
    """What the files and folders `paths` read; raises `LayerError` for one that is not there.

    `progress` is told how far it is, in words, where there is much to read.
    """
    program = read_program(paths, progress)
    analysis = Analysis(vocabulary, program.modules)
    unfit: dict[str, str] = {}
    analysis.waiting.update(program.modules)
    for number in range(1, _MOST_PASSES + 1):
        waiting = [module for module in program.modules if module in analysis.waiting]
        _pass(analysis, waiting, unfit, progress, f"pass {number}")
        if not analysis.waiting:
            break
    partly = {module.file: _PARTLY for module in program.modules if module in analysis.waiting}
    analysis.findings.is_open = True
    _pass(analysis, program.modules, unfit, progress, "last pass")
    findings = analysis.findings
    reads, doubts, slips = dict(findings.reads), dict(findings.doubts), dict(findings.slips)
    for item in template_findings(vocabulary, program.templates, findings.shown):
        match item:
            case Read():
                reads[item] = None
            case Doubt():
                doubts[item] = None
            case Slip():
                slips[item] = None
    return Scan(
        tuple(sorted(reads, key=_place)),
        tuple(sorted(doubts, key=_place)),
        tuple(sorted(slips, key=_place)),
        (*program.passed_over, *(partly | unfit).items()),
        len(program.modules) + len(program.templates),
    )


def _pass(
    analysis: Analysis, modules: Sequence[Module], unfit: dict[str, str], progress: Progress | None, name: str
) -> None:
    """Read `modules` once, and note in `unfit` those that cannot be followed."""
    for number, module in enumerate(modules, 1):
        if progress and number % _STEP == 0:
            progress(f"{name}: {number} of {len(modules)} modules")
        analysis.waiting.discard(module)
        if module.file in unfit:
            continue
        analysis.turn.module = module
        try:
            run_module(analysis, module)
        except RecursionError:
            unfit[module.file] = "is nested too deeply to be followed"


_STEP: Final = 500  # modules between two words of progress


def _place(finding: Read | Doubt | Slip) -> tuple[str, int, str]:
    key = finding.key if isinstance(finding, Read) else finding.name if isinstance(finding, Slip) else finding.said
    return (*finding.place, key)

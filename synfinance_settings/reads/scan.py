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

_MOST_PASSES: Final = 12
"""A value goes at least one import or call further in each."""


def scan(vocabulary: Vocabulary, paths: Sequence[Path], progress: Progress | None = None) -> Scan:
    """What the files and folders `paths` read; raises `LayerError` for one that is not there.

    `progress` is told how far it is, in words, where there is much to read.
    """
    program = read_program(paths, progress)
    analysis = Analysis(vocabulary, program.modules)
    unfit: dict[str, str] = {}
    passes = 0
    while not analysis.is_settled and passes < _MOST_PASSES:
        passes += 1
        analysis.is_settled = True
        _pass(analysis, program.modules, unfit, progress, f"pass {passes}")
    analysis.findings.is_open = True
    _pass(analysis, program.modules, unfit, progress, "last pass")
    found = analysis.findings
    reads, doubts, slips = dict(found.reads), dict(found.doubts), dict(found.slips)
    for item in template_findings(vocabulary, program.templates, found.shown):
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
        (*program.passed_over, *unfit.items()),
        len(program.modules) + len(program.templates),
    )


def _pass(
    analysis: Analysis, modules: Sequence[Module], unfit: dict[str, str], progress: Progress | None, name: str
) -> None:
    for number, module in enumerate(modules, 1):
        if progress and number % _STEP == 0:
            progress(f"{name}: {number} of {len(modules)} modules")
        if module.file in unfit:
            continue
        try:
            run_module(analysis, module)
        except RecursionError:
            unfit[module.file] = "is nested too deeply to be followed"


_STEP: Final = 500  # modules between two words of progress


def _place(found: Read | Doubt | Slip) -> tuple[str, int, str]:
    key = found.key if isinstance(found, Read) else found.name if isinstance(found, Slip) else found.said
    return (*found.place, key)

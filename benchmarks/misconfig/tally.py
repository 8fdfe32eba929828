"""The verdicts counted: by kind of mistake and in all, as shares of the mutants that changed something for a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from judging import OUTCOMES, Verdict, Verdicts
from mutants import Mutant
from operators import OPERATORS

COUNTED: Final = OUTCOMES[:-1]
TRAITS: Final = ("right_line", "right_key", "mend")
KIND: Final = max(len(operator.name) for operator in OPERATORS) + 4  # characters
READER: Final = 21

Judged = tuple[Mutant, Verdicts]


class Tally:
    """What readers made of mutants."""

    def __init__(self, readers: Iterable[str], judged: Iterable[Judged]) -> None:
        self._readers = tuple(readers)
        self._judged = list(judged)

    def text(self) -> str:
        """One line a kind, with four outcomes a reader; one line a reader, with all that is measured."""
        heads = "".join(f"  {reader:<23}" for reader in self._readers)
        columns = f"  {' '.join(f'{outcome[:3]:>5}' for outcome in COUNTED)}" * len(self._readers)
        lines = [f"{'':{KIND + 5}}{heads}".rstrip(), f"{'kind of mistake':{KIND}}{'n':>5}{columns}"]
        models = dict.fromkeys(operator.model for operator in OPERATORS)
        for model in models:
            lines += [model]
            kinds = (operator.name for operator in OPERATORS if operator.model == model)
            lines += [f"  {name:{KIND - 2}}{self._row(self._of_kind(name))}" for name in kinds]
        return "\n".join([*lines, f"{'total':{KIND}}{self._row(self._judged)}", "", *self._summary()])

    def _row(self, judged: list[Judged]) -> str:
        shares = (_shares(judged, reader) for reader in self._readers)
        cells = (" ".join(f"{one[name]:5.2f}" if one[name] else "    -" for name in COUNTED) for one in shares)
        return f"{len(judged):>5}" + "".join(f"  {cell}" for cell in cells)

    def _summary(self) -> Iterable[str]:
        names = [*COUNTED, *TRAITS]
        heads = "".join(f"{name.replace('_', ' '):>12}" for name in names)
        yield f"{'':{READER}}{'refused in all':>16}{heads}{'harmless':>10}"
        for reader in self._readers:
            shares = _shares(self._judged, reader)
            cells = "".join(f"{shares[name]:12.3f}" for name in names)
            yield f"{reader:{READER}}{shares['pinpointed'] + shares['refused']:16.3f}{cells}{self._harmless(reader):10}"

    def _of_kind(self, name: str) -> list[Judged]:
        return [one for one in self._judged if one[0].operator == name]

    def _harmless(self, reader: str) -> int:
        return sum(verdicts[reader].outcome == "harmless" for _, verdicts in self._judged)

    def listing(self, outcome: str, reader: str) -> str:
        """Every mutant with this outcome: which, what was changed, and what was told."""
        blocks = [
            _block(mutant, verdicts[reader]) for mutant, verdicts in self._judged if verdicts[reader].outcome == outcome
        ]
        return "\n".join([*blocks, f"{len(blocks)} {outcome}"])

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data."""
        kinds = {operator.name: self._of_kind(operator.name) for operator in OPERATORS}
        return {
            "total": self._data(self._judged),
            "harmless": {reader: self._harmless(reader) for reader in self._readers},
            "kinds": {name: self._data(of_kind) for name, of_kind in kinds.items()},
        }

    def _data(self, judged: list[Judged]) -> dict[str, Any]:
        return {"mutants": len(judged), **{reader: _shares(judged, reader) for reader in self._readers}}


def _shares(judged: list[Judged], reader: str) -> dict[str, float]:
    """The shares of outcomes and traits among the mutants that are not harmless for `reader`."""
    counted = [verdicts[reader] for _, verdicts in judged if verdicts[reader].outcome != "harmless"]
    outcomes = Counter(verdict.outcome for verdict in counted)
    traits = {trait: sum(getattr(verdict, trait) for verdict in counted) for trait in TRAITS}
    counts = {**{outcome: outcomes[outcome] for outcome in COUNTED}, **traits}
    return {name: count / len(counted) if counted else 0 for name, count in counts.items()}


def _block(mutant: Mutant, verdict: Verdict) -> str:
    lacking = ""
    if verdict.outcome == "refused":
        lacks = [lack for lack, has in (("wrong line", verdict.right_line), ("no mend", verdict.mend)) if not has]
        lacking = f" ({', '.join(lacks)})" if lacks else ""
    head = f"{mutant.operator} {mutant.seed}/{mutant.number}: {mutant.file} in {mutant.environment}{lacking}"
    return "\n".join([head, mutant.difference(), *(f"    > {text}" for text in verdict.told[:5])])

"""Which settings a program reads, and which it does not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from synfinance_settings.cli import options, render
from synfinance_settings.cli.paths import PathType
from synfinance_settings.cli.program import Command

if TYPE_CHECKING:
    from pathlib import Path

    from synfinance_settings.reads.findings import Scan
    from synfinance_settings.reads.usage import Usage, Uses
    from synfinance_settings.reads.vocabulary import Vocabulary

_MOST_PLACES: Final = 3
_LONGEST_KEY: Final = 32  # columns; what belongs to a longer one stands below it

_TITLES: Final = {
    "read": "read",
    "variable": "read as a variable, past the settings",
    "perhaps": "perhaps read",
    "rule": "read only by a rule",
    "dead": "dead",
}
_SETTLED: Final = ("read", "variable")


@click.command(cls=Command, short_help="Report which settings a program reads, and which it does not.")
@click.argument("paths", nargs=-1, type=PathType(), metavar="[PATH]...")
@click.option("--dead", is_flag=True, help="Leave out what is certainly read.")
@click.option("--record", type=PathType(), metavar="FILE", help="A record that pytest --settings-reads wrote.")
@click.option("--strict", is_flag=True, help="Exit with 1 if a setting is dead, or a name is not a setting.")
@options.format_option("text", "json")
def reads(paths: tuple[Path, ...], dead: bool, record: Path | None, strict: bool, output: str) -> None:
    """Say which settings a program reads, and where.

    Reads the Python files and the text templates in PATH, the working directory unless given, and runs none of them.
    What it cannot follow is told with its place; the record of a test run says what was read there.

    \b
    {call} reads app --dead
    pytest --settings-reads reads.json
    {call} reads app --record reads.json
    """
    from pathlib import Path

    vocabulary = _vocabulary()
    findings, uses = _uses(vocabulary, paths or (Path(),), [record] if record else [])
    usages = [usage for usage in uses.settings.values() if not (dead and usage.state in _SETTLED)]
    if output == "json":
        render.echo_json(_as_data(findings, uses, usages))
    else:
        _print(findings, uses, usages)
    if strict and (findings.slips or any(usage.state == "dead" for usage in uses.settings.values())):
        raise click.exceptions.Exit(1)


def usage_of(key: str, paths: Sequence[Path]) -> Usage:
    """Who reads `key` in `paths`: sources of a program, and records, which are files that end in ``.json``."""
    records = [path for path in paths if path.suffix == ".json"]
    sources = [path for path in paths if path.suffix != ".json"]
    return _uses(_vocabulary(), sources, records)[1].settings[key]


def in_words(usage: Usage, most: int = _MOST_PLACES) -> str:
    """Who reads a setting, in one line."""
    tests = f"only tests: {_listed(list(map(str, usage.tests)), most)}" if usage.tests else ""
    match usage.state:
        case "read" | "variable":
            places = [str(place) for place, how in usage.reads if how != "variable"]
            past = [str(place) for place, how in usage.reads if how == "variable"]
            by_variable = f"as a variable in {_listed(past, most)}" if places and past else _listed(past, most)
            return "; ".join(filter(None, (_listed(places, most), by_variable)))
        case "perhaps":
            return _listed([str(doubt.place) for doubt in usage.doubts], most)
        case "rule":
            return ", ".join(usage.rules) + (f"; {tests}" if tests else "")
        case _:
            return tests


def explained(usage: Usage) -> str:
    """The same for a setting that stands alone."""
    words = in_words(usage, 10)
    if usage.state == "read":
        return words
    return f"{_TITLES[usage.state] if usage.state != 'dead' else 'nothing'}{': ' if words else ''}{words}"


def as_data(usage: Usage) -> dict[str, Any]:
    """The same for scripts."""
    return {
        "state": usage.state,
        "reads": [{"place": str(place), "how": how} for place, how in usage.reads],
        "perhaps": [str(doubt.place) for doubt in usage.doubts],
        "rules": list(usage.rules),
        "tests": list(map(str, usage.tests)),
    }


def _vocabulary() -> Vocabulary:
    from synfinance_settings.reads.vocabulary import Vocabulary

    return Vocabulary(options.application())


def _uses(vocabulary: Vocabulary, paths: Sequence[Path], records: Sequence[Path]) -> tuple[Scan, Uses]:
    """What the sources in `paths` show, and with the `records` who reads each setting."""
    from synfinance_settings.reads.findings import Scan
    from synfinance_settings.reads.record import read_record
    from synfinance_settings.reads.scan import scan
    from synfinance_settings.reads.usage import uses

    recorded = [read for record in records for read in read_record(record, vocabulary)]
    findings = scan(vocabulary, paths, lambda text: render.note(text)) if paths else Scan()
    if paths and not findings.files and not findings.passed_over:
        where = ", ".join(map(render.place, (path.absolute() for path in paths)))
        raise click.UsageError(f"there are no Python files and no templates in {where}")
    return findings, uses(vocabulary, findings, recorded)


def _listed(items: Sequence[str], most: int) -> str:
    rest = len(items) - most
    return ", ".join(items[:most]) + (f" and {rest} more" if rest > 0 else "")


def _as_data(findings: Scan, uses: Uses, usages: Sequence[Usage]) -> dict[str, Any]:
    """The report for scripts."""
    return {
        "settings": {usage.key: as_data(usage) for usage in usages},
        "unseen": [
            {"place": str(doubt.place), "said": doubt.said, "settings": len(doubt.keys)} for doubt in uses.doubts
        ],
        "recorded": [{"place": str(doubt.place), "read": list(keys)} for doubt, keys in uses.settled.items()],
        "unknown": [{"place": str(slip.place), "name": slip.name, "meant": slip.meant} for slip in findings.slips],
        "passed_over": [{"file": file, "why": why} for file, why in findings.passed_over],
        "files": findings.files,
    }


def _print(findings: Scan, uses: Uses, usages: Sequence[Usage]) -> None:
    """The report for people: the settings by their state, what the source does not tell, and the verdict."""
    for state, title in _TITLES.items():
        rows = [(usage.key, in_words(usage)) for usage in usages if usage.state == state]
        _print_part(title, rows, "error" if state == "dead" else "strong")
    unseen = [(str(doubt.place), f"{doubt.said}: {_counted(doubt.keys)}, perhaps") for doubt in uses.doubts]
    _print_part("what the source alone does not tell", unseen, "warning")
    settled = [(str(doubt.place), f"{doubt.said}: {', '.join(keys)}") for doubt, keys in uses.settled.items()]
    _print_part("seen in the record", settled, "strong")
    slips = [
        (str(slip.place), slip.name + (f"; did you mean {slip.meant}?" if slip.meant else ""))
        for slip in findings.slips
    ]
    _print_part("no setting", slips, "error")
    _print_part("passed over", findings.passed_over, "warning")
    render.tell(", ".join(_verdict(findings, uses)))


def _counted(keys: Sequence[str]) -> str:
    return keys[0] if len(keys) == 1 else f"any of {len(keys)} settings"


def _print_part(title: str, rows: Sequence[tuple[str, str]], style: str) -> None:
    """A title above its rows, whose texts stand in one column; nothing where there are none."""
    if not rows:
        return
    columns = render.width()
    lengths = [len(render.shown(head)) for head, _ in rows]
    margin = max((length for length in lengths if length <= _LONGEST_KEY), default=0) + 4
    render.say(render.style(title, style), f" ({len(rows)})")
    for head, text in rows:
        for line in _row(head, text, margin, columns):
            render.say(line)
    render.say("")


def _row(head: str, text: str, margin: int, columns: int | None) -> Iterator[str]:
    start = f"  {render.shown(head)}"
    if text and len(start) > margin - 2:
        yield start
        start = ""
    for line in render.hanging(start.ljust(margin), text, columns):
        yield line.rstrip()


def _verdict(findings: Scan, uses: Uses) -> Iterator[str]:
    counts = Counter[str](usage.state for usage in uses.settings.values())
    for state, title in _TITLES.items():
        if counts[state]:
            yield f"{counts[state]} {title.partition(',')[0]}"
    if findings.slips:
        yield render.counted(len(findings.slips), "name") + " of no setting"
    yield f"in {render.counted(findings.files, 'file')}"

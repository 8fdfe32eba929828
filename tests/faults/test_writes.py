"""Every system call of every write fails once, and the process is killed between any two that change a file.

Whatever happens, the file is the old one or the new one, whole, with its mode and owner; the command says what went
wrong; the next command works, removes what is left, and finds a history that agrees with the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle

import pytest
from striking import Bench, Ended, Seen, Site

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

ERRORS = ("ENOSPC", "EIO", "EACCES", "EROFS", "EDQUOT", "EINTR")
KILL = "signal=SIGKILL"
NOTHING_WRITTEN = "retval=0"
"""A write that is as short as one can be; what is said to be written and is not no program can see."""

LAYER = "settings/development.yaml"
NEXT = ("set", "app_name", "next")
FILES = {
    "settings/default.yaml": "{}\n",
    LAYER: "# ours\nserver:\n  workers: 7\n",
    "in.yaml": "app_name: imported\n",
    "out.yaml": "the old export\n",
    "out.json": "the old schema\n",
}
BLANK = b"{}\n"
"""What the history keeps in the place of a layer that was not there."""


@dataclass(frozen=True)
class Case:
    """A command whose calls fail, the file that it writes, the command of its kind that comes next.

    `share` is the part of the sites that a test takes, of so many.
    """

    call: tuple[str, ...]
    target: str
    next: tuple[str, ...]
    share: tuple[int, int] = (0, 1)

    @property
    def layer(self) -> str | None:
        """The layer file that is written, as the history names it."""
        folder, _, name = self.target.rpartition("/")
        return name if folder else None


CHANGES = {
    "set": Case(("set", "server.workers", "9"), LAYER, NEXT),
    "unset": Case(("unset", "server.workers"), LAYER, NEXT),
    "import": Case(("import", "in.yaml", "--yes"), LAYER, NEXT),
    "rollback": Case(("rollback", "1", "--yes"), LAYER, NEXT),
    "new": Case(("set", "debug", "on", "--env", "test"), "settings/test.yaml", (*NEXT, "--env", "test")),
}
WRITES = {
    "export": Case(("export", "out.yaml", "--yes"), "out.yaml", ("export", "out.yaml", "--yes")),
    "schema": Case(
        ("schema", "--output", "out.json", "--yes"), "out.json", ("schema", "--output", "out.json", "--yes")
    ),
    "env-template": Case(
        ("env-template", "--output", "new.env", "--yes"), "new.env", ("env-template", "--output", "new.env", "--yes")
    ),
}


class Trial:
    """One case: what was there before, what a run without a fault makes, and whether a run with one is in order."""

    def __init__(self, bench: Bench, case: Case) -> None:
        self.bench = bench
        self.case = case
        bench.begin(FILES)
        bench.warm("set", "server.workers", "8")
        bench.keep()
        self.old = bench.seen(case.target)
        self.known = self._versions()
        for call in (case.call, NEXT):
            bench.restore()
            bench.warm(*call)
        bench.restore()
        ended, self.failing, self.killing = bench.sites(*case.call)
        assert ended.code == 0, ended.err
        new = bench.seen(case.target)
        assert new is not None
        assert self.old is None or (new.mode, new.owner) == (self.old.mode, self.old.owner)
        assert new != self.old
        self.new = new
        self.names = bench.names()
        self._afterwards: dict[object, tuple[Ended, list[str]]] = {}

    def complaints(self, ended: Ended, what: str) -> list[str]:
        """What is not in order after a run that `ended` so, and after the command that comes next."""
        now = self.bench.seen(self.case.target)
        found = [*self._complaints_at_once(ended, now)]
        after, further = self._next(now)
        return [f"{what}: {said}; {ended}, and then {after}" for said in (*found, *further)]

    def _next(self, now: Seen | None) -> tuple[Ended, list[str]]:
        """How the next command ends, and what is not in order then: once for each state that it may find."""
        state = self.bench.state()
        if state not in self._afterwards:
            after = self.bench.run(*self.case.next)
            self._afterwards[state] = after, [*self._complaints_after(after, now)]
        return self._afterwards[state]

    def _complaints_at_once(self, ended: Ended, now: Seen | None) -> Iterator[str]:
        if now not in (self.old, self.new):
            yield f"the file is neither the old nor the new one: {now}"
        if "Traceback" in ended.err or ended.code > 2:
            yield "it crashed"
        if ended.code >= 0 and now != (self.old if ended.code else self.new):
            yield "it did not do what it says"
        if ended.code >= 0 and not ended.err:
            yield "it says nothing"
        if self.case.layer and "the history" not in ended.err and self._versions() != self._expected(now):
            yield f"the history is {self._versions()}"

    def _complaints_after(self, after: Ended, now: Seen | None) -> Iterator[str]:
        """The command that comes next works, leaves nothing behind, and whatever happened is in the history now."""
        last = self.bench.seen(self.case.target)
        if after.code or last is None:
            yield "the next command fails"
        elif self.bench.names() != self.names:
            yield f"something is left: {self.bench.names() ^ self.names}"
        elif self.case.layer and self._versions() != [last.content, *self._expected(now)]:
            yield f"the history is {self._versions()} at the end"

    def _versions(self) -> list[bytes]:
        """What the history has of the layer; that it was not there before may be told as a blank one."""
        found = self.bench.versions(self.case.layer) if self.case.layer else []
        return found if self.old else [content for content in found if content != BLANK]

    def _expected(self, now: Seen | None) -> list[bytes]:
        return [self.new.content, *self.known] if now == self.new else self.known


def faults(trial: Trial) -> list[tuple[Site, str]]:
    """Each site with one of the errors, in turn, so that each kind of call meets them all; and the kills."""
    turns = {call: cycle(ERRORS) for call in {site.call for site in trial.failing}}
    found = [(site, KILL) for site in trial.killing]
    for site in trial.failing:
        found.append((site, f"error={next(turns[site.call])}"))
        if site.call in ("write", "pwrite64"):
            found.append((site, NOTHING_WRITTEN))
    return found


def try_all(bench: Bench, case: Case) -> None:
    trial = Trial(bench, case)
    first, step = case.share
    found: list[str] = []
    for site, fault in faults(trial)[first::step]:
        bench.restore()
        found += trial.complaints(bench.struck(site, fault, *case.call), f"{fault} at {site.call} {site.number}")
    assert not found, "\n".join(found)


SHARES = 2


@pytest.mark.parametrize("share", range(SHARES))
@pytest.mark.parametrize("name", CHANGES)
def test_a_change_of_a_layer_is_made_or_not(bench, name, share):
    case = CHANGES[name]
    try_all(bench, Case(case.call, case.target, case.next, (share, SHARES)))


@pytest.mark.parametrize("name", WRITES)
def test_another_file_is_written_or_not(bench, name):
    try_all(bench, WRITES[name])


@pytest.mark.parametrize("name", CHANGES | WRITES)
def test_a_disk_that_takes_a_part_takes_nothing(bench, name):
    """Real short writes: no file, the history's neither, may grow past so many bytes."""
    case = (CHANGES | WRITES)[name]
    trial = Trial(bench, case)
    found: list[str] = []
    for limit in (0, 1, 7, 8191, 20481, 24576, 28673):
        bench.restore()
        found += trial.complaints(bench.run(*case.call, limit=limit), f"at most {limit} bytes")
    assert not found, "\n".join(found)

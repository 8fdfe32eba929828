"""A plan of two layers is killed after each change of a file, and fails at each renaming: the files stay one change.

After a kill both are old, or both new, or the next command that changes a layer says which change was killed, and
carries it out. A failure leaves both as they were.
"""

from __future__ import annotations

import pytest
from striking import Bench

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

NAMES = ("settings/default.yaml", "settings/development.yaml")
FILES = {NAMES[0]: "server:\n  workers: 7\n", NAMES[1]: "server:\n  timeout: 70\n"}
PLAN = ("plan", "default:server.workers=9", "development:server.timeout=90", "-o", "plan.json")
APPLY = ("apply", "plan.json", "--reason", "both")
NEXT = ("set", "app_name", "next")


def contents(bench: Bench) -> tuple[bytes, ...]:
    """The two files, less what the next command adds."""
    found = [bench.seen(name) for name in NAMES]
    return tuple(one.content.replace(b"app_name: next\n", b"") for one in found if one)


class Trial:
    """What the files are before and after, and where a run may be struck."""

    def __init__(self, bench: Bench) -> None:
        bench.begin(FILES)
        bench.warm(*PLAN)
        bench.keep()
        self.old = contents(bench)
        for call in (APPLY, NEXT):
            bench.restore()
            bench.warm(*call)
        bench.restore()
        ended, failing, self.killing = bench.sites(*APPLY)
        assert ended.code == 0, ended.err
        self.new = contents(bench)
        self.renamings = [site for site in failing if site.call.startswith("rename")]
        assert len(self.renamings) == len(NAMES)
        assert all(one != other for one, other in zip(self.old, self.new, strict=True))


@pytest.fixture(scope="module")
def trial(bench: Bench) -> Trial:
    return Trial(bench)


def test_a_kill_leaves_all_old_or_all_new_or_is_told_and_mended(bench, trial):
    found = []
    for site in trial.killing:
        bench.restore()
        bench.struck(site, "signal=SIGKILL", *APPLY)
        now = contents(bench)
        after = bench.run(*NEXT)
        is_halved = now not in (trial.old, trial.new)
        is_told = "apply plan.json was killed while it wrote" in after.err
        if after.code or is_told != is_halved or contents(bench) != (trial.old if now == trial.old else trial.new):
            found.append(f"{site}: {now}, then {after}, and {contents(bench)}")
        if now != trial.old and bench.versions("default.yaml")[0] != trial.new[0]:
            found.append(f"{site}: the history is {bench.versions('default.yaml')}")
    assert not found, "\n".join(found)


def test_between_two_renamings_a_kill_halves_the_change_until_the_next_command(bench, trial):
    """What the test above is about does happen."""
    bench.restore()
    bench.struck(trial.renamings[1], "signal=SIGKILL", *APPLY)
    assert contents(bench) == (trial.new[0], trial.old[1])
    told = bench.run("history", "--env", "default")
    assert "apply plan.json was killed while it wrote default.yaml and development.yaml" in told.err
    told = bench.run(*NEXT)
    assert "settings/default.yaml and settings/development.yaml; it is carried out now" in told.err
    assert contents(bench) == trial.new


def test_a_renaming_that_fails_puts_back_what_was_renamed(bench, trial):
    for site in trial.renamings:
        bench.restore()
        ended = bench.struck(site, "error=EIO", *APPLY)
        assert ended.code == 2, ended
        assert contents(bench) == trial.old
        assert bench.run(*NEXT).code == 0
        assert contents(bench) == trial.old

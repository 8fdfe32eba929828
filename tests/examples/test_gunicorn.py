"""gunicorn: its workers follow, and start whatever stands in the layers, whoever ended those before them."""

from __future__ import annotations

import os
import random
import re
import signal
from pathlib import Path

import pytest
from living import Clients, Program, kill_one, live
from patience import PATIENCE

KEY = "ml.fraud_threshold"
REFUSED = f"{KEY} must be"
MODES = ("", "--preload")
REQUESTS, EDITS, KILLS = 2000, 20, 5


def workers(program: Program) -> list[int]:
    """The children of the master, those that just begin or end too."""
    assert program.process
    master = program.process.pid
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def in_force_in_master(program: Program, changes: int) -> None:
    """Wait until the master has taken over so many edits; no worker tells of that for sure."""
    assert program.process
    line = re.compile(rf"\[{program.process.pid}\] INFO snapshot \d+ is in force")
    program.until(lambda: len(line.findall(program.log.read_text())) >= changes, f"{changes} changes in the master")


def state(process: int) -> str:
    """What a process is doing, in the kernel's letter; X where it is gone."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "X"


def is_halted(program: Program, worker: int) -> bool:
    """Have a worker stand still; False for one that was about to end by itself."""
    try:
        os.kill(worker, signal.SIGSTOP)
    except ProcessLookupError:
        return False
    program.until(lambda: state(worker) in "TZX", "a worker that stands still")
    return state(worker) == "T"


def kill_any(program: Program) -> None:
    """End a worker as the kernel does where memory is short."""
    while True:
        for worker in random.sample(there := workers(program), len(there)):
            if is_halted(program, worker):
                os.kill(worker, signal.SIGKILL)
                return


@pytest.mark.parametrize("command", [0, 1], ids=["plain", "preload"])
def test_gunicorn_with_three_workers(example, seen, command):
    program = example("gunicorn")
    program.start(command)
    program.serves()
    edits = (KEY, (0.5, 0.6, 0.7))
    seen(live(program, program.get, *edits, refused=(7, REFUSED), workers=3, meanwhile=kill_one(program)))
    program.ends()


@pytest.mark.long
@pytest.mark.parametrize("mode", MODES, ids=["plain", "preload"])
def test_gunicorn_whose_workers_are_replaced_and_killed_while_edits_are_refused(example, seen, mode):
    program = example("gunicorn")
    program.start(f"gunicorn app:app --bind 127.0.0.1:$PORT --max-requests 20 {mode}")
    program.serves()
    accepted = {0.5}
    with Clients(program.get, count=8) as clients:

        def answered(count: int) -> None:
            program.until(lambda: clients.all_answered() or len(clients.answers) >= count, f"{count} answers")

        def all_show(value: float) -> None:
            def holds() -> bool:
                clients.all_answered()
                latest = clients.latest()
                return {latest.get(worker) for worker in workers(program)} == {value}

            program.until(holds, f"{value} from all")

        for edit in range(0, EDITS, 2):
            accepted.add(good := (edit + 1) / 100)
            program.edit(KEY, good)
            all_show(good)
            in_force_in_master(program, edit // 2 + 1)
            program.edit(KEY, edit + 7)
            if edit % 4 == 0:
                with clients.silent():
                    kill_any(program)
            answered(REQUESTS * (edit + 2) // EDITS)
        all_show(good)
    assert {answer.value for answer in clients.answers} == accepted
    assert len(clients.answers) >= REQUESTS
    assert program.log.read_text().count("was sent SIGKILL") == KILLS
    program.ends()
    replaced = len({answer.worker for answer in clients.answers})
    seen(f"{len(clients.answers)} requests, all answered; 20 edits, 10 refused; {replaced} workers, 5 killed")


ONE = "gunicorn app:app --bind 127.0.0.1:$PORT --workers 1"
WITHOUT_HOOKS = """
from synfinance_settings import ConfigWatcher

def post_fork(server, worker):
    ConfigWatcher().start()
"""


def refuse_and_kill(program: Program) -> None:
    """Put what does not validate into the layer, and end the worker that has refused it."""
    (worker,) = workers(program)
    program.edit(KEY, 7)
    program.says("stays in force")
    os.kill(worker, signal.SIGKILL)


def test_without_the_hooks_a_worker_that_cannot_start_says_what_to_set(example):
    program = example("gunicorn")
    (program.root / "gunicorn.conf.py").write_text(WITHOUT_HOOKS)
    program.start(ONE)
    program.serves()
    refuse_and_kill(program)
    assert program.process
    assert program.process.wait(PATIENCE) == 3
    (advice,) = (line for line in program.log.read_text().splitlines() if "SYNFINANCE_FALLBACK=last-good" in line)
    assert "gunicorn_hooks of synfinance_settings.servers" in advice


def test_without_the_hooks_a_fallback_starts_the_worker(example):
    program = example("gunicorn")
    (program.root / "gunicorn.conf.py").write_text(WITHOUT_HOOKS)
    program.start(ONE, SYNFINANCE_FALLBACK="last-good")
    program.serves()
    refuse_and_kill(program)
    assert program.get().value == 0.5
    assert "the layers are broken; running on version 1" in program.log.read_text()
    program.ends()


def test_a_hup_loads_the_variables_anew_or_leaves_what_is_in_force(example):
    program = example("gunicorn")
    conf = program.root / "gunicorn.conf.py"
    hooks = conf.read_text()
    program.start(ONE)
    program.serves()
    assert program.process
    master = program.process

    def hang_up(value: float) -> None:
        before = program.get().worker
        master.send_signal(signal.SIGHUP)
        program.until(lambda: (seen := program.get()).worker != before and seen.value == value, "another worker")

    conf.write_text(f"{hooks}raw_env = ['SYNFINANCE_ML__FRAUD_THRESHOLD=0.9']\n")
    hang_up(0.9)
    conf.write_text(hooks)
    hang_up(0.5)
    program.edit(KEY, 7)
    program.says(REFUSED, 2)
    hang_up(0.5)
    program.ends()
    refusals = re.findall(rf"\[{master.pid}\] ERROR reload failed", program.log.read_text())
    assert len(refusals) == 2, "by the one watcher, and by the last HUP"


def test_a_master_that_cannot_start_says_what_validate_says(example):
    program = example("gunicorn")
    program.edit(KEY, 7)
    program.start(ONE)
    assert program.process
    assert program.process.wait(PATIENCE) == 1
    log = program.log.read_text()
    assert f"error[out-of-range]: {REFUSED} at most 1" in log
    assert "SYNFINANCE_FALLBACK=last-good" in log
    assert "Traceback" not in log
    assert "Listening" not in log

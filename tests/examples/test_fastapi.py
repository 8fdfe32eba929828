"""FastAPI with uvicorn: in one process, in several, and in one that is made anew when the code changes."""

from __future__ import annotations

import pytest
from living import Clients, Program, kill_one, live

ONE, SEVERAL, RELOADING = range(3)


def follows(program: Program, workers: int = 1, **how) -> str:
    program.serves()
    refused = (7, "ml.fraud_threshold must be at most 1")
    return live(program, program.get, "ml.fraud_threshold", (0.5, 0.6, 0.7), refused=refused, workers=workers, **how)


def test_fastapi_in_one_process(example, seen):
    program = example("fastapi")
    program.start(ONE)
    seen(follows(program))
    program.ends()


@pytest.mark.long
def test_fastapi_in_three_processes(example, seen):
    """One that is killed while the layers are broken is replaced by one that starts on the last good."""
    program = example("fastapi")
    program.start(SEVERAL)
    seen(follows(program, workers=3, meanwhile=kill_one(program)))
    program.ends()


@pytest.mark.long
def test_fastapi_while_its_code_is_edited(example, seen):
    """An edit of a layer restarts nothing, one of the code does: on the last good, where the layers are broken."""
    program = example("fastapi")
    program.start(RELOADING)

    def edit_the_code(clients: Clients) -> None:
        (before,) = clients.latest()
        assert {answer.worker for answer in clients.answers} == {before}
        (program.root / "app.py").touch()
        program.until(lambda: set(clients.latest()) - {before}, "another process")

    seen(follows(program, meanwhile=edit_the_code))
    program.ends()

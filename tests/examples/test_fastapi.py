"""FastAPI with uvicorn, in one process."""

from __future__ import annotations

from living import live


def test_fastapi_in_one_process(example, seen):
    program = example("fastapi")
    program.start()
    program.serves()
    seen(live(program, program.get, "ml.fraud_threshold", (0.5, 0.6, 0.7), refused=(7, "ml.fraud_threshold must be")))
    program.ends()

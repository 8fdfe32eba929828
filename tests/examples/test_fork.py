"""A pool of processes that are forked, and forked anew after so many jobs."""

from __future__ import annotations

import json
import threading

from living import Answer, live


def test_a_pool_that_forks(example, seen):
    program = example("fork")
    program.start()
    writing, reading = threading.Lock(), threading.Lock()

    def ask() -> Answer:
        with writing:
            program.process.stdin.write("job\n")
            program.process.stdin.flush()
        with reading:
            return Answer(**json.loads(program.process.stdout.readline()))

    refused = (1, "generation.batch_size must be at least 100")
    seen(live(program, ask, "generation.batch_size", (1000, 2000, 3000), refused=refused, workers=3))
    program.ends()

"""Processes that are forked, and forked anew after so many requests."""

from __future__ import annotations

from living import Clients, live


def test_processes_that_are_forked(example, seen):
    """One that is forked while the layers are broken has what was in force then."""
    program = example("fork")
    program.start()
    program.serves()

    def until_one_is_replaced(clients: Clients) -> None:
        before = set(clients.latest())
        program.until(lambda: set(clients.latest()) - before, "another process")

    refused = (1, "generation.batch_size must be at least 100")
    edits = ("generation.batch_size", (1000, 2000, 3000))
    seen(live(program, program.get, *edits, refused=refused, workers=3, meanwhile=until_one_is_replaced))
    program.ends()

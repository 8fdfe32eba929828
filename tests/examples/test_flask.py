"""Flask with its own server."""

from __future__ import annotations

from living import live


def test_flask(example, seen):
    program = example("flask")
    program.start()
    program.serves()
    seen(live(program, program.get, "cart.limit", (20, 30, 40), refused=(400, "cart.limit must be at most 99")))
    program.ends()

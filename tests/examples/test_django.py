"""Django behind gunicorn, in two processes."""

from __future__ import annotations

from living import live


def test_django_behind_gunicorn(example, seen):
    program = example("django")
    program.start(SHOP_KEY="k" * 50)
    program.serves()
    refused = (400, "cart.limit must be at most 99")
    seen(live(program, program.get, "cart.limit", (20, 30, 40), refused=refused, workers=2))
    program.ends()

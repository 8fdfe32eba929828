"""Django behind gunicorn, in two processes."""

from __future__ import annotations

from living import kill_one, live


def test_django_behind_gunicorn(example, seen):
    """A process that is killed while the layers are broken is replaced by one that starts on the last good."""
    program = example("django")
    program.start(SHOP_WEB__SECRET_KEY="k" * 50)
    program.serves()
    refused = (400, "cart.limit must be at most 99")
    seen(
        live(program, program.get, "cart.limit", (20, 30, 40), refused=refused, workers=2, meanwhile=kill_one(program))
    )
    program.ends()

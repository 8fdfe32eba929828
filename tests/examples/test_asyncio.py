"""A service of asyncio's own, without a framework."""

from __future__ import annotations

import json
import socket

from living import Answer, live
from patience import PATIENCE


def test_asyncio(example, seen):
    program = example("asyncio")
    program.start()

    def ask() -> Answer:
        with socket.create_connection(("127.0.0.1", program.port), PATIENCE) as connection:
            return Answer(**json.loads(connection.makefile().read()))

    program.serves(ask)
    seen(live(program, ask, "ml.batch_size", (100, 200, 300), refused=(0, "ml.batch_size must be at least 1")))
    program.ends()

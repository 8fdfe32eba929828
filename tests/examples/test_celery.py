"""Celery with its prefork pool, over a Redis of our own."""

from __future__ import annotations

import threading

import pytest
from celery import Celery
from living import Answer, kill_one, live
from patience import PATIENCE
from redis_process import RedisProcess


@pytest.fixture
def redis(tmp_path_factory):
    server = RedisProcess(tmp_path_factory.mktemp("redis"))
    server.start()
    yield server
    server.stop()


@pytest.mark.long
def test_celery_with_prefork(example, seen, redis):
    """A process that is killed while the layers are broken is forked anew, with what was in force then."""
    program = example("celery")
    program.start(SYNFINANCE_CACHE__PORT=str(redis.port))
    client = threading.local()

    def ask() -> Answer:
        if not hasattr(client, "app"):  # one of Celery's is not for several threads
            url = f"redis://127.0.0.1:{redis.port}/0"
            client.app = Celery(broker=url, backend=url)
        return Answer(**client.app.send_task("score").get(timeout=PATIENCE))

    refused = (7, "ml.fraud_threshold must be at most 1")
    edits = ("ml.fraud_threshold", (0.5, 0.6, 0.7))
    seen(live(program, ask, *edits, refused=refused, workers=3, meanwhile=kill_one(program)))
    program.ends()

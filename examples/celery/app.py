"""Celery: the processes of a prefork pool watch, and so does their parent, from which a late one is forked.

$ celery --app app worker --concurrency 3 --loglevel WARNING
"""

import os

from celery import Celery
from celery.signals import worker_init, worker_process_init, worker_process_shutdown, worker_shutdown

from synfinance_settings import ConfigWatcher, settings

app = Celery("app", broker=settings.cache.url, backend=settings.cache.url)
watcher = ConfigWatcher(forks=True)


@worker_init.connect
@worker_process_init.connect
def watch(**about: object) -> None:
    """In the parent first, then in each process of the pool: no watch survives a fork."""
    watcher.start()


@worker_shutdown.connect
@worker_process_shutdown.connect
def end(**about: object) -> None:
    """Let a look that is going on come to its end."""
    watcher.stop()


@app.task(name="score")
def score() -> dict[str, float | int]:
    """A task sees one state from start to end."""
    state = settings.snapshot()
    return {"value": state.config.ml.fraud_threshold, "version": state.number, "worker": os.getpid()}

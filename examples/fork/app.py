"""A worker that forks: a pool whose processes are replaced after so many jobs, each with a watcher of its own.

$ python app.py
"""

import json
import multiprocessing
import os
import sys

from synfinance_settings import ConfigManager, ConfigWatcher

PROCESSES = 3
JOBS_OF_A_PROCESS = 100

watcher = ConfigWatcher()


def work(line: str) -> str:
    """A job: one state from start to end."""
    state = ConfigManager().snapshot
    return json.dumps({"value": state.config.generation.batch_size, "version": state.number, "worker": os.getpid()})


def main() -> None:
    """A job for each line of stdin, its result on stdout.

    The parent watches too: a process that it forks later begins with what is in force then.
    """
    pool = multiprocessing.get_context("fork").Pool(
        PROCESSES, initializer=watcher.start, maxtasksperchild=JOBS_OF_A_PROCESS
    )
    with watcher, pool:
        for result in pool.imap(work, sys.stdin):
            print(result, flush=True)


if __name__ == "__main__":
    main()

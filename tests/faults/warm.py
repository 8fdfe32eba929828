"""A process that has imported the commands and runs each in a child of its own, so that a run costs no start.

It reads a line of JSON for each run (``arguments``, ``folder``, ``variables``, ``out``, ``err``, ``limit``, ``warm``),
answers with the child's pid once it waits, and then with how it ended. The child goes on at a SIGUSR1, for which it
waits in a call that no fault is for. A run that is to ``warm`` is made here, so that the children find imported what it
needs; its exit code is the answer.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import traceback
from collections.abc import Callable

from synfinance_settings.cli.group import main


def run(order: dict, wait: Callable[[], object] = lambda: None) -> int:
    """The command, as the console script runs it; returns its exit code."""
    os.chdir(order["folder"])
    os.environ.clear()
    os.environ.update(order["variables"])
    for number, name in ((1, "out"), (2, "err")):
        pipe = os.open(order[name], os.O_WRONLY)
        os.dup2(pipe, number)
        os.close(pipe)
    wait()
    if order["limit"] is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (order["limit"], order["limit"]))
    sys.argv = ["synfinance-settings", *order["arguments"]]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:  # noqa: BLE001 - told as the interpreter would
        traceback.print_exc()
        return 99
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def serve() -> None:
    """Run what is asked for until nobody asks any more."""
    asked, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    for line in asked:
        order = json.loads(line)
        if order["warm"]:
            print(run(order), file=answers, flush=True)
            continue
        child = os.fork()
        if not child:

            def wait() -> None:
                signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR1])
                print(os.getpid(), file=answers, flush=True)
                signal.sigwait([signal.SIGUSR1])

            os._exit(run(order, wait))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), file=answers, flush=True)


if __name__ == "__main__":
    serve()

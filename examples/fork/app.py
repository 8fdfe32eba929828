"""A program that forks: processes that are replaced after so many requests, each with a watch of its own.

$ python app.py
"""

import json
import multiprocessing
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from multiprocessing.connection import wait

from synfinance_settings import ConfigWatcher, settings

PROCESSES = 3
REQUESTS_OF_A_PROCESS = 100

watcher = ConfigWatcher(forks=True)


class Handler(BaseHTTPRequestHandler):
    """One state from the start of a request to its end."""

    def do_GET(self) -> None:
        """Answer with what is in force."""
        state = settings.snapshot()
        answer = {"value": state.config.generation.batch_size, "version": state.number, "worker": os.getpid()}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


def serve(server: HTTPServer) -> None:
    """What a child does: no thread survives a fork, so its watch is its own."""
    with watcher:
        for _ in range(REQUESTS_OF_A_PROCESS):
            server.handle_request()


def main() -> None:
    """Keep so many children; the parent watches too, so that a late child begins with what was accepted last."""
    settings.load_or_exit()
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    context = multiprocessing.get_context("fork")
    children: list[multiprocessing.context.ForkProcess] = []
    with HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler) as server, watcher:
        while True:
            children = [child for child in children if child.is_alive()]
            for _ in range(PROCESSES - len(children)):
                children.append(context.Process(target=serve, args=(server,), daemon=True))
                children[-1].start()
            wait([child.sentinel for child in children])


if __name__ == "__main__":
    main()

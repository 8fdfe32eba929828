"""systemd: credentials that the unit hands over, and a reload when an operator asks for one.

$ systemctl start scorer
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from synfinance_settings import ConfigWatcher, settings


class Handler(BaseHTTPRequestHandler):
    """Answers with what is in force."""

    def do_GET(self) -> None:
        """One state from start to end."""
        state = settings.snapshot()
        self.send_response(200)
        self.end_headers()
        answer = {"value": state.config.ml.fraud_threshold, "version": state.number, "worker": os.getpid()}
        self.wfile.write(json.dumps(answer).encode())


settings.load_or_exit()
watcher = ConfigWatcher(auto_reload=False, sighup=True)
watcher.add_listener(lambda event, data: print(event, flush=True))  # to the journal
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
with watcher, ThreadingHTTPServer(("", settings.server.port), Handler) as server:
    server.serve_forever()

"""Docker: a root that nothing is written to, and a secret in a file that may change while the service runs.

The file is secrets/security.jwt_secret, named as its key, and is made where the service is installed.

$ docker compose up
"""

import hashlib
import hmac
import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from synfinance_settings import ConfigWatcher, settings


class Handler(BaseHTTPRequestHandler):
    """Signs what it is asked for."""

    def do_GET(self) -> None:
        """The signature by the key that is in force when the request comes."""
        state = settings.snapshot()
        key = state.config.security.jwt_secret.get_secret_value()
        signature = hmac.new(key.encode(), self.path.encode(), hashlib.sha256).hexdigest()
        self.send_response(200)
        self.end_headers()
        answer = {"value": signature, "version": state.number, "worker": os.getpid()}
        self.wfile.write(json.dumps(answer).encode())


settings.load_or_exit()
# the first process of a container is not ended by a signal that it does not handle
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
with ConfigWatcher(), ThreadingHTTPServer(("", settings.server.port), Handler) as server:
    server.serve_forever()

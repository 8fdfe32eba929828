"""Kubernetes: a ConfigMap is the folder of the layers, a Secret is a folder of secret files.

$ kubectl apply --filename manifests.yaml
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from synfinance_settings import ConfigWatcher, settings


class Handler(BaseHTTPRequestHandler):
    """What the probe asks too: a service whose ConfigMap was refused is as ready as before."""

    def do_GET(self) -> None:
        """Answer with what is in force."""
        state = settings.snapshot()
        self.send_response(200)
        self.end_headers()
        answer = {"value": state.config.ml.fraud_threshold, "version": state.number, "worker": os.getpid()}
        self.wfile.write(json.dumps(answer).encode())


settings.load_or_exit()
signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
with ConfigWatcher(), ThreadingHTTPServer(("", settings.server.port), Handler) as server:
    server.serve_forever()

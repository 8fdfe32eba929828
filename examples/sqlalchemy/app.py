"""SQLAlchemy on PostgreSQL: the engine follows its settings, so a rotated password needs no restart and costs no query.

$ SYNFINANCE_SECRETS_DIR=secrets python app.py
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from sqlalchemy import text

from synfinance_settings import ConfigManager, ConfigWatcher, follow
from synfinance_settings.following.sqlalchemy import engine

database = follow("database", engine(warm=5))


class Handler(BaseHTTPRequestHandler):
    """Asks the database, with the engine that is current, which stays open until the answer is there."""

    def do_GET(self) -> None:
        """Answer with the role that asked."""
        with database.use() as current, current.connect() as connection:
            role = connection.scalar(text("SELECT current_user"))
        answer = {"value": role, "version": ConfigManager().version, "worker": os.getpid()}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())


def main() -> None:
    """Serve until SIGTERM; a database that does not let the program in ends the start here."""
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit())
    place = ("127.0.0.1", int(os.environ["PORT"]))
    with database, ConfigWatcher(), ThreadingHTTPServer(place, Handler) as server:
        server.serve_forever()


main()

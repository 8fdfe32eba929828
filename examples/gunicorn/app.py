"""gunicorn: its master keeps the settings that were accepted last, and each worker starts on them.

What that takes stands in gunicorn.conf.py, which gunicorn reads by itself.

$ gunicorn app:app --bind 127.0.0.1:$PORT
$ gunicorn app:app --bind 127.0.0.1:$PORT --preload
"""

import json
import os
from collections.abc import Callable, Iterable
from typing import Any

from synfinance_settings import ConfigManager


def app(environ: dict[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
    """Answer from one snapshot, so that value and version belong together."""
    state = ConfigManager().snapshot
    answer = {"value": state.config.ml.fraud_threshold, "version": state.number, "worker": os.getpid()}
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer).encode()]

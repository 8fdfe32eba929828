"""Three workers, each replaced after a thousand requests; the log says what each process has in force."""

import logging

from synfinance_settings.servers import gunicorn_hooks

workers = 3
max_requests = 1000
on_starting, on_reload, post_fork = gunicorn_hooks()

logging.basicConfig(level="INFO", format="[%(process)d] %(levelname)s %(message)s")

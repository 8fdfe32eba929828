import synfinance_settings as ss
from synfinance_settings import settings
from synfinance_settings import settings as cfg

LIMIT = "max_request_size"


def address():
    server = settings.server
    return f"{settings.server.host}:{server.port}"


def workers():
    return cfg.server.workers, ss.settings.server.timeout


def level():
    return getattr(settings.server, "log_level")  # noqa: B009 - a way to read, too


def option(name):
    """Nobody can tell from the source which one."""
    return getattr(settings.server, name)


def limit():
    return option(LIMIT.lower())

from synfinance_settings import DatabaseConfig, get_config

from .configuration import settings, watched


class Store:
    def __init__(self):
        self.config = settings.database
        self.pool = 0
        watched.subscribe(self.resize, section="database")
        watched.subscribe(lambda old, new: self.wait(new.config.database.pool_timeout))

    def resize(self, old, new):
        self.pool = new.pool_size

    def wait(self, seconds):
        self.seconds = seconds

    def host(self):
        return self.config.host


def port(database: DatabaseConfig) -> int:
    return database.port


def name():
    return get_config().database.name

"""Where this program gets its settings from."""

from synfinance_settings import ConfigManager, settings

manager = ConfigManager()
watched = manager


def security():
    return manager.get_config().security


__all__ = ["manager", "security", "settings"]

from bank.configuration import settings

KEY = "cache.ttl"


def lifetime():
    return settings[KEY]


def backend():
    return settings.get("cache.backend", "memory")


def is_bounded():
    return "cache.max_size" in settings


def seed(what="seed"):
    return settings[f"generation.{what}"]

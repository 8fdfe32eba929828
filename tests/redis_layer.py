"""A Redis hash as a layer: each field is the key of a setting, as `HSET shop-settings cart.limit 5` puts it there."""

from __future__ import annotations

from collections.abc import Iterable

from redis import Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry

from synfinance_settings.layers.layer import Finding, Glance
from synfinance_settings.layers.values import ValuesLayer
from synfinance_settings.text.files import Failure


class RedisHash(ValuesLayer):
    name = "redis hash"
    may_vanish = False  # who deletes the hash does not bring the defaults back into force
    counts_beside = False  # `validate FILE` and `set` need no server

    def __init__(self, hash_name: str, port: int) -> None:
        self._hash = hash_name
        once = Retry(NoBackoff(), 0)  # the next look tries again; until then it would keep this one waiting
        self._client = Redis(port=port, decode_responses=True, socket_timeout=1, socket_connect_timeout=1, retry=once)

    def look(self, glance: Glance) -> Iterable[Finding]:
        place = f"redis hash {self._hash}"
        try:
            fields = self._client.hgetall(self._hash)
        except (RedisError, UnicodeDecodeError) as error:  # its words may quote what was sent, or came
            failure = Failure("unreadable", f"cannot be read: {type(error).__name__}", "is the server up?")
            return [Finding(place, failure=failure)]
        return [Finding(place, fields or None)]

    def origin(self, key: str) -> str:
        return f"redis hash {self._hash}, field {key}"

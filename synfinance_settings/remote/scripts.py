"""The scripts that the shared store runs for us, each in one step that nothing else comes between."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final


@dataclass(frozen=True)
class Script:
    """A text in Lua; one that `only_reads` may be run by a user, and by a replica, that may do no more."""

    text: str = field(repr=False)
    only_reads: bool = False

    @cached_property
    def digest(self) -> str:
        """What the server calls it once it has seen it."""
        return hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()


READ: Final = Script(
    """\
-- KEYS: values, head, rollout, candidate.  ARGV: mark of what is known, point, most fields, most bytes
for at, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind ~= 'hash' and kind ~= 'none' then return {'type', at, kind} end
end
local function said(at, names)
  for _, name in ipairs(names) do
    if redis.call('HSTRLEN', KEYS[at], name) > 64 then return nil end
  end
  return redis.call('HMGET', KEYS[at], unpack(names))
end
local head = said(2, {'revision', 'counter', 'fields', 'digest'})
if not head then return {'long', 2} end
local staged = said(3, {'candidate', 'share', 'stage', 'fields', 'digest'})
if not staged then return {'long', 3} end
local at = 1
local share = staged[1] and staged[2] and tonumber(staged[2])
if share and tonumber(ARGV[2]) < share then at = 4 end
local count = redis.call('HLEN', KEYS[at])
if count > tonumber(ARGV[3]) then return {'many', at, count} end
local mark = at .. ':'
if count > 0 then
  local size = redis.call('MEMORY', 'USAGE', KEYS[at], 'SAMPLES', '0')
  if size > tonumber(ARGV[4]) then return {'large', at, size} end
  mark = mark .. redis.sha1hex(redis.call('DUMP', KEYS[at]))
end
if mark == ARGV[1] then return {'read', at, head, staged, mark} end
return {'read', at, head, staged, mark, redis.call('HGETALL', KEYS[at])}
""",
    only_reads=True,
)
"""What one instance is to run: bounded before anything is fetched, and without values where they are known."""

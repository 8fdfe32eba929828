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
local function held(at, fields, bytes)  -- how many fields there are, or what is wrong
  local count = redis.pcall('HLEN', KEYS[at])
  if type(count) == 'table' then
    if string.find(count.err, 'WRONGTYPE', 1, true) then count = {'type', at, redis.call('TYPE', KEYS[at]).ok} end
    return nil, count
  end
  if count > fields then return nil, {'many', at, count, fields} end
  if count > 0 then
    local size = redis.call('MEMORY', 'USAGE', KEYS[at], 'SAMPLES', '0')
    if size > bytes then return nil, {'large', at, size, bytes} end
  end
  return count
end
local said = {}
for at, names in pairs({[2] = {'revision', 'counter'}, [3] = {'candidate', 'share', 'stage'}}) do
  local count, fault = held(at, 100, 65536)
  if fault then return fault end
  said[at] = count > 0 and redis.call('HMGET', KEYS[at], 'fields', 'digest', unpack(names)) or {}
end
local at = 1
local share = tonumber(said[3][4] or '')
if said[3][3] and share and tonumber(ARGV[2]) < share then at = 4 end
local count, fault = held(at, tonumber(ARGV[3]), tonumber(ARGV[4]))
if fault then return fault end
local mark = at .. ':' .. (count > 0 and redis.sha1hex(redis.call('DUMP', KEYS[at])) or '')
if mark == ARGV[1] then return {'read', at, said[2], said[3], mark} end
return {'read', at, said[2], said[3], mark, redis.call('HGETALL', KEYS[at])}
""",
    only_reads=True,
)
"""What one instance is to run: bounded before anything is fetched, and without values where they are known."""

PUT: Final = """\
local function number_in(name)
  return tonumber(redis.call('HGET', KEYS[2], name) or '0') or 0
end
local function next_number(above)
  return math.max(number_in('counter'), number_in('revision'), above) + 1
end
local function keep(number, before, entry)
  local now = redis.call('TIME')[1]
  before = before > 0 and before or 'null'
  local head = '{"revision":' .. number .. ',"before":' .. before .. ',"when":' .. now .. ','
  redis.call('HSET', KEYS[3], number, head .. entry)
end
local function tell(number)
  local kept = redis.call('HKEYS', KEYS[3])
  for at, name in ipairs(kept) do kept[at] = tonumber(name) or 0 end
  table.sort(kept)
  for at = 1, #kept - 100 do redis.call('HDEL', KEYS[3], kept[at]) end
  redis.call('PUBLISH', KEYS[#KEYS], number)
end
local function put(number, before, flat, digest, entry)
  redis.call('DEL', KEYS[1])
  for at = 1, #flat, 100 do redis.call('HSET', KEYS[1], unpack(flat, at, math.min(at + 99, #flat))) end
  redis.call('HSET', KEYS[2], 'revision', number, 'counter', number, 'fields', #flat / 2, 'digest', digest)
  keep(number, before, entry)
  tell(number)
end
"""
"""How a revision comes into force, for every script that brings one. KEYS: values, head, log, ..., changes."""

RESTS: Final = """\
-- KEYS: values, head, log, confirm, rollout, ...  ARGV: JSON of what is wanted, texts of before by their keys
local wanted = cjson.decode(ARGV[1])
local candidate = redis.call('HGET', KEYS[5], 'candidate')
if candidate then return {'staged', candidate} end
local revision = redis.call('HGET', KEYS[2], 'revision') or ''
local waits = redis.call('HMGET', KEYS[4], 'revision', 'until')
if waits[1] == revision and revision ~= '' and not wanted.goes_back then return {'waits', revision, waits[2] or ''} end
local is_same = revision == wanted.before and redis.call('HLEN', KEYS[1]) == (#ARGV - 1) / 2
for at = 2, #ARGV, 2 do
  is_same = is_same and redis.call('HGET', KEYS[1], ARGV[at]) == ARGV[at + 1]
end
if not is_same then return {'changed', revision, redis.call('HGET', KEYS[3], revision) or ''} end
local number = next_number(wanted.above)
local before = number_in('revision')
if wanted.found then
  keep(number, before, wanted.found)
  number, before = number + 1, number
end
"""
"""What a change looks at first, and the number that it gets: whether what there is is still what it rests on."""

COMMIT: Final = Script(
    PUT
    + RESTS
    + """\
-- KEYS: values, head, log, confirm, rollout, changes
put(number, before, wanted.flat, wanted.digest, wanted.entry)
redis.call('DEL', KEYS[4])
if wanted.back then
  redis.call('HSET', KEYS[4], 'revision', number, 'until', redis.call('TIME')[1] + wanted.seconds, 'back', wanted.back)
end
return {'put', number}
"""
)
"""A change of what is in force, if that is still what it rests on; one that is not confirmed in time goes back."""

CONFIRM: Final = Script(
    """\
-- KEYS: head, confirm, changes.  ARGV: revision, or nothing for whichever waits
local waits = redis.call('HGET', KEYS[2], 'revision')
if not waits or waits ~= redis.call('HGET', KEYS[1], 'revision') then return {'nothing'} end
if ARGV[1] ~= '' and ARGV[1] ~= waits then return {'other', waits} end
redis.call('DEL', KEYS[2])
redis.call('PUBLISH', KEYS[3], waits)
return {'confirmed', waits}
"""
)
"""The change that waits to be confirmed stays."""

GO_BACK: Final = Script(
    PUT
    + """\
-- KEYS: values, head, log, confirm, changes
local waits = redis.call('HMGET', KEYS[4], 'revision', 'until', 'back')
if not waits[1] then return {'nothing'} end
if waits[1] ~= redis.call('HGET', KEYS[2], 'revision') then
  redis.call('DEL', KEYS[4])
  return {'nothing'}
end
if tonumber(redis.call('TIME')[1]) < (tonumber(waits[2] or '0') or 0) then return {'waits', waits[1], waits[2]} end
local back = cjson.decode(waits[3])
local number = next_number(0)
put(number, tonumber(waits[1]), back.flat, back.digest, back.entry)
redis.call('DEL', KEYS[4])
return {'put', number, waits[1]}
"""
)
"""What nobody confirmed in time goes back, by whoever asks first."""

OPENED: Final = """\
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function sum_of(key)  -- of what a hash holds, in whatever order
  local flat, texts, names = redis.call('HGETALL', key), {}, {}
  for at = 1, #flat, 2 do
    names[#names + 1] = flat[at]
    texts[flat[at]] = flat[at + 1]
  end
  table.sort(names)
  for at, name in ipairs(names) do names[at] = #name .. ':' .. name .. #texts[name] .. ':' .. texts[name] end
  return redis.sha1hex(table.concat(names))
end
local function is_as_judged()
  local state = redis.call('HMGET', KEYS[5], 'candidate', 'stage', 'opened')
  return state[1] == ARGV[1] and (ARGV[2] == '' or state[2] == ARGV[2] and state[3] == ARGV[3])
end
"""
"""What is said of a staged change. KEYS: values, head, log, confirm, rollout, candidate, changes.

ARGV where it is judged: candidate, stage and time of its opening, in ms; without a stage any will do.
"""

PROPOSE: Final = Script(
    PUT
    + OPENED
    + RESTS
    + """\
if wanted.found then
  redis.call('HSET', KEYS[2], 'revision', before, 'fields', (#ARGV - 1) / 2, 'digest', wanted.found_digest)
end
redis.call('HSET', KEYS[2], 'counter', number)
redis.call('DEL', KEYS[4], KEYS[5], KEYS[6])
local flat = wanted.flat
for at = 1, #flat, 100 do redis.call('HSET', KEYS[6], unpack(flat, at, math.min(at + 99, #flat))) end
redis.call('HSET', KEYS[5], 'candidate', number, 'fields', #flat / 2, 'digest', wanted.digest, 'before', before,
  'stage', 1, 'share', wanted.share, 'shares', wanted.shares, 'soak', wanted.soak, 'limit', wanted.limit,
  'gated', wanted.gated, 'passed', 0, 'opened', now(), 'rests_on', sum_of(KEYS[1]), 'sum', sum_of(KEYS[6]))
keep(number, before, wanted.entry)
tell(number)
return {'put', number}
"""
)
"""A staged change is opened to its first stage, if what it rests on is still in force."""

OPEN: Final = Script(
    PUT
    + OPENED
    + """\
-- ARGV: ..., stage that opens, its share
if not is_as_judged() then return {'moved'} end
redis.call('HSET', KEYS[5], 'stage', ARGV[4], 'share', ARGV[5], 'opened', now())
tell(ARGV[1])
return {'done'}
"""
)
"""The next stage opens."""

PASS: Final = Script(
    OPENED
    + """\
if not is_as_judged() then return {'moved'} end
redis.call('HSET', KEYS[5], 'passed', ARGV[2])
return {'done'}
"""
)
"""The gate behind a stage held."""

FINISH: Final = Script(
    PUT
    + OPENED
    + """\
if not is_as_judged() then return {'moved'} end
local said = redis.call('HMGET', KEYS[5], 'before', 'rests_on', 'sum', 'fields', 'digest')
if number_in('revision') ~= tonumber(said[1]) or sum_of(KEYS[1]) ~= said[2] or sum_of(KEYS[6]) ~= said[3] then
  return {'changed'}
end
redis.call('DEL', KEYS[1], KEYS[5])
if redis.call('EXISTS', KEYS[6]) == 1 then redis.call('RENAME', KEYS[6], KEYS[1]) end
local number = math.max(number_in('counter'), tonumber(ARGV[1]))
redis.call('HSET', KEYS[2], 'revision', ARGV[1], 'counter', number, 'fields', said[4], 'digest', said[5])
tell(ARGV[1])
return {'done'}
"""
)
"""A staged change comes into force, if what it rests on is still what there is, and it is what was judged."""

TAKE_BACK: Final = Script(
    PUT
    + OPENED
    + """\
-- ARGV: ..., why
if not is_as_judged() then return {'moved'} end
local is_read, entry = pcall(cjson.decode, redis.call('HGET', KEYS[3], ARGV[1]) or '')
if is_read and type(entry) == 'table' then
  entry.command = tostring(entry.command) .. ', taken back: ' .. ARGV[4]
  entry.taken_back = ARGV[4]
  redis.call('HSET', KEYS[3], ARGV[1], cjson.encode(entry))
end
redis.call('DEL', KEYS[5], KEYS[6])
tell(ARGV[1])
return {'done'}
"""
)
"""A staged change goes back everywhere; the history says why."""

ROLLOUT: Final = Script(
    OPENED
    + """\
-- KEYS: values, head, log, confirm, rollout
local count = redis.call('HLEN', KEYS[5])
if count > 100 or (count > 0 and redis.call('MEMORY', 'USAGE', KEYS[5], 'SAMPLES', '0') > 65536) then
  return {now(), 'large'}
end
local names = {'candidate', 'stage', 'shares', 'soak', 'limit', 'gated', 'passed', 'opened'}
return {now(), redis.call('HMGET', KEYS[5], unpack(names))}
""",
    only_reads=True,
)
"""The staged change that is open, and the clock."""

KEPT: Final = Script(
    """\
-- KEYS: log.  ARGV: most entries, most bytes
local kind = redis.call('TYPE', KEYS[1]).ok
if kind == 'none' then return {'kept', {}} end
if kind ~= 'hash' then return {'type', 1, kind} end
local count = redis.call('HLEN', KEYS[1])
if count > tonumber(ARGV[1]) then return {'many', 1, count} end
local size = redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', '0')
if size > tonumber(ARGV[2]) then return {'large', 1, size} end
return {'kept', redis.call('HVALS', KEYS[1])}
""",
    only_reads=True,
)
"""The revisions that are kept, bounded before anything is fetched."""

ANSWER: Final = Script(
    """\
-- KEYS: answer, processes.  ARGV: process, its answer, ms that it is kept, rollout, confirm: no key that is written
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return {redis.call('EXISTS', ARGV[4]), redis.call('EXISTS', ARGV[5])}
"""
)
"""Keep what a process answers, and tell it whether there is something to lead."""

PROCESSES: Final = Script(
    """\
-- KEYS: processes.  ARGV: first, last, what the keys of answers begin with, most bytes of an answer
local time = redis.call('TIME')
local rows = {}
local found = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[2], 'WITHSCORES')
for at = 1, #found, 2 do
  local name = found[at]
  if #name <= 64 then
    local size = redis.pcall('STRLEN', ARGV[3] .. name)
    local text = ''
    if tonumber(size) and size <= tonumber(ARGV[4]) then text = redis.call('GET', ARGV[3] .. name) end
    if text then rows[#rows + 1] = {name, found[at + 1], text} end
  end
end
return {redis.call('ZCARD', KEYS[1]), time[1] * 1000 + math.floor(time[2] / 1000), rows}
""",
    only_reads=True,
)
"""What some of the processes answered, by when they did; an answer that is too long is empty."""

LEASE: Final = Script(
    """\
-- KEYS: lease.  ARGV: token, ms
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
"""
)
"""Take the lease where nobody has it, or keep it for longer where the token says that it is ours."""

RELEASE: Final = Script(
    """\
-- KEYS: lease.  ARGV: token
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""
)
"""Give the lease back where it is ours still."""

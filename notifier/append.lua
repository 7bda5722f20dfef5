-- KEYS log, seen, mark   ARGV epoch, most, seconds, once, kind, turn, revision, head, tail, since, run, seq, unless
-- Appends an event and gives it its id: epoch-offset, which is the entry's own id. `once` names what has its effect once
-- ('' for what may come twice). The event is head, the id, tail. Returns {id, 1, events that
-- left the log for it}, or {id, 0, 0} for what was there already, or {'', 0, 0} for what is no news any more: `unless` was seen.
-- `once` is 'deleted' for the last word of a conversation: what was under way then may come behind it, and keeps the log no longer.
-- The epoch is for a log that begins here: there is none, or it began before `since` (resume.lua). What is remembered belongs
-- to one log: a new one begins with nothing seen. The mark says which append was the last.
local log, seen, once = KEYS[1], KEYS[2], ARGV[4]
local last = redis.call('XREVRANGE', log, '+', '-', 'COUNT', 1)
local epoch, offset = '0', '0'
if #last > 0 then epoch, offset = string.match(last[1][1], '^(%d+)-(%d+)$') end
redis.call('HSET', KEYS[3], 'run', ARGV[11], 'seq', ARGV[12])
if #last == 0 or tonumber(epoch) < tonumber(ARGV[10]) then
  epoch, offset = ARGV[1], 0
  redis.call('DEL', log, seen)
  redis.call('XADD', log, epoch .. '-0', 'k', 'begin')
end
if once ~= '' then
  local at = redis.call('ZSCORE', seen, once)
  if at then return {epoch .. '-' .. at, 0, 0} end
end
if ARGV[13] ~= '' and redis.call('ZSCORE', seen, ARGV[13]) then return {'', 0, 0} end
local length = redis.call('XLEN', log)
local id = epoch .. '-' .. string.format('%.0f', tonumber(offset) + 1)
redis.call('XADD', log, 'MAXLEN', ARGV[2], id, 'k', ARGV[5], 't', ARGV[6], 'r', ARGV[7], 'j', ARGV[8] .. id .. ARGV[9])
if once ~= '' then
  redis.call('ZADD', seen, tonumber(offset) + 1, once)
  redis.call('ZREMRANGEBYRANK', seen, 0, -tonumber(ARGV[2]) - 1)
end
if once == 'deleted' or not redis.call('ZSCORE', seen, 'deleted') then
  redis.call('EXPIRE', log, ARGV[3])
  redis.call('EXPIRE', seen, ARGV[3])
end
return {id, 1, math.max(0, length + 1 - tonumber(ARGV[2]))}

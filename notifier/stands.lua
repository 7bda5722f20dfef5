-- KEYS log, seen   ARGV epoch, seconds, since
-- Where a conversation's log stands; begins it if there is none or it began before `since` (resume.lua), so that a reader
-- always has a cursor to come back with.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 and tonumber(string.match(last[1][1], '^%d+')) >= tonumber(ARGV[3]) then return last[1][1] end
local id = ARGV[1] .. '-0'
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('XADD', KEYS[1], id, 'k', 'begin')
redis.call('EXPIRE', KEYS[1], ARGV[2])
return id

-- KEYS log, seen   ARGV epoch, seconds
-- Where a conversation's log stands; begins it if there is none, so that a reader always has a cursor to come back with.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last > 0 then return last[1][1] end
local id = ARGV[1] .. '-0'
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('XADD', KEYS[1], id, 'k', 'begin')
redis.call('EXPIRE', KEYS[1], ARGV[2])
return id

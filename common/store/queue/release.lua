-- KEYS wait, busy, ready, ready-high, retries   ARGV group, turn, fence, conversation
-- Hands a turn back to its place: the lowest that waits, perhaps itself, becomes the ready one. It counts as a retry, not as a
-- crash. Returns 1, or 0 when the fence is not the lease's.
local wait, busy, ready, high = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local now = redis.call('HMGET', busy, 'turn', 'fence', 'stream', 'entry', 'seq')
if now[1] ~= ARGV[2] or now[2] ~= ARGV[3] then return 0 end
redis.call('XACK', now[3], ARGV[1], now[4])
redis.call('XDEL', now[3], now[4])
redis.call('HINCRBY', busy, 'retries:' .. ARGV[2], 1)
redis.call('INCR', KEYS[5])
redis.call('ZADD', wait, now[5], ARGV[2])
if now[3] == high then redis.call('HSET', busy, 'priority:' .. ARGV[2], '1') end
local next = redis.call('ZPOPMIN', wait)
local field = 'priority:' .. next[1]
local stream = redis.call('HGET', busy, field) == '1' and high or ready
local entry = redis.call('XADD', stream, '*', 'c', ARGV[4], 't', next[1])
redis.call('HDEL', busy, field, 'held')
redis.call('HSET', busy, 'turn', next[1], 'seq', next[2], 'stream', stream, 'entry', entry, 'fence', now[2])
return 1

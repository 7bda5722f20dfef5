-- KEYS jobs, wait, busy, win, ready, ready-high, finished   ARGV group, turn, fence, conversation, seq, window, keep, seconds
-- Ends a lease. window is '' for none. Returns 1, or 0 when the fence is not the lease's.
local jobs, wait, busy, win, ready, high = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local now = redis.call('HMGET', busy, 'turn', 'fence', 'stream', 'entry')
if now[1] ~= ARGV[2] or now[2] ~= ARGV[3] then return 0 end
redis.call('XACK', now[3], ARGV[1], now[4])
redis.call('XDEL', now[3], now[4])
redis.call('HDEL', jobs, ARGV[2])
redis.call('INCR', KEYS[7])
if ARGV[6] ~= '' then
  redis.call('ZREMRANGEBYSCORE', win, ARGV[5], ARGV[5])
  redis.call('ZADD', win, ARGV[5], ARGV[6])
  redis.call('ZREMRANGEBYRANK', win, 0, -tonumber(ARGV[7]) - 1)
  redis.call('EXPIRE', win, ARGV[8])
end
local next = redis.call('ZPOPMIN', wait)
if #next == 0 then
  redis.call('DEL', busy)
  return 1
end
local field = 'priority:' .. next[1]
local stream = redis.call('HGET', busy, field) == '1' and high or ready
local entry = redis.call('XADD', stream, '*', 'c', ARGV[4], 't', next[1])
redis.call('HDEL', busy, field, 'crashes:' .. ARGV[2], 'retries:' .. ARGV[2])
redis.call('HSET', busy, 'turn', next[1], 'seq', next[2], 'stream', stream, 'entry', entry, 'fence', now[2])
return 1

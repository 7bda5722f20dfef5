-- KEYS jobs, wait, busy, ready, ready-high   ARGV turn, seq, priority, conversation, job
-- Known turns are left alone. Returns {new, before it in its conversation, ready}.
local jobs, wait, busy, ready, high = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local turn, seq, priority, conversation = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4]
local new = redis.call('HSETNX', jobs, turn, ARGV[5])
if new == 1 then
  if redis.call('EXISTS', busy) == 1 then
    redis.call('ZADD', wait, seq, turn)
    redis.call('HSET', busy, 'priority:' .. turn, priority)
  else
    local stream = priority == '1' and high or ready
    local entry = redis.call('XADD', stream, '*', 'c', conversation, 't', turn)
    redis.call('HSET', busy, 'turn', turn, 'seq', seq, 'stream', stream, 'entry', entry, 'fence', 0)
  end
end
local before = redis.call('ZCOUNT', wait, '-inf', '(' .. seq)
if redis.call('HGET', busy, 'turn') ~= turn then before = before + 1 end
return {new, before, redis.call('XLEN', ready) + redis.call('XLEN', high)}

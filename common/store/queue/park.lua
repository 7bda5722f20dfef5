-- KEYS jobs, wait, busy, win   ARGV group
-- Takes all of a conversation out. Returns how many turns that was.
local jobs, wait, busy, win = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local turns = redis.call('ZRANGE', wait, 0, -1)
local now = redis.call('HMGET', busy, 'turn', 'stream', 'entry')
if now[1] then
  turns[#turns + 1] = now[1]
  redis.call('XACK', now[2], ARGV[1], now[3])
  redis.call('XDEL', now[2], now[3])
end
for _, turn in ipairs(turns) do redis.call('HDEL', jobs, turn) end
redis.call('DEL', wait, busy, win)
return #turns

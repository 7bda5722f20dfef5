-- KEYS ready, ready-high, jobs, finished, crashes, retries, dead   ARGV group
-- Returns {ready entries, turns in the queue, age of the oldest ready entry in ms, turns that no cleaner has yet, then
-- since Redis began: turns finished, leases that ran out with a turn in hand, turns given back; then turns that a cleaner
-- has, ready entries of high priority, dead letters}.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local age, held = 0, 0
for i = 1, 2 do
  local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)
  if #first > 0 then age = math.max(age, now - tonumber(string.match(first[1][1], '^%d+'))) end
  local pending = redis.pcall('XPENDING', KEYS[i], ARGV[1])
  if not pending.err then held = held + pending[1] end
end
local jobs = redis.call('HLEN', KEYS[3])
return {redis.call('XLEN', KEYS[1]) + redis.call('XLEN', KEYS[2]), jobs, age, math.max(0, jobs - held),
  tonumber(redis.call('GET', KEYS[4]) or 0), tonumber(redis.call('GET', KEYS[5]) or 0),
  tonumber(redis.call('GET', KEYS[6]) or 0), held, redis.call('XLEN', KEYS[2]), redis.call('XLEN', KEYS[7])}

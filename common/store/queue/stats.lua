-- KEYS ready, ready-high, jobs   ARGV none
-- Returns {ready entries, turns in the queue, age of the oldest ready entry in ms}.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local age = 0
for i = 1, 2 do
  local first = redis.call('XRANGE', KEYS[i], '-', '+', 'COUNT', 1)
  if #first > 0 then age = math.max(age, now - tonumber(string.match(first[1][1], '^%d+'))) end
end
return {redis.call('XLEN', KEYS[1]) + redis.call('XLEN', KEYS[2]), redis.call('HLEN', KEYS[3]), age}

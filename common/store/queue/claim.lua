-- KEYS jobs, busy, win   ARGV stream, entry, turn
-- The entry must be the conversation's current one; the fence grows with each claim and with time, so that it also grows
-- over a Redis that lost its data. Returns nil, 0 when the job itself is lost, or {fence, job, window entries, oldest first}.
local jobs, busy, win = KEYS[1], KEYS[2], KEYS[3]
local now = redis.call('HMGET', busy, 'turn', 'stream', 'entry', 'fence')
if now[1] ~= ARGV[3] or now[2] ~= ARGV[1] or now[3] ~= ARGV[2] then return false end
local job = redis.call('HGET', jobs, ARGV[3])
if not job then return 0 end
local t = redis.call('TIME')
local clock = string.format('%.0f', tonumber(t[1]) * 1000000 + tonumber(t[2]))
local fence = clock
if tonumber(now[4]) >= tonumber(clock) then fence = string.format('%.0f', tonumber(now[4]) + 1) end
redis.call('HSET', busy, 'fence', fence)
local reply = {fence, job}
for _, entry in ipairs(redis.call('ZRANGE', win, 0, -1)) do reply[#reply + 1] = entry end
return reply

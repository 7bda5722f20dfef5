-- KEYS jobs, busy, win, crashes   ARGV stream, entry, turn, expired
-- The entry must be the conversation's current one; the fence grows with each claim and with time, so that it also grows
-- over a Redis that lost its data. `expired` is 1 when the lease before this one ran out: a crash, if that one had got so far
-- as to hold the turn. Returns nil, 0 when the job itself is lost, or {fence, job, the turn's crashes, its retries, window
-- entries, oldest first}.
local jobs, busy, win, turn = KEYS[1], KEYS[2], KEYS[3], ARGV[3]
local now = redis.call('HMGET', busy, 'turn', 'stream', 'entry', 'fence', 'held', 'crashes:' .. turn, 'retries:' .. turn)
if now[1] ~= turn or now[2] ~= ARGV[1] or now[3] ~= ARGV[2] then return false end
local job = redis.call('HGET', jobs, turn)
if not job then return 0 end
local t = redis.call('TIME')
local clock = string.format('%.0f', tonumber(t[1]) * 1000000 + tonumber(t[2]))
local fence, crashes = clock, tonumber(now[6] or 0)
if tonumber(now[4]) >= tonumber(clock) then fence = string.format('%.0f', tonumber(now[4]) + 1) end
if ARGV[4] == '1' and now[5] == turn then
  crashes = redis.call('HINCRBY', busy, 'crashes:' .. turn, 1)
  redis.call('INCR', KEYS[4])
end
redis.call('HSET', busy, 'fence', fence, 'held', turn)
local reply = {fence, job, crashes, tonumber(now[7] or 0)}
for _, entry in ipairs(redis.call('ZRANGE', win, 0, -1)) do reply[#reply + 1] = entry end
return reply

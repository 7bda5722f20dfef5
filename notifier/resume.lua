-- KEYS mark, since   ARGV run, seq, epoch
-- Called before anything else on a new connection. Redis may have come back with older data (a snapshot, a replica that
-- lagged): ids that were given out would be given again for other events. The mark says what the last append was; one that
-- is behind what this run of the notifier was told of means that, and all logs begun before now are to begin anew.
-- Returns that epoch, 0 when there never was such a moment.
local since = tonumber(redis.call('GET', KEYS[2]) or '0')
local mark = redis.call('HMGET', KEYS[1], 'run', 'seq')
local told = tonumber(ARGV[2])
if told > 0 and (mark[1] ~= ARGV[1] or tonumber(mark[2]) < told) then
  since = tonumber(ARGV[3])
  redis.call('SET', KEYS[2], ARGV[3])
end
redis.call('HSET', KEYS[1], 'run', ARGV[1], 'seq', ARGV[2])
return string.format('%.0f', since)

-- KEYS log   ARGV epoch, after, upto ('' for all), count
-- Entries after a cursor, if none between was trimmed. Returns {status, last id, id, kind, turn, revision, json, id ..}:
-- After 0-0 ("there was no log yet") means all of this log.
-- status 1 complete (to upto or a full page), 0 too old, or the log is gone.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 then return {0, ''} end
local epoch, offset = string.match(last[1][1], '^(%d+)-(%d+)$')
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local oldest = tonumber(string.match(first[1][1], '-(%d+)$'))
local after = tonumber(ARGV[2])
local all = ARGV[1] == '0' and after == 0
if (epoch ~= ARGV[1] and not all) or after > tonumber(offset) or oldest > after + 1 then return {0, last[1][1]} end
local upto = ARGV[3] == '' and '+' or epoch .. '-' .. ARGV[3]
local reply = {1, last[1][1]}
for _, e in ipairs(redis.call('XRANGE', KEYS[1], epoch .. '-' .. string.format('%.0f', after + 1), upto, 'COUNT', ARGV[4])) do
  local f = {}
  for i = 1, #e[2], 2 do f[e[2][i]] = e[2][i + 1] end
  reply[#reply + 1] = e[1]
  reply[#reply + 1] = f.k or '0'
  reply[#reply + 1] = f.t or ''
  reply[#reply + 1] = f.r or '0'
  reply[#reply + 1] = f.j or ''
end
return reply

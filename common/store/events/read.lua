-- KEYS log   ARGV epoch, after, upto ('' for all), count, bytes
-- Entries after a cursor, if none between was trimmed. Returns {status, last id, more, id, kind, turn, revision, json, id ..}:
-- status 1 complete (to upto, or as far as more = 1 says), 0 too old, or the log is gone. It stops at count entries, or before
-- the one that passes bytes of JSON, unless it is the first. After 0-0 ("there was no log yet") means all of this log.
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if #last == 0 then return {0, '', 0} end
local epoch, offset = string.match(last[1][1], '^(%d+)-(%d+)$')
local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)
local oldest = tonumber(string.match(first[1][1], '-(%d+)$'))
local after, left, bytes = tonumber(ARGV[2]), tonumber(ARGV[4]), tonumber(ARGV[5])
local all = ARGV[1] == '0' and after == 0
if (epoch ~= ARGV[1] and not all) or after > tonumber(offset) or oldest > after + 1 then return {0, last[1][1], 0} end
local from, upto = epoch .. '-' .. string.format('%.0f', after + 1), ARGV[3] == '' and '+' or epoch .. '-' .. ARGV[3]
local reply = {1, last[1][1], 0}
while true do
  local entries = redis.call('XRANGE', KEYS[1], from, upto, 'COUNT', 20)
  for _, e in ipairs(entries) do
    local f = {}
    for i = 1, #e[2], 2 do f[e[2][i]] = e[2][i + 1] end
    if left == 0 or (bytes < #(f.j or '') and #reply > 3) then reply[3] = 1 return reply end
    for _, v in ipairs({e[1], f.k or '', f.t or '', f.r or '0', f.j or ''}) do reply[#reply + 1] = v end
    left, bytes, from = left - 1, bytes - #(f.j or ''), '(' .. e[1]
  end
  if #entries < 20 then return reply end
end

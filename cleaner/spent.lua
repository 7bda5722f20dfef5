-- spent.lua: what a day's model calls have cost so far, for all cleaners. KEYS[1]: the day's. ARGV: at least this much, this
-- much more, seconds to keep it, the day. In 1e-9 of the currency: a double holds nine million exactly. Returns the day, which
-- may be over when the answer comes, and the sum as text.
local sum = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), tonumber(ARGV[1])) + tonumber(ARGV[2])
local text = string.format('%.0f', sum)
redis.call('SET', KEYS[1], text, 'EX', ARGV[3])
return {ARGV[4], text}

-- KEYS jobs   ARGV turns
-- Returns those of the turns that the queue does not know.
local missing = {}
for _, turn in ipairs(ARGV) do
  if redis.call('HEXISTS', KEYS[1], turn) == 0 then missing[#missing + 1] = turn end
end
return missing

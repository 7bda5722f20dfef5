-- breaker_poll.lua: how long each model's breaker is to stay open, as the cleaners told each other.
-- KEYS: one a model. Returns for each: milliseconds to live, -2 when there is none (closed).
local left = {}
for i, key in ipairs(KEYS) do
	left[i] = redis.call('PTTL', key)
end
return left

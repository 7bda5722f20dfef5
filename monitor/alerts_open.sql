-- The alerts that are open, the oldest first; $1: so many at most.
SELECT id, alert, metric, has_data, limit_value, (value * 1000000)::bigint, window_name, samples, over,
    (extract(epoch FROM opened_at) * 1000000)::bigint
FROM alerts WHERE state = 'open' ORDER BY id LIMIT $1::bigint

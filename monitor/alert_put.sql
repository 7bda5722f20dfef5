-- $1: an alert line (lines.h), as it was told. The newest of an alert stands, in whatever order they come.
INSERT INTO alerts (id, alert, metric, severity, action, state, has_data, value, limit_value, target, unit, window_name, samples,
    over, opened_at, changed_at, resolved_at)
SELECT (j->>'id')::uuid, j->>'alert', j->>'about', j->>'severity', j->>'action',
    CASE j->>'state' WHEN 'resolved' THEN 'resolved' ELSE 'open' END, j->>'state' <> 'no_data', (j->>'value')::double precision,
    (j->>'limit')::double precision, (j->>'target')::double precision, j->>'unit', j->>'window', (j->>'count')::bigint,
    (j->>'over')::bigint, (j->>'opened_at')::timestamptz, (j->>'at')::timestamptz,
    CASE j->>'state' WHEN 'resolved' THEN (j->>'at')::timestamptz END
FROM (SELECT $1::jsonb AS j) AS line
ON CONFLICT (id) DO UPDATE SET alert = EXCLUDED.alert, severity = EXCLUDED.severity, action = EXCLUDED.action,
    state = EXCLUDED.state, has_data = EXCLUDED.has_data, value = coalesce(EXCLUDED.value, alerts.value),
    limit_value = EXCLUDED.limit_value, target = EXCLUDED.target, window_name = EXCLUDED.window_name,
    samples = EXCLUDED.samples, over = EXCLUDED.over, changed_at = EXCLUDED.changed_at, resolved_at = EXCLUDED.resolved_at
WHERE alerts.changed_at <= EXCLUDED.changed_at

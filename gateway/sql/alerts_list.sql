-- $1 state or NULL for any, $2 only those before this id or NULL, $3 how many -> alerts, the newest first
SELECT a.id, a.alert, a.metric, a.state, a.severity, a.action, a.unit, a.window_name, u.email, a.value::text, a.limit_value::text, a.target::text,
    a.samples, a.over, a.has_data, (extract(epoch FROM a.opened_at) * 1000000)::bigint,
    (extract(epoch FROM a.changed_at) * 1000000)::bigint, (extract(epoch FROM a.resolved_at) * 1000000)::bigint,
    (extract(epoch FROM a.acknowledged_at) * 1000000)::bigint
FROM alerts a LEFT JOIN users u ON u.id = a.acknowledged_by
WHERE ($1::text IS NULL OR a.state = $1) AND ($2::uuid IS NULL OR a.id < $2) ORDER BY a.id DESC LIMIT $3::bigint

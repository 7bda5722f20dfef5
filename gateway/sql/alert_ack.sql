-- $1 alert, $2 user who takes note of it -> the alert as alerts_list.sql has it; the first to do so stays
WITH a AS (UPDATE alerts SET acknowledged_at = coalesce(acknowledged_at, now()),
    acknowledged_by = CASE WHEN acknowledged_at IS NULL THEN $2::uuid ELSE acknowledged_by END WHERE id = $1::uuid RETURNING *)
SELECT a.id, a.alert, a.metric, a.state, a.severity, a.action, a.unit, a.window_name, u.email, a.value::text, a.limit_value::text, a.target::text,
    a.samples, a.over, a.has_data, (extract(epoch FROM a.opened_at) * 1000000)::bigint,
    (extract(epoch FROM a.changed_at) * 1000000)::bigint, (extract(epoch FROM a.resolved_at) * 1000000)::bigint,
    (extract(epoch FROM a.acknowledged_at) * 1000000)::bigint
FROM a LEFT JOIN users u ON u.id = a.acknowledged_by

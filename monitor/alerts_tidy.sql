-- Alerts that ended $1 days ago and more, some at a time.
DELETE FROM alerts WHERE id = ANY (ARRAY(
    SELECT id FROM alerts WHERE state = 'resolved' AND resolved_at < now() - $1::bigint * interval '1 day' LIMIT 1000))

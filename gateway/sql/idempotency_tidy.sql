-- A few of the keys that ended: each use tidies up more than it adds.
DELETE FROM idempotency_keys k USING (
    SELECT user_id, route, key FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
    ORDER BY created_at LIMIT 5 FOR UPDATE SKIP LOCKED) old
WHERE k.user_id = old.user_id AND k.route = old.route AND k.key = old.key

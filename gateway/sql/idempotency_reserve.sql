-- $1 user, $2 route, $3 key, $4 hash of path and body, $5 the id for what will be made -> is the body the same, the id that
-- stands, status and body of the first answer (NULL while at work), is the id ours, how long ago it was reserved (ms).
-- A key older than 24 hours is as new.
INSERT INTO idempotency_keys AS k (user_id, route, key, body_hash, object_id)
VALUES ($1::uuid, $2, $3, $4::bytea, $5::uuid)
ON CONFLICT (user_id, route, key) DO UPDATE SET
    body_hash = CASE WHEN k.created_at < now() - interval '24 hours' THEN excluded.body_hash ELSE k.body_hash END,
    object_id = CASE WHEN k.created_at < now() - interval '24 hours' THEN excluded.object_id ELSE k.object_id END,
    status = CASE WHEN k.created_at < now() - interval '24 hours' THEN NULL ELSE k.status END,
    body = CASE WHEN k.created_at < now() - interval '24 hours' THEN NULL ELSE k.body END,
    created_at = CASE WHEN k.created_at < now() - interval '24 hours' THEN now() ELSE k.created_at END
RETURNING body_hash = $4::bytea, object_id, status, body, object_id = $5::uuid,
    (extract(epoch FROM now() - created_at) * 1000)::bigint

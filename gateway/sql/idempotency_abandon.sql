-- $1 user, $2 route, $3 key: nothing came of it; the next one may take over at once (IDEMPOTENCY_TAKEOVER_MS)
UPDATE idempotency_keys SET created_at = least(created_at, now() - interval '16 seconds')
WHERE user_id = $1::uuid AND route = $2 AND key = $3 AND status IS NULL

-- $1 user, $2 route, $3 key, $4 status, $5 body of the first answer
UPDATE idempotency_keys SET status = $4::integer, body = $5
WHERE user_id = $1::uuid AND route = $2 AND key = $3 AND status IS NULL

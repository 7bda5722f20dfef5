-- $1 key, $2 user -> its id; no row: the user has no such key
UPDATE api_keys SET revoked_at = now() WHERE id = $1::uuid AND user_id = $2::uuid AND revoked_at IS NULL RETURNING id

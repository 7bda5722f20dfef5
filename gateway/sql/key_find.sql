-- $1 hash of an API key -> id, user_id, role: of a key that was not revoked
SELECT k.id, k.user_id, u.role
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.hash = $1::bytea AND k.revoked_at IS NULL

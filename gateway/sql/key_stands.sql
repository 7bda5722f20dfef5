-- $1 id of an API key -> id, user_id, role: of a key that was not revoked since
SELECT k.id, k.user_id, u.role
FROM api_keys k JOIN users u ON u.id = k.user_id
WHERE k.id = $1::uuid AND k.revoked_at IS NULL

-- $1 user -> the columns of the keys that stand, newest first
SELECT id, name, (extract(epoch FROM created_at) * 1000000)::bigint
FROM api_keys WHERE user_id = $1::uuid AND revoked_at IS NULL ORDER BY created_at DESC, id DESC

-- $1 id, $2 hash, $3 user, $4 name, $5 how many keys a user may have -> the key's columns; no row: too many
INSERT INTO api_keys (id, hash, user_id, name)
SELECT $1::uuid, $2::bytea, $3::uuid, $4
WHERE (SELECT count(*) FROM api_keys WHERE user_id = $3::uuid AND revoked_at IS NULL) < $5::integer
RETURNING id, name, (extract(epoch FROM created_at) * 1000000)::bigint

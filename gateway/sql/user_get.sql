-- $1 user -> the user's columns
SELECT id, email, role, (extract(epoch FROM created_at) * 1000000)::bigint
FROM users WHERE id = $1::uuid

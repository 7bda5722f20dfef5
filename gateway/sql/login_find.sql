-- $1 an address of mail -> the user's columns, then the password's hash
SELECT id, email, role, (extract(epoch FROM created_at) * 1000000)::bigint, password_hash
FROM users WHERE lower(email) = lower($1)

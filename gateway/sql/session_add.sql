-- A login's first refresh token: $1 hash, $2 family, $3 user, $4 seconds to live
INSERT INTO refresh_tokens (hash, family, user_id, issued_at, expires_at)
VALUES ($1::bytea, $2::uuid, $3::uuid, now(), now() + make_interval(secs => $4::integer))

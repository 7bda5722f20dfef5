-- $1 hash of the token shown, $2 of its successor, $3 of its successor under the previous secret, $4 seconds to live,
-- $5 seconds of grace -> the user's columns, outcome (fresh, again, expired, reused), when the pair was issued, and whether
-- the successor that stands is the previous secret's. No row: no such token.
WITH shown AS (
    SELECT hash, family, user_id, replaced_at,
        CASE WHEN replaced_at IS NOT NULL AND replaced_at <= now() - make_interval(secs => $5::integer) THEN 'reused'
             WHEN expires_at <= now() THEN 'expired'
             WHEN replaced_at IS NOT NULL THEN 'again'
             ELSE 'fresh' END AS outcome
    FROM refresh_tokens WHERE hash = $1::bytea
), replaced AS (
    UPDATE refresh_tokens t SET replaced_at = now() FROM shown WHERE t.hash = shown.hash AND outcome = 'fresh'
), added AS (
    INSERT INTO refresh_tokens (hash, family, user_id, issued_at, expires_at)
    SELECT $2::bytea, family, user_id, now(), now() + make_interval(secs => $4::integer) FROM shown WHERE outcome = 'fresh'
    ON CONFLICT (hash) DO NOTHING
), revoked AS (
    DELETE FROM refresh_tokens t USING shown WHERE t.family = shown.family AND outcome = 'reused'
)
SELECT u.id, u.email, u.role, (extract(epoch FROM u.created_at) * 1000000)::bigint, s.outcome,
    floor(extract(epoch FROM coalesce(s.replaced_at, now())))::bigint,
    s.outcome = 'again' AND EXISTS (SELECT 1 FROM refresh_tokens p WHERE p.hash = $3::bytea)
FROM shown s JOIN users u ON u.id = s.user_id

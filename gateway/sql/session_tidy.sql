-- A few of the tokens that ended: each login tidies up more than it adds.
DELETE FROM refresh_tokens WHERE hash IN (SELECT hash FROM refresh_tokens WHERE expires_at < now() LIMIT 10)

-- $1 hash of a refresh token: its whole family ends
DELETE FROM refresh_tokens WHERE family IN (SELECT family FROM refresh_tokens WHERE hash = $1::bytea)

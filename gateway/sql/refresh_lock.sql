-- $1 hash of the token shown: one refresh of a family at a time, so that a family that is revoked gets no new member
SELECT pg_advisory_xact_lock(hashtextextended(family::text, 0)) FROM refresh_tokens WHERE hash = $1::bytea

-- A user's glossary is about to change: its next version, which also locks it. $2 not NULL: one of these must be the version
-- now; else NULL is refused by the column, and the whole transaction with it.
UPDATE users SET glossary_version = CASE WHEN $2::bigint[] IS NULL OR glossary_version = ANY ($2::bigint[])
    THEN glossary_version + 1 END
WHERE id = $1::uuid

-- At most $2 pairs are counted for user $1: the longest untouched go, of those that the user has not dropped.
DELETE FROM learned_pairs WHERE user_id = $1::uuid AND (heard, meant) IN (
    SELECT heard, meant FROM learned_pairs WHERE user_id = $1::uuid AND NOT dropped ORDER BY updated_at DESC OFFSET $2::integer)

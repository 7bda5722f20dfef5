-- The user takes what was learned out of their glossary: it is not learned again. $2 NULL: what means none of $3, or none of
-- its spellings beside it in $4 ('' stands for a term without one); else what means one of $2. $5 .. $7: knowledge.sql's
-- bounds; what is not in the glossary yet is left to be learned.
UPDATE learned_pairs p SET dropped = true
WHERE p.user_id = $1::uuid AND NOT p.dropped
    AND accepted >= CASE WHEN heard = '' THEN $6::integer ELSE $5::integer END
    AND accepted * 100 >= (accepted + rejected) * $7::integer
    AND CASE WHEN $2::text[] IS NOT NULL THEN p.meant = ANY ($2::text[])
        ELSE NOT EXISTS (
            SELECT 1 FROM unnest($3::text[], $4::text[]) AS k (term, spelling)
            WHERE k.term = p.meant AND (k.spelling = p.heard OR p.heard = ''))
        END

-- Adds terms to the glossary of conversation $1, or, where that is NULL, of user $2, behind those that are there: $3 terms,
-- $4 their spellings as array literals, $5 categories, $6 whether they are said to be learned. Those that are, as they stand,
-- are left to the learned pairs; what was changed in one makes it the user's own. Learned means what knowledge.sql says
-- ($7 .. $9: its bounds).
INSERT INTO glossary_terms (user_id, conversation_id, place, term, sounds_like, category)
SELECT u.id, $1::uuid, coalesce((SELECT max(place) FROM glossary_terms g WHERE g.owner = coalesce($1::uuid, $2::uuid)), 0) + i.ord,
    i.term, i.sounds_like::text[], i.category
FROM unnest($3::text[], $4::text[], $5::text[], $6::boolean[]) WITH ORDINALITY AS i (term, sounds_like, category, learned, ord)
JOIN users u ON u.id = $2::uuid
CROSS JOIN LATERAL (
    SELECT count(*) AS pairs, array_agg(heard) AS heard FROM learned_pairs p
    WHERE i.learned AND p.user_id = $2::uuid AND p.meant = i.term AND NOT dropped
        AND accepted >= CASE WHEN heard = '' THEN $8::integer ELSE $7::integer END
        AND accepted * 100 >= (accepted + rejected) * $9::integer
) l
WHERE ($1::uuid IS NULL OR EXISTS (SELECT 1 FROM conversations c WHERE c.id = $1::uuid AND c.user_id = $2::uuid))
    AND NOT (l.pairs > 0 AND i.sounds_like::text[] <@ l.heard)

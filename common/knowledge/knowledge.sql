-- What is known for a turn: of conversation $1 (may be NULL) and user $2, as rows (kind, a, b, c), in this order:
--   version       user's version, the conversation's glossary's, its rejections': NULL when there is no such conversation of theirs
--   conversation, user, learned   a term, its category, one spelling that it may be heard as; a row a spelling, one term's
--                 rows together whoever gave it
--   suppressed    what was heard, what it is not to become
--   shared        a text that was shared with the conversation
-- $3 .. $8: learn.h's bounds.
WITH learned AS (
    SELECT heard, meant, accepted FROM learned_pairs
    WHERE user_id = $2::uuid AND NOT dropped
        AND accepted >= CASE WHEN heard = '' THEN $4::integer ELSE $3::integer END
        AND accepted * 100 >= (accepted + rejected) * $6::integer
), best AS (
    SELECT meant, row_number() OVER (ORDER BY max(accepted) DESC, meant) AS place
    FROM learned GROUP BY meant ORDER BY 2 LIMIT $7::integer
), terms AS (
    SELECT 1 AS part, g.place::bigint AS place, 'conversation' AS kind, g.term, g.category, s.spelling, s.ord
    FROM glossary_terms g LEFT JOIN LATERAL unnest(g.sounds_like) WITH ORDINALITY AS s (spelling, ord) ON true
    WHERE g.owner = $1::uuid AND g.user_id = $2::uuid
    UNION ALL
    SELECT 2, g.place, 'user', g.term, g.category, s.spelling, s.ord
    FROM glossary_terms g LEFT JOIN LATERAL unnest(g.sounds_like) WITH ORDINALITY AS s (spelling, ord) ON true
    WHERE g.owner = $2::uuid
    UNION ALL
    SELECT 3, b.place, 'learned', l.meant, NULL, nullif(l.heard, ''), row_number() OVER (PARTITION BY l.meant ORDER BY l.heard)
    FROM best b JOIN learned l ON l.meant = b.meant
), everything AS (
    SELECT 0 AS first, 0::bigint AS place, 0 AS part, 0::bigint AS ord, 'version' AS kind, u.glossary_version::text AS a,
        c.glossary_version::text AS b, c.rejected_version::text AS c
    FROM users u LEFT JOIN conversations c ON c.id = $1::uuid AND c.user_id = u.id WHERE u.id = $2::uuid
    UNION ALL
    SELECT min(part) OVER (PARTITION BY term), min(part * 1000000 + place) OVER (PARTITION BY term), part, ord, kind, term,
        category, spelling
    FROM terms
    UNION ALL
    (SELECT 4, 0, 0, row_number() OVER (ORDER BY at DESC), 'suppressed', original, corrected, NULL
    FROM turn_verdicts WHERE conversation_id = $1::uuid AND verdict = 'reject' ORDER BY at DESC LIMIT $8::integer)
    UNION ALL
    (SELECT 5, 0, 0, row_number() OVER (ORDER BY updated_at DESC), 'suppressed', heard, meant, NULL
    FROM learned_pairs
    WHERE user_id = $2::uuid AND heard <> '' AND rejected >= $5::integer
        AND accepted * 100 < (accepted + rejected) * $6::integer
    ORDER BY updated_at DESC LIMIT $8::integer)
    UNION ALL
    SELECT 6, 0, 0, row_number() OVER (ORDER BY s.context_type), 'shared', s.shared_context, NULL, NULL
    FROM conversation_contexts s JOIN conversations c ON c.id = s.conversation_id
    WHERE c.id = $1::uuid AND c.user_id = $2::uuid
)
SELECT kind, a, b, c FROM everything ORDER BY first, place, a, part, ord

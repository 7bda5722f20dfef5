-- What is said of turn $1's corrections (of conversation $2, user $3), and what it teaches. $5: ids of which nothing is said
-- any more. The others are one array a column: ids, verdicts, by_edit, originals, corrected, heard, meant, JSON. The turn must
-- stand at revision $4, else the NULL that is left is refused.
-- A pair counts once a turn, however often it stands in it: so the pairs of the turn before and after are compared.
WITH standing AS (
    SELECT id FROM turns WHERE id = $1::uuid AND revision = $4::integer
), given AS (
    SELECT * FROM unnest($6::text[], $7::text[], $8::boolean[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
        AS g (correction_id, verdict, by_edit, original, corrected, heard, meant, correction)
), before AS (
    SELECT correction_id, verdict, heard, meant FROM turn_verdicts WHERE turn_id = $1::uuid
), after AS (
    SELECT correction_id, verdict, heard, meant FROM before b
    WHERE correction_id <> ALL ($5::text[]) AND NOT EXISTS (SELECT 1 FROM given g WHERE g.correction_id = b.correction_id)
    UNION ALL
    SELECT correction_id, verdict, heard, meant FROM given
), gone AS (
    DELETE FROM turn_verdicts WHERE turn_id = $1::uuid AND correction_id = ANY ($5::text[])
), put AS (
    INSERT INTO turn_verdicts (turn_id, correction_id, conversation_id, verdict, by_edit, original, corrected, heard, meant,
        correction)
    SELECT s.id, g.correction_id, $2::uuid, g.verdict, g.by_edit, g.original, g.corrected, g.heard, g.meant, g.correction
    FROM given g LEFT JOIN standing s ON true
    ON CONFLICT (turn_id, correction_id) DO UPDATE SET verdict = excluded.verdict, by_edit = excluded.by_edit,
        heard = excluded.heard, meant = excluded.meant, correction = excluded.correction, at = now()
), counts AS (
    SELECT DISTINCT heard, meant, verdict, 1 AS n FROM after WHERE heard IS NOT NULL
    UNION ALL
    SELECT DISTINCT heard, meant, verdict, -1 FROM before WHERE heard IS NOT NULL
), change AS (
    SELECT heard, meant, coalesce(sum(n) FILTER (WHERE verdict = 'accept'), 0)::integer AS accepted,
        coalesce(sum(n) FILTER (WHERE verdict = 'reject'), 0)::integer AS rejected
    FROM counts GROUP BY heard, meant
    HAVING coalesce(sum(n) FILTER (WHERE verdict = 'accept'), 0) <> 0 OR coalesce(sum(n) FILTER (WHERE verdict = 'reject'), 0) <> 0
), counted AS (
    INSERT INTO learned_pairs AS p (user_id, heard, meant, accepted, rejected)
    SELECT $3::uuid, heard, meant, accepted, rejected FROM change
    ON CONFLICT (user_id, heard, meant) DO UPDATE SET accepted = greatest(0, p.accepted + excluded.accepted),
        rejected = greatest(0, p.rejected + excluded.rejected), updated_at = now()
), taught AS ( -- a term of the agent's that came up wrongly
    UPDATE learned_pairs p SET rejected = greatest(0, p.rejected + c.rejected), updated_at = now()
    FROM change c WHERE p.user_id = $3::uuid AND p.heard = '' AND p.meant = c.meant AND c.heard <> '' AND c.rejected <> 0
), versions AS ( -- also the window's text may be another now
    UPDATE conversations SET rejected_version = rejected_version + 1 WHERE id = $2::uuid
)
UPDATE users SET glossary_version = glossary_version + 1 WHERE id = $3::uuid AND EXISTS (SELECT 1 FROM change)

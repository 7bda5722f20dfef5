-- The next revision of turn $1 in conversation $2, which turn $8 puts right: text $4, metadata $5. In the transaction that finishes
-- turn $8, after it: only when this lease (fence $9) has finished it. Only over revision $3, and not when a person has had a word
-- on the turn meanwhile. The revision that stood is kept by the trigger of turn_revisions. $6 and $7: its confidence before and
-- now, for the counts.
WITH mine AS (
    UPDATE turns e SET revision = e.revision + 1, cleaned_text = $4::text, metadata = $5::text, source = 'engine'
    WHERE e.id = $1::uuid AND e.conversation_id = $2::uuid AND e.revision = $3::integer AND e.state = 'done'
        AND e.source IN ('engine', 'model')
        AND EXISTS (SELECT 1 FROM turns t WHERE t.id = $8::uuid AND t.state = 'done' AND t.fence = $9::bigint)
        AND NOT EXISTS (SELECT 1 FROM turn_verdicts v WHERE v.turn_id = $1::uuid AND v.verdict = 'reject')
    RETURNING e.id, e.revision
), announced AS (
    INSERT INTO outbox (turn_id, revision) SELECT id, revision FROM mine
)
UPDATE conversations c SET
    high_count = c.high_count + ($7::text = 'HIGH')::integer - ($6::text = 'HIGH')::integer,
    medium_count = c.medium_count + ($7::text = 'MEDIUM')::integer - ($6::text = 'MEDIUM')::integer,
    low_count = c.low_count + ($7::text = 'LOW')::integer - ($6::text = 'LOW')::integer
FROM mine m WHERE c.id = $2::uuid
RETURNING m.revision

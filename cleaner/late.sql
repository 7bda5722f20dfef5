-- The model's late answer as the next revision of turn $1 in conversation $2: text $5, metadata $6. Only over what this cleaner
-- finished (fence $3, revision $4) and nobody has changed since: an edit, a verdict or another lease wins, and so does a change of
-- what it was judged with ($9 and $10, the versions of what is known, the user's and the conversation's; $9 NULL: not compared). The
-- revision that stood is kept by the trigger of turn_revisions. $7 and $8: its confidence before and now, for the counts.
WITH mine AS (
    UPDATE turns t SET revision = t.revision + 1, cleaned_text = $5::text, metadata = $6::text, source = 'model'
    FROM conversations c
    WHERE t.id = $1::uuid AND t.conversation_id = $2::uuid AND t.fence = $3::bigint AND t.revision = $4::integer
        AND t.state = 'done' AND t.source = 'engine' AND c.id = $2::uuid
        AND ($9::bigint IS NULL OR (c.glossary_version + c.rejected_version = $10::bigint AND EXISTS (
            SELECT 1 FROM users u WHERE u.id = c.user_id AND u.glossary_version = $9::bigint)))
    RETURNING t.id, t.revision
), announced AS (
    INSERT INTO outbox (turn_id, revision) SELECT id, revision FROM mine
)
UPDATE conversations c SET
    high_count = c.high_count + ($8::text = 'HIGH')::integer - ($7::text = 'HIGH')::integer,
    medium_count = c.medium_count + ($8::text = 'MEDIUM')::integer - ($7::text = 'MEDIUM')::integer,
    low_count = c.low_count + ($8::text = 'LOW')::integer - ($7::text = 'LOW')::integer
FROM mine m WHERE c.id = $2::uuid
RETURNING m.revision, json_build_object('HIGH', c.high_count, 'MEDIUM', c.medium_count, 'LOW', c.low_count)::text AS confidence

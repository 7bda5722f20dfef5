-- The next revision of turn $1 in conversation $2: text $4, metadata $5, made by $6 ('user', 'verdict'). Only over revision
-- $3: else the outbox refuses the NULL that is left, and the whole transaction with it. The one that stood is kept by the
-- trigger of turn_revisions. $7 and $8: its confidence before and now, for the counts, which are of the person's turns.
WITH was AS (
    SELECT state FROM turns WHERE id = $1::uuid
), mine AS (
    UPDATE turns SET state = 'done', revision = revision + 1, cleaned_text = $4::text, metadata = $5::text, source = $6::text
    WHERE id = $1::uuid AND conversation_id = $2::uuid AND revision = $3::integer AND state <> 'queued'
    RETURNING id, revision, agent
), announced AS (
    INSERT INTO outbox (turn_id, revision)
    SELECT m.id, m.revision FROM (VALUES (1)) AS one LEFT JOIN mine m ON true
)
UPDATE conversations c SET
    high_count = c.high_count + (NOT m.agent)::integer * (($8::text = 'HIGH')::integer - ($7::text = 'HIGH')::integer),
    medium_count = c.medium_count + (NOT m.agent)::integer * (($8::text = 'MEDIUM')::integer - ($7::text = 'MEDIUM')::integer),
    low_count = c.low_count + (NOT m.agent)::integer * (($8::text = 'LOW')::integer - ($7::text = 'LOW')::integer),
    failed_count = c.failed_count - (was.state = 'failed')::integer,
    user_done = c.user_done + (was.state = 'failed' AND NOT m.agent)::integer,
    agent_done = c.agent_done + (was.state = 'failed' AND m.agent)::integer
FROM mine m, was WHERE c.id = $2::uuid

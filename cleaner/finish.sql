-- The second commit: a queued turn becomes done or failed, once, in its conversation's order, unless the conversation is
-- paused or a later lease was here. With it: the outbox row, the change of contexts, the counters.
-- $12: what made each of $11 active; the reason of a change tells those that came, and which went.
-- $5 NULL: the cleaned text is the raw text. $11 NULL: contexts are left as they are. $13 is the turn's seq: thousands of
-- turns may be queued in its conversation, and none of them is looked at. $14 and $15: the versions of what was known when it
-- was cleaned, the user's and the conversation's; not NULL, they must be those that stand.
-- No row: it was not finished; standing.sql tells why.
WITH mine AS (
    UPDATE turns t SET state = $4::text, revision = t.revision + 1, cleaned_text = coalesce($5::text, t.raw_text),
        metadata = $6::text, level = $7::smallint, reason = $8::text, finished_at = now(), fence = $3::bigint
    FROM conversations c
    WHERE t.id = $1::uuid AND t.conversation_id = $2::uuid AND t.seq = $13::integer AND t.state = 'queued'
        AND ($14::bigint IS NULL OR (c.glossary_version + c.rejected_version = $15::bigint AND EXISTS (
            SELECT 1 FROM users u WHERE u.id = c.user_id AND u.glossary_version = $14::bigint)))
        AND c.id = $2::uuid AND c.status <> 'paused' AND t.fence < $3::bigint AND (c.queued_count = 1 OR NOT EXISTS (
            SELECT 1 FROM turns e WHERE e.conversation_id = $2::uuid AND e.seq < $13::integer AND e.state = 'queued'))
    RETURNING t.id, t.revision, t.seq, t.agent
), announced AS (
    INSERT INTO outbox (turn_id, revision) SELECT id, revision FROM mine
), moved AS (
    INSERT INTO context_transitions (conversation_id, seq, from_contexts, to_contexts, reason)
    SELECT c.id, m.seq, c.active_contexts, $11::text[], concat_ws('; ',
        (SELECT 'came: ' || string_agg(n.reason, ', ' ORDER BY n.i) FROM unnest($11::text[], $12::text[]) WITH ORDINALITY
            AS n (name, reason, i) WHERE n.name <> ALL (c.active_contexts)),
        (SELECT 'went: ' || string_agg(o.name, ', ' ORDER BY o.i) || ' (too little of it in the last turns)'
            FROM unnest(c.active_contexts) WITH ORDINALITY AS o (name, i) WHERE o.name <> ALL ($11::text[])))
    FROM mine m JOIN conversations c ON c.id = $2::uuid WHERE c.active_contexts <> $11::text[]
    ON CONFLICT DO NOTHING
    RETURNING array_to_json(from_contexts)::text AS from_contexts, array_to_json(to_contexts)::text AS to_contexts, reason
)
UPDATE conversations c SET queued_count = c.queued_count - 1,
    user_done = c.user_done + ($4::text = 'done' AND NOT m.agent)::integer,
    agent_done = c.agent_done + ($4::text = 'done' AND m.agent)::integer,
    failed_count = c.failed_count + ($4::text = 'failed')::integer,
    high_count = c.high_count + ($9::text = 'HIGH')::integer,
    medium_count = c.medium_count + ($9::text = 'MEDIUM')::integer,
    low_count = c.low_count + ($9::text = 'LOW')::integer,
    processing_ms = c.processing_ms + CASE WHEN $4::text = 'done' AND NOT m.agent THEN $10::double precision ELSE 0 END,
    active_contexts = coalesce($11::text[], c.active_contexts)
FROM mine m LEFT JOIN moved x ON true WHERE c.id = $2::uuid
RETURNING m.revision, x.from_contexts, x.to_contexts, x.reason,
    json_build_object('HIGH', c.high_count, 'MEDIUM', c.medium_count, 'LOW', c.low_count)::text AS confidence

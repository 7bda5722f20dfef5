-- Stores a batch of turns: numbers them within their conversations in the order of arrival, leaves out what is stored
-- already, finishes at once what needs no cleaning (metadata is given), and keeps the conversations' counters.
-- One array a column, one element a turn. A person's turn of a paused conversation waits, whatever it needs;
-- so does one that only looks right, where there is a glossary: the words of a term may be right words, too; or where the
-- conversation names a recogniser, which the decision did not know.
WITH input AS (
    SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[], $5::boolean[], $6::text[], $7::smallint[],
        $8::boolean[], $9::text[], $10::text[], $11::double precision[], $12::text[], $13::text[], $14::smallint[],
        $15::text[], $16::integer[], $17::integer[], $18::boolean[], $19::integer[], $20::text[], $21::text[],
        $22::bigint[], $23::bigint[], $24::bigint[])
    WITH ORDINALITY AS i (turn_id, conversation_id, user_id, speaker, agent, raw_text, level, forced, reason, metadata,
        processing_ms, gateway, shared_context, priority, words, opt_set, deadline_ms, verbatim, formats, profile,
        traceparent, received_us, started_us, ended_us, ord)
), fresh AS (
    SELECT i.*, c.turn_count + row_number() OVER (PARTITION BY i.conversation_id ORDER BY i.ord) AS seq,
        i.metadata IS NULL OR (NOT i.agent AND (c.status = 'paused' OR (
            i.reason = 'well_formed' AND (c.glossary_version > 0 OR u.glossary_version > 0
                OR (i.opt_set & 8 = 0 AND c.opt_profile IS NOT NULL))))) AS waits,
        CASE WHEN i.opt_set & 1 <> 0 THEN i.deadline_ms ELSE coalesce(c.opt_deadline_ms, 500) END AS use_deadline_ms,
        CASE WHEN i.opt_set & 2 <> 0 THEN i.formats ELSE coalesce(c.opt_formats, 1023) END AS use_formats,
        CASE WHEN i.opt_set & 4 <> 0 THEN i.verbatim ELSE coalesce(c.opt_verbatim, false) END AS use_verbatim,
        CASE WHEN i.opt_set & 8 <> 0 THEN i.profile ELSE c.opt_profile END AS use_profile
    FROM input i JOIN conversations c ON c.id = i.conversation_id AND (c.user_id = i.user_id) IS TRUE
    JOIN users u ON u.id = c.user_id
    WHERE c.status <> 'completed' AND NOT EXISTS (SELECT 1 FROM turns t WHERE t.id = i.turn_id)
), made AS (
    INSERT INTO turns (id, conversation_id, seq, speaker, agent, raw_text, cleaned_text, state, revision, level, forced,
        reason, metadata, gateway, shared_context, priority, words, deadline_ms, verbatim, formats, profile, traceparent,
        received_at, started_at, ended_at, created_at, finished_at)
    SELECT turn_id, conversation_id, seq, speaker, agent, raw_text, CASE WHEN NOT waits THEN raw_text END,
        CASE WHEN waits THEN 'queued' ELSE 'done' END, CASE WHEN waits THEN 0 ELSE 1 END, level, forced, reason,
        CASE WHEN NOT waits THEN metadata END, gateway, shared_context, priority, words, use_deadline_ms, use_verbatim,
        use_formats, use_profile, traceparent, 'epoch'::timestamptz + received_us * interval '1 microsecond',
        'epoch'::timestamptz + started_us * interval '1 microsecond',
        'epoch'::timestamptz + ended_us * interval '1 microsecond', now(), CASE WHEN NOT waits THEN now() END
    FROM fresh
), announced AS (
    INSERT INTO outbox (turn_id, revision) SELECT turn_id, 1 FROM fresh WHERE NOT waits
)
UPDATE conversations c SET turn_count = c.turn_count + f.n, queued_count = c.queued_count + f.waiting,
    agent_done = c.agent_done + f.agents, user_done = c.user_done + f.users, high_count = c.high_count + f.users,
    processing_ms = c.processing_ms + f.ms, last_turn_at = now(), updated_at = now()
FROM (
    SELECT conversation_id, count(*) AS n, count(*) FILTER (WHERE waits) AS waiting,
        count(*) FILTER (WHERE NOT waits AND agent) AS agents, count(*) FILTER (WHERE NOT waits AND NOT agent) AS users,
        coalesce(sum(processing_ms) FILTER (WHERE NOT waits AND NOT agent), 0) AS ms
    FROM fresh GROUP BY conversation_id
) f WHERE c.id = f.conversation_id
